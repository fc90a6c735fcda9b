/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jws.h"

#include "base/b64.h"
#include "base/mem.h"
#include "crypto/ecdsa.h"
#include "crypto/fetched.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define SIGNATURE_MAX (TG_JWS_RSA_BITS_MAX / 8)

struct tg_jws_key {
    EVP_PKEY *pkey;
    enum tg_jws_alg alg;
};

/* ---- loading -------------------------------------------------------------------------------- */

/* Called only for an encrypted key: there is no user to enter a passphrase. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *ctx)
{
    bool *is_asked = ctx;

    (void)buf;
    (void)size;
    (void)rwflag;
    *is_asked = true;
    return -1;
}

static EVP_PKEY *read_pem(struct tg_bytes pem, bool is_private, bool *is_encrypted)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *pkey = NULL;

    if (bio != NULL) {
        pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, is_encrypted)
                          : PEM_read_bio_PUBKEY(bio, NULL, refuse_passphrase, is_encrypted);
    }
    BIO_free(bio);
    ERR_clear_error();
    return pkey;
}

static void explain_no_key(struct tg_bytes pem, bool is_encrypted, struct tg_fault *fault)
{
    EVP_PKEY *public_key = NULL;

    if (is_encrypted) {
        tg_fault_set(fault, "the private key is encrypted (expected: a key without a passphrase)");
        return;
    }
    public_key = read_pem(pem, false, &is_encrypted);
    if (public_key != NULL) {
        tg_fault_set(fault, "it holds a public key (expected: a private key)");
    }
    EVP_PKEY_free(public_key);
    tg_fault_set(fault, "it holds no private key (expected: PEM, BEGIN PRIVATE KEY)");
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[64] = "";

    return EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static enum tg_err check_ec(const EVP_PKEY *pkey, struct tg_fault *fault)
{
    if (!EVP_PKEY_is_a(pkey, "EC")) {
        tg_fault_set(fault, "the private key is of another algorithm (expected: EC on P-256)");
        return TG_E_SYNTAX;
    }
    if (!is_p256(pkey)) {
        tg_fault_set(fault, "the private key is on another curve (expected: P-256)");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static enum tg_err check_rsa(const EVP_PKEY *pkey, struct tg_fault *fault)
{
    int bits = EVP_PKEY_get_bits(pkey);

    if (!EVP_PKEY_is_a(pkey, "RSA")) {
        tg_fault_set(fault, "the private key is of another algorithm (expected: RSA)");
        return TG_E_SYNTAX;
    }
    if (bits < (int)TG_JWS_RSA_BITS_MIN || bits > (int)TG_JWS_RSA_BITS_MAX) {
        tg_fault_set(fault, "the RSA key has %d bits (expected: %u to %u)", bits,
                     TG_JWS_RSA_BITS_MIN, TG_JWS_RSA_BITS_MAX);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* Signatures of a key pair from two different keys would not verify. */
static enum tg_err check_halves(EVP_PKEY *pkey, struct tg_fault *fault)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    enum tg_err err = ctx == NULL ? TG_E_NOMEM : TG_OK;

    if (ctx != NULL && EVP_PKEY_pairwise_check(ctx) != 1) {
        tg_fault_set(
            fault,
            "the private key does not match its public key (expected: the halves of one key pair)");
        err = TG_E_SYNTAX;
    }
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return err;
}

enum tg_err tg_jws_key_load(struct tg_jws_key **out, enum tg_jws_alg alg, struct tg_bytes pem,
                            struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_jws_key *key = NULL;
    bool is_encrypted = false;

    if (pem.len > TG_JWS_PEM_MAX) {
        tg_fault_set(fault, "it is too long (expected: at most %u bytes)", TG_JWS_PEM_MAX);
        return TG_E_LIMIT;
    }
    key = tg_mem_calloc(1, sizeof(*key));
    TG_REQUIRE(key != NULL, TG_E_NOMEM);
    key->alg = alg;
    key->pkey = read_pem(pem, true, &is_encrypted);
    if (key->pkey == NULL) {
        explain_no_key(pem, is_encrypted, fault);
        err = TG_E_SYNTAX;
        goto out;
    }
    TG_TRY(alg == TG_JWS_ES256 ? check_ec(key->pkey, fault) : check_rsa(key->pkey, fault));
    TG_TRY(check_halves(key->pkey, fault));
    *out = key;
    key = NULL;
    err = TG_OK;
out:
    tg_jws_key_free(&key);
    return err;
}

void tg_jws_key_free(struct tg_jws_key **key)
{
    if (key != NULL && *key != NULL) {
        EVP_PKEY_free((*key)->pkey);
        tg_mem_free(*key);
        *key = NULL;
    }
}

enum tg_err tg_jws_key_public(uint8_t out[TG_JWS_P256_PUBLIC_LEN], const struct tg_jws_key *key)
{
    uint8_t point[TG_JWS_P256_PUBLIC_LEN] = { 0 };
    size_t len = 0;

    if (key->alg != TG_JWS_ES256 ||
        EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof(point), &len) != 1 ||
        len != sizeof(point) || point[0] != 4) {
        return TG_E_CRYPTO;
    }
    memcpy(out, point, sizeof(point));
    return TG_OK;
}

/* ---- signing -------------------------------------------------------------------------------- */

/* signature has SIGNATURE_MAX bytes of room. */
static enum tg_err sign(uint8_t *signature, size_t *len, const struct tg_jws_key *key,
                        struct tg_bytes text)
{
    enum tg_err err = TG_E_BUG;
    uint8_t raw[TG_ECDSA_RAW_LEN] = { 0 };
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    *len = SIGNATURE_MAX;
    TG_REQUIRE(ctx != NULL, TG_E_NOMEM);
    TG_REQUIRE(EVP_DigestSignInit(ctx, NULL, tg_fetched_sha256(), NULL, key->pkey) == 1,
               TG_E_CRYPTO);
    TG_REQUIRE(EVP_DigestSign(ctx, signature, len, text.ptr, text.len) == 1, TG_E_CRYPTO);
    if (key->alg == TG_JWS_ES256) {
        TG_REQUIRE(tg_ecdsa_from_der(raw, tg_bytes(signature, *len)) == TG_OK, TG_E_CRYPTO);
        memcpy(signature, raw, sizeof(raw));
        *len = sizeof(raw);
    }
    err = TG_OK;
out:
    EVP_MD_CTX_free(ctx);
    if (err != TG_OK) {
        ERR_clear_error();
    }
    return err;
}

enum tg_err tg_jws_sign(struct tg_buf *out, const struct tg_jws_key *key, struct tg_bytes header,
                        struct tg_bytes payload)
{
    enum tg_err err = TG_E_BUG;
    uint8_t signature[SIGNATURE_MAX] = { 0 };
    size_t start = out->len;
    size_t len = 0;

    tg_b64_encode(out, header, TG_B64_URL);
    tg_buf_append_u8(out, '.');
    tg_b64_encode(out, payload, TG_B64_URL);
    TG_TRY(tg_buf_status(out));
    TG_TRY(sign(signature, &len, key, tg_bytes_from(tg_buf_view(out), start)));
    tg_buf_append_u8(out, '.');
    tg_b64_encode(out, tg_bytes(signature, len), TG_B64_URL);
    TG_TRY(tg_buf_status(out));
out:
    tg_mem_wipe(signature, sizeof(signature));
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}
