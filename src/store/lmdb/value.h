/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/value.h - numbers, times and keys as bytes for LMDB: big-endian, so that the order of
 * the bytes is the order of the numbers.
 * Layer: L2 (base), for the embedded store's tables alone.   Threads: any.   Blocks: no.
 */
#ifndef TG_STORE_LMDB_VALUE_H
#define TG_STORE_LMDB_VALUE_H

#include "store/store.h"

#include <lmdb.h>
#include <string.h>

#define TG_LMDB_PLACE_LEN (8u + TG_STORE_KEY_LEN)

static inline void tg_lmdb_put_u64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (56 - 8 * i));
    }
}

static inline uint64_t tg_lmdb_get_u64(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* LMDB takes keys and values through a pointer to non-const, but does not change them. */
static inline MDB_val tg_lmdb_val(const void *ptr, size_t len)
{
    union {
        const void *in;
        void *out;
    } p = { .in = ptr };

    return (MDB_val){ .mv_size = len, .mv_data = p.out };
}

static inline uint64_t tg_lmdb_time_order(int64_t time_s)
{
    return (uint64_t)time_s ^ UINT64_C(1) << 63;
}

static inline int64_t tg_lmdb_time_of(uint64_t order)
{
    return (int64_t)(order ^ UINT64_C(1) << 63);
}

/* The place of key's row in a table that is ordered by time. */
static inline void tg_lmdb_place(uint8_t out[TG_LMDB_PLACE_LEN], int64_t time_s,
                                 const struct tg_store_key *key)
{
    tg_lmdb_put_u64(out, tg_lmdb_time_order(time_s));
    memcpy(out + 8, key->bytes, sizeof(key->bytes));
}

#endif
