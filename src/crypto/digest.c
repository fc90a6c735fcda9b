/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include "base/mem.h"
#include "crypto/fetched.h"

#include <string.h>

#define SHA256_BLOCK_LEN 64u

static bool begin(EVP_MD_CTX *ctx)
{
    return EVP_DigestInit_ex2(ctx, tg_fetched_sha256(), NULL) == 1;
}

static bool update(EVP_MD_CTX *ctx, struct tg_bytes data)
{
    return data.len == 0 || EVP_DigestUpdate(ctx, data.ptr, data.len) == 1;
}

static bool finish(EVP_MD_CTX *ctx, uint8_t out[TG_SHA256_LEN])
{
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

enum tg_err tg_sha256(uint8_t out[TG_SHA256_LEN], struct tg_bytes data)
{
    return tg_sha256_parts(out, &data, 1);
}

enum tg_err tg_sha256_parts(uint8_t out[TG_SHA256_LEN], const struct tg_bytes *parts,
                            size_t part_count)
{
    enum tg_err err = TG_E_BUG;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    EVP_MD_CTX *ctx = NULL;

    TG_REQUIRE(tg_fetched_sha256() != NULL, TG_E_CRYPTO);
    ctx = EVP_MD_CTX_new();
    TG_REQUIRE(ctx != NULL, TG_E_NOMEM);
    TG_REQUIRE(begin(ctx), TG_E_CRYPTO);
    for (size_t i = 0; i < part_count; i++) {
        TG_REQUIRE(update(ctx, parts[i]), TG_E_CRYPTO);
    }
    TG_REQUIRE(finish(ctx, hash), TG_E_CRYPTO);
    memcpy(out, hash, sizeof(hash));
    err = TG_OK;
out:
    EVP_MD_CTX_free(ctx);
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

/* The key as one block: a longer key is hashed, a shorter one is followed by zeros. */
static bool key_block(EVP_MD_CTX *ctx, uint8_t block[SHA256_BLOCK_LEN], struct tg_bytes key)
{
    if (key.len > SHA256_BLOCK_LEN) {
        return begin(ctx) && update(ctx, key) && finish(ctx, block);
    }
    if (key.len > 0) {
        memcpy(block, key.ptr, key.len);
    }
    return true;
}

static void xor_block(uint8_t block[SHA256_BLOCK_LEN], uint8_t with)
{
    for (size_t i = 0; i < SHA256_BLOCK_LEN; i++) {
        block[i] ^= with;
    }
}

/* RFC 2104 with one digest context. The HMAC object of the library creates and copies three, which
   takes most of the time of a short message. */
enum tg_err tg_hmac_sha256(uint8_t out[TG_SHA256_LEN], struct tg_bytes key,
                           const struct tg_bytes *parts, size_t part_count)
{
    enum tg_err err = TG_E_BUG;
    uint8_t block[SHA256_BLOCK_LEN] = { 0 };
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    EVP_MD_CTX *ctx = NULL;

    TG_REQUIRE(tg_fetched_sha256() != NULL, TG_E_CRYPTO);
    ctx = EVP_MD_CTX_new();
    TG_REQUIRE(ctx != NULL, TG_E_NOMEM);
    TG_REQUIRE(key_block(ctx, block, key), TG_E_CRYPTO);
    xor_block(block, 0x36);
    TG_REQUIRE(begin(ctx) && update(ctx, TG_ARRAY_BYTES(block)), TG_E_CRYPTO);
    for (size_t i = 0; i < part_count; i++) {
        TG_REQUIRE(update(ctx, parts[i]), TG_E_CRYPTO);
    }
    TG_REQUIRE(finish(ctx, hash), TG_E_CRYPTO);
    xor_block(block, 0x36 ^ 0x5c);
    TG_REQUIRE(begin(ctx) && update(ctx, TG_ARRAY_BYTES(block)) &&
                   update(ctx, TG_ARRAY_BYTES(hash)) && finish(ctx, hash),
               TG_E_CRYPTO);
    memcpy(out, hash, sizeof(hash));
    err = TG_OK;
out:
    EVP_MD_CTX_free(ctx);
    tg_mem_wipe(block, sizeof(block));
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}
