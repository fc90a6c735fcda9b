/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/fact.h - the facts of the embedded store, in its table s, inside one transaction.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 *
 * Functions here return LMDB's codes, as in lmdb/table.h.
 */
#ifndef TG_STORE_LMDB_FACT_H
#define TG_STORE_LMDB_FACT_H

#include "store/lmdb/table.h"

/* MDB_NOTFOUND, MDB_CORRUPTED. The view in *found ends with the next write or the transaction. */
TG_NODISCARD int tg_lmdb_fact_get(MDB_txn *txn, const struct tg_lmdb_tables *tables,
                                  enum tg_fact fact, struct tg_store_fact *found);
/* Writes it; the value has at most TG_STORE_FACT_MAX bytes. */
TG_NODISCARD int tg_lmdb_fact_put(struct tg_lmdb_write *w, enum tg_fact fact, uint64_t version,
                                  struct tg_bytes value);
/* Runs an operation of the kind TG_STORE_FACT. */
TG_NODISCARD int tg_lmdb_fact_change(struct tg_lmdb_write *w, struct tg_store_op *op);
/* Raises TG_FACT_TIME_MARK to mark_s. */
TG_NODISCARD int tg_lmdb_fact_mark(struct tg_lmdb_write *w, int64_t mark_s);

#endif
