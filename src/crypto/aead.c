/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include "base/mem.h"
#include "crypto/fetched.h"

#include <limits.h>
#include <string.h>

enum direction { DIRECTION_OPEN = 0, DIRECTION_SEAL = 1 }; /* the values of EVP_CipherInit */

/* A context with key, nonce and additional data; NULL on failure. */
static EVP_CIPHER_CTX *begin(enum direction direction, const struct tg_secret *key,
                             struct tg_bytes nonce, struct tg_bytes aad)
{
    const EVP_CIPHER *cipher = tg_fetched_aes_gcm(key->len);
    EVP_CIPHER_CTX *ctx = NULL;
    int len = 0;

    if (cipher == NULL || nonce.len != TG_AEAD_NONCE_LEN || aad.len > INT_MAX) {
        return NULL;
    }
    ctx = EVP_CIPHER_CTX_new();
    /* The default nonce length of GCM is 12 bytes. */
    if (ctx == NULL ||
        EVP_CipherInit_ex2(ctx, cipher, key->bytes, nonce.ptr, (int)direction, NULL) != 1 ||
        (aad.len > 0 && EVP_CipherUpdate(ctx, NULL, &len, aad.ptr, (int)aad.len) != 1)) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static bool update(EVP_CIPHER_CTX *ctx, uint8_t *to, struct tg_bytes from)
{
    int len = 0;

    return from.len == 0 || (EVP_CipherUpdate(ctx, to, &len, from.ptr, (int)from.len) == 1 &&
                             (size_t)len == from.len);
}

/* to: room for plain.len + TG_AEAD_TAG_LEN bytes; it may be plain itself. */
static enum tg_err seal(uint8_t *to, const struct tg_secret *key, struct tg_bytes nonce,
                        struct tg_bytes aad, struct tg_bytes plain)
{
    enum tg_err err = TG_E_BUG;
    EVP_CIPHER_CTX *ctx = begin(DIRECTION_SEAL, key, nonce, aad);
    uint8_t *tag = to + plain.len;
    int len = 0;

    TG_REQUIRE(ctx != NULL, TG_E_CRYPTO);
    TG_REQUIRE(update(ctx, to, plain), TG_E_CRYPTO);
    TG_REQUIRE(EVP_CipherFinal_ex(ctx, tag, &len) == 1 && len == 0, TG_E_CRYPTO);
    TG_REQUIRE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)TG_AEAD_TAG_LEN, tag) == 1,
               TG_E_CRYPTO);
    err = TG_OK;
out:
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

enum tg_err tg_aead_seal(struct tg_buf *out, const struct tg_secret *key, struct tg_bytes nonce,
                         struct tg_bytes aad, struct tg_bytes plain)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;
    uint8_t *at = NULL;

    TG_REQUIRE(plain.len <= INT_MAX - TG_AEAD_TAG_LEN, TG_E_LIMIT);
    at = tg_buf_extend(out, plain.len + TG_AEAD_TAG_LEN);
    TG_REQUIRE(at != NULL, tg_buf_status(out));
    TG_TRY(seal(at, key, nonce, aad, plain));
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}

enum tg_err tg_aead_seal_in_place(struct tg_buf *out, size_t start, const struct tg_secret *key,
                                  struct tg_bytes nonce, struct tg_bytes aad)
{
    enum tg_err err = TG_E_BUG;
    size_t len = out->len - start;

    TG_REQUIRE(len <= INT_MAX - TG_AEAD_TAG_LEN, TG_E_LIMIT);
    TG_REQUIRE(tg_buf_extend(out, TG_AEAD_TAG_LEN) != NULL, tg_buf_status(out));
    TG_TRY(seal(out->ptr + start, key, nonce, aad, tg_bytes(out->ptr + start, len)));
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}

/* to: room for box.len - TG_AEAD_TAG_LEN bytes; it may be box itself. On failure it has bytes that
   are not verified. */
static enum tg_err open_box(uint8_t *to, const struct tg_secret *key, struct tg_bytes nonce,
                            struct tg_bytes aad, struct tg_bytes box)
{
    enum tg_err err = TG_E_BUG;
    EVP_CIPHER_CTX *ctx = begin(DIRECTION_OPEN, key, nonce, aad);
    struct tg_bytes cipher_text = tg_bytes_first(box, box.len - TG_AEAD_TAG_LEN);
    uint8_t tag[TG_AEAD_TAG_LEN] = { 0 };
    int len = 0;

    memcpy(tag, box.ptr + cipher_text.len, sizeof(tag)); /* the library needs it writable */
    TG_REQUIRE(ctx != NULL, TG_E_CRYPTO);
    TG_REQUIRE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)TG_AEAD_TAG_LEN, tag) == 1,
               TG_E_CRYPTO);
    TG_REQUIRE(update(ctx, to, cipher_text), TG_E_CRYPTO);
    /* The library compares the tag here, in constant time; before that the output is unverified. */
    TG_REQUIRE(EVP_CipherFinal_ex(ctx, to + cipher_text.len, &len) == 1 && len == 0, TG_E_CRYPTO);
    err = TG_OK;
out:
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

enum tg_err tg_aead_open(struct tg_buf *out, const struct tg_secret *key, struct tg_bytes nonce,
                         struct tg_bytes aad, struct tg_bytes box)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;
    uint8_t *at = NULL;

    TG_REQUIRE(box.len >= TG_AEAD_TAG_LEN && box.len <= INT_MAX, TG_E_CRYPTO);
    at = tg_buf_extend(out, box.len - TG_AEAD_TAG_LEN);
    TG_REQUIRE(at != NULL, tg_buf_status(out));
    TG_TRY(open_box(at, key, nonce, aad, box));
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}

enum tg_err tg_aead_open_in_place(struct tg_buf *out, size_t start, const struct tg_secret *key,
                                  struct tg_bytes nonce, struct tg_bytes aad)
{
    enum tg_err err = TG_E_BUG;
    struct tg_bytes box = tg_bytes_from(tg_buf_view(out), start);

    TG_REQUIRE(box.len >= TG_AEAD_TAG_LEN && box.len <= INT_MAX, TG_E_CRYPTO);
    TG_TRY(open_box(out->ptr + start, key, nonce, aad, box));
out:
    tg_buf_truncate(out, err == TG_OK ? out->len - TG_AEAD_TAG_LEN : start);
    return err;
}
