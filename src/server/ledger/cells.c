/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/cells.h"

#include "base/mem.h"
#include "crypto/digest.h"

#include <assert.h>

enum tg_err tg_spot_find(struct tg_spot *out, struct tg_bytes key, uint8_t purpose, uint64_t period,
                         struct tg_bytes name)
{
    enum tg_err err = TG_E_BUG;
    uint8_t head[9] = { purpose };
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_bytes parts[] = { TG_ARRAY_BYTES(head), name };

    for (size_t i = 0; i < 8; i++) {
        head[8 - i] = (uint8_t)(period >> (8 * i));
    }
    TG_TRY(tg_hmac_sha256(hash, key, parts, TG_COUNT(parts)));
    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        out->cell[row] = (uint16_t)((unsigned)hash[2 * row] << 8 | hash[2 * row + 1]);
    }
    err = TG_OK;
out:
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

static int64_t level_of(int64_t empty_at_ns, int64_t now_ns)
{
    return empty_at_ns > now_ns ? empty_at_ns - now_ns : 0;
}

int64_t tg_buckets_level_ns(const struct tg_buckets *b, struct tg_spot spot, int64_t now_ns)
{
    int64_t least_ns = INT64_MAX;

    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        int64_t level_ns = level_of(
            atomic_load_explicit(&b->empty_at_ns[row][spot.cell[row]], memory_order_relaxed),
            now_ns);

        least_ns = level_ns < least_ns ? level_ns : least_ns;
    }
    return least_ns;
}

void tg_buckets_add(struct tg_buckets *b, struct tg_spot spot, int64_t amount_ns, int64_t full_ns,
                    int64_t now_ns)
{
    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        atomic_int_least64_t *cell = &b->empty_at_ns[row][spot.cell[row]];
        int64_t before_ns = atomic_load_explicit(cell, memory_order_relaxed);
        int64_t after_ns = 0;

        do {
            int64_t level_ns = level_of(before_ns, now_ns);
            int64_t room_ns = full_ns > level_ns ? full_ns - level_ns : 0;

            after_ns = now_ns + level_ns + (amount_ns < room_ns ? amount_ns : room_ns);
        } while (!atomic_compare_exchange_weak_explicit(
            cell, &before_ns, after_ns, memory_order_relaxed, memory_order_relaxed));
    }
}

uint64_t tg_counts_of(const struct tg_counts *c, struct tg_spot spot)
{
    uint64_t least = UINT64_MAX;

    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        uint64_t held = atomic_load_explicit(&c->held[row][spot.cell[row]], memory_order_relaxed);

        least = held < least ? held : least;
    }
    return least;
}

void tg_counts_add(struct tg_counts *c, struct tg_spot spot, uint64_t amount)
{
    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        (void)atomic_fetch_add_explicit(&c->held[row][spot.cell[row]], amount,
                                        memory_order_relaxed);
    }
}

void tg_counts_subtract(struct tg_counts *c, struct tg_spot spot, uint64_t amount)
{
    for (size_t row = 0; row < TG_CELL_ROWS; row++) {
        uint64_t before =
            atomic_fetch_sub_explicit(&c->held[row][spot.cell[row]], amount, memory_order_relaxed);

        assert(before >= amount);
    }
}
