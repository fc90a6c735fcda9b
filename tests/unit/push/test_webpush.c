/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/b64.h"
#include "base/hex.h"
#include "push/provider.h"
#include "push/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#define VECTORS TG_TEST_DATA "/webpush/rfc8292.json"
#define RESPONSES TG_TEST_DATA "/push/provider_responses.json"
#define NOW_S INT64_C(1900000000)
#define ROOM 8192u

/* The receiver of RFC 8291 appendix A. */
#define P256DH                                                                                     \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define TOKEN_AT(url)                                                                              \
    "{\"endpoint\":\"" url "\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"" P256DH             \
    "\",\"auth\":\"" AUTH "\"}}"
#define TOKEN TOKEN_AT("https://push.example/send/abc?d=e")

/* ---- a verifier of ES256, which the relay does not need ------------------------------------- */

static EVP_PKEY *key_of_point(struct tg_bytes point)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(build, "group", "prime256v1", 0), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_octet_string(build, "pub", point.ptr, point.len), 1);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool verifies(struct tg_bytes point, struct tg_bytes text, const uint8_t signature[64])
{
    EVP_PKEY *key = key_of_point(point);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *pair = ECDSA_SIG_new();
    unsigned char *der = NULL;
    int der_len = 0;
    bool is_good = false;

    assert_int_equal(
        ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)),
        1);
    der_len = i2d_ECDSA_SIG(pair, &der);
    assert_true(der_len > 0);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    is_good = EVP_DigestVerify(ctx, der, (size_t)der_len, text.ptr, text.len) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return is_good;
}

static json_t *json_of_part(struct tg_bytes part)
{
    struct tg_buf raw;
    json_t *object = NULL;

    tg_buf_init(&raw, ROOM);
    assert_int_equal(tg_b64_decode(&raw, part, TG_B64_URL), TG_OK);
    object = json_loadb((const char *)raw.ptr, raw.len, 0, NULL);
    assert_non_null(object);
    tg_buf_deinit(&raw);
    return object;
}

/* The claims of "vapid t=…, k=…" after its header and signature were checked. The caller frees
 * them.
 */
static json_t *claims_of(struct tg_bytes value)
{
    struct tg_bytes jwt = tg_bytes_from(value, sizeof("vapid t=") - 1);
    struct tg_bytes key = { NULL, 0 };
    struct tg_bytes head = { NULL, 0 };
    struct tg_bytes claims = { NULL, 0 };
    uint8_t point[65];
    uint8_t signature[64];
    json_t *header = NULL;

    assert_true(tg_bytes_has_prefix(value, TG_LIT("vapid t=")));
    key = tg_bytes_from(jwt, tg_bytes_find(jwt, ','));
    assert_true(tg_bytes_has_prefix(key, TG_LIT(", k=")));
    assert_int_equal(tg_b64_decode_exact(point, sizeof(point), tg_bytes_from(key, 4), TG_B64_URL),
                     TG_OK);
    jwt = tg_bytes_first(jwt, tg_bytes_find(jwt, ','));
    head = tg_bytes_first(jwt, tg_bytes_find(jwt, '.'));
    claims = tg_bytes_from(jwt, head.len + 1);
    claims = tg_bytes_first(claims, tg_bytes_find(claims, '.'));
    assert_int_equal(tg_b64_decode_exact(signature, sizeof(signature),
                                         tg_bytes_from(jwt, head.len + claims.len + 2), TG_B64_URL),
                     TG_OK);
    assert_true(
        verifies(TG_ARRAY_BYTES(point), tg_bytes_first(jwt, head.len + 1 + claims.len), signature));
    signature[40] ^= 1;
    assert_false(
        verifies(TG_ARRAY_BYTES(point), tg_bytes_first(jwt, head.len + 1 + claims.len), signature));
    header = json_of_part(head);
    assert_string_equal(json_string_value(json_object_get(header, "typ")), "JWT");
    assert_string_equal(json_string_value(json_object_get(header, "alg")), "ES256");
    assert_int_equal(json_object_size(header), 2);
    json_decref(header);
    return json_of_part(claims);
}

static void vapid__example_of_the_rfc__verifies_like_ours(void **state)
{
    json_t *root = json_load_file(VECTORS, 0, NULL);
    json_t *claims = NULL;

    (void)state;
    assert_non_null(root);
    claims =
        claims_of(tg_bytes_str(json_string_value(json_object_get(root, "authorization_header"))));
    assert_true(json_equal(claims, json_object_get(root, "jwt_claims")));
    json_decref(claims);
    json_decref(root);
}

/* ---- fixture -------------------------------------------------------------------------------- */

struct fixture {
    struct tg_push_provider *provider;
    struct tg_push_request request;
    struct tg_push_settings settings;
    char path[64];
    uint8_t next; /* of the random source */
};

static enum tg_err count_fill(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;

    (*next)++;
    memset(out, *next, len);
    return TG_OK;
}

static struct tg_rng rng = { .fill = count_fill };

static void write_key(const char *path, const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    EVP_PKEY_free(key);
}

static int set_up(void **state)
{
    static struct fixture f;
    struct tg_fault fault = { "" };
    int fd = -1;

    f = (struct fixture){ .path = "/tmp/vapid-XXXXXX" };
    fd = mkstemp(f.path);
    assert_true(fd >= 0);
    close(fd);
    write_key(f.path, "P-256");
    f.settings.vapid_key = f.path;
    f.settings.vapid_subject = "mailto:push@example.com";
    rng.ctx = &f.next;
    assert_int_equal(tg_push_webpush_ops.open(&f.provider, &f.settings, &rng, &fault), TG_OK);
    tg_push_request_init(&f.request);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tg_push_request_deinit(&f->request);
    tg_push_webpush_ops.close(&f->provider);
    assert_null(f->provider);
    tg_push_webpush_ops.close(&f->provider);
    return unlink(f->path);
}

static const uint8_t collapse[32] = { 1, 2, 3 };

static enum tg_err build(struct fixture *f, const char *token, int64_t expires_s, int64_t now_s)
{
    const struct tg_push_job job = { .token_type = TG_LIT("org.w3.webpush"),
                                     .token_data = tg_bytes_str(token),
                                     .collapse = TG_ARRAY_BYTES(collapse),
                                     .expires_s = expires_s };

    tg_push_request_clear(&f->request);
    return tg_push_webpush_ops.build(f->provider, &job, now_s, &f->request);
}

static struct tg_bytes header_of(const struct fixture *f, const char *name)
{
    struct tg_bytes found = { NULL, 0 };

    for (size_t i = 0; i < f->request.header_count; i++) {
        struct tg_bytes line = tg_buf_view(&f->request.headers[i]);
        size_t colon = tg_bytes_find(line, ':');

        if (tg_bytes_is_equal_nocase(tg_bytes_first(line, colon), tg_bytes_str(name))) {
            assert_null(found.ptr);
            found = tg_bytes_from(line, colon + 2);
        }
    }
    return found;
}

static void assert_header(const struct fixture *f, const char *name, const char *value)
{
    struct tg_bytes found = header_of(f, name);

    if (!tg_bytes_is_equal(found, tg_bytes_str(value))) {
        fail_msg("%s is '%.*s'", name, (int)found.len, found.ptr);
    }
}

/* ---- build ---------------------------------------------------------------------------------- */

static void build__a_subscription__the_headers_of_rfc_8030(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(build(f, TOKEN, NOW_S + 600, NOW_S), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url), "https://push.example/send/abc?d=e");
    assert_true(f->request.is_guarded);
    assert_false(f->request.is_http2_only);
    assert_header(f, "TTL", "600");
    assert_header(f, "Urgency", "high");
    assert_header(f, "Topic", "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_header(f, "Content-Encoding", "aes128gcm");
    assert_header(f, "Content-Type", "application/octet-stream");
    assert_int_equal(f->request.header_count, 6);
}

static void build__expiration__bounds_the_ttl(void **state)
{
    static const struct {
        int64_t left_s;
        const char *ttl;
    } rows[] = { { 0, "0" },
                 { -5, "0" },
                 { 1, "1" },
                 { 2419199, "2419199" },
                 { 2419200, "2419200" },
                 { 2419201, "2419200" } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(build(f, TOKEN, NOW_S + rows[i].left_s, NOW_S), TG_OK);
        assert_header(f, "TTL", rows[i].ttl);
    }
}

static void build__body__opens_with_the_subscriptions_key_and_has_only_the_event(void **state)
{
    struct fixture *f = *state;
    struct tg_push_subscription subscription;
    struct tg_secret key = { .len = TG_P256_PRIVATE_LEN };
    struct tg_buf first;
    struct tg_buf plain;

    tg_buf_init(&first, ROOM);
    tg_buf_init(&plain, ROOM);
    assert_int_equal(tg_b64_decode_exact(key.bytes, key.len, tg_bytes_str(PRIVATE), TG_B64_URL),
                     TG_OK);
    assert_int_equal(tg_push_subscription_parse(&subscription, tg_bytes_str(TOKEN)), TG_OK);
    assert_int_equal(build(f, TOKEN, NOW_S + 600, NOW_S), TG_OK);
    assert_int_equal(
        tg_webpush_open(&plain, &subscription.receiver, &key, tg_buf_view(&f->request.body)),
        TG_OK);
    assert_string_equal(tg_buf_cstr(&plain), "{\"tigress\":\"changed\"}");
    assert_int_equal(f->request.body.len, TG_WEBPUSH_HEADER_LEN + 64 + 1 + TG_AEAD_TAG_LEN);
    tg_buf_append(&first, tg_buf_view(&f->request.body));
    assert_int_equal(build(f, TOKEN, NOW_S + 600, NOW_S), TG_OK);
    /* Each message has another salt and key. */
    assert_memory_not_equal(first.ptr, f->request.body.ptr, TG_CODING_SALT_LEN);
    assert_memory_not_equal(first.ptr + TG_CODING_FIXED_LEN,
                            f->request.body.ptr + TG_CODING_FIXED_LEN, TG_P256_PUBLIC_LEN);
    tg_buf_deinit(&plain);
    tg_buf_deinit(&first);
}

static void build__not_a_subscription__syntax_and_no_request(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(build(f, "{}", NOW_S + 600, NOW_S), TG_E_SYNTAX);
    assert_int_equal(build(f, TOKEN_AT("http://push.example/a"), NOW_S + 600, NOW_S), TG_E_SYNTAX);
    assert_int_equal(f->request.url.len, 0);
    assert_int_equal(f->request.body.len, 0);
}

/* ---- VAPID ---------------------------------------------------------------------------------- */

static void assert_claims(const struct fixture *f, const char *aud, int64_t exp)
{
    json_t *claims = claims_of(header_of(f, "Authorization"));

    assert_string_equal(json_string_value(json_object_get(claims, "aud")), aud);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), exp);
    assert_string_equal(json_string_value(json_object_get(claims, "sub")),
                        "mailto:push@example.com");
    assert_int_equal(json_object_size(claims), 3);
    json_decref(claims);
}

static void authorization__an_endpoint__its_origin_and_half_a_day(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(build(f, TOKEN, NOW_S + 600, NOW_S), TG_OK);
    assert_claims(f, "https://push.example", NOW_S + 43200);
    assert_int_equal(build(f, TOKEN_AT("https://Push.Example:8443/x"), NOW_S + 600, NOW_S), TG_OK);
    assert_claims(f, "https://push.example:8443", NOW_S + 43200);
}

static void copy_authorization(struct tg_buf *out, const struct fixture *f)
{
    tg_buf_init(out, ROOM);
    tg_buf_append(out, header_of(f, "Authorization"));
}

static bool has_same_authorization(const struct tg_buf *before, const struct fixture *f)
{
    return tg_bytes_is_equal(tg_buf_view(before), header_of(f, "Authorization"));
}

static void authorization__again__signed_again_only_after_half_its_life(void **state)
{
    static const struct {
        int64_t after_s;
        bool is_same;
    } rows[] = { { 0, true }, { 21599, true }, { 21600, false }, { 90000, false }, { -1, false } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        int64_t start_s = NOW_S + (int64_t)i * 1000000;
        struct tg_buf before;

        assert_int_equal(build(f, TOKEN, start_s + 600, start_s), TG_OK);
        copy_authorization(&before, f);
        assert_int_equal(build(f, TOKEN, start_s + 600, start_s + rows[i].after_s), TG_OK);
        assert_int_equal(has_same_authorization(&before, f), rows[i].is_same);
        if (!rows[i].is_same) {
            assert_claims(f, "https://push.example", start_s + rows[i].after_s + 43200);
        }
        tg_buf_deinit(&before);
    }
}

static enum tg_err build_origin(struct fixture *f, unsigned number)
{
    char token[512];

    snprintf(token, sizeof(token),
             "{\"endpoint\":\"https://p%u.example/\",\"keys\":{\"p256dh\":\"" P256DH
             "\",\"auth\":\"" AUTH "\"}}",
             number);
    return build(f, token, NOW_S + 600, NOW_S);
}

/* The cache has 32 tokens. Used ones stay, the longest unused one is replaced. */
static void authorization__many_origins__the_longest_unused_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct tg_buf first;
    struct tg_buf second;

    assert_int_equal(build_origin(f, 1), TG_OK);
    copy_authorization(&first, f);
    assert_int_equal(build_origin(f, 2), TG_OK);
    copy_authorization(&second, f);
    for (unsigned i = 3; i <= 33; i++) {
        assert_int_equal(build_origin(f, 1), TG_OK);
        assert_true(has_same_authorization(&first, f));
        assert_int_equal(build_origin(f, i), TG_OK);
    }
    assert_int_equal(build_origin(f, 1), TG_OK);
    assert_true(has_same_authorization(&first, f));
    assert_int_equal(build_origin(f, 2), TG_OK);
    assert_false(has_same_authorization(&second, f));
    assert_claims(f, "https://p2.example", NOW_S + 43200);
    tg_buf_deinit(&second);
    tg_buf_deinit(&first);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static const struct {
    const char *token;
    const char *host; /* NULL: refused */
} tokens[] = {
    { TOKEN, "push.example" },
    { TOKEN_AT("https://fcm.googleapis.com/fcm/send/x:y"), "fcm.googleapis.com" },
    { TOKEN_AT("https://Push.Example:8443/x"), "Push.Example" },
    { TOKEN_AT("https://[::1]:8443/x"), "[::1]" },
    { " { \"keys\" : { \"auth\" : \"" AUTH "\", \"p256dh\" : \"" P256DH
      "\" } , \"endpoint\" : \"https://push.example/\" } ",
      "push.example" },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"" P256DH
      "=\",\"auth\":\"" AUTH "==\"}}",
      "push.example" },
    { "", NULL },
    { "{}", NULL },
    { "https://push.example/", NULL },
    { TOKEN "x", NULL },
    { TOKEN_AT("http://push.example/"), NULL },
    { TOKEN_AT("https://u@push.example/"), NULL },
    { TOKEN_AT("https://push.example/#f"), NULL },
    { TOKEN_AT(""), NULL },
    { TOKEN_AT("https:\\/\\/push.example\\/"), "push.example" }, /* some libraries write it so */
    { TOKEN_AT("https://push\\u002eexample/"), "push.example" },
    { "{\"endpoint\":\"https://push.example/\"}", NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{}}", NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":[]}", NULL },
    { "{\"endpoint\":7,\"keys\":{\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}}", NULL },
    { "{\"endpoint\":null,\"keys\":{\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}}", NULL },
    { "{\"keys\":{\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}}", NULL },
    { "{\"endpoint\":\"https://a.example/\",\"endpoint\":\"https://b.example/\",\"keys\":{"
      "\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}}",
      NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"auth\":\"" AUTH "\"}}", NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"" P256DH "\"}}", NULL },
    /* auth of 15 and 17 bytes, or of the other alphabet; a point not on the curve, or compressed */
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"" P256DH
      "\",\"auth\":\"BTBZMqHH6r4Tts7J_aSI\"}}",
      NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"" P256DH
      "\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIggA\"}}",
      NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"" P256DH
      "\",\"auth\":\"BTBZMqHH6r4Tts7J/aSIgg\"}}",
      NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-"
      "VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8\",\"auth\":\"" AUTH "\"}}",
      NULL },
    { "{\"endpoint\":\"https://push.example/\",\"keys\":{\"p256dh\":\"AiVxsr7N_eNgVRqvHtD0zTZsEc6-"
      "VV-JvLexhqUzORcx\",\"auth\":\"" AUTH "\"}}",
      NULL },
};

static void tokens__each_row__accepted_with_its_host_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(tokens); i++) {
        struct tg_bytes token = tg_bytes_str(tokens[i].token);
        const char *expected = tokens[i].host != NULL ? tokens[i].host : "";
        struct tg_buf host;

        tg_buf_init(&host, TG_PUSH_HOST_MAX);

        if (tg_push_webpush_ops.takes_token(token) != (tokens[i].host != NULL) ||
            tg_push_webpush_ops.endpoint_host(token, &host) != (tokens[i].host != NULL) ||
            !tg_bytes_is_equal(tg_buf_view(&host), tg_bytes_str(expected))) {
            fail_msg("token %u is judged wrong", (unsigned)i);
        }
        tg_buf_deinit(&host);
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void open__wrong_key_or_subject__refused_with_the_settings_name(void **state)
{
    static const char *const subjects[] = {
        NULL, "", "push@example.com", "mailto:", "http://a.example/", "mailto:a b", "https://a\"\n"
    };
    struct fixture *f = *state;
    struct tg_push_settings settings = f->settings;
    struct tg_push_provider *p = NULL;

    for (size_t i = 0; i < TG_COUNT(subjects); i++) {
        struct tg_fault fault = { "" };

        settings.vapid_subject = subjects[i];
        assert_int_equal(tg_push_webpush_ops.open(&p, &settings, &rng, &fault), TG_E_SYNTAX);
        assert_memory_equal(fault.text, "push-vapid-subject: ", 20);
        assert_null(p);
    }
    settings = f->settings;
    for (int i = 0; i < 3; i++) {
        struct tg_fault fault = { "" };

        if (i == 0) {
            write_key(f->path, "P-384");
        } else if (i == 1) {
            write_file(f->path, "no key\n", 7, 0600);
        } else {
            assert_int_equal(chmod(f->path, 0644), 0);
        }
        assert_int_not_equal(tg_push_webpush_ops.open(&p, &settings, &rng, &fault), TG_OK);
        assert_memory_equal(fault.text, "push-vapid-key: ", 16);
        assert_null(p);
    }
}

/* ---- judge ---------------------------------------------------------------------------------- */

static struct tg_push_verdict judge(const struct fixture *f, unsigned status, uint32_t after_s)
{
    const struct tg_push_answer answer = { .status = status,
                                           .retry_after_s = after_s,
                                           .body = TG_LIT("<html>sorry</html>") };
    struct tg_push_verdict verdict = { .reason = NULL };

    tg_push_webpush_ops.judge(f->provider, &answer, NOW_S, &verdict);
    assert_non_null(verdict.reason);
    return verdict;
}

/* The first word of the action in the table, and our action. "config" leaves the token in doubt
   too: see webpush.c. */
static const struct {
    const char *word;
    enum tg_push_action action;
} readings[] = {
    { "ok", TG_PUSH_TAKEN },
    { "bug", TG_PUSH_BLAME_REQUEST },
    { "config", TG_PUSH_DOUBT_SENDER },
    { "drop_token", TG_PUSH_DROP_TOKEN },
    { "retry after Retry-After", TG_PUSH_WAIT_TOKEN },
    { "retry_backoff", TG_PUSH_WAIT_TOKEN },
};

static enum tg_push_action action_of(const char *reading)
{
    for (size_t i = 0; i < TG_COUNT(readings); i++) {
        if (strncmp(reading, readings[i].word, strlen(readings[i].word)) == 0) {
            return readings[i].action;
        }
    }
    fail_msg("'%s' is no known reading", reading);
    return TG_PUSH_TAKEN;
}

static void judge__every_row_of_the_responses__as_the_file_says(void **state)
{
    struct fixture *f = *state;
    json_t *root = json_load_file(RESPONSES, 0, NULL);
    json_t *rows = json_object_get(json_object_get(root, "webpush"), "statuses");
    const json_t *row = NULL;
    size_t i = 0;

    assert_int_equal(json_array_size(rows), 10);
    json_array_foreach(rows, i, row)
    {
        const json_t *http = json_object_get(row, "http");
        enum tg_push_action action = action_of(json_string_value(json_object_get(row, "action")));

        if (json_is_integer(http)) {
            assert_int_equal(judge(f, (unsigned)json_integer_value(http), 0).action, action);
        } else {
            assert_string_equal(json_string_value(http), "5xx");
            for (unsigned status = 500; status < 600; status++) {
                assert_int_equal(judge(f, status, 0).action, action);
            }
        }
    }
    json_decref(root);
}

static void judge__the_rest__one_service_never_delays_another(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(judge(f, 200, 0).action, TG_PUSH_TAKEN);
    for (unsigned status = 300; status < 400; status++) {
        assert_int_equal(judge(f, status, 0).action, TG_PUSH_BLAME_REQUEST);
    }
    for (unsigned status = 0; status < 1000; status++) {
        enum tg_push_action action = judge(f, status, 0).action;

        assert_int_not_equal(action, TG_PUSH_WAIT_PROVIDER);
        assert_int_not_equal(action, TG_PUSH_BLAME_CONFIG);
    }
}

static void judge__retry_after__used_up_to_a_bound(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(judge(f, 429, 90).wait_s, 90);
    assert_int_equal(judge(f, 503, 0).wait_s, 0);
    assert_true(judge(f, 429, UINT32_MAX).wait_s <= 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vapid__example_of_the_rfc__verifies_like_ours),
        cmocka_unit_test_setup_teardown(build__a_subscription__the_headers_of_rfc_8030, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(build__expiration__bounds_the_ttl, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            build__body__opens_with_the_subscriptions_key_and_has_only_the_event, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(build__not_a_subscription__syntax_and_no_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(authorization__an_endpoint__its_origin_and_half_a_day,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(authorization__again__signed_again_only_after_half_its_life,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(authorization__many_origins__the_longest_unused_is_replaced,
                                        set_up, tear_down),
        cmocka_unit_test(tokens__each_row__accepted_with_its_host_or_refused),
        cmocka_unit_test_setup_teardown(open__wrong_key_or_subject__refused_with_the_settings_name,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(judge__every_row_of_the_responses__as_the_file_says, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(judge__the_rest__one_service_never_delays_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(judge__retry_after__used_up_to_a_bound, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
