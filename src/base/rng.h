/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/rng.h - the source of random bytes, an argument so that a test can replay them.
 * Layer: L0.      Threads: tg_rng_system is safe from any; a test's source as it documents.
 */
#ifndef TG_BASE_RNG_H
#define TG_BASE_RNG_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct tg_rng {
    /* Fills all len bytes or fails with TG_E_CRYPTO. */
    enum tg_err (*fill)(void *ctx, uint8_t *out, size_t len);
    void *ctx;
};

TG_NODISCARD enum tg_err tg_rng_fill(const struct tg_rng *rng, uint8_t *out, size_t len);

/* The system's random source (getrandom). */
extern const struct tg_rng tg_rng_system;

#endif
