/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/fullness.h"

#define HALF (TG_FULL / 2)
#define NEARLY (TG_FULL * 9 / 10)
#define PRICE 100u

unsigned tg_fullness_of(uint64_t used, uint64_t max)
{
    if (max == 0 || used == 0) {
        return 0;
    }
    /* Divided first where the product could overflow. */
    if (used >= max) {
        return TG_FULL;
    }
    return (unsigned)(used < UINT64_MAX / TG_FULL ? used * TG_FULL / max : used / (max / TG_FULL));
}

/* spec: protocol/3#longest-lives-first */
int64_t tg_fullness_longest_s(unsigned fullness, int64_t default_s, int64_t max_s)
{
    if (fullness >= TG_FULL) {
        return 0;
    }
    if (fullness <= HALF) {
        return max_s;
    }
    if (fullness >= NEARLY) {
        return default_s;
    }
    return max_s - (max_s - default_s) * (int64_t)(fullness - HALF) / (int64_t)(NEARLY - HALF);
}

uint64_t tg_fullness_price(unsigned fullness)
{
    unsigned left = fullness < TG_FULL ? TG_FULL - fullness : 1;
    uint64_t half = TG_FULL - HALF;

    return left >= half ? PRICE : PRICE * half * half / ((uint64_t)left * left);
}
