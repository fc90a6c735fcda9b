/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several workers, each on its own thread, and one store: of concurrent first reads exactly one
 * claim gets the content; a change whose exchange was cancelled is made. On both stores, and with
 * each change run several times; also run under TSan.
 */
#include "support/c/again_store.h"
#include "support/c/unit.h"

#include "relay/api.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 4u
#define READS 16u /* of each worker, each with a different claim */
#define ROUNDS 25u
#define ROUNDS_AGAIN 5u
#define CANCELS 200u
#define NOW_S 1893456000
#define PATH_LEN 32u
#define UPDATE "{\"payload\":{\"type\":\"t\",\"data\":\"the-second\"}}"

static const struct tg_relay_config config = { .limits = TG_WIRE_LIMITS_DEFAULT,
                                               .public_url = "https://relay.example",
                                               .expiration_default_s = 3600,
                                               .expiration_max_s = 3600,
                                               .wait_cap_s = 60 };

struct answer {
    unsigned count, status;
    char target[64];
    bool has_content;
};

struct worker {
    struct tg_store *store;
    const struct tg_keyring *keyring;
    unsigned number;
    const char *target;
    pthread_barrier_t *start;
    struct tg_store_port *port;
    struct tg_relay *relay;
    const struct tg_relay_hooks *hooks; /* may be NULL */
    unsigned winners, losers;
};

static void ignore_notify(void *ctx)
{
    (void)ctx; /* these workers poll instead of being woken */
}

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct answer *a = ctx;
    const char *url = NULL;
    char body[1024] = { 0 };

    a->count++;
    a->status = response->status;
    if (response->body.len < sizeof(body)) {
        memcpy(body, response->body.ptr, response->body.len);
    }
    a->has_content = strstr(body, "the-content") != NULL;
    url = strstr(body, "/v1/m/");
    if (url != NULL) {
        (void)snprintf(a->target, sizeof(a->target), "%.42s", url);
    }
}

static const struct tg_exchange_ops ops = { .respond = on_respond };

static struct tg_exchange *begin_call(struct worker *w, const char *method, const char *target,
                                      unsigned claim_no, const char *body, const char *request_id,
                                      struct answer *a)
{
    char claim[TG_UUID_TEXT_LEN + 1];
    struct tg_http_header headers[] = {
        { TG_LIT("Mailbox-Device-Claim"), { NULL, 0 } },
        { TG_LIT("Mailbox-Request-ID"), tg_bytes_str(request_id) },
        { TG_LIT("Content-Type"), TG_LIT("application/json") },
    };

    (void)snprintf(claim, sizeof(claim), "c1a1c1a1-0000-4000-8000-00000000%04x", claim_no);
    headers[0].value = tg_bytes_str(claim);
    return tg_relay_begin(w->relay,
                          &(struct tg_http_request){ .method = tg_bytes_str(method),
                                                     .target = tg_bytes_str(target),
                                                     .headers = headers,
                                                     .header_count = TG_COUNT(headers),
                                                     .body = tg_bytes_str(body) },
                          tg_moment_sure(NOW_S), &ops, a);
}

static void begin(struct worker *w, const char *target, unsigned claim_no, const char *body,
                  const char *request_id, struct answer *a)
{
    (void)begin_call(w, "POST", target, claim_no, body, request_id, a);
}

static void settle(struct worker *w)
{
    while (tg_relay_in_flight(w->relay) > 0) {
        w->store->ops->dispatch(w->port);
        (void)sched_yield();
    }
}

static void attach(struct worker *w)
{
    if (w->store->ops->attach(w->store, ignore_notify, NULL, &w->port) != TG_OK ||
        tg_relay_new(&w->relay, &config, w->keyring, w->store, w->port, &tg_rng_system, w->hooks) !=
            TG_OK) {
        abort();
    }
}

static void detach(struct worker *w)
{
    tg_relay_free(&w->relay);
    w->store->ops->detach(&w->port);
}

static void *read_many(void *ctx)
{
    struct worker *w = ctx;
    struct answer answers[READS];

    memset(answers, 0, sizeof(answers));
    attach(w);
    (void)pthread_barrier_wait(w->start);
    for (unsigned i = 0; i < READS; i++) {
        begin(w, w->target, 0x100 * (w->number + 1) + i, "", "r", &answers[i]);
    }
    settle(w);
    for (unsigned i = 0; i < READS; i++) {
        bool has_won = answers[i].status == 200 && answers[i].has_content;
        bool has_lost = answers[i].status == 401 && !answers[i].has_content;

        w->winners += answers[i].count == 1 && has_won ? 1 : 0;
        w->losers += answers[i].count == 1 && has_lost ? 1 : 0;
    }
    detach(w);
    return NULL;
}

static void create(struct tg_store *store, const struct tg_keyring *keyring, const char *request_id,
                   char target[64])
{
    struct worker w = { .store = store, .keyring = keyring };
    struct answer a = { .count = 0 };

    attach(&w);
    begin(&w, "/v1/m", 1,
          "{\"payload\":{\"type\":\"t\",\"data\":\"the-content\"},\"displayInformation\":{"
          "\"title\":\"\",\"description\":\"\",\"imageURL\":\"\"},"
          "\"mailboxConfiguration\":{\"accessRights\":\"RWD\"}}",
          request_id, &a);
    settle(&w);
    assert_int_equal(a.status, 200);
    memcpy(target, a.target, sizeof(a.target));
    detach(&w);
}

static void race_on(struct tg_store *store, unsigned rounds)
{
    struct tg_keyring keyring;

    assert_int_equal(tg_keyring_generate(&keyring, &tg_rng_system), TG_OK);
    for (unsigned round = 0; round < rounds; round++) {
        struct worker workers[WORKERS];
        pthread_t threads[WORKERS];
        pthread_barrier_t start;
        unsigned winners = 0, losers = 0;
        char target[64], request_id[16];

        (void)snprintf(request_id, sizeof(request_id), "c%u", round);
        create(store, &keyring, request_id, target);
        assert_int_equal(pthread_barrier_init(&start, NULL, WORKERS), 0);
        for (unsigned i = 0; i < WORKERS; i++) {
            workers[i] = (struct worker){
                .store = store, .keyring = &keyring, .number = i, .target = target, .start = &start
            };
            assert_int_equal(pthread_create(&threads[i], NULL, read_many, &workers[i]), 0);
        }
        for (unsigned i = 0; i < WORKERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            winners += workers[i].winners;
            losers += workers[i].losers;
        }
        (void)pthread_barrier_destroy(&start);
        assert_int_equal(winners, 1);
        assert_int_equal(losers, WORKERS * READS - 1);
    }
    tg_keyring_wipe(&keyring);
}

static void count_told(void *ctx, const struct tg_store_key *key)
{
    (void)key;
    ++*(unsigned *)ctx;
}

static void race_once(struct tg_store *store)
{
    race_on(store, ROUNDS);
}

static void race_again(struct tg_store *store)
{
    race_on(store, ROUNDS_AGAIN);
}

/* The worker goes on while the store has the changes: it cancels their exchanges, and begins more.
 */
static void cancel_on(struct tg_store *store)
{
    struct tg_keyring keyring;
    unsigned told_count = 0;
    const struct tg_relay_hooks hooks = { .changed = count_told, .ctx = &told_count };
    struct worker w = { .store = store, .keyring = &keyring, .hooks = &hooks };
    struct answer a = { .count = 0 };
    char target[64], request_id[16];

    assert_int_equal(tg_keyring_generate(&keyring, &tg_rng_system), TG_OK);
    create(store, &keyring, "c", target);
    attach(&w);
    for (unsigned i = 0; i < CANCELS; i++) {
        struct tg_exchange *exchange = NULL;

        (void)snprintf(request_id, sizeof(request_id), "u%u", i);
        exchange = begin_call(&w, "PUT", target, 1, UPDATE, request_id, &a);
        assert_non_null(exchange);
        tg_exchange_cancel(exchange);
    }
    settle(&w);
    assert_int_equal(a.count, 0);
    assert_int_equal(told_count, CANCELS);
    begin(&w, target, 1, "", "r", &a);
    settle(&w);
    assert_int_equal(a.status, 200);
    detach(&w);
    tg_keyring_wipe(&keyring);
}

static void *open_memory(char path[PATH_LEN])
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;

    (void)path;
    assert_int_equal(tg_store_mem_open(&store, &limits), TG_OK);
    return store;
}

static void *open_lmdb(char path[PATH_LEN])
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct tg_fault fault = { "" };

    (void)snprintf(path, PATH_LEN, "/tmp/relay-threads-XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_int_equal(tg_store_lmdb_open(&store, path, &limits, NULL, &fault), TG_OK);
    return store;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry = NULL;
    char name[512];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
            (void)unlink(name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

static void with_store(void *(*open)(char path[PATH_LEN]), bool runs_again,
                       void (*test)(struct tg_store *store))
{
    char path[PATH_LEN] = "";
    struct tg_store *store = open(path);

    if (runs_again) {
        store = again_store_over(store);
    }
    test(store);
    store->ops->close(&store);
    if (path[0] != '\0') {
        remove_folder(path);
    }
}

/* spec-test: protocol/3#first-read-binds */
static void first_reads__64_claims_on_4_workers_memory_store__one_winner(void **state)
{
    (void)state;
    with_store(open_memory, false, race_once);
}

/* spec-test: protocol/3#first-read-binds */
static void first_reads__64_claims_on_4_workers_lmdb__one_winner(void **state)
{
    (void)state;
    with_store(open_lmdb, false, race_once);
}

/* spec-test: protocol/3#first-read-binds */
static void first_reads__changes_run_again_memory_store__one_winner(void **state)
{
    (void)state;
    with_store(open_memory, true, race_again);
}

/* spec-test: protocol/3#first-read-binds */
static void first_reads__changes_run_again_lmdb__one_winner(void **state)
{
    (void)state;
    with_store(open_lmdb, true, race_again);
}

/* spec-test: protocol/4#other-side-told */
static void cancel__while_the_store_has_the_change__made_and_told(void **state)
{
    (void)state;
    with_store(open_lmdb, false, cancel_on);
    with_store(open_lmdb, true, cancel_on);
    with_store(open_memory, true, cancel_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_reads__64_claims_on_4_workers_memory_store__one_winner),
        cmocka_unit_test(first_reads__64_claims_on_4_workers_lmdb__one_winner),
        cmocka_unit_test(first_reads__changes_run_again_memory_store__one_winner),
        cmocka_unit_test(first_reads__changes_run_again_lmdb__one_winner),
        cmocka_unit_test(cancel__while_the_store_has_the_change__made_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
