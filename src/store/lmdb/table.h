/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/table.h - the tables of the embedded store, inside one transaction.
 * Layer: L2 (base), for src/store alone.   Threads: the transaction's.   Blocks: on the disk.
 *
 *   k   key (32 bytes)          -> order u64
 *   m   order u64, key          -> version u64, sealed record
 *   s   "format", "counts"      -> u64; record_count u64, value_bytes u64
 *   o   key                     -> an entry of the outbox (lmdb/entry.h)
 *   d   order u64, key          -> when it is due: what a lease takes, longest due first
 *
 * All integers big-endian. order is expires_s with the sign bit flipped, so that byte order is time
 * order: a sweep removes m's first records. It also keeps together what was made together: of the
 * changes in a mailbox's life only its creation touches a page that nothing else of that moment
 * does, so a large store is nearly as fast as a small one. Each entry of k has one in m, each of o
 * one in d; counts is what a scan of m would give. o and d were added to format 1: a binary that
 * does not know them leaves them alone. No duplicate keys, nested transactions or MDB_CURRENT:
 * Debian's 0.9.24 lacks fixes for those. Functions here return LMDB's codes: 0, or what went wrong,
 * after which the transaction is only good for abort.
 */
#ifndef TG_STORE_LMDB_TABLE_H
#define TG_STORE_LMDB_TABLE_H

#include <lmdb.h>

#include "store/store_port.h"

#define TG_LMDB_FORMAT 1u
#define TG_LMDB_TABLE_COUNT 5u

struct tg_lmdb_tables {
    MDB_dbi places;  /* k */
    MDB_dbi records; /* m */
    MDB_dbi state;   /* s */
    MDB_dbi outbox;  /* o */
    MDB_dbi due;     /* d */
};

/* A write transaction and what it has done so far. */
struct tg_lmdb_write {
    MDB_txn *txn;
    const struct tg_lmdb_tables *tables;
    struct tg_store_stats stats; /* as they will be once it is committed */
    uint64_t number;             /* of this try; an open store gives none twice */
    size_t written_bytes;
    bool is_dirty;
};

/* Creates what is missing and reads the counts. MDB_VERSION_MISMATCH: another format. */
TG_NODISCARD int tg_lmdb_tables_open(struct tg_lmdb_tables *tables, struct tg_lmdb_write *w);

/* MDB_NOTFOUND, MDB_CORRUPTED. The view in *record ends with the next write or the transaction. */
TG_NODISCARD int tg_lmdb_get(MDB_txn *txn, const struct tg_lmdb_tables *tables,
                             const struct tg_store_key *key, struct tg_store_record *record);
/* old: what tg_lmdb_get found, or NULL. Its view is not used. */
TG_NODISCARD int tg_lmdb_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                             const struct tg_store_record *old, const struct tg_store_record *next);
TG_NODISCARD int tg_lmdb_remove(struct tg_lmdb_write *w, const struct tg_store_key *key,
                                const struct tg_store_record *old);
/* Removes up to max_count records with expires_s <= now_s, the oldest first. */
TG_NODISCARD int tg_lmdb_sweep(struct tg_lmdb_write *w, int64_t now_s, size_t max_count,
                               size_t *removed_count);
/* Writes the counts; the last thing before a commit. */
TG_NODISCARD int tg_lmdb_put_counts(struct tg_lmdb_write *w);

#endif
