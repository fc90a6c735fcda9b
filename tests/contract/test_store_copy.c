/* SPDX-License-Identifier: Apache-2.0 */
/* A whole store in PostgreSQL as a copy of the embedded one, and back. */
#include "contract/contract_support.h"

#include <stdio.h>
#include <string.h>

#define NEVER_S 4000000000
#define MANY 700u /* more than one step of either backend sends at once */

/* The embedded store beside the one of the fixture. */
struct embedded {
    struct tg_store *store;
    char folder[64];
    char dir[80];
};

static void embedded_open(struct embedded *e)
{
    static const struct tg_store_limits none;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_store_lmdb_open(&e->store, e->dir, &none, NULL, &fault), TG_OK);
}

static void embedded_make(struct embedded *e)
{
    folder_make(e->folder, sizeof(e->folder));
    (void)snprintf(e->dir, sizeof(e->dir), "%s/store", e->folder);
    embedded_open(e);
}

static void embedded_end(struct embedded *e)
{
    e->store->ops->close(&e->store);
    folder_remove(e->folder);
}

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, &backends[0], NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* ---- content -------------------------------------------------------------------------------- */

static void settle_at(struct client *c, unsigned key, enum tg_outbox_verdict verdict)
{
    static struct leased l;

    assert_int_equal(tell(c, key, 100, 5000, TG_LIT("push")), TG_OK);
    lease(c, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(number_of(&l.entries[0].key), key);
    assert_int_equal(settle(c, &l, 0, verdict, 300), TG_OK);
}

static void fill_store(struct tg_store *store)
{
    struct client c;
    struct call ended = call_put(2, NEVER_S, TG_LIT("gone"));

    client_open(&c, store);
    for (unsigned i = 100; i < 100 + MANY; i++) {
        assert_int_equal(put(&c, i, 1, NEVER_S, TG_LIT("many")), TG_OK);
    }
    assert_int_equal(put(&c, 1, 7, 5000, TG_LIT("record")), TG_OK);
    assert_int_equal(put(&c, 2, 1, 6000, tg_bytes(NULL, 0)), TG_OK);
    ended.next.class = TG_STORE_ENDED;
    ended.mark_s = 77;
    call_start(&c, 3, &ended);
    call_finish(&c, &ended);
    settle_at(&c, 10, TG_OUTBOX_BLOCK);
    settle_at(&c, 11, TG_OUTBOX_RETRY);
    assert_int_equal(tell(&c, 12, 200, 9000, TG_LIT("waits")), TG_OK);
    assert_int_equal(series_open(&c, 1, NEVER_S), TG_OK);
    assert_int_equal(spend(&c, 1, 5, "kept"), TG_SPEND_NEW);
    assert_int_equal(series_open(&c, 2, 50), TG_OK);
    assert_int_equal(spend(&c, 2, 6, "x"), TG_SPEND_NEW);
    assert_int_equal(sweep(&c, 60, 10), 0); /* closes series 2 */
    client_close(&c);
    assert_int_equal(tg_store_fact_save(store, TG_FACT_EPOCH, 0, TG_LIT("first")), TG_OK);
    assert_int_equal(tg_store_fact_save(store, TG_FACT_EPOCH, 1, TG_LIT("second")), TG_OK);
}

static void assert_content(struct tg_store *store)
{
    static struct leased l;
    struct tg_store_fact_copy fact;
    struct call call = { .verdict = TG_STORE_KEEP };
    struct tg_store_stats stats = { 0 };
    struct client c;
    struct spent spent;

    store->ops->stats(store, &stats);
    assert_int_equal(stats.ended_count, 1);
    assert_int_equal(stats.live_count, MANY + 3); /* tell() has a record of its own */
    assert_int_equal(stats.outbox_count, 3);
    assert_int_equal(stats.spent_count, 1);
    client_open(&c, store);
    assert_true(look(&c, 1, &call));
    assert_int_equal(call.seen.version, 7);
    assert_int_equal(call.seen.expires_s, 5000);
    assert_int_equal(call.seen.class, TG_STORE_LIVE);
    assert_memory_equal(call.seen_bytes, "record", 6);
    assert_true(look(&c, 3, &call));
    assert_int_equal(call.seen.class, TG_STORE_ENDED);
    lease(&c, 299, 300, 8, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(number_of(&l.entries[0].key), 12);
    lease(&c, 301, 400, 8, &l);
    assert_int_equal(l.count, 2);
    assert_int_equal(number_of(&l.entries[1].key), 11);
    assert_int_equal(l.entries[1].attempts, 1);
    assert_int_equal(l.entries[1].expires_s, 5000);
    spend_start(&c, 1, 5, TG_LIT("other"), &spent);
    spend_finish(&c, &spent);
    assert_int_equal(spent.outcome, TG_SPEND_KNOWN);
    assert_memory_equal(spent.bytes, "kept", 4);
    assert_int_equal(series_open(&c, 2, NEVER_S), TG_E_DENIED);
    client_close(&c);
    assert_int_equal(tg_store_fact_load(store, TG_FACT_EPOCH, &fact), TG_OK);
    assert_int_equal(fact.version, 2);
    assert_memory_equal(fact.bytes, "second", 6);
    assert_int_equal(tg_store_fact_load(store, TG_FACT_TIME_MARK, &fact), TG_OK);
    assert_int_equal(fact.bytes[7], 77);
}

/* ---- copying -------------------------------------------------------------------------------- */

static bool put_row(void *ctx, const struct tg_store_seen *row)
{
    struct tg_store *to = ctx;

    assert_int_equal(to->ops->copy->put(to, row), TG_OK);
    return true;
}

static void copy(struct tg_store *from, struct tg_store *to, uint64_t commits_min)
{
    assert_int_equal(from->ops->copy->hold(from), TG_OK);
    assert_int_equal(to->ops->copy->hold(to), TG_OK);
    assert_int_equal(to->ops->copy->clear(to), TG_OK);
    assert_int_equal(from->ops->survey(from, TG_STORE_SURVEY_COPY, put_row, to), TG_OK);
    assert_int_equal(to->ops->copy->commit(to, commits_min), TG_OK);
}

static uint64_t commits(const struct tg_store *store)
{
    struct tg_store_stats stats = { 0 };

    store->ops->stats(store, &stats);
    return stats.commit_count;
}

static void reopen(struct fixture *f)
{
    f->store->ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
}

static void copy_to_postgres_and_back__has_everything(void **state)
{
    struct fixture *f = *state;
    struct embedded first;
    struct embedded second;

    client_close(&f->client);
    embedded_make(&first);
    embedded_make(&second);
    fill_store(first.store);
    copy(first.store, f->store, 5000000);
    assert_true(commits(f->store) > 5000000);
    reopen(f);
    copy(f->store, second.store, commits(f->store));
    assert_true(commits(second.store) > 5000000);
    second.store->ops->close(&second.store);
    embedded_open(&second);
    assert_content(second.store);
    reopen(f);
    assert_content(f->store);
    client_open(&f->client, f->store);
    embedded_end(&first);
    embedded_end(&second);
}

static void store_that_was_not_empty__has_nothing_left_after_clear(void **state)
{
    struct fixture *f = *state;
    struct embedded e;

    client_close(&f->client);
    embedded_make(&e);
    fill_store(f->store);
    assert_int_equal(f->store->ops->copy->hold(f->store), TG_OK);
    assert_int_equal(f->store->ops->copy->clear(f->store), TG_OK);
    assert_int_equal(f->store->ops->copy->commit(f->store, 0), TG_OK);
    assert_stats(f->store, 0, 0);
    assert_outbox(f->store, 0);
    assert_int_equal(f->store->ops->survey(f->store, TG_STORE_SURVEY_COPY, put_row, e.store),
                     TG_OK);
    assert_stats(e.store, 0, 0);
    reopen(f);
    client_open(&f->client, f->store);
    embedded_end(&e);
}

struct holder {
    struct tg_store *store;
    atomic_bool is_done;
    enum tg_err err;
};

static void *try_to_hold(void *ctx)
{
    struct holder *h = ctx;

    h->err = h->store->ops->copy->hold(h->store);
    atomic_store(&h->is_done, true);
    return NULL;
}

static void store_that_a_node_writes_into__is_not_held(void **state)
{
    struct fixture *f = *state;
    struct holder holder = { .err = TG_E_BUG };
    pthread_t thread;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    assert_int_equal(f->backend->open(&holder.store, f->dir, &f->limits), TG_OK);
    assert_int_equal(pthread_create(&thread, NULL, try_to_hold, &holder), 0);
    while (!atomic_load(&holder.is_done)) {
        assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(holder.err, TG_E_DENIED);
    holder.store->ops->close(&holder.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(copy_to_postgres_and_back__has_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(store_that_was_not_empty__has_nothing_left_after_clear,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(store_that_a_node_writes_into__is_not_held, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
