/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/entry.h - the outbox's two tables, inside one transaction.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 *
 *   o   key             -> due order u64, expires order u64, born u64, noted u64, attempts u32,
 *                          flags u8 (1: blocked), sealed
 *   d   due order, key  -> expires order u64
 *
 * born is the number of the LMDB transaction that made the entry, noted of the one with its last
 * note. A lease compares them with the numbers it saw, and so detects what happened during the
 * lease. A blocked entry is due when it expires; no entry is due later than it expires.
 */
#ifndef TG_STORE_LMDB_ENTRY_H
#define TG_STORE_LMDB_ENTRY_H

#include "store/lmdb/table.h"

struct tg_lmdb_entry {
    int64_t due_s;
    int64_t expires_s;
    uint64_t born;
    uint64_t noted;
    uint32_t attempts;
    bool is_blocked;
    struct tg_bytes sealed;
};

/* A row of d. */
struct tg_lmdb_due {
    struct tg_store_key key;
    int64_t due_s;
    int64_t expires_s;
};

/* Reads a value of o. MDB_CORRUPTED. The view in *entry is v's. */
TG_NODISCARD int tg_lmdb_entry_row(struct tg_lmdb_entry *entry, const MDB_val *v);
/* MDB_NOTFOUND, MDB_CORRUPTED. The view in *entry ends with the next write or the transaction. */
TG_NODISCARD int tg_lmdb_entry_get(const struct tg_lmdb_write *w, const struct tg_store_key *key,
                                   struct tg_lmdb_entry *entry);
/* old: what tg_lmdb_entry_get found, or NULL. next->sealed must not view old's. */
TG_NODISCARD int tg_lmdb_entry_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                                   const struct tg_lmdb_entry *old,
                                   const struct tg_lmdb_entry *next);
TG_NODISCARD int tg_lmdb_entry_remove(struct tg_lmdb_write *w, const struct tg_store_key *key,
                                      int64_t due_s);
/* The first row that is not before from (NULL: the first of all). MDB_NOTFOUND: there is none. */
TG_NODISCARD int tg_lmdb_due_from(MDB_cursor *cursor, const struct tg_lmdb_due *from,
                                  struct tg_lmdb_due *due);
TG_NODISCARD int tg_lmdb_due_next(MDB_cursor *cursor, struct tg_lmdb_due *due);

#endif
