/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/format.h - the number of the embedded store's format, its counts, and the conversion
 * of an older format.
 * Layer: L2 (base), for src/store alone.   Threads: the transaction's.   Blocks: on the disk.
 *
 * Functions here return LMDB's codes, as in lmdb/table.h.
 */
#ifndef TG_STORE_LMDB_FORMAT_H
#define TG_STORE_LMDB_FORMAT_H

#include "store/lmdb/table.h"

#define TG_LMDB_FORMAT 2u
#define TG_LMDB_FORMAT_OLDEST 1u /* that is converted */

/* MDB_VERSION_MISMATCH: another format than these. */
TG_NODISCARD int tg_lmdb_format_look(MDB_txn *txn, const struct tg_lmdb_tables *tables);
/* Writes the format into a new store, converts an older one, and reads the counts.
   MDB_INCOMPATIBLE: it holds spent tokens that cannot be converted. */
TG_NODISCARD int tg_lmdb_format_open(struct tg_lmdb_write *w);
/* Writes the format and the counts. */
TG_NODISCARD int tg_lmdb_format_put(struct tg_lmdb_write *w);
/* Writes the counts. The last step before a commit. */
TG_NODISCARD int tg_lmdb_counts_put(struct tg_lmdb_write *w);

#endif
