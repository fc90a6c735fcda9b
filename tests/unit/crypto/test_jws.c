/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "base/b64.h"
#include "crypto/jws.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

#define VECTORS TG_TEST_DATA "/push/jws_es256_rs256.json"
#define PART_MAX 4096u

/* ---- a verifier for the test ---------------------------------------------------------------- */

static bool decode(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_init(out, PART_MAX);
    return tg_b64_decode(out, text, TG_B64_URL) == TG_OK;
}

static struct tg_bytes text_of(const json_t *object, const char *name)
{
    return tg_bytes_str(json_string_value(json_object_get(object, name)));
}

/* A big number of a JWK; the caller frees it. */
static BIGNUM *number(const json_t *jwk, const char *name)
{
    struct tg_buf raw;
    BIGNUM *out = NULL;

    assert_true(decode(&raw, text_of(jwk, name)));
    out = BN_bin2bn(raw.ptr, (int)raw.len, NULL);
    tg_buf_deinit(&raw);
    assert_non_null(out);
    return out;
}

struct keymaker {
    OSSL_PARAM_BLD *bld;
    BIGNUM *numbers[8];
    size_t count;
};

static void push(struct keymaker *m, const json_t *jwk, const char *name, const char *param)
{
    m->numbers[m->count] = number(jwk, name);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(m->bld, param, m->numbers[m->count]), 1);
    m->count++;
}

static void push_point(struct keymaker *m, const json_t *jwk, uint8_t point[65])
{
    BIGNUM *x = number(jwk, "x");
    BIGNUM *y = number(jwk, "y");

    point[0] = 4;
    assert_int_equal(BN_bn2binpad(x, point + 1, 32), 32);
    assert_int_equal(BN_bn2binpad(y, point + 33, 32), 32);
    BN_free(x);
    BN_free(y);
    OSSL_PARAM_BLD_push_utf8_string(m->bld, "group", "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(m->bld, "pub", point, 65);
}

static EVP_PKEY *pkey_of(const json_t *jwk)
{
    static const char *const rsa[][2] = { { "n", "n" },
                                          { "e", "e" },
                                          { "d", "d" },
                                          { "p", "rsa-factor1" },
                                          { "q", "rsa-factor2" },
                                          { "dp", "rsa-exponent1" },
                                          { "dq", "rsa-exponent2" },
                                          { "qi", "rsa-coefficient1" } };
    bool is_rsa = tg_bytes_is_equal(text_of(jwk, "kty"), TG_LIT("RSA"));
    struct keymaker m = { .bld = OSSL_PARAM_BLD_new() };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, is_rsa ? "RSA" : "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *out = NULL;
    uint8_t point[65];

    if (is_rsa) {
        for (size_t i = 0; i < TG_COUNT(rsa); i++) {
            push(&m, jwk, rsa[i][0], rsa[i][1]);
        }
    } else {
        push_point(&m, jwk, point);
        push(&m, jwk, "d", "priv");
    }
    params = OSSL_PARAM_BLD_to_param(m.bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(m.bld);
    EVP_PKEY_CTX_free(ctx);
    for (size_t i = 0; i < m.count; i++) {
        BN_free(m.numbers[i]);
    }
    return out;
}

/* The signature in DER, or false when r and s are not 32 bytes each. */
static bool as_der(struct tg_buf *der, const struct tg_buf *flat)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *raw = NULL;
    int len = 0;

    tg_buf_init(der, PART_MAX);
    if (flat->len == 64) {
        ECDSA_SIG_set0(sig, BN_bin2bn(flat->ptr, 32, NULL), BN_bin2bn(flat->ptr + 32, 32, NULL));
        len = i2d_ECDSA_SIG(sig, &raw);
        tg_buf_append(der, tg_bytes(raw, (size_t)len));
        OPENSSL_free(raw);
    }
    ECDSA_SIG_free(sig);
    return flat->len == 64;
}

static bool is_signature(EVP_PKEY *pkey, struct tg_bytes sig, struct tg_bytes text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                   EVP_DigestVerify(ctx, sig.ptr, sig.len, text.ptr, text.len) == 1;

    EVP_MD_CTX_free(ctx);
    return is_good;
}

/* Whether jws has three parts, its header names the key's algorithm, and its signature verifies. */
static bool is_verified(EVP_PKEY *pkey, struct tg_bytes jws)
{
    bool is_ec = EVP_PKEY_is_a(pkey, "EC") == 1;
    size_t dot = tg_bytes_find(jws, '.');
    struct tg_bytes rest = tg_bytes_from(jws, dot + 1);
    size_t second = tg_bytes_find(rest, '.');
    struct tg_bytes signed_text = tg_bytes_first(jws, dot + 1 + second);
    struct tg_buf header;
    struct tg_buf payload;
    struct tg_buf sig;
    struct tg_buf der;
    bool is_good = decode(&header, tg_bytes_first(jws, dot));

    is_good = decode(&payload, tg_bytes_first(rest, second)) && is_good;
    is_good = decode(&sig, tg_bytes_from(rest, second + 1)) && is_good && second < rest.len;
    is_good = is_good && strstr(tg_buf_cstr(&header),
                                is_ec ? "\"alg\":\"ES256\"" : "\"alg\":\"RS256\"") != NULL;
    tg_buf_init(&der, PART_MAX);
    if (is_good && is_ec) {
        is_good = as_der(&der, &sig) && is_signature(pkey, tg_buf_view(&der), signed_text);
    } else if (is_good) {
        is_good = is_signature(pkey, tg_buf_view(&sig), signed_text);
    }
    tg_buf_deinit(&der);
    tg_buf_deinit(&sig);
    tg_buf_deinit(&payload);
    tg_buf_deinit(&header);
    return is_good;
}

/* ---- keys as PEM ---------------------------------------------------------------------------- */

enum pem_kind { PEM_PLAIN, PEM_ENCRYPTED, PEM_PUBLIC };

static void write_pem(struct tg_buf *out, EVP_PKEY *pkey, enum pem_kind kind)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    tg_buf_init(out, TG_JWS_PEM_MAX);
    if (kind == PEM_PUBLIC) {
        assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    } else {
        char password[] = "x";

        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
                             bio, pkey, kind == PEM_ENCRYPTED ? EVP_aes_128_cbc() : NULL, password,
                             kind == PEM_ENCRYPTED ? 1 : 0, NULL, NULL),
                         1);
    }
    len = BIO_get_mem_data(bio, &text);
    tg_buf_append(out, tg_bytes(text, (size_t)len));
    BIO_free(bio);
}

static struct tg_jws_key *loaded(EVP_PKEY *pkey, enum tg_jws_alg alg)
{
    struct tg_jws_key *key = NULL;
    struct tg_fault fault = { "" };
    struct tg_buf pem;

    write_pem(&pem, pkey, PEM_PLAIN);
    assert_int_equal(tg_jws_key_load(&key, alg, tg_buf_view(&pem), &fault), TG_OK);
    tg_buf_deinit(&pem);
    return key;
}

/* ---- cases ---------------------------------------------------------------------------------- */

struct parts {
    struct tg_buf header, payload;
};

static void take_apart(struct parts *parts, struct tg_bytes jws)
{
    size_t dot = tg_bytes_find(jws, '.');
    struct tg_bytes rest = tg_bytes_from(jws, dot + 1);

    assert_true(decode(&parts->header, tg_bytes_first(jws, dot)));
    assert_true(decode(&parts->payload, tg_bytes_first(rest, tg_bytes_find(rest, '.'))));
}

/* Signs the input of the vector: RS256 gives the same bytes, ES256 another token that verifies. */
static void sign_again(EVP_PKEY *pkey, struct tg_bytes jws)
{
    enum tg_jws_alg alg = EVP_PKEY_is_a(pkey, "EC") ? TG_JWS_ES256 : TG_JWS_RS256;
    struct tg_jws_key *key = loaded(pkey, alg);
    struct parts parts;
    struct tg_buf out;

    take_apart(&parts, jws);
    tg_buf_init(&out, PART_MAX);
    assert_int_equal(
        tg_jws_sign(&out, key, tg_buf_view(&parts.header), tg_buf_view(&parts.payload)), TG_OK);
    assert_int_equal(out.len, jws.len);
    assert_true(is_verified(pkey, tg_buf_view(&out)));
    if (alg == TG_JWS_RS256) {
        assert_memory_equal(out.ptr, jws.ptr, jws.len);
    }
    tg_buf_deinit(&out);
    tg_buf_deinit(&parts.header);
    tg_buf_deinit(&parts.payload);
    tg_jws_key_free(&key);
    assert_null(key);
}

static void sign__every_valid_vector__verifies_and_rs256_is_byte_equal(void **state)
{
    json_t *file = json_load_file(VECTORS, 0, NULL);
    size_t valid_count = 0;
    size_t count = 0;
    size_t i = 0;
    json_t *group = NULL;

    (void)state;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        EVP_PKEY *pkey = pkey_of(json_object_get(group, "private"));
        size_t j = 0;
        json_t *test = NULL;

        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct tg_bytes jws = text_of(test, "jws");
            bool is_valid = tg_bytes_is_equal(text_of(test, "result"), TG_LIT("valid"));

            assert_int_equal(is_verified(pkey, jws), is_valid);
            if (is_valid) {
                sign_again(pkey, jws);
                valid_count++;
            }
            count++;
        }
        EVP_PKEY_free(pkey);
    }
    assert_int_equal(count, 45);
    assert_int_equal(valid_count, 8);
    json_decref(file);
}

static void sign__example_of_rfc_7515__verifies_and_has_its_public_key(void **state)
{
    json_t *file = json_load_file(VECTORS, 0, NULL);
    json_t *example = json_object_get(file, "rfc7515_A3_ES256");
    EVP_PKEY *pkey = pkey_of(json_object_get(example, "jwk"));
    struct tg_jws_key *key = loaded(pkey, TG_JWS_ES256);
    uint8_t point[TG_JWS_P256_PUBLIC_LEN] = { 0 };
    struct tg_buf x;

    (void)state;
    assert_true(is_verified(pkey, text_of(example, "jws")));
    sign_again(pkey, text_of(example, "jws"));
    assert_int_equal(tg_jws_key_public(point, key), TG_OK);
    assert_true(decode(&x, text_of(json_object_get(example, "jwk"), "x")));
    assert_int_equal(point[0], 4);
    assert_memory_equal(point + 1, x.ptr, 32);
    tg_buf_deinit(&x);
    tg_jws_key_free(&key);
    EVP_PKEY_free(pkey);
    json_decref(file);
}

static void sign__no_room__a_limit_and_nothing_appended(void **state)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct tg_jws_key *key = loaded(pkey, TG_JWS_ES256);
    /* "e30.e30." and 86 characters of signature */
    const size_t whole = 94;

    (void)state;
    for (size_t max = 0; max <= whole; max++) {
        struct tg_buf out;

        tg_buf_init(&out, max);
        assert_int_equal(tg_jws_sign(&out, key, TG_LIT("{}"), TG_LIT("{}")),
                         max == whole ? TG_OK : TG_E_LIMIT);
        assert_int_equal(out.len, max == whole ? whole : 0);
        tg_buf_deinit(&out);
    }
    tg_jws_key_free(&key);
    EVP_PKEY_free(pkey);
}

static void refused(struct tg_bytes pem, enum tg_jws_alg alg, enum tg_err expected,
                    const char *says)
{
    struct tg_jws_key *key = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_jws_key_load(&key, alg, pem, &fault), expected);
    assert_null(key);
    assert_non_null(strstr(fault.text, says));
}

static void refused_key(EVP_PKEY *pkey, enum pem_kind kind, enum tg_jws_alg alg, const char *says)
{
    struct tg_buf pem;

    assert_non_null(pkey);
    write_pem(&pem, pkey, kind);
    refused(tg_buf_view(&pem), alg, TG_E_SYNTAX, says);
    tg_buf_deinit(&pem);
    EVP_PKEY_free(pkey);
}

static void load__a_key_of_another_kind__refused_with_the_reason(void **state)
{
    (void)state;
    refused_key(EVP_EC_gen("P-384"), PEM_PLAIN, TG_JWS_ES256, "another curve (expected: P-256)");
    refused_key(EVP_EC_gen("secp256k1"), PEM_PLAIN, TG_JWS_ES256, "another curve");
    refused_key(EVP_RSA_gen(2048), PEM_PLAIN, TG_JWS_ES256, "another algorithm (expected: EC");
    refused_key(EVP_EC_gen("P-256"), PEM_PLAIN, TG_JWS_RS256, "another algorithm (expected: RSA");
    refused_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PEM_PLAIN, TG_JWS_ES256,
                "another algorithm");
    refused_key(EVP_RSA_gen(2047), PEM_PLAIN, TG_JWS_RS256, "2047 bits (expected: 2048");
}

static void load__encrypted_public_or_no_key__refused_with_the_reason(void **state)
{
    static uint8_t long_text[TG_JWS_PEM_MAX + 1];

    (void)state;
    refused_key(EVP_EC_gen("P-256"), PEM_ENCRYPTED, TG_JWS_ES256, "is encrypted");
    refused_key(EVP_RSA_gen(2048), PEM_ENCRYPTED, TG_JWS_RS256, "is encrypted");
    refused_key(EVP_EC_gen("P-256"), PEM_PUBLIC, TG_JWS_ES256, "a public key");
    refused(TG_LIT(""), TG_JWS_ES256, TG_E_SYNTAX, "no private key");
    refused(TG_LIT("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), TG_JWS_ES256,
            TG_E_SYNTAX, "no private key");
    refused(TG_ARRAY_BYTES(long_text), TG_JWS_ES256, TG_E_LIMIT, "too long");
    refused(tg_bytes_first(TG_ARRAY_BYTES(long_text), TG_JWS_PEM_MAX), TG_JWS_ES256, TG_E_SYNTAX,
            "no private key");
}

/* The private key of one vector with the public key of another. */
static void load__private_and_public_of_two_keys__refused(void **state)
{
    json_t *file = json_load_file(VECTORS, 0, NULL);
    json_t *one = json_object_get(json_object_get(file, "rfc7515_A3_ES256"), "jwk");
    json_t *other =
        json_object_get(json_array_get(json_object_get(file, "testGroups"), 0), "private");

    (void)state;
    json_object_set(one, "d", json_object_get(other, "d"));
    refused_key(pkey_of(one), PEM_PLAIN, TG_JWS_ES256, "does not match");
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign__every_valid_vector__verifies_and_rs256_is_byte_equal),
        cmocka_unit_test(sign__example_of_rfc_7515__verifies_and_has_its_public_key),
        cmocka_unit_test(sign__no_room__a_limit_and_nothing_appended),
        cmocka_unit_test(load__a_key_of_another_kind__refused_with_the_reason),
        cmocka_unit_test(load__encrypted_public_or_no_key__refused_with_the_reason),
        cmocka_unit_test(load__private_and_public_of_two_keys__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
