/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cpace.h"

#include "base/mem.h"

#ifdef TG_HAS_PAKE

#include <sodium.h>

#define DSI "CPaceRistretto255"
#define BLOCK_LEN 128u /* of SHA-512 */
#define HASHED_MAX (8u * TG_CPACE_INPUT_MAX)

bool tg_cpace_is_built(void)
{
    return true;
}

/* sodium_init() selects the implementation for this processor, once; any thread may call it. */
static enum tg_err start(void)
{
    return sodium_init() >= 0 ? TG_OK : TG_E_CRYPTO;
}

/* The password and the zeros after it fill the first block, so that the time of the hash does not
   depend on the length of the password. */
static void put_generator_text(struct tg_buf *out, const struct tg_cpace_inputs *inputs)
{
    static const uint8_t zeros[BLOCK_LEN];
    size_t used = 0;

    tg_cpace_put(out, TG_LIT(DSI));
    tg_cpace_put(out, inputs->password);
    used = out->len + 1;
    tg_cpace_put(out, tg_bytes(zeros, used < BLOCK_LEN ? BLOCK_LEN - used : 0));
    tg_cpace_put(out, inputs->channel);
    tg_cpace_put(out, inputs->id);
}

static enum tg_err make_generator(uint8_t out[TG_CPACE_LEN], const struct tg_cpace_inputs *inputs)
{
    uint8_t hash[crypto_hash_sha512_BYTES] = { 0 };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, HASHED_MAX);
    put_generator_text(&text, inputs);
    TG_TRY(tg_buf_status(&text));
    TG_REQUIRE(crypto_hash_sha512(hash, text.ptr, text.len) == 0 &&
                   crypto_core_ristretto255_from_hash(out, hash) == 0,
               TG_E_CRYPTO);
out:
    tg_buf_deinit(&text);
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

/* A uniform scalar of 64 random bytes. Zero has no share: libsodium refuses it. */
static enum tg_err make_scalar(uint8_t out[TG_CPACE_LEN], const struct tg_rng *rng)
{
    uint8_t wide[crypto_core_ristretto255_NONREDUCEDSCALARBYTES] = { 0 };
    enum tg_err err = tg_rng_fill(rng, wide, sizeof(wide));

    if (err == TG_OK) {
        crypto_core_ristretto255_scalar_reduce(out, wide);
    }
    tg_mem_wipe(wide, sizeof(wide));
    return err;
}

enum tg_err tg_cpace_begin(uint8_t share[TG_CPACE_LEN], struct tg_secret *scalar,
                           const struct tg_cpace_inputs *inputs, const struct tg_rng *rng)
{
    uint8_t generator[TG_CPACE_LEN] = { 0 };
    uint8_t secret[TG_CPACE_LEN] = { 0 };
    uint8_t point[TG_CPACE_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(start());
    TG_TRY(make_generator(generator, inputs));
    TG_TRY(make_scalar(secret, rng));
    TG_REQUIRE(crypto_scalarmult_ristretto255(point, secret, generator) == 0, TG_E_CRYPTO);
    TG_TRY(tg_secret_set(scalar, TG_ARRAY_BYTES(secret)));
    for (size_t i = 0; i < sizeof(point); i++) {
        share[i] = point[i];
    }
out:
    tg_mem_wipe(generator, sizeof(generator));
    tg_mem_wipe(secret, sizeof(secret));
    return err;
}

/* spec: protocol/7#pake-points
   libsodium 1.0.18 ignores the highest bit, which no encoding has. */
enum tg_err tg_cpace_check(struct tg_bytes share)
{
    static const uint8_t identity[TG_CPACE_LEN];
    bool is_valid = false;
    enum tg_err err = TG_E_BUG;

    TG_TRY(start());
    is_valid = share.len == TG_CPACE_LEN && share.ptr[TG_CPACE_LEN - 1] < 0x80 &&
               crypto_core_ristretto255_is_valid_point(share.ptr) == 1 &&
               !tg_ct_equal(share, TG_ARRAY_BYTES(identity));
    err = is_valid ? TG_OK : TG_E_SYNTAX;
out:
    return err;
}

static void put_key_text(struct tg_buf *out, struct tg_bytes id, struct tg_bytes point,
                         const struct tg_cpace_part *initiator,
                         const struct tg_cpace_part *recipient)
{
    tg_cpace_put(out, TG_LIT(DSI "_ISK"));
    tg_cpace_put(out, id);
    tg_cpace_put(out, point);
    tg_cpace_put(out, initiator->share);
    tg_cpace_put(out, initiator->data);
    tg_cpace_put(out, recipient->share);
    tg_cpace_put(out, recipient->data);
}

static enum tg_err hash_into(struct tg_secret *out, const struct tg_buf *text)
{
    uint8_t hash[crypto_hash_sha512_BYTES] = { 0 };
    enum tg_err err = tg_buf_status(text);

    TG_TRY(err);
    TG_REQUIRE(crypto_hash_sha512(hash, text->ptr, text->len) == 0, TG_E_CRYPTO);
    TG_TRY(tg_secret_set(out, TG_ARRAY_BYTES(hash)));
out:
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

enum tg_err tg_cpace_finish(struct tg_secret *key, const struct tg_secret *scalar,
                            struct tg_bytes id, struct tg_bytes peer,
                            const struct tg_cpace_part *initiator,
                            const struct tg_cpace_part *recipient)
{
    uint8_t point[TG_CPACE_LEN] = { 0 };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, HASHED_MAX);
    TG_REQUIRE(scalar->len == TG_CPACE_LEN, TG_E_CRYPTO);
    TG_TRY(tg_cpace_check(peer));
    /* libsodium refuses a result that is the identity. */
    TG_REQUIRE(crypto_scalarmult_ristretto255(point, scalar->bytes, peer.ptr) == 0, TG_E_SYNTAX);
    put_key_text(&text, id, TG_ARRAY_BYTES(point), initiator, recipient);
    TG_TRY(hash_into(key, &text));
out:
    tg_buf_deinit(&text);
    tg_mem_wipe(point, sizeof(point));
    return err;
}

enum tg_err tg_cpace_tag_key(struct tg_secret *out, struct tg_bytes id, const struct tg_secret *key)
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, HASHED_MAX);
    tg_buf_append(&text, TG_LIT("CPaceMac"));
    tg_buf_append(&text, id);
    tg_buf_append(&text, tg_secret_view(key));
    TG_TRY(hash_into(out, &text));
out:
    tg_buf_deinit(&text);
    return err;
}

#else /* a build without libsodium */

bool tg_cpace_is_built(void)
{
    return false;
}

enum tg_err tg_cpace_begin(uint8_t share[TG_CPACE_LEN], struct tg_secret *scalar,
                           const struct tg_cpace_inputs *inputs, const struct tg_rng *rng)
{
    (void)share;
    (void)scalar;
    (void)inputs;
    (void)rng;
    return TG_E_UNSUPPORTED;
}

enum tg_err tg_cpace_check(struct tg_bytes share)
{
    (void)share;
    return TG_E_UNSUPPORTED;
}

enum tg_err tg_cpace_finish(struct tg_secret *key, const struct tg_secret *scalar,
                            struct tg_bytes id, struct tg_bytes peer,
                            const struct tg_cpace_part *initiator,
                            const struct tg_cpace_part *recipient)
{
    (void)key;
    (void)scalar;
    (void)id;
    (void)peer;
    (void)initiator;
    (void)recipient;
    return TG_E_UNSUPPORTED;
}

enum tg_err tg_cpace_tag_key(struct tg_secret *out, struct tg_bytes id, const struct tg_secret *key)
{
    (void)out;
    (void)id;
    (void)key;
    return TG_E_UNSUPPORTED;
}

#endif

void tg_cpace_put(struct tg_buf *out, struct tg_bytes data)
{
    if (data.len > TG_CPACE_INPUT_MAX) {
        out->err = out->err == TG_OK ? TG_E_LIMIT : out->err;
        return;
    }
    /* LEB128: seven bits in each byte, the lowest first. */
    if (data.len >= 0x80) {
        tg_buf_append_u8(out, (uint8_t)(0x80 | (data.len & 0x7f)));
        tg_buf_append_u8(out, (uint8_t)(data.len >> 7));
    } else {
        tg_buf_append_u8(out, (uint8_t)data.len);
    }
    tg_buf_append(out, data);
}
