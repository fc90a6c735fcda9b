/* SPDX-License-Identifier: Apache-2.0 */
#include "client/api/random.h"

static enum tg_err random_fill(void *ctx, uint8_t *out, size_t len)
{
    const struct tg_api_random *random = ctx;

    return random->fill(random->ctx, out, len) == 0 ? TG_OK : TG_E_CRYPTO;
}

const struct tg_rng *tg_api_random_init(struct tg_api_random *random, tigress_random_fn *fill,
                                        void *ctx)
{
    random->fill = fill;
    random->ctx = ctx;
    random->rng = (struct tg_rng){ .fill = random_fill, .ctx = random };
    return fill != NULL ? &random->rng : &tg_rng_system;
}
