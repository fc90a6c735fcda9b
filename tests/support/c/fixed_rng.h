/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/c/fixed_rng.h - bytes that are the same in every run, where a test depends on which cells
 * a key selects: two networks share a cell by chance.
 */
#ifndef TEST_SUPPORT_FIXED_RNG_H
#define TEST_SUPPORT_FIXED_RNG_H

#include "base/rng.h"

static enum tg_err fixed_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i * 7 + 1);
    }
    return TG_OK;
}

static const struct tg_rng fixed_rng = { .fill = fixed_fill };

#endif
