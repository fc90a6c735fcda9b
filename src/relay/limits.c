/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/limits.h"

#include "base/mem.h"
#include "crypto/digest.h"

#include <stdatomic.h>

#define MASTER_LEN 32u
#define US_PER_MS 1000
#define US_PER_S 1000000
#define TRIES_MAX 64u /* failed compare-and-swaps of one cell before the request is refused */

/* The generic cell rate algorithm: a cell holds the time, in microseconds, at which the network has
   its full burst again. */
struct tg_limits {
    uint8_t master[MASTER_LEN];
    int64_t interval_us;  /* between two requests at the full rate; 0: no limit */
    int64_t tolerance_us; /* how far ahead of now a cell may run */
    _Atomic int64_t cells[TG_LIMITS_CELLS];
};

enum tg_err tg_limits_new(struct tg_limits **out, uint32_t rate_per_s, uint32_t burst,
                          const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    struct tg_limits *limits = NULL;

    TG_REQUIRE(rate_per_s <= TG_LIMITS_RATE_MAX, TG_E_LIMIT);
    TG_REQUIRE(burst >= 1 && burst <= TG_LIMITS_BURST_MAX, TG_E_LIMIT);
    limits = tg_mem_calloc(1, sizeof(*limits));
    TG_REQUIRE(limits != NULL, TG_E_NOMEM);
    TG_TRY(tg_rng_fill(rng, limits->master, sizeof(limits->master)));
    limits->interval_us = rate_per_s == 0 ? 0 : US_PER_S / (int64_t)rate_per_s;
    limits->tolerance_us = limits->interval_us * ((int64_t)burst - 1);
    *out = limits;
    limits = NULL;
    err = TG_OK;
out:
    tg_limits_free(&limits);
    return err;
}

void tg_limits_free(struct tg_limits **limits)
{
    if (limits != NULL && *limits != NULL) {
        tg_mem_free_secret(*limits, sizeof(**limits));
        *limits = NULL;
    }
}

/* The number of the salt's period is part of the hash. So the cells of two periods are unrelated,
   and no thread replaces a salt that another one uses. */
static enum tg_err pick_cell(size_t *cell, const struct tg_limits *limits, struct tg_bytes network,
                             int64_t mono_ms)
{
    enum tg_err err = TG_E_BUG;
    uint64_t period = (uint64_t)(mono_ms / TG_LIMITS_SALT_MS);
    uint8_t period_be[8];
    uint8_t hash[TG_SHA256_LEN];
    struct tg_bytes parts[] = { TG_ARRAY_BYTES(period_be), network };

    for (size_t i = 0; i < sizeof(period_be); i++) {
        period_be[i] = (uint8_t)(period >> (8 * (sizeof(period_be) - 1 - i)));
    }
    TG_TRY(tg_hmac_sha256(hash, TG_ARRAY_BYTES(limits->master), parts, TG_COUNT(parts)));
    *cell = (((size_t)hash[0] << 16) | ((size_t)hash[1] << 8) | hash[2]) % TG_LIMITS_CELLS;
    err = TG_OK;
out:
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

static unsigned seconds_up(int64_t us)
{
    return us <= 0 ? 1u : (unsigned)((us + US_PER_S - 1) / US_PER_S);
}

/* spec: protocol/3#rate-limit */
bool tg_limits_admit(struct tg_limits *limits, struct tg_bytes network_prefix, int64_t mono_ms,
                     unsigned *retry_after_s)
{
    int64_t now_us = mono_ms * US_PER_MS;
    int64_t full_us = 0;
    size_t cell = 0;

    if (limits == NULL || limits->interval_us == 0) {
        return true;
    }
    if (pick_cell(&cell, limits, network_prefix, mono_ms) != TG_OK) {
        *retry_after_s = 1;
        return false;
    }
    full_us = atomic_load_explicit(&limits->cells[cell], memory_order_relaxed);
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        int64_t from_us = full_us > now_us ? full_us : now_us;

        if (from_us - now_us > limits->tolerance_us) {
            *retry_after_s = seconds_up(from_us - now_us - limits->tolerance_us);
            return false;
        }
        if (atomic_compare_exchange_weak_explicit(&limits->cells[cell], &full_us,
                                                  from_us + limits->interval_us,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    *retry_after_s = 1; /* this many requests at once exceed every burst */
    return false;
}
