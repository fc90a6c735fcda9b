/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/table.h - the tables of the embedded store, inside one transaction.
 * Layer: L2 (base), for src/store alone.   Threads: the transaction's.   Blocks: on the disk.
 *
 *   k   key (32 bytes)          -> order u64
 *   m   order u64, key          -> class u8, version u56, sealed record
 *   s   "format", "counts"      -> u64; live_count u64, live_bytes u64, ended_count u64,
 *                                  ended_bytes u64
 *       "commits"               -> u64: commits of the writer since the store was made
 *       the name of a fact      -> version u64, value (lmdb/fact.h)
 *   o   key                     -> an entry of the outbox (lmdb/entry.h)
 *   d   order u64, key          -> its expiration; in the order in which a lease takes them
 *   g   id of a series          -> its state (lmdb/spent.h)
 *   p   series, key             -> a spent key
 *
 * All integers are big-endian. order is a time with the sign bit flipped, so that byte order is
 * time order, and a sweep removes the first records of m. Records that were made together are also
 * stored together, so the changes of one moment touch few pages and a large store is nearly as fast
 * as a small one. Each entry of k has one in m, each entry of o one in d. counts is what a scan of
 * m would give. A store of format 1 may lack o and d, and lacks g and p; all its records count as
 * live, and it is converted when it is opened (lmdb/format.h). Duplicate keys, nested transactions
 * and MDB_CURRENT are not used, because LMDB 0.9.24 in Debian lacks fixes for them. Functions here
 * return 0 or LMDB's error code; after an error the transaction must be aborted.
 */
#ifndef TG_STORE_LMDB_TABLE_H
#define TG_STORE_LMDB_TABLE_H

#include "store/store_port.h"

#include <limits.h>
#include <lmdb.h>

#define TG_LMDB_TABLE_COUNT 7u

struct tg_lmdb_tables {
    MDB_dbi places;  /* k */
    MDB_dbi records; /* m */
    MDB_dbi state;   /* s */
    MDB_dbi outbox;  /* o */
    MDB_dbi due;     /* d */
    MDB_dbi series;  /* g */
    MDB_dbi spent;   /* p */
};

/* A write transaction and what it has written so far. */
struct tg_lmdb_write {
    MDB_txn *txn;
    const struct tg_lmdb_tables *tables;
    struct tg_store_stats stats; /* as they will be once it is committed */
    size_t written_bytes;
    int64_t mark_s;     /* the latest that its changes ask for; 0: none does */
    size_t added_count; /* records that were not there before */
    size_t noted_count; /* outbox entries, likewise */
    size_t spent_count; /* spent keys, likewise */
    bool is_dirty;
};

#define TG_LMDB_NO_TABLE UINT_MAX
#define TG_LMDB_ENDED 1 /* a survey was ended by its caller; none of LMDB's codes */

/* Only opens what is there, in a read transaction; a table that the store lacks is
   TG_LMDB_NO_TABLE. MDB_VERSION_MISMATCH: no store that this version can convert. */
TG_NODISCARD int tg_lmdb_tables_look(struct tg_lmdb_tables *tables, MDB_txn *txn);
/* Creates what is missing, converts an older format and reads the counts. MDB_VERSION_MISMATCH: no
   store that this version can convert. */
TG_NODISCARD int tg_lmdb_tables_open(struct tg_lmdb_tables *tables, struct tg_lmdb_write *w);

/* Reads a row of m. MDB_CORRUPTED. The view in *record is v's. */
TG_NODISCARD int tg_lmdb_record_row(struct tg_store_key *key, struct tg_store_record *record,
                                    const MDB_val *k, const MDB_val *v);
/* MDB_NOTFOUND, MDB_CORRUPTED. The view in *record ends with the next write or the transaction. */
TG_NODISCARD int tg_lmdb_get(MDB_txn *txn, const struct tg_lmdb_tables *tables,
                             const struct tg_store_key *key, struct tg_store_record *record);
/* old: what tg_lmdb_get found, or NULL. Its view is not used. */
TG_NODISCARD int tg_lmdb_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                             const struct tg_store_record *old, const struct tg_store_record *next);
TG_NODISCARD int tg_lmdb_remove(struct tg_lmdb_write *w, const struct tg_store_key *key,
                                const struct tg_store_record *old);
/* The expiration of the oldest record, INT64_MAX: there is none. */
TG_NODISCARD int tg_lmdb_oldest(const struct tg_lmdb_write *w, int64_t *expires_s);
/* Removes up to max_count records with expires_s <= now_s, the oldest first. */
TG_NODISCARD int tg_lmdb_sweep(struct tg_lmdb_write *w, int64_t now_s, size_t max_count,
                               size_t *removed_count);

#endif
