/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/b64.h"
#include "wire/envelope.h"

static enum tg_err counting_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i + 1);
    }
    return TG_OK;
}

static enum tg_err broken_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

static const struct tg_rng counting_rng = { .fill = counting_fill };

static struct tg_secret secret_of(size_t len)
{
    struct tg_secret secret = { .len = len };

    for (size_t i = 0; i < len; i++) {
        secret.bytes[i] = (uint8_t)i;
    }
    return secret;
}

/* spec-test: protocol/7#padding-buckets */
static void bucket__each_limit_and_one_above__the_next(void **state)
{
    static const size_t sizes[] = { 512, 1024, 2048, 4096, 8192, 16384, 32768, 40960, 0 };

    (void)state;
    assert_int_equal(tg_envelope_bucket(0), 512);
    for (size_t i = 0; i + 1 < TG_COUNT(sizes); i++) {
        assert_int_equal(tg_envelope_bucket(sizes[i]), sizes[i]);
        assert_int_equal(tg_envelope_bucket(sizes[i] + 1), sizes[i + 1]);
    }
    assert_int_equal(tg_envelope_bucket(SIZE_MAX), 0);
}

static void type__secret_length__its_algorithm(void **state)
{
    struct tg_secret s16 = secret_of(16);
    struct tg_secret s24 = secret_of(24);
    struct tg_secret s32 = secret_of(32);

    (void)state;
    assert_view(tg_envelope_type(&s16), "AEAD_AES_128_GCM");
    assert_view(tg_envelope_type(&s32), "AEAD_AES_256_GCM");
    assert_int_equal(tg_envelope_type(&s24).len, 0);
}

/* spec-test: protocol/7#envelope */
static void seal__known_key_and_nonce__same_text_as_another_library(void **state)
{
    /* Made with python3-cryptography: AESGCM(bytes(range(16))).encrypt(bytes(range(1, 13)),
       b'{"format":"x"}'.ljust(512), None); the first 48 characters and the last 24. */
    static const char head[] = "AQIDBAUGBwgJCgsMfScOSUGYPrEaZi89j6VNFeHrx33OgcxM";
    static const char tail[] = "2ROJSvX+GZrZ2H4do13cu6Qu";
    struct tg_secret secret = secret_of(16);
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 10000);
    assert_int_equal(tg_envelope_seal(&out, &secret, TG_LIT("{\"format\":\"x\"}"), &counting_rng),
                     TG_OK);
    assert_int_equal(out.len, 720);
    assert_memory_equal(out.ptr, head, sizeof(head) - 1);
    assert_memory_equal(out.ptr + out.len - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
    tg_buf_deinit(&out);
}

static void round_trip__sizes_and_both_algorithms__json_and_spaces(void **state)
{
    static const size_t sizes[] = { 0, 1, 511, 512, 513, 4096, 32769, TG_ENVELOPE_PLAIN_MAX };
    static uint8_t json[TG_ENVELOPE_PLAIN_MAX];

    (void)state;
    memset(json, 'j', sizeof(json));
    for (size_t i = 0; i < 2 * TG_COUNT(sizes); i++) {
        struct tg_secret secret = secret_of(i % 2 == 0 ? 16 : 32);
        size_t len = sizes[i / 2];
        size_t bucket = tg_envelope_bucket(len);
        struct tg_buf text;
        struct tg_buf plain;
        struct tg_payload payload = { .type = tg_envelope_type(&secret) };

        tg_buf_init(&text, 65536);
        tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
        assert_int_equal(tg_envelope_seal(&text, &secret, tg_bytes(json, len), &tg_rng_system),
                         TG_OK);
        assert_true(text.len < 60000);
        payload.data = tg_buf_view(&text);
        assert_int_equal(tg_envelope_open(&plain, &secret, &payload, NULL), TG_OK);
        assert_int_equal(plain.len, bucket);
        assert_memory_equal(plain.ptr, json, len);
        for (size_t k = len; k < bucket; k++) {
            assert_int_equal(plain.ptr[k], ' ');
        }
        tg_buf_deinit(&text);
        tg_buf_deinit(&plain);
    }
}

static void seal__twice__another_nonce_and_text(void **state)
{
    struct tg_secret secret = secret_of(16);
    struct tg_buf a;
    struct tg_buf b;

    (void)state;
    tg_buf_init(&a, 10000);
    tg_buf_init(&b, 10000);
    assert_int_equal(tg_envelope_seal(&a, &secret, TG_LIT("{}"), &tg_rng_system), TG_OK);
    assert_int_equal(tg_envelope_seal(&b, &secret, TG_LIT("{}"), &tg_rng_system), TG_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.ptr, b.ptr, 16);
    tg_buf_deinit(&a);
    tg_buf_deinit(&b);
}

static void seal__too_long_bad_secret_or_no_random__refused_and_nothing_appended(void **state)
{
    static const uint8_t big[TG_ENVELOPE_PLAIN_MAX + 1];
    const struct tg_rng broken = { .fill = broken_fill };
    struct tg_secret good = secret_of(16);
    struct tg_secret bad = secret_of(24);
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 719 + 4);
    tg_buf_append_str(&out, "kept");
    assert_int_equal(tg_envelope_seal(&out, &good, TG_ARRAY_BYTES(big), &tg_rng_system),
                     TG_E_LIMIT);
    assert_int_equal(tg_envelope_seal(&out, &bad, TG_LIT("{}"), &tg_rng_system), TG_E_CRYPTO);
    assert_int_equal(tg_envelope_seal(&out, &good, TG_LIT("{}"), &broken), TG_E_CRYPTO);
    assert_int_equal(tg_buf_status(&out), TG_OK);
    assert_int_equal(tg_envelope_seal(&out, &good, TG_LIT("{}"), &tg_rng_system), TG_E_LIMIT);
    assert_int_equal(out.len, 4);
    tg_buf_deinit(&out);
}

static void open__any_byte_changed_or_truncated__refused_and_nothing_appended(void **state)
{
    struct tg_secret secret = secret_of(16);
    struct tg_payload payload = { .type = tg_envelope_type(&secret) };
    struct tg_buf text;
    struct tg_buf plain;

    (void)state;
    tg_buf_init(&text, 10000);
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    assert_int_equal(tg_envelope_seal(&text, &secret, TG_LIT("{}"), &tg_rng_system), TG_OK);
    for (size_t i = 0; i < text.len; i++) {
        struct tg_fault fault = { "" };
        uint8_t kept = text.ptr[i];

        text.ptr[i] = kept == 'A' ? 'B' : 'A';
        payload.data = tg_buf_view(&text);
        assert_int_equal(tg_envelope_open(&plain, &secret, &payload, &fault), TG_E_CRYPTO);
        assert_fault_begins(fault, "payload.data: does not decrypt");
        text.ptr[i] = kept;
        payload.data = tg_bytes(text.ptr, i);
        assert_int_equal(tg_envelope_open(&plain, &secret, &payload, NULL),
                         i % 4 != 0 || i < 40 ? TG_E_SYNTAX : TG_E_CRYPTO);
        assert_int_equal(plain.len, 0);
    }
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
}

static void open__type_or_text_of_another_kind__its_own_error(void **state)
{
    static const struct {
        const char *type;
        const char *data;
        size_t secret_len;
        enum tg_err err;
        const char *fault;
    } cases[] = {
        { "AEAD_AES_128_CCM", "AAAA", 16, TG_E_UNSUPPORTED, "payload.type: expected AEAD" },
        { "aead_aes_128_gcm", "AAAA", 16, TG_E_UNSUPPORTED, "payload.type: expected AEAD" },
        { "AEAD_AES_256_GCM", "AAAA", 16, TG_E_CRYPTO, "payload.type: expected the algorithm" },
        { "AEAD_AES_128_GCM", "AAAA", 32, TG_E_CRYPTO, "payload.type: expected the algorithm" },
        { "AEAD_AES_128_GCM", "AAAA", 16, TG_E_SYNTAX,
          "payload.data: expected a nonce, a ciphertext and a tag, got 3" },
        { "AEAD_AES_128_GCM", "!!!!", 16, TG_E_SYNTAX,
          "payload.data: expected base64, got another character at byte 0" },
        { "AEAD_AES_128_GCM", "", 16, TG_E_SYNTAX,
          "payload.data: expected a nonce, a ciphertext and a tag, got 0" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_secret secret = secret_of(cases[i].secret_len);
        struct tg_payload payload = { tg_bytes_str(cases[i].type), tg_bytes_str(cases[i].data) };
        struct tg_fault fault = { "" };
        struct tg_buf plain;

        tg_buf_init(&plain, 1000);
        assert_int_equal(tg_envelope_open(&plain, &secret, &payload, &fault), cases[i].err);
        assert_fault_begins(fault, cases[i].fault);
        assert_int_equal(plain.len, 0);
        tg_buf_deinit(&plain);
    }
}

static void open__text_longer_than_any_envelope__limit(void **state)
{
    struct tg_secret secret = secret_of(16);
    struct tg_payload payload = { .type = tg_envelope_type(&secret) };
    struct tg_buf text;
    struct tg_buf plain;

    (void)state;
    tg_buf_init(&text, 100000);
    tg_buf_init(&plain, 100000);
    fill(&text, 'A', 60000);
    payload.data = tg_buf_view(&text);
    assert_int_equal(tg_envelope_open(&plain, &secret, &payload, NULL), TG_E_LIMIT);
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket__each_limit_and_one_above__the_next),
        cmocka_unit_test(type__secret_length__its_algorithm),
        cmocka_unit_test(seal__known_key_and_nonce__same_text_as_another_library),
        cmocka_unit_test(round_trip__sizes_and_both_algorithms__json_and_spaces),
        cmocka_unit_test(seal__twice__another_nonce_and_text),
        cmocka_unit_test(seal__too_long_bad_secret_or_no_random__refused_and_nothing_appended),
        cmocka_unit_test(open__any_byte_changed_or_truncated__refused_and_nothing_appended),
        cmocka_unit_test(open__type_or_text_of_another_kind__its_own_error),
        cmocka_unit_test(open__text_longer_than_any_envelope__limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
