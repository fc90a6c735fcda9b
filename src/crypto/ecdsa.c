/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecdsa.h"

#include "crypto/fetched.h"
#include "crypto/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

enum tg_err tg_ecdsa_from_der(uint8_t raw[TG_ECDSA_RAW_LEN], struct tg_bytes der)
{
    enum tg_err err = TG_E_SYNTAX;
    uint8_t made[TG_ECDSA_RAW_LEN] = { 0 };
    const int part = (int)TG_ECDSA_PART_LEN;
    const unsigned char *at = der.ptr;
    ECDSA_SIG *sig =
        der.len > 0 && der.len <= TG_ECDSA_DER_MAX ? d2i_ECDSA_SIG(NULL, &at, (long)der.len) : NULL;

    if (sig != NULL && at == der.ptr + der.len &&
        BN_bn2binpad(ECDSA_SIG_get0_r(sig), made, part) == part &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), made + part, part) == part) {
        memcpy(raw, made, sizeof(made));
        err = TG_OK;
    }
    ECDSA_SIG_free(sig);
    ERR_clear_error();
    return err;
}

/* Takes over nothing that it does not free. */
static ECDSA_SIG *from_raw(const uint8_t raw[TG_ECDSA_RAW_LEN])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)TG_ECDSA_PART_LEN, NULL);
    BIGNUM *s = BN_bin2bn(raw + TG_ECDSA_PART_LEN, (int)TG_ECDSA_PART_LEN, NULL);

    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return NULL;
    }
    return sig;
}

enum tg_err tg_ecdsa_to_der(struct tg_buf *out, const uint8_t raw[TG_ECDSA_RAW_LEN])
{
    uint8_t der[TG_ECDSA_DER_MAX] = { 0 };
    unsigned char *at = der;
    ECDSA_SIG *sig = from_raw(raw);
    int len = sig != NULL ? i2d_ECDSA_SIG(sig, NULL) : -1;
    enum tg_err err = TG_E_CRYPTO;

    if (len > 0 && (size_t)len <= sizeof(der) && i2d_ECDSA_SIG(sig, &at) == len) {
        tg_buf_append(out, tg_bytes(der, (size_t)len));
        err = tg_buf_status(out);
    }
    ECDSA_SIG_free(sig);
    return err;
}

static EVP_PKEY *read_point(struct tg_bytes point)
{
    char curve[] = "prime256v1";
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.ptr,
                                          point.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum tg_err tg_ecdsa_verify(struct tg_bytes public_key, struct tg_bytes message,
                            const uint8_t raw[TG_ECDSA_RAW_LEN])
{
    enum tg_err err = TG_E_BUG;
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY *key = NULL;
    struct tg_buf der;

    tg_buf_init(&der, TG_ECDSA_DER_MAX);
    TG_TRY(tg_p256_check(public_key));
    TG_TRY(tg_ecdsa_to_der(&der, raw));
    key = read_point(public_key);
    ctx = EVP_MD_CTX_new();
    TG_REQUIRE(key != NULL && ctx != NULL, TG_E_CRYPTO);
    TG_REQUIRE(EVP_DigestVerifyInit(ctx, NULL, tg_fetched_sha256(), NULL, key) == 1, TG_E_CRYPTO);
    err = EVP_DigestVerify(ctx, der.ptr, der.len, message.ptr, message.len) == 1 ? TG_OK
                                                                                 : TG_E_DENIED;
out:
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    tg_buf_deinit(&der);
    ERR_clear_error();
    return err;
}
