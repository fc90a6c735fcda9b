/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x25519.h"

#include "base/mem.h"

#include <openssl/evp.h>

static EVP_PKEY *load_private(const struct tg_secret *private_key)
{
    return private_key->len == TG_X25519_LEN
               ? EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key->bytes,
                                              TG_X25519_LEN)
               : NULL;
}

enum tg_err tg_x25519_public(uint8_t out[TG_X25519_LEN], const struct tg_secret *private_key)
{
    enum tg_err err = TG_E_BUG;
    uint8_t raw[TG_X25519_LEN] = { 0 };
    size_t len = sizeof(raw);
    EVP_PKEY *key = load_private(private_key);

    TG_REQUIRE(key != NULL, TG_E_CRYPTO);
    TG_REQUIRE(EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 && len == sizeof(raw), TG_E_CRYPTO);
    for (size_t i = 0; i < sizeof(raw); i++) {
        out[i] = raw[i];
    }
    err = TG_OK;
out:
    EVP_PKEY_free(key);
    return err;
}

/* spec: protocol/7#envelope-v2-zero-shared-secret */
enum tg_err tg_x25519_shared(struct tg_secret *out, const struct tg_secret *private_key,
                             struct tg_bytes public_key)
{
    static const uint8_t zeros[TG_X25519_LEN];
    enum tg_err err = TG_E_BUG;
    uint8_t raw[TG_X25519_LEN] = { 0 };
    size_t len = sizeof(raw);
    EVP_PKEY *key = NULL;
    EVP_PKEY *peer = NULL;
    EVP_PKEY_CTX *ctx = NULL;

    TG_REQUIRE(public_key.len == TG_X25519_LEN, TG_E_SYNTAX);
    key = load_private(private_key);
    TG_REQUIRE(key != NULL, TG_E_CRYPTO);
    peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key.ptr, public_key.len);
    TG_REQUIRE(peer != NULL, TG_E_CRYPTO);
    ctx = EVP_PKEY_CTX_new(key, NULL);
    TG_REQUIRE(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1, TG_E_CRYPTO);
    TG_REQUIRE(EVP_PKEY_derive_set_peer(ctx, peer) == 1, TG_E_CRYPTO);
    /* The library refuses a secret of zeros, but its error does not name this reason. */
    TG_REQUIRE(EVP_PKEY_derive(ctx, raw, &len) == 1 && len == sizeof(raw), TG_E_SYNTAX);
    TG_REQUIRE(!tg_ct_equal(TG_ARRAY_BYTES(raw), TG_ARRAY_BYTES(zeros)), TG_E_SYNTAX);
    TG_TRY(tg_secret_set(out, TG_ARRAY_BYTES(raw)));
out:
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
    tg_mem_wipe(raw, sizeof(raw));
    return err;
}

/* Private keys are multiples of eight, so a point gives zeros with every private key or with no
   private key: one key is enough to check. */
enum tg_err tg_x25519_check(struct tg_bytes public_key)
{
    static const struct tg_secret any = { .bytes = { 8 }, .len = TG_X25519_LEN };
    struct tg_secret shared = { .len = 0 };
    enum tg_err err = tg_x25519_shared(&shared, &any, public_key);

    tg_secret_wipe(&shared);
    return err;
}
