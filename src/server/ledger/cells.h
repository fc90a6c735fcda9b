/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/cells.h - numbers of networks, in arrays that name no network.
 * Layer: L4 (base, crypto).   Threads: any, all at once, without a lock.   Blocks: no.
 * Clock: an argument.   Secrets: the key that turns a network into cells.
 *
 * An array has TG_CELL_ROWS rows of TG_CELLS cells. A keyed hash selects one cell of each row for a
 * network: its spot. What a network does is added to both cells, and the smaller of the two is its
 * number. So two networks affect each other only where both cells meet, and nobody without the key
 * can find such networks. The number of a network is never too small. It is too large if other
 * networks hold each of its cells: among n of them with a chance of about (n / TG_CELLS)^2.
 */
#ifndef TG_SERVER_LEDGER_CELLS_H
#define TG_SERVER_LEDGER_CELLS_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdatomic.h>

#define TG_CELLS 65536u /* of a row; an index is a uint16_t */
#define TG_CELL_ROWS 2u
#define TG_CELLS_KEY_LEN 32u

struct tg_spot {
    uint16_t cell[TG_CELL_ROWS];
};

/* The spot of a name. Spots of another purpose or period are unrelated. TG_E_CRYPTO. */
TG_NODISCARD enum tg_err tg_spot_find(struct tg_spot *out, struct tg_bytes key, uint8_t purpose,
                                      uint64_t period, struct tg_bytes name);

/* Leaky buckets. A cell holds the time at which its bucket will be empty, so a bucket leaks without
   being touched. Amounts are times: what leaks in that time. All zero: empty. */
struct tg_buckets {
    atomic_int_least64_t empty_at_ns[TG_CELL_ROWS][TG_CELLS];
};

/* How much is in the bucket: 0 and up. */
int64_t tg_buckets_level_ns(const struct tg_buckets *b, struct tg_spot spot, int64_t now_ns);
/* Adds amount_ns, but fills no bucket over full_ns. */
void tg_buckets_add(struct tg_buckets *b, struct tg_spot spot, int64_t amount_ns, int64_t full_ns,
                    int64_t now_ns);

/* What networks hold at this moment. All zero: nothing. */
struct tg_counts {
    atomic_uint_least64_t held[TG_CELL_ROWS][TG_CELLS];
};

uint64_t tg_counts_of(const struct tg_counts *c, struct tg_spot spot);
void tg_counts_add(struct tg_counts *c, struct tg_spot spot, uint64_t amount);
/* Exactly what was added before, with the same spot. */
void tg_counts_subtract(struct tg_counts *c, struct tg_spot spot, uint64_t amount);

#endif
