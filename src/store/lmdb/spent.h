/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/spent.h - spent keys and their series, inside one transaction.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 *
 *   g   id of a series          -> number u32, end order u64, state u8 (0: open, 1: closed, keys
 *                                  left, 2: closed)
 *   p   number u32, key         -> sealed
 *
 * Rows of g are never removed, so the number of a new series is how many there are. Functions here
 * return LMDB's codes, as in lmdb/table.h.
 */
#ifndef TG_STORE_LMDB_SPENT_H
#define TG_STORE_LMDB_SPENT_H

#include "store/lmdb/writer.h"

/* Run an operation of the kind TG_STORE_SERIES, TG_STORE_SPEND. */
TG_NODISCARD int tg_lmdb_spent_series(struct tg_lmdb_write *w, struct tg_store_op *op);
TG_NODISCARD int tg_lmdb_spent_spend(struct tg_lmdb_write *w, const struct tg_store_limits *limits,
                                     enum tg_store_room room, struct tg_store_op *op);
struct tg_lmdb_spent_step {
    size_t removed_count; /* keys */
    bool has_closed;      /* a series that was open */
    bool has_more;        /* keys of closed series may be left */
};

/* Closes the series that end until now_s and removes up to max_count keys of closed ones. */
TG_NODISCARD int tg_lmdb_spent_sweep(struct tg_lmdb_write *w, int64_t now_s, size_t max_count,
                                     struct tg_lmdb_spent_step *step);
/* A row of g. MDB_CORRUPTED */
TG_NODISCARD int tg_lmdb_series_row(struct tg_store_seen *seen, const MDB_val *k, const MDB_val *v);
/* Shows the keys of open series. TG_LMDB_ENDED: see() ended it. */
TG_NODISCARD int tg_lmdb_spent_show(MDB_txn *txn, const struct tg_lmdb_tables *tables,
                                    tg_store_see_fn *see, void *ctx);
/* Adds a series, or a key of a series that is there (MDB_CORRUPTED: it is not), as they were shown.
 */
TG_NODISCARD int tg_lmdb_series_put(struct tg_lmdb_write *w, const struct tg_store_seen *seen);
TG_NODISCARD int tg_lmdb_spent_put(struct tg_lmdb_write *w, const struct tg_store_seen *seen);
/* Bytes of the pages that spent keys use. */
uint64_t tg_lmdb_spent_bytes(const struct tg_lmdb_write *w);

#endif
