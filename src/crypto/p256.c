/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/p256.h"

#include "base/mem.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define DRAWS_MAX 4 /* one in 2^32 is out of range */

/* The objects of libcrypto for one calculation. */
struct work {
    EC_GROUP *group;
    EC_POINT *peer;
    EC_POINT *product;
    BIGNUM *scalar;
    BIGNUM *x;
};

static void work_deinit(struct work *w)
{
    BN_clear_free(w->x);
    BN_clear_free(w->scalar);
    EC_POINT_clear_free(w->product);
    EC_POINT_free(w->peer);
    EC_GROUP_free(w->group);
}

static enum tg_err work_init(struct work *w)
{
    *w = (struct work){ .group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1) };
    if (w->group == NULL) {
        return TG_E_CRYPTO;
    }
    w->peer = EC_POINT_new(w->group);
    w->product = EC_POINT_new(w->group);
    w->scalar = BN_secure_new();
    w->x = BN_secure_new();
    return w->peer != NULL && w->product != NULL && w->scalar != NULL && w->x != NULL ? TG_OK
                                                                                      : TG_E_CRYPTO;
}

static enum tg_err load_private(struct work *w, const struct tg_secret *private_key)
{
    if (private_key->len != TG_P256_PRIVATE_LEN ||
        BN_bin2bn(private_key->bytes, (int)TG_P256_PRIVATE_LEN, w->scalar) == NULL) {
        return TG_E_CRYPTO;
    }
    BN_set_flags(w->scalar, BN_FLG_CONSTTIME);
    return BN_is_zero(w->scalar) || BN_cmp(w->scalar, EC_GROUP_get0_order(w->group)) >= 0
               ? TG_E_CRYPTO
               : TG_OK;
}

/* Only the first error in the library's queue distinguishes an invalid point from a failure of the
   library. The queue is emptied. */
static enum tg_err load_peer(struct work *w, struct tg_bytes public_key)
{
    int reason = 0;

    if (public_key.len != TG_P256_PUBLIC_LEN || public_key.ptr[0] != 4) {
        return TG_E_SYNTAX;
    }
    ERR_clear_error();
    if (EC_POINT_oct2point(w->group, w->peer, public_key.ptr, public_key.len, NULL) == 1) {
        return TG_OK;
    }
    reason = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    return reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING ? TG_E_SYNTAX
                                                                                   : TG_E_CRYPTO;
}

enum tg_err tg_p256_public(uint8_t out[TG_P256_PUBLIC_LEN], const struct tg_secret *private_key)
{
    enum tg_err err = TG_E_BUG;
    uint8_t raw[TG_P256_PUBLIC_LEN] = { 0 };
    struct work w;

    TG_TRY(work_init(&w));
    TG_TRY(load_private(&w, private_key));
    TG_REQUIRE(EC_POINT_mul(w.group, w.product, w.scalar, NULL, NULL, NULL) == 1, TG_E_CRYPTO);
    TG_REQUIRE(EC_POINT_point2oct(w.group, w.product, POINT_CONVERSION_UNCOMPRESSED, raw,
                                  sizeof(raw), NULL) == sizeof(raw),
               TG_E_CRYPTO);
    memcpy(out, raw, sizeof(raw));
    err = TG_OK;
out:
    work_deinit(&w);
    return err;
}

enum tg_err tg_p256_shared(struct tg_secret *out, const struct tg_secret *private_key,
                           struct tg_bytes public_key)
{
    enum tg_err err = TG_E_BUG;
    uint8_t raw[TG_P256_PRIVATE_LEN] = { 0 };
    struct work w;

    TG_TRY(work_init(&w));
    TG_TRY(load_peer(&w, public_key));
    TG_TRY(load_private(&w, private_key));
    TG_REQUIRE(EC_POINT_mul(w.group, w.product, NULL, w.peer, w.scalar, NULL) == 1, TG_E_CRYPTO);
    TG_REQUIRE(EC_POINT_get_affine_coordinates(w.group, w.product, w.x, NULL, NULL) == 1,
               TG_E_CRYPTO);
    TG_REQUIRE(BN_bn2binpad(w.x, raw, (int)sizeof(raw)) == (int)sizeof(raw), TG_E_CRYPTO);
    TG_TRY(tg_secret_set(out, TG_ARRAY_BYTES(raw)));
out:
    work_deinit(&w);
    tg_mem_wipe(raw, sizeof(raw));
    return err;
}

enum tg_err tg_p256_check(struct tg_bytes public_key)
{
    struct work w;
    enum tg_err err = work_init(&w);

    if (err == TG_OK) {
        err = load_peer(&w, public_key);
    }
    work_deinit(&w);
    return err;
}

enum tg_err tg_p256_generate(struct tg_secret *private_key, uint8_t public_key[TG_P256_PUBLIC_LEN],
                             const struct tg_rng *rng)
{
    struct tg_secret drawn = { .len = TG_P256_PRIVATE_LEN };
    enum tg_err err = TG_E_CRYPTO;

    for (int i = 0; i < DRAWS_MAX && err == TG_E_CRYPTO; i++) {
        TG_TRY(tg_rng_fill(rng, drawn.bytes, TG_P256_PRIVATE_LEN));
        err = tg_p256_public(public_key, &drawn);
    }
    TG_TRY(err);
    *private_key = drawn;
out:
    tg_secret_wipe(&drawn);
    return err;
}
