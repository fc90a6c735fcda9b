/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of push/, libcrypto and libcurl fails once. Expected: no crash, no leak, no
 * wrong request, and no lost token.
 */
#include "unit/push/push_fixture.h"
#include "support/c/fail_openssl.h"

#include "push/engine.h"
#include "push/subscription.h"
#include "wire/webpush.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <time.h>

#define CALLS_MAX 20000
#define POINT                                                                                      \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define ENDPOINT "https://localhost:1/push"
#define SUBSCRIPTION                                                                               \
    "{\"endpoint\":\"" ENDPOINT "\",\"keys\":{\"p256dh\":\"" POINT                                 \
    "\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}}"

FAIL_WRAP_MALLOC()
FAIL_WRAP_CALLOC()

static void *curl_realloc(void *ptr, size_t size)
{
    return is_failing() ? NULL : realloc(ptr, size);
}

static char *curl_strdup(const char *text)
{
    return is_failing() ? NULL : strdup(text);
}

/* Each of the first allocations, then fewer and fewer: opening a key makes thousands. */
#define NEXT(n, dense) ((n) + 1 + ((n)-1) / (dense))
#define DENSE 20
#define DENSE_RSA 4 /* checking an RSA key takes long */

/* Runs with allocation n failing. True: it was reached. */
#define WITH_FAILURE(n, call) (fail_at(n), (void)(call), fail_at(0), fail_reached())

/* ---- providers ------------------------------------------------------------------------------ */

static struct tg_push_settings settings;
static char paths[4][64];
static uint8_t counter;
static const struct tg_rng rng = { .fill = fill_counting, .ctx = &counter };
static const uint8_t collapse[32] = { 1 };

static const char *const tokens[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    [TG_PUSH_FCM] = "abc:APA91b",
    [TG_PUSH_WEBPUSH] = SUBSCRIPTION,
    [TG_PUSH_WEBHOOK] = ENDPOINT,
};

static size_t pem_of(char out[4096], EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t len = 0;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    len = (size_t)BIO_read(bio, out, 4095);
    out[len] = '\0';
    BIO_free(bio);
    EVP_PKEY_free(key);
    return len;
}

static void write_account(void)
{
    static const char head[] =
        "{\"type\":\"service_account\",\"project_id\":\"p\",\"client_email\":"
        "\"a@b.c\",\"private_key_id\":\"k\",\"token_uri\":"
        "\"https://localhost:1/token\",\"private_key\":\"";
    char pem[4096];
    char text[12288];
    size_t at = sizeof(head) - 1;
    size_t len = pem_of(pem, EVP_RSA_gen(2048));

    memcpy(text, head, at);
    for (size_t i = 0; i < len; i++) {
        if (pem[i] == '\n') {
            text[at++] = '\\';
        }
        text[at++] = pem[i] == '\n' ? 'n' : pem[i];
    }
    text[at++] = '"';
    text[at++] = '}';
    settings.fcm_account = write_new_file(paths[1], text, at, 0600);
}

static int set_up(void **state)
{
    char pem[4096];
    size_t len = pem_of(pem, EVP_EC_gen("P-256"));

    (void)state;
    settings = (struct tg_push_settings){ .apns_key_id = "ABCDEFGHIJ",
                                          .apns_team_id = "ABCDEFGHIJ",
                                          .apns_topic = "a.b",
                                          .apns_url = "https://localhost:1",
                                          .fcm_url = "https://localhost:1",
                                          .vapid_subject = "mailto:a@b.cd",
                                          .host_count = 1,
                                          .hosts = { "localhost" },
                                          .allows_private_addresses = true,
                                          .concurrency = 2,
                                          .request_timeout_s = 5 };
    settings.apns_key = write_new_file(paths[0], pem, len, 0600);
    write_account();
    settings.vapid_key = write_new_file(paths[2], pem, len, 0600);
    settings.webhook_key = write_new_file(
        paths[3], "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 64, 0600);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(paths); i++) {
        (void)unlink(paths[i]);
    }
    return 0;
}

static const struct tg_push_provider_ops *ops_of(enum tg_push_id id)
{
    return tg_push_providers[id].ops;
}

static struct tg_push_provider *opened(enum tg_push_id id)
{
    struct tg_push_provider *p = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(ops_of(id)->open(&p, &settings, &rng, &fault), TG_OK);
    return p;
}

static void open__allocation_n_fails__an_error_and_no_leak(void **state)
{
    (void)state;
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        bool is_reached = true;

        for (unsigned n = 1; is_reached; n = NEXT(n, id == TG_PUSH_FCM ? DENSE_RSA : DENSE)) {
            struct tg_push_provider *p = NULL;
            struct tg_fault fault = { "" };
            enum tg_err err = TG_E_BUG;

            assert_true(n < CALLS_MAX);
            is_reached = WITH_FAILURE(n, err = ops_of(id)->open(&p, &settings, &rng, &fault));
            assert_int_equal(err == TG_OK, p != NULL);
            assert_true(is_reached || err == TG_OK);
            ops_of(id)->close(&p);
        }
    }
}

static const char grant_text[] = "{\"access_token\":\"x\",\"token_type\":\"Bearer\","
                                 "\"expires_in\":3600}";
static const struct tg_push_answer grant = {
    .status = 200,
    .body = { .ptr = (const uint8_t *)grant_text, .len = sizeof(grant_text) - 1 },
};

static void give_credential(enum tg_push_id id, struct tg_push_provider *p)
{
    struct tg_push_verdict verdict = { .reason = "" };

    if (ops_of(id)->credential_answer != NULL) {
        ops_of(id)->credential_answer(p, NOW, &grant, &verdict);
        assert_int_equal(verdict.action, TG_PUSH_TAKEN);
    }
}

static enum tg_err build(enum tg_push_id id, struct tg_push_provider *p,
                         struct tg_push_request *out)
{
    const struct tg_push_job job = { .token_type = tg_bytes_str(tg_push_token_type(id)),
                                     .token_data = tg_bytes_str(tokens[id]),
                                     .collapse = TG_ARRAY_BYTES(collapse),
                                     .expires_s = NOW + 3600 };

    return ops_of(id)->build(p, &job, NOW, out);
}

/* Compares the lengths of the parts, because signatures and salts differ. */
static void assert_alike(const struct tg_push_request *got, const struct tg_push_request *want)
{
    assert_true(tg_bytes_is_equal(tg_buf_view(&got->url), tg_buf_view(&want->url)));
    assert_int_equal(got->body.len, want->body.len);
    assert_int_equal(got->header_count, want->header_count);
    for (size_t i = 0; i < got->header_count; i++) {
        assert_int_equal(got->headers[i].len, want->headers[i].len);
    }
    assert_int_equal(got->is_guarded, want->is_guarded);
    assert_int_equal(got->is_http2_only, want->is_http2_only);
}

static void check_build(enum tg_push_id id, const struct tg_push_request *want)
{
    struct tg_push_provider *p = opened(id);
    bool is_reached = true;

    give_credential(id, p);
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct tg_push_request request;
        enum tg_err err = TG_E_BUG;

        assert_true(n < CALLS_MAX);
        if (id == TG_PUSH_APNS) {
            ops_of(id)->close(&p); /* now it has a JWT */
            p = opened(id);
        }
        tg_push_request_init(&request);
        is_reached = WITH_FAILURE(n, err = build(id, p, &request));
        /* Any other verdict would drop the token or the push. */
        assert_true(err == TG_OK || err == TG_E_NOMEM || err == TG_E_CRYPTO);
        assert_true(is_reached || err == TG_OK);
        if (err == TG_OK) {
            assert_alike(&request, want);
        }
        tg_push_request_deinit(&request);
    }
    ops_of(id)->close(&p);
}

static void
build__allocation_n_fails__an_error_or_the_right_request_and_no_token_refused(void **state)
{
    (void)state;
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        struct tg_push_provider *p = opened(id);
        struct tg_push_request want;

        tg_push_request_init(&want);
        give_credential(id, p);
        assert_int_equal(build(id, p, &want), TG_OK);
        check_build(id, &want);
        tg_push_request_deinit(&want);
        ops_of(id)->close(&p);
    }
}

static void credential__allocation_n_fails__no_credential_or_a_valid_one(void **state)
{
    const struct tg_push_provider_ops *ops = &tg_push_fcm_ops;
    struct tg_push_provider *p = opened(TG_PUSH_FCM);
    uint32_t count = 0;
    bool is_reached = true;

    (void)state;
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct tg_push_verdict verdict = { .reason = "" };
        struct tg_push_request request;
        enum tg_err err = TG_E_BUG;

        assert_true(n < CALLS_MAX);
        tg_push_request_init(&request);
        is_reached = WITH_FAILURE(n, err = ops->credential_request(p, NOW, &request));
        assert_true(err == TG_OK || err == TG_E_NOMEM || err == TG_E_CRYPTO);
        is_reached =
            WITH_FAILURE(n, ops->credential_answer(p, NOW, &grant, &verdict)) || is_reached;
        assert_int_equal(verdict.action == TG_PUSH_TAKEN, !ops->needs_credential(p, NOW));
        assert_true(verdict.action == TG_PUSH_TAKEN || verdict.action == TG_PUSH_WAIT_PROVIDER);
        count += verdict.action == TG_PUSH_TAKEN ? 1 : 0;
        ops->renew(p, count, NOW);
        tg_push_request_deinit(&request);
    }
    ops->close(&p);
}

static void judge__allocation_n_fails__no_token_dropped(void **state)
{
    static const char body[] = "{\"reason\":\"InternalServerError\",\"error\":{\"details\":[{"
                               "\"@type\":\"x\"}]}}";
    const struct tg_push_answer answer = { .status = 500, .body = tg_bytes_str(body) };

    (void)state;
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        struct tg_push_provider *p = opened(id);
        bool is_reached = true;

        for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
            struct tg_push_verdict verdict = { .reason = "" };

            assert_true(n < CALLS_MAX);
            is_reached = WITH_FAILURE(n, ops_of(id)->judge(p, &answer, NOW, &verdict));
            assert_true(verdict.action == TG_PUSH_WAIT_TOKEN ||
                        verdict.action == TG_PUSH_WAIT_PROVIDER);
        }
        ops_of(id)->close(&p);
    }
}

/* ---- tokens and messages -------------------------------------------------------------------- */

static void subscription__allocation_n_fails__an_error_that_is_not_about_the_token(void **state)
{
    bool is_reached = true;

    (void)state;
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct tg_push_subscription got;
        enum tg_err err = TG_E_BUG;

        assert_true(n < CALLS_MAX);
        is_reached = WITH_FAILURE(n, err = tg_push_subscription_parse(&got, TG_LIT(SUBSCRIPTION)));
        assert_true(err == TG_OK || err == TG_E_NOMEM || err == TG_E_CRYPTO);
        assert_true(is_reached || err == TG_OK);
        if (err == TG_OK) {
            tg_push_subscription_wipe(&got);
        }
    }
}

static void message__allocation_n_fails__complete_or_an_error(void **state)
{
    const struct tg_push_ipc msg = {
        .kind = TG_PUSH_IPC_JOB,
        .of.job = { .id = 1, .token_type = TG_LIT("webhook"), .token_data = TG_LIT(ENDPOINT) }
    };
    bool is_reached = true;

    (void)state;
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct tg_push_ipc back;
        struct tg_buf out;
        enum tg_err err = TG_E_BUG;

        tg_buf_init(&out, TG_PUSH_IPC_MAX);
        is_reached = WITH_FAILURE(n, err = tg_push_ipc_encode(&out, &msg));
        assert_int_equal(err, is_reached ? TG_E_NOMEM : TG_OK);
        if (err == TG_OK) {
            assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_OK);
        }
        tg_buf_deinit(&out);
    }
}

static const struct tg_webpush_once once = { .private_key = { .bytes = { 1 }, .len = 32 } };
static const struct tg_secret device_key = { .bytes = { 2 }, .len = 32 };

static enum tg_err seal_and_open(struct tg_buf *sealed, struct tg_buf *plain,
                                 const struct tg_webpush_receiver *receiver)
{
    enum tg_err err = tg_webpush_seal(sealed, receiver, &once, TG_LIT("text"), 64);

    return err == TG_OK ? tg_webpush_open(plain, receiver, &device_key, tg_buf_view(sealed)) : err;
}

static void webpush__allocation_n_fails__sealed_and_opened_completely_or_not_at_all(void **state)
{
    struct tg_webpush_receiver receiver = { .auth = { .len = TG_WEBPUSH_AUTH_LEN } };
    bool is_reached = true;

    (void)state;
    assert_int_equal(tg_p256_public(receiver.public_key, &device_key), TG_OK);
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct tg_buf sealed;
        struct tg_buf plain;
        enum tg_err err = TG_E_BUG;

        assert_true(n < CALLS_MAX);
        tg_buf_init(&sealed, TG_WEBPUSH_BODY_MAX);
        tg_buf_init(&plain, TG_WEBPUSH_BODY_MAX);
        is_reached = WITH_FAILURE(n, err = seal_and_open(&sealed, &plain, &receiver));
        assert_true(err == TG_OK || err == TG_E_NOMEM || err == TG_E_CRYPTO);
        assert_true(is_reached || err == TG_OK);
        assert_int_equal(plain.len, err == TG_OK ? 4 : 0);
        tg_buf_deinit(&plain);
        tg_buf_deinit(&sealed);
    }
}

/* ---- the engine ----------------------------------------------------------------------------- */

static unsigned trouble_count; /* events about memory */

static void count_trouble(void *ctx, enum tg_log_level level, const char *name,
                          const struct tg_log_field *fields, size_t field_count)
{
    (void)ctx;
    (void)level;
    if (strcmp(name, "push.not_sent") == 0) {
        assert_int_equal(field_count, 4);
        assert_string_equal(fields[2].name, "out_of_memory");
        trouble_count++;
    }
}

static const struct tg_log counting_log = { .write = count_trouble };

/* What a test adds to the clocks. */
static int64_t passed_s, passed_mono_ms;

struct outcomes {
    size_t count[TG_PUSH_COUNT];
    enum tg_push_result last[TG_PUSH_COUNT];
};

static void take_outcome(void *ctx, const struct tg_push_ipc_outcome *outcome)
{
    struct outcomes *outcomes = ctx;

    outcomes->count[outcome->id]++;
    outcomes->last[outcome->id] = outcome->result;
}

static int64_t fixed_now_s(void *ctx)
{
    (void)ctx;
    return NOW + passed_s;
}

static int64_t mono_ms(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + passed_mono_ms;
}

static struct tg_push_settings some; /* the settings with the providers of the engine */

static struct tg_push_engine *new_engine(struct outcomes *outcomes)
{
    const struct tg_push_engine_config config = { .settings = &some,
                                                  .rng = &rng,
                                                  .log = &counting_log,
                                                  .now_s = fixed_now_s,
                                                  .mono_ms = mono_ms,
                                                  .done = take_outcome,
                                                  .ctx = outcomes };
    struct tg_push_engine *engine = NULL;
    struct tg_fault fault = { "" };
    size_t sender = 0;
    enum tg_err err = tg_push_engine_new(&engine, &config, &sender, &fault);

    assert_int_equal(err == TG_OK, engine != NULL);
    return engine;
}

static void without_fcm(void)
{
    some = settings;
    some.fcm_account = NULL;
}

static void fcm_alone(void)
{
    some = settings;
    some.apns_key = NULL;
    some.vapid_key = NULL;
    some.webhook_key = NULL;
}

static void engine__allocation_n_fails__no_engine_and_no_leak(void **state)
{
    bool is_reached = true;

    (void)state;
    without_fcm();
    for (unsigned n = 1; is_reached; n = NEXT(n, DENSE)) {
        struct outcomes outcomes = { .count = { 0 } };
        struct tg_push_engine *engine = NULL;

        assert_true(n < CALLS_MAX);
        is_reached = WITH_FAILURE(n, engine = new_engine(&outcomes));
        assert_true(is_reached || engine != NULL);
        tg_push_engine_free(&engine);
    }
}

static void push_to_all(struct tg_push_engine *engine, struct outcomes *outcomes)
{
    size_t wanted = 0;
    size_t done = 0;

    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        struct tg_push_ipc_job job = { .id = id,
                                       .expires_s = NOW + 3600,
                                       .token_type = tg_bytes_str(tg_push_token_type(id)),
                                       .token_data = tg_bytes_str(tokens[id]) };

        if (tg_push_is_on(&some, id)) {
            wanted++;
            tg_push_engine_take(engine, &job);
        }
    }
    while (done < wanted && tg_push_engine_wait_ms(engine) >= 0) {
        struct pollfd at = { .fd = tg_push_engine_fd(engine), .events = POLLIN };

        (void)poll(&at, 1, tg_push_engine_wait_ms(engine));
        tg_push_engine_run(engine);
        done = outcomes->count[0] + outcomes->count[1] + outcomes->count[2] + outcomes->count[3];
    }
}

static void check_jobs(unsigned dense)
{
    bool is_reached = true;

    for (unsigned n = 1; is_reached; n = NEXT(n, dense)) {
        struct outcomes outcomes = { .count = { 0 } };
        struct tg_push_engine *engine = new_engine(&outcomes);

        assert_true(n < CALLS_MAX);
        is_reached = WITH_FAILURE(n, push_to_all(engine, &outcomes));
        for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
            assert_true(outcomes.count[id] <= (tg_push_is_on(&some, id) ? 1 : 0));
            assert_true(is_reached || outcomes.count[id] == (tg_push_is_on(&some, id) ? 1 : 0));
            assert_true(outcomes.count[id] == 0 || outcomes.last[id] == TG_PUSH_RESULT_RETRY);
        }
        tg_push_engine_free(&engine);
    }
}

/*
 * Nothing listens on that port, so each push is retried later, after any earlier failure. Without
 * memory libcurl may lose a request and its timeout. Then the relay gets no outcome, ends the
 * process (server/pushlink/window.h), and the pushes are due again.
 */
static void job__allocation_n_fails__at_most_one_outcome_and_no_token_lost(void **state)
{
    (void)state;
    without_fcm();
    check_jobs(DENSE);
    fcm_alone();
    check_jobs(DENSE_RSA);
}

/* The failures at which the sender backs off without a request: it has no memory for one. */
static void job__no_memory_for_the_credential__logged_once_a_minute(void **state)
{
    bool is_reached = true;
    unsigned found = 0;

    (void)state;
    fcm_alone();
    for (unsigned n = 1; is_reached && found < 3; n = NEXT(n, DENSE_RSA)) {
        struct outcomes outcomes = { .count = { 0 } };
        struct tg_push_engine *engine = new_engine(&outcomes);

        trouble_count = 0;
        is_reached = WITH_FAILURE(n, push_to_all(engine, &outcomes));
        assert_true(trouble_count <= 1);
        if (trouble_count == 1) {
            found++;
            passed_s += 3600; /* after the backoff, within the minute */
            (void)WITH_FAILURE(n, push_to_all(engine, &outcomes));
            assert_int_equal(trouble_count, 1);
            passed_s += 3600;
            passed_mono_ms += 61000;
            (void)WITH_FAILURE(n, push_to_all(engine, &outcomes));
        }
        tg_push_engine_free(&engine);
    }
    assert_true(found > 0);
    passed_s = 0;
    passed_mono_ms = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__allocation_n_fails__an_error_and_no_leak),
        cmocka_unit_test(
            build__allocation_n_fails__an_error_or_the_right_request_and_no_token_refused),
        cmocka_unit_test(credential__allocation_n_fails__no_credential_or_a_valid_one),
        cmocka_unit_test(judge__allocation_n_fails__no_token_dropped),
        cmocka_unit_test(subscription__allocation_n_fails__an_error_that_is_not_about_the_token),
        cmocka_unit_test(message__allocation_n_fails__complete_or_an_error),
        cmocka_unit_test(webpush__allocation_n_fails__sealed_and_opened_completely_or_not_at_all),
        cmocka_unit_test(engine__allocation_n_fails__no_engine_and_no_leak),
        cmocka_unit_test(job__allocation_n_fails__at_most_one_outcome_and_no_token_lost),
        cmocka_unit_test(job__no_memory_for_the_credential__logged_once_a_minute),
    };

    /* Before the first allocation of the libraries; later they refuse new functions. */
    if (!fail_openssl_memory() ||
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free, curl_realloc, curl_strdup,
                             calloc) != CURLE_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
