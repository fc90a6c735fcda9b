/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call number n of the functions that can fail inside the relay core fails, n = 1, 2, 3 ... up to
 * the last call. Each time the answer is a 503 or the right one, no change is partial, and no
 * memory leaks.
 */
#include "support/c/unit.h"

#include "standing_world.h"
#include "support/c/fail_at.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 400u

#define WRAP_ALLOC(name, params, args) FAIL_WRAP(void *, NULL, name, params, args)
#define WRAP_CRYPTO(name, params, args) FAIL_WRAP(enum tg_err, TG_E_CRYPTO, name, params, args)

WRAP_ALLOC(tg_mem_calloc, (size_t count, size_t size), (count, size))
WRAP_ALLOC(tg_mem_grow, (void *old, size_t old_size, size_t new_size), (old, old_size, new_size))
WRAP_CRYPTO(tg_hmac_sha256,
            (uint8_t * out, struct tg_bytes key, const struct tg_bytes *parts, size_t part_count),
            (out, key, parts, part_count))
WRAP_CRYPTO(tg_hkdf_sha256,
            (struct tg_secret * out, size_t out_len, struct tg_bytes ikm, struct tg_bytes salt,
             struct tg_bytes info),
            (out, out_len, ikm, salt, info))
WRAP_CRYPTO(tg_aead_seal,
            (struct tg_buf * out, const struct tg_secret *key, struct tg_bytes nonce,
             struct tg_bytes aad, struct tg_bytes plain),
            (out, key, nonce, aad, plain))
WRAP_CRYPTO(tg_aead_open,
            (struct tg_buf * out, const struct tg_secret *key, struct tg_bytes nonce,
             struct tg_bytes aad, struct tg_bytes box),
            (out, key, nonce, aad, box))
WRAP_CRYPTO(tg_rng_fill, (const struct tg_rng *rng, uint8_t *out, size_t len), (rng, out, len))

/* ---- one request, answered into plain memory ------------------------------------------------ */

struct answer {
    unsigned count, status;
    bool has_retry_after, has_request_id;
    char body[512];
};

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct answer *a = ctx;
    size_t len =
        response->body.len < sizeof(a->body) - 1 ? response->body.len : sizeof(a->body) - 1;

    a->count++;
    a->status = response->status;
    if (len > 0) {
        memcpy(a->body, response->body.ptr, len);
    }
    a->body[len] = '\0';
    for (size_t i = 0; i < response->header_count; i++) {
        a->has_retry_after |= tg_bytes_is_equal(response->headers[i].name, TG_LIT("retry-after"));
        a->has_request_id |=
            tg_bytes_is_equal(response->headers[i].name, TG_LIT("mailbox-request-id"));
    }
}

static void on_wait(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                    uint64_t wait_ms)
{
    (void)ctx;
    (void)exchange;
    (void)key;
    (void)wait_ms;
    fail_msg("nothing here waits");
}

struct step {
    const char *method;
    const char *claim;
    const char *request_id;
    const char *body;
    unsigned status, again_status; /* done, and done once more */
};

#define A "c1a1c1a1-0000-4000-8000-00000000000a"
#define B "c1a1c1a1-0000-4000-8000-00000000000b"
#define CREATE                                                                                     \
    "{\"payload\":{\"type\":\"t\",\"data\":\"first\"},\"displayInformation\":{\"title\":\"T\","    \
    "\"description\":\"D\",\"imageURL\":\"\"},\"notificationToken\":{\"type\":\"known\","          \
    "\"tokenData\":\"a\"},\"mailboxConfiguration\":{\"accessRights\":\"RWD\","                     \
    "\"expiration\":\"2030-01-02T00:00:00Z\"}}"

/* Each step runs on a mailbox after the steps before it. */
static const struct step steps[] = {
    { "POST /v1/m", A, "c", CREATE, 200, 201 },
    { "GET", A, "g", "", 200, 200 },
    { "POST", B, "r", "{\"notificationToken\":{\"type\":\"known\",\"tokenData\":\"b\"}}", 200,
      200 },
    { "PUT", B, "u", "{\"payload\":{\"type\":\"t\",\"data\":\"second\"}}", 200, 201 },
    { "PATCH", B, "p", "", 200, 201 },
    { "DELETE", A, "d", "", 200, 404 },
};

static struct answer send(struct world *w, const struct step *step, const char *target)
{
    static const struct tg_exchange_ops ops = { .respond = on_respond, .wait = on_wait };
    struct answer a = { .count = 0 };
    struct tg_http_header headers[] = {
        { TG_LIT("mailbox-device-claim"), tg_bytes_str(step->claim) },
        { TG_LIT("mailbox-request-id"), tg_bytes_str(step->request_id) },
        { TG_LIT("content-type"), TG_LIT("application/json") },
    };
    struct tg_http_request request = {
        .method = tg_bytes_first(tg_bytes_str(step->method), strcspn(step->method, " ")),
        .target = strchr(step->method, ' ') != NULL ? TG_LIT("/v1/m") : tg_bytes_str(target),
        .headers = headers,
        .header_count = TG_COUNT(headers),
        .body = tg_bytes_str(step->body),
    };

    (void)tg_relay_begin(w->relay, &request, w->now, &ops, &a);
    fake_store_pump(w->store);
    return a;
}

static void build_up(struct world *w, size_t step_count, char target[43])
{
    struct answer a;

    world_init(w);
    memcpy(w->push_type, "known", 6);
    for (size_t i = 0; i < step_count; i++) {
        a = send(w, &steps[i], target);
        assert_int_equal(a.status, steps[i].status);
        if (i == 0) {
            memcpy(target, strstr(a.body, "/v1/m/"), 42);
        }
    }
}

/* The step with call number n failing; true when there was such a call. */
static bool try_step(size_t step_no, unsigned n)
{
    static struct world w;
    char target[43] = "/v1/m";
    struct answer a;
    size_t writes = 0;
    bool was_reached = false;

    build_up(&w, step_no, target);
    writes = fake_store_write_count(w.store);
    fail_at(n);
    a = send(&w, &steps[step_no], target);
    was_reached = fail_reached();
    fail_at(0);

    assert_int_equal(a.count, 1);
    assert_int_equal(tg_relay_in_flight(w.relay), 0);
    if (a.status != steps[step_no].status) {
        assert_int_equal(a.status, 503);
        assert_true(a.has_retry_after);
    }
    assert_true(a.has_request_id);
    /* It was done or not: the client's retry succeeds in both cases. */
    writes = fake_store_write_count(w.store) - writes;
    assert_true(writes <= 1);
    a = send(&w, &steps[step_no], target);
    assert_int_equal(a.status, writes == 0 ? steps[step_no].status : steps[step_no].again_status);
    world_deinit(&w);
    return was_reached;
}

static void each_call__each_failure__503_and_a_retry_succeeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(steps); i++) {
        unsigned n = 1;

        while (n < CALLS_MAX && try_step(i, n)) {
            n++;
        }
        assert_true(n > 3 && n < CALLS_MAX);
    }
}

/* ---- good standing -------------------------------------------------------------------------- */

static struct tg_buf attestation, token; /* made once: signing is slow */

static struct answer send_proofs(struct world *w, const char *proof)
{
    static const struct tg_exchange_ops ops = { .respond = on_respond, .wait = on_wait };
    struct answer a = { .count = 0 };
    struct tg_http_header headers[] = {
        { TG_LIT("mailbox-device-claim"), TG_LIT(A) },
        { TG_LIT("mailbox-request-id"), TG_LIT("c") },
        { TG_LIT("content-type"), TG_LIT("application/json") },
        { TG_LIT("mailbox-device-attestation"), tg_bytes_str(proof) },
        { TG_LIT("authorization"), tg_buf_view(&token) },
    };
    struct tg_http_request request = { .method = TG_LIT("POST"),
                                       .target = TG_LIT("/v1/m"),
                                       .headers = headers,
                                       .header_count = TG_COUNT(headers),
                                       .body = TG_LIT(CREATE) };

    (void)tg_relay_begin(w->relay, &request, w->now, &ops, &a);
    fake_store_pump(w->store);
    return a;
}

/* Call number n fails; the right answer otherwise. True when there was such a call. */
static bool try_proofs(const char *proof, unsigned right, unsigned n)
{
    static struct world w;
    static struct standing_world s;
    struct answer a;
    bool was_reached = false;

    world_init(&w);
    standing_world_init(&s, &w);
    s.standing.attestation = TG_STANDING_REQUIRED;
    s.standing.private_tokens = TG_STANDING_OPTIONAL;
    fail_at(n);
    a = send_proofs(&w, proof);
    was_reached = fail_reached();
    fail_at(0);
    assert_int_equal(a.count, 1);
    assert_int_equal(tg_relay_in_flight(w.relay), 0);
    if (a.status != right) {
        assert_int_equal(a.status, 503); /* an error of the relay is not a refusal of the proof */
    }
    a = send_proofs(&w, proof);
    assert_true(a.status == right || (right == 200 && a.status == 201));
    standing_world_deinit(&s);
    world_deinit(&w);
    return was_reached;
}

static void proofs__each_failure__503_and_a_retry_succeeds(void **state)
{
    const struct tg_attestation_cover cover = { TG_LIT(A), TG_LIT("c"), TG_LIT("t"),
                                                TG_LIT("first") };
    unsigned n = 1;

    (void)state;
    tg_buf_init(&attestation, 1000);
    tg_buf_init(&token, 1000);
    standing_attest(&attestation, TG_ATTEST_OK, TG_ATTEST_PROVES_DEVICE, &cover);
    standing_token(&token, "one", 1, NULL);
    while (n < CALLS_MAX && try_proofs(tg_buf_cstr(&attestation), 200, n)) {
        n++;
    }
    assert_true(n > 10 && n < CALLS_MAX);
    for (n = 1; n < CALLS_MAX && try_proofs("AAAA", 401, n);) {
        n++;
    }
    assert_true(n > 5 && n < CALLS_MAX);
    tg_buf_deinit(&attestation);
    tg_buf_deinit(&token);
}

static void new__no_memory__refused_and_untouched(void **state)
{
    struct tg_relay *relay = NULL;

    (void)state;
    fail_at(1);
    assert_int_equal(tg_relay_new(&relay, NULL, NULL, NULL, NULL, NULL, NULL), TG_E_NOMEM);
    fail_at(0);
    assert_null(relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call__each_failure__503_and_a_retry_succeeds),
        cmocka_unit_test(proofs__each_failure__503_and_a_retry_succeeds),
        cmocka_unit_test(new__no_memory__refused_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
