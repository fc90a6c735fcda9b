/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes on one database: one learns of what the other changes, by a notification, and also
 * without one. On the server that TIGRESS_TEST_POSTGRES names, whose superuser it is.
 */
#include "contract/contract_support.h"
#include "contract/pg_ask.h"

#include "base/b64.h"

#include <string.h>

#define NEVER_S INT64_C(4000000000)
#define NEWS_MAX 64u

struct news {
    size_t count;
    unsigned keys[NEWS_MAX];
};

struct pair {
    struct fixture f; /* the node that hears */
    struct news news;
    struct tg_store *store; /* the other node */
    struct client other;
    struct news other_news;
};

static void on_news(void *ctx, const struct tg_store_key *key)
{
    struct news *news = ctx;

    assert_true(news->count < NEWS_MAX);
    news->keys[news->count++] = number_of(key);
}

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    fixture_open(&p->f, &backends[0], NULL);
    assert_int_equal(backends[0].open(&p->store, p->f.dir, &p->f.limits), TG_OK);
    client_open(&p->other, p->store);
    assert_int_equal(p->f.client.ops->hear(p->f.client.port, on_news, &p->news), TG_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;

    client_close(&p->other);
    p->f.client.ops->close(&p->store);
    fixture_close(&p->f);
    free(p);
    return 0;
}

/* What the database answers, as text. */
/* Until the database answers with this. */
static void until(const char *sql, const char *wanted)
{
    while (!pg_is_answer(sql, wanted)) { /* ctest ends it */
    }
}

#define LISTENERS "FROM pg_stat_activity WHERE query = 'LISTEN tigress' AND state = 'idle'"
#define TELLERS                                                                                    \
    "FROM pg_stat_activity WHERE state = 'idle' AND (query LIKE '%pg_notify%$1)' OR query = 'SET " \
    "synchronous_commit = off')"

static void until_connected(const char *listeners, const char *tellers)
{
    until("SELECT count(*) " LISTENERS, listeners);
    until("SELECT count(*) " TELLERS, tellers);
}

static void follow(struct pair *p, unsigned key)
{
    struct tg_store_key k = key_of(key);

    assert_int_equal(p->f.client.ops->follow(p->f.client.port, &k), TG_OK);
}

static void unfollow(struct pair *p, unsigned key)
{
    struct tg_store_key k = key_of(key);

    p->f.client.ops->unfollow(p->f.client.port, &k);
}

static void until_news(struct pair *p, unsigned key)
{
    while (p->news.count == 0) {
        client_wait(&p->f.client);
    }
    assert_int_equal(p->news.keys[0], key);
}

/* The other node tells as well: it hears, so it is connected. */
static void let_other_tell(struct pair *p)
{
    assert_int_equal(p->other.ops->hear(p->other.port, on_news, &p->other_news), TG_OK);
    until_connected("2", "2");
}

/* Nothing was read since the record is followed, so no look can find a difference. */
static void change_of_the_other_node__told_by_a_notification(void **state)
{
    struct pair *p = *state;

    let_other_tell(p);
    assert_int_equal(put(&p->other, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    follow(p, 1);
    assert_int_equal(put(&p->other, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    until_news(p, 1);
    unfollow(p, 1);
}

/* The other node does not tell. */
static void lost_notification__found_by_a_look(void **state)
{
    struct pair *p = *state;
    struct call call;

    assert_int_equal(put(&p->other, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    assert_int_equal(put(&p->other, 2, 1, NEVER_S, TG_LIT("one")), TG_OK);
    follow(p, 1);
    follow(p, 2);
    follow(p, 3);
    assert_true(look(&p->f.client, 1, &call));
    assert_true(look(&p->f.client, 2, &call));
    assert_false(look(&p->f.client, 3, &call));
    assert_int_equal(put(&p->other, 2, 2, NEVER_S, TG_LIT("two")), TG_OK);
    until_news(p, 2);
    assert_int_equal(p->news.count, 1);

    p->news.count = 0;
    assert_int_equal(drop(&p->other, 1), TG_OK);
    until_news(p, 1);
    p->news.count = 0;
    assert_int_equal(put(&p->other, 3, 1, NEVER_S, TG_LIT("new")), TG_OK);
    until_news(p, 3);
    for (unsigned key = 1; key <= 3; key++) {
        unfollow(p, key);
    }
}

/* Another waiter on the same record has not seen what the read has found. */
static void read_that_finds_a_change__is_news_too(void **state)
{
    struct pair *p = *state;
    struct call call;

    assert_int_equal(put(&p->other, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    follow(p, 1);
    assert_true(look(&p->f.client, 1, &call));
    assert_int_equal(p->news.count, 0);
    assert_int_equal(put(&p->other, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    assert_true(look(&p->f.client, 1, &call));
    assert_int_equal(p->news.count, 1);
    assert_true(look(&p->f.client, 1, &call));
    assert_int_equal(p->news.count, 1);
    unfollow(p, 1);
}

static void lost_connections__made_again(void **state)
{
    struct pair *p = *state;

    let_other_tell(p);
    pg_run("SELECT count(pg_terminate_backend(pid)) " LISTENERS);
    pg_run("SELECT count(pg_terminate_backend(pid)) " TELLERS);
    until_connected("2", "2");
    assert_int_equal(put(&p->other, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    follow(p, 1);
    assert_int_equal(put(&p->other, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    until_news(p, 1);
    unfollow(p, 1);
}

/* Told by a node that does not exist: what a payload says of a key is its first bytes. */
static void tell_of(unsigned key)
{
    struct tg_store_key k = key_of(key);
    uint8_t raw[16] = { 'n', 'o', 'b', 'o', 'd', 'y' };
    char sql[200];
    struct tg_buf text;

    memcpy(raw + 8, k.bytes, 8);
    tg_buf_init(&text, 100);
    tg_b64_encode(&text, TG_ARRAY_BYTES(raw), TG_B64_URL);
    (void)snprintf(sql, sizeof(sql), "SELECT pg_notify('tigress', '%s')", tg_buf_cstr(&text));
    pg_run(sql);
    tg_buf_deinit(&text);
}

/* The commit waits for a standby that does not exist. */
static void commit_that_waits__told_when_it_is_known(void **state)
{
    struct pair *p = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("two"));

    let_other_tell(p);
    assert_int_equal(put(&p->other, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    follow(p, 1);
    follow(p, 2);
    pg_run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    pg_run("SELECT pg_reload_conf()");
    until("SHOW synchronous_standby_names", "nobody");
    call_start(&p->other, 1, &call);
    while (true) {
        char *waiting =
            pg_ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
                   "query LIKE '%INTO tigress.lane%'");
        bool is_waiting = strcmp(waiting, "0") != 0;

        free(waiting);
        if (is_waiting) {
            break;
        }
        p->other.ops->dispatch(p->other.port);
    }
    tell_of(2);
    until_news(p, 2); /* and of record 1 nothing was told before */
    assert_int_equal(p->news.count, 1);
    p->news.count = 0;
    pg_run("ALTER SYSTEM RESET synchronous_standby_names");
    pg_run("SELECT pg_reload_conf()");
    while (call.done_count == 0) {
        client_wait(&p->other);
    }
    until_news(p, 1);
    unfollow(p, 1);
    unfollow(p, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(change_of_the_other_node__told_by_a_notification, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lost_notification__found_by_a_look, setup, teardown),
        cmocka_unit_test_setup_teardown(read_that_finds_a_change__is_news_too, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_connections__made_again, setup, teardown),
        cmocka_unit_test_setup_teardown(commit_that_waits__told_when_it_is_known, setup, teardown),
    };

    return cmocka_run_group_tests_name("news", tests, NULL, NULL);
}
