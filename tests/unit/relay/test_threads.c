/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several workers, each on its own thread, and one store: of concurrent first reads exactly one
 * claim gets the content. On both stores; also run under TSan.
 */
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
#define NOW_S 1893456000

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

static void begin(struct worker *w, const char *target, unsigned claim_no, const char *body,
                  const char *request_id, struct answer *a)
{
    char claim[TG_UUID_TEXT_LEN + 1];
    struct tg_http_header headers[] = {
        { TG_LIT("Mailbox-Device-Claim"), { NULL, 0 } },
        { TG_LIT("Mailbox-Request-ID"), tg_bytes_str(request_id) },
        { TG_LIT("Content-Type"), TG_LIT("application/json") },
    };

    (void)snprintf(claim, sizeof(claim), "c1a1c1a1-0000-4000-8000-00000000%04x", claim_no);
    headers[0].value = tg_bytes_str(claim);
    (void)tg_relay_begin(w->relay,
                         &(struct tg_http_request){ .method = TG_LIT("POST"),
                                                    .target = tg_bytes_str(target),
                                                    .headers = headers,
                                                    .header_count = TG_COUNT(headers),
                                                    .body = tg_bytes_str(body) },
                         tg_moment_sure(NOW_S), &ops, a);
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
        tg_relay_new(&w->relay, &config, w->keyring, w->store, w->port, &tg_rng_system, NULL) !=
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
          "\"title\":\"\",\"description\":\"\",\"imageURL\":\"\"}}",
          request_id, &a);
    settle(&w);
    assert_int_equal(a.status, 200);
    memcpy(target, a.target, sizeof(a.target));
    detach(&w);
}

static void race_on(struct tg_store *store)
{
    struct tg_keyring keyring;

    assert_int_equal(tg_keyring_generate(&keyring, &tg_rng_system), TG_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
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

/* spec-test: protocol/3#first-read-binds */
static void first_reads__64_claims_on_4_workers_memory_store__one_winner(void **state)
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;

    (void)state;
    assert_int_equal(tg_store_mem_open(&store, &limits), TG_OK);
    race_on(store);
    store->ops->close(&store);
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

/* spec-test: protocol/3#first-read-binds */
static void first_reads__64_claims_on_4_workers_lmdb__one_winner(void **state)
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    char path[] = "/tmp/relay-threads-XXXXXX";
    struct tg_store *store = NULL;
    struct tg_fault fault = { "" };

    (void)state;
    assert_non_null(mkdtemp(path));
    assert_int_equal(tg_store_lmdb_open(&store, path, &limits, NULL, &fault), TG_OK);
    race_on(store);
    store->ops->close(&store);
    remove_folder(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_reads__64_claims_on_4_workers_memory_store__one_winner),
        cmocka_unit_test(first_reads__64_claims_on_4_workers_lmdb__one_winner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
