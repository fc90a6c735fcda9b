/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include "crypto/digest.h"

#define NOW_S INT64_C(1893456000)

static struct tg_private_token_issuers *issuers_with(const struct vector *v, const char *times)
{
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_fault fault = { "" };
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    put_file(&text, v, times);
    assert_int_equal(tg_private_token_issuers_parse(&issuers, tg_buf_view(&text), &fault), TG_OK);
    tg_buf_deinit(&text);
    return issuers;
}

static enum tg_private_token_step
verify(const struct vector *v, const struct tg_private_token_issuers *issuers, int64_t now_s)
{
    struct tg_private_token_verdict verdict;

    tg_private_token_verify(&verdict, issuers, v->token, v->context, v->origin, now_s);
    return verdict.step;
}

/* spec-test: protocol/6#private-token-challenge protocol/6#private-token-verified
   spec-test: protocol/6#private-token-signature */
static void every_vector__challenge_key_id_and_token__as_in_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct vector v;
        struct tg_private_token_issuers *issuers = NULL;
        struct tg_private_token_verdict verdict;
        uint8_t hash[TG_SHA256_LEN];
        struct tg_buf challenge;

        load(&v, i);
        tg_buf_init(&challenge, 1024);
        assert_int_equal(tg_private_token_challenge(&challenge, v.issuer, v.context, v.origin),
                         TG_OK);
        assert_int_equal(challenge.len, v.challenge_len);
        assert_memory_equal(challenge.ptr, v.challenge, v.challenge_len);
        assert_int_equal(tg_sha256(hash, tg_buf_view(&challenge)), TG_OK);
        assert_memory_equal(v.token + 34, hash, sizeof(hash));
        assert_int_equal(tg_sha256(hash, tg_bytes(v.spki, v.spki_len)), TG_OK);
        assert_memory_equal(v.token + 66, hash, sizeof(hash));
        issuers = issuers_with(&v, ",\"not-after\":1893456100");
        tg_private_token_verify(&verdict, issuers, v.token, v.context, v.origin, NOW_S);
        assert_int_equal(verdict.step, TG_PRIVATE_TOKEN_OK);
        assert_memory_equal(verdict.key_id, hash, sizeof(hash));
        assert_int_equal(tg_sha256(hash, tg_bytes(v.token, TG_PRIVATE_TOKEN_INPUT_LEN)), TG_OK);
        assert_memory_equal(verdict.hash, hash, sizeof(hash));
        tg_private_token_issuers_free(&issuers);
        tg_buf_deinit(&challenge);
    }
}

static void token__any_byte_changed__refused_at_the_right_step(void **state)
{
    static const struct {
        size_t from, to, stride;
        enum tg_private_token_step step;
    } fields[] = {
        { 0, 2, 1, TG_PRIVATE_TOKEN_ENCODING },     { 2, 34, 5, TG_PRIVATE_TOKEN_SIGNATURE },
        { 34, 66, 1, TG_PRIVATE_TOKEN_CHALLENGE },  { 66, 98, 1, TG_PRIVATE_TOKEN_KEY },
        { 98, 354, 3, TG_PRIVATE_TOKEN_SIGNATURE },
    };
    struct vector v;
    struct tg_private_token_issuers *issuers = NULL;

    (void)state;
    load(&v, 0);
    issuers = issuers_with(&v, FOREVER);
    for (size_t f = 0; f < TG_COUNT(fields); f++) {
        for (size_t i = fields[f].from; i < fields[f].to; i += fields[f].stride) {
            v.token[i] ^= (uint8_t)(1u << i % 8);
            assert_int_equal(verify(&v, issuers, NOW_S), fields[f].step);
            v.token[i] ^= (uint8_t)(1u << i % 8);
        }
    }
    assert_int_equal(verify(&v, issuers, NOW_S), TG_PRIVATE_TOKEN_OK);
    tg_private_token_issuers_free(&issuers);
}

static void challenge__another_context_origin_or_issuer__refused(void **state)
{
    struct vector v, other;
    struct tg_private_token_issuers *issuers = NULL;

    (void)state;
    load(&v, 0);
    issuers = issuers_with(&v, FOREVER);
    other = v;
    other.context = tg_bytes(v.spki, TG_PRIVATE_TOKEN_CONTEXT_LEN);
    assert_int_equal(verify(&other, issuers, NOW_S), TG_PRIVATE_TOKEN_CHALLENGE);
    other.context = TG_LIT("");
    assert_int_equal(verify(&other, issuers, NOW_S), TG_PRIVATE_TOKEN_CHALLENGE);
    other = v;
    other.origin = TG_LIT("origin.exampl");
    assert_int_equal(verify(&other, issuers, NOW_S), TG_PRIVATE_TOKEN_CHALLENGE);
    other.origin = TG_LIT("");
    assert_int_equal(verify(&other, issuers, NOW_S), TG_PRIVATE_TOKEN_CHALLENGE);
    tg_private_token_issuers_free(&issuers);
    other = v;
    other.issuer = TG_LIT("issuer.exampl");
    issuers = issuers_with(&other, FOREVER);
    assert_int_equal(verify(&v, issuers, NOW_S), TG_PRIVATE_TOKEN_CHALLENGE);
    tg_private_token_issuers_free(&issuers);
}

/* spec-test: protocol/6#private-token-rotation */
static void key__before_and_after_its_validity__not_valid_at_either_bound(void **state)
{
    struct vector v;
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_buf text;

    (void)state;
    load(&v, 1);
    issuers = issuers_with(&v, ",\"not-before\":1000,\"not-after\":2000");
    tg_buf_init(&text, TEXT_MAX);
    assert_int_equal(verify(&v, issuers, 999), TG_PRIVATE_TOKEN_KEY);
    assert_int_equal(verify(&v, issuers, 1000), TG_PRIVATE_TOKEN_OK);
    assert_int_equal(verify(&v, issuers, 1999), TG_PRIVATE_TOKEN_OK);
    assert_int_equal(verify(&v, issuers, 2000), TG_PRIVATE_TOKEN_KEY);
    assert_int_equal(tg_private_token_ask(&text, issuers, v.context, v.origin, 2000), TG_OK);
    assert_int_equal(text.len, 0);
    tg_private_token_issuers_free(&issuers);
    tg_buf_deinit(&text);
}

static size_t load_test_key(uint8_t *out, size_t cap)
{
    FILE *file = fopen(TG_TEST_DATA "/privacypass/test_issuer_key_1.spki.der", "rb");
    size_t len = 0;

    assert_non_null(file);
    len = fread(out, 1, cap, file);
    assert_int_equal(fclose(file), 0);
    return len;
}

/* Challenges have the first key; tokens of the older key are still accepted. */
static void rotation__two_valid_keys__the_first_is_in_the_challenge_and_both_verify(void **state)
{
    struct vector v, fresh;
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_buf text, key;

    (void)state;
    load(&v, 0);
    fresh = v;
    fresh.spki_len = load_test_key(fresh.spki, sizeof(fresh.spki));
    tg_buf_init(&text, TEXT_MAX);
    tg_buf_init(&key, TEXT_MAX);
    tg_buf_append_str(&text,
                      "{\"issuers\":[{\"name\":\"issuer.example\",\"keys\":[{\"token-key\":\"");
    tg_b64_encode(&text, tg_bytes(fresh.spki, fresh.spki_len), TG_B64_URL);
    tg_buf_append_str(&text, "==\"" FOREVER "},{\"token-key\":\"");
    tg_b64_encode(&text, tg_bytes(v.spki, v.spki_len), TG_B64_URL);
    tg_buf_append_str(&text, "\"" FOREVER "}]}]}");
    assert_int_equal(tg_private_token_issuers_parse(&issuers, tg_buf_view(&text), NULL), TG_OK);
    assert_int_equal(verify(&v, issuers, NOW_S), TG_PRIVATE_TOKEN_OK);
    tg_buf_clear(&text);
    assert_int_equal(tg_private_token_ask(&text, issuers, v.context, v.origin, NOW_S), TG_OK);
    tg_b64_encode(&key, tg_bytes(fresh.spki, fresh.spki_len), TG_B64_URL);
    assert_non_null(strstr(tg_buf_cstr(&text), tg_buf_cstr(&key)));
    tg_private_token_issuers_free(&issuers);
    issuers = issuers_with(&fresh, FOREVER);
    assert_int_equal(verify(&v, issuers, NOW_S), TG_PRIVATE_TOKEN_KEY);
    tg_private_token_issuers_free(&issuers);
    tg_buf_deinit(&text);
    tg_buf_deinit(&key);
}

static void ask__one_issuer__challenge_and_key_with_the_padding_of_rfc_9577(void **state)
{
    struct vector v;
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_buf text, expected;

    (void)state;
    load(&v, 1); /* 35 and 342 bytes: one '=' and none */
    issuers = issuers_with(&v, FOREVER);
    tg_buf_init(&text, TEXT_MAX);
    tg_buf_init(&expected, TEXT_MAX);
    tg_buf_append_str(&expected, "PrivateToken challenge=\"");
    tg_b64_encode(&expected, tg_bytes(v.challenge, v.challenge_len), TG_B64_URL);
    tg_buf_append_str(&expected, "=\", token-key=\"");
    tg_b64_encode(&expected, tg_bytes(v.spki, v.spki_len), TG_B64_URL);
    tg_buf_append_str(&expected, "\"");
    assert_int_equal(tg_private_token_ask(&text, issuers, v.context, v.origin, NOW_S), TG_OK);
    assert_string_equal(tg_buf_cstr(&text), tg_buf_cstr(&expected));
    tg_private_token_issuers_free(&issuers);
    tg_buf_deinit(&text);
    tg_buf_deinit(&expected);
}

/* spec-test: protocol/6#private-token-header */
static void parse__forms_of_the_header__accepted_or_refused(void **state)
{
    static const struct {
        const char *before, *after;
        bool is_good;
    } forms[] = {
        { "PrivateToken token=", "", true },
        { "privatetoken  token=\"", "\"", true },
        { "PrivateToken x=1, token=\"", "\" , y=\"2\"", true },
        { "PrivateToken Token = \"", "\"", true },
        { "PrivateTokens token=\"", "\"", false },
        { "Bearer token=\"", "\"", false },
        { "PrivateToken ", "", false },
        { "PrivateToken tokens=\"", "\"", false },
        { "PrivateToken token=\"", "A\"", false },
        { "PrivateToken token=\"", "AAAA\"", false },
        { "PrivateToken token=\"", "====\"", false },
        { "PrivateToken token=\"", "", false },
        { "PrivateToken token=\"+", "\"", false },
        { "PrivateToken token=AAAA, token=\"", "\"", false },
    };
    struct vector v;
    struct tg_buf text;

    (void)state;
    load(&v, 0);
    tg_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < TG_COUNT(forms); i++) {
        uint8_t token[TG_PRIVATE_TOKEN_LEN];
        enum tg_err err = TG_OK;

        tg_buf_clear(&text);
        tg_buf_append_str(&text, forms[i].before);
        tg_b64_encode(&text, TG_ARRAY_BYTES(v.token), TG_B64_URL);
        tg_buf_append_str(&text, forms[i].after);
        err = tg_private_token_parse(token, tg_buf_view(&text));
        assert_int_equal(err, forms[i].is_good ? TG_OK : TG_E_SYNTAX);
        if (forms[i].is_good) {
            assert_memory_equal(token, v.token, sizeof(token));
        }
    }
    tg_buf_clear(&text);
    tg_buf_append_str(&text, "PrivateToken token=\"");
    tg_b64_encode(&text, tg_bytes(v.token, sizeof(v.token) - 1), TG_B64_URL);
    tg_buf_append_str(&text, "\"");
    assert_int_equal(tg_private_token_parse(v.token, tg_buf_view(&text)), TG_E_SYNTAX);
    tg_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector__challenge_key_id_and_token__as_in_the_rfc),
        cmocka_unit_test(token__any_byte_changed__refused_at_the_right_step),
        cmocka_unit_test(challenge__another_context_origin_or_issuer__refused),
        cmocka_unit_test(key__before_and_after_its_validity__not_valid_at_either_bound),
        cmocka_unit_test(rotation__two_valid_keys__the_first_is_in_the_challenge_and_both_verify),
        cmocka_unit_test(ask__one_issuer__challenge_and_key_with_the_padding_of_rfc_9577),
        cmocka_unit_test(parse__forms_of_the_header__accepted_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
