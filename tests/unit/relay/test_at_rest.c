/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the embedded store after a complete transfer with tokens on both sides, while pushes
 * wait, while they are settled and after they are removed: they contain nothing that was sent.
 * spec-test: protocol/3#blind-at-rest
 */
#include "support/c/unit.h"

#include "relay/api.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_S 1893456000
#define FILE_MAX 16777216u
#define CLAIM_A "c1a1c1a1-0000-4000-8000-0000000aaaaa"
#define CLAIM_B "c1a1c1a1-0000-4000-8000-0000000bbbbb"
#define TOKEN(data)                                                                                \
    "\"notificationToken\":{\"type\":\"planted-token-type\",\"tokenData\":\"" data "\"}"
#define PAYLOAD "\"payload\":{\"type\":\"planted-payload-type\",\"data\":\"planted-payload\"}"

static const char *const planted[] = { "planted-", CLAIM_A, CLAIM_B, "c1a1c1a1", "request-" };

struct fixture {
    char path[64];
    struct tg_keyring keyring;
    struct tg_store *store;
    struct tg_store_port *port;
    struct tg_relay *relay;
    unsigned status;
    char target[64];
    bool is_answered;
    bool is_leased;
    size_t leased_count, settled_count;
};

static enum tg_can_push can_push(const void *ctx, const struct tg_notification_token *token,
                                 int64_t now_s)
{
    (void)ctx;
    (void)token;
    (void)now_s;
    return TG_CAN_PUSH_YES;
}

static const struct tg_relay_config config = { .limits = TG_WIRE_LIMITS_DEFAULT,
                                               .public_url = "https://relay.example",
                                               .expiration_default_s = 3600,
                                               .expiration_max_s = 3600,
                                               .can_push = can_push };

static void ignore_notify(void *ctx)
{
    (void)ctx;
}

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct fixture *f = ctx;
    char body[1024] = { 0 };
    const char *url = NULL;

    f->is_answered = true;
    f->status = response->status;
    if (response->body.len < sizeof(body) && response->body.len > 0) {
        memcpy(body, response->body.ptr, response->body.len);
    }
    url = strstr(body, "/v1/m/");
    if (url != NULL) {
        (void)snprintf(f->target, sizeof(f->target), "%.42s", url);
    }
}

static unsigned ask(struct fixture *f, const char *method, const char *claim, const char *request,
                    const char *body)
{
    static const struct tg_exchange_ops ops = { .respond = on_respond };
    struct tg_http_header headers[] = {
        { TG_LIT("mailbox-device-claim"), tg_bytes_str(claim) },
        { TG_LIT("mailbox-request-id"), tg_bytes_str(request) },
        { TG_LIT("content-type"), TG_LIT("application/json") },
    };

    f->is_answered = false;
    (void)tg_relay_begin(f->relay,
                         &(struct tg_http_request){ .method = tg_bytes_str(method),
                                                    .target = tg_bytes_str(f->target),
                                                    .headers = headers,
                                                    .header_count = TG_COUNT(headers),
                                                    .body = tg_bytes_str(body) },
                         tg_moment_sure(NOW_S), &ops, f);
    while (!f->is_answered) {
        f->store->ops->dispatch(f->port);
        (void)sched_yield();
    }
    return f->status;
}

static size_t count_found(const struct fixture *f, const char *text)
{
    static uint8_t data[FILE_MAX];
    char name[160];
    FILE *file = NULL;
    size_t len = 0, count = 0;

    (void)snprintf(name, sizeof(name), "%s/data.mdb", f->path);
    file = fopen(name, "rb");
    assert_non_null(file);
    len = fread(data, 1, sizeof(data), file);
    assert_in_range(len, 1, sizeof(data) - 1);
    (void)fclose(file);
    for (size_t at = 0; at < len; at++) {
        const uint8_t *hit = memmem(data + at, len - at, text, strlen(text));

        if (hit == NULL) {
            break;
        }
        count++;
        at = (size_t)(hit - data);
    }
    return count;
}

static void assert_blind(const struct fixture *f)
{
    for (size_t i = 0; i < TG_COUNT(planted); i++) {
        assert_int_equal(count_found(f, planted[i]), 0);
    }
    assert_int_equal(count_found(f, f->target + strlen("/v1/m/")), 0);
}

static void assert_outbox(const struct fixture *f, uint64_t outbox_count)
{
    struct tg_store_stats stats = { .live_count = 0 };

    f->store->ops->stats(f->store, &stats);
    assert_int_equal(stats.outbox_count, outbox_count);
}

static void on_settled(void *ctx, enum tg_err err)
{
    assert_int_equal(err, TG_OK);
    ((struct fixture *)ctx)->settled_count++;
}

static void on_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                      size_t count, int64_t next_due_s)
{
    struct fixture *f = ctx;

    (void)next_due_s;
    assert_int_equal(err, TG_OK);
    f->is_leased = true;
    f->leased_count = count;
    for (size_t i = 0; i < count; i++) {
        f->store->ops->settle(f->port, &entries[i].key, entries[i].generation, TG_OUTBOX_BLOCK, 0,
                              on_settled, f);
    }
}

static void block_all(struct fixture *f)
{
    f->store->ops->lease(f->port, NOW_S, NOW_S + 60, TG_OUTBOX_LEASE_MAX, on_leased, f);
    while (!f->is_leased || f->settled_count < f->leased_count) {
        f->store->ops->dispatch(f->port);
        (void)sched_yield();
    }
}

static int setup(void **state)
{
    static struct fixture f;
    static const struct tg_store_limits limits = { .live_max = 0 };

    memset(&f, 0, sizeof(f));
    (void)snprintf(f.path, sizeof(f.path), "/tmp/relay-at-rest-XXXXXX");
    assert_non_null(mkdtemp(f.path));
    assert_int_equal(tg_keyring_generate(&f.keyring, &tg_rng_system), TG_OK);
    assert_int_equal(tg_store_lmdb_open(&f.store, f.path, &limits, NULL, NULL), TG_OK);
    assert_int_equal(f.store->ops->attach(f.store, ignore_notify, NULL, &f.port), TG_OK);
    assert_int_equal(
        tg_relay_new(&f.relay, &config, &f.keyring, f.store, f.port, &tg_rng_system, NULL), TG_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "tigress.lock" };
    struct fixture *f = *state;
    char name[160];

    tg_relay_free(&f->relay);
    f->store->ops->detach(&f->port);
    f->store->ops->close(&f->store);
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        (void)snprintf(name, sizeof(name), "%s/%s", f->path, names[i]);
        (void)unlink(name);
    }
    (void)rmdir(f->path);
    return 0;
}

static void tokens_and_requests__are_nowhere_in_the_store(void **state)
{
    struct fixture *f = *state;

    (void)snprintf(f->target, sizeof(f->target), "/v1/m");
    assert_int_equal(ask(f, "POST", CLAIM_A, "request-create",
                         "{" PAYLOAD
                         ",\"displayInformation\":{\"title\":\"planted-title\",\"description\":"
                         "\"planted-description\",\"imageURL\":\"\"}," TOKEN(
                             "planted-token-a") ","
                                                "\"mailboxConfiguration\":{\"accessRights\":"
                                                "\"RWD\",\"expiration\":"
                                                "\"2030-01-01T00:30:00Z\"}}"),
                     200);
    assert_int_equal(ask(f, "POST", CLAIM_B, "request-read", "{" TOKEN("planted-token-b") "}"),
                     200);
    assert_int_equal(ask(f, "PUT", CLAIM_B, "request-update", "{" PAYLOAD "}"), 200);
    assert_int_equal(ask(f, "PUT", CLAIM_A, "request-update", "{" PAYLOAD "}"), 200);
    assert_outbox(f, 2);
    assert_blind(f);
    block_all(f);
    assert_int_equal(f->leased_count, 2);
    assert_outbox(f, 2);
    assert_blind(f);
    assert_int_equal(
        ask(f, "PUT", CLAIM_B, "request-other", "{" PAYLOAD "," TOKEN("planted-token-c") "}"), 200);
    assert_int_equal(ask(f, "DELETE", CLAIM_A, "request-delete", ""), 200);
    assert_outbox(f, 3);
    assert_blind(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_and_requests__are_nowhere_in_the_store, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("at rest", tests, NULL, NULL);
}
