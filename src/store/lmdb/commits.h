/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/commits.h - the count of the embedded store's commits, in its table s, and the removal
 * of everything from a copy of a store.
 * Layer: L2 (base), for src/store alone.   Threads: the transaction's.   Blocks: on the disk.
 *
 * Functions here return LMDB's codes, as in lmdb/table.h.
 */
#ifndef TG_STORE_LMDB_COMMITS_H
#define TG_STORE_LMDB_COMMITS_H

#include "store/lmdb/writer.h"

/* 0 if nothing was counted yet. */
TG_NODISCARD int tg_lmdb_commits_get(const struct tg_lmdb_write *w, uint64_t *count);
/* The last step before a commit. */
TG_NODISCARD int tg_lmdb_commits_put(struct tg_lmdb_write *w, uint64_t count);
/* tg_store_ops.restore, in a transaction of its own, while the writer has nothing to do. */
TG_NODISCARD int tg_lmdb_restore(struct tg_lmdb *s, enum tg_store_restored how,
                                 uint64_t commits_min);

#endif
