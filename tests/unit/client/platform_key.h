/* SPDX-License-Identifier: Apache-2.0 */
/* A key of P-256 as a platform keeps it: it gives out its point, and signs. */
#ifndef TESTS_UNIT_CLIENT_PLATFORM_KEY_H
#define TESTS_UNIT_CLIENT_PLATFORM_KEY_H

#include "support/c/unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <tigress/key.h>

struct platform_key {
    EVP_PKEY *pkey;
    unsigned char point[TIGRESS_KEY_PUBLIC_LEN];
};

static inline struct platform_key platform_key_new(void)
{
    struct platform_key key = { .pkey = EVP_EC_gen("P-256") };
    size_t len = 0;

    assert_non_null(key.pkey);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     key.point, sizeof(key.point), &len),
                     1);
    assert_int_equal(len, sizeof(key.point));
    return key;
}

/* In DER; returns its length. */
static inline size_t platform_key_sign(const struct platform_key *key, const void *data, size_t len,
                                       unsigned char der[TIGRESS_KEY_SIGNATURE_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t der_len = TIGRESS_KEY_SIGNATURE_MAX;

    assert_non_null(ctx);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &der_len, data, len), 1);
    EVP_MD_CTX_free(ctx);
    return der_len;
}

#endif
