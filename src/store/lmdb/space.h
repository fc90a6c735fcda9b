/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/space.h - whether the disk of the embedded store has room.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 *
 * The reserve is room for changes of what is stored: new records are refused before it is used. It
 * is allocated for the data file beyond its last page, so no other program can take it, where the
 * file system can allocate in advance. On a file system that copies on write that is no promise;
 * the free space that it reports counts too, there and where it cannot allocate.
 */
#ifndef TG_STORE_LMDB_SPACE_H
#define TG_STORE_LMDB_SPACE_H

#include "store/lmdb/table.h"

struct tg_lmdb_space {
    int fd;                 /* the data file; not owned */
    uint64_t reserve;       /* bytes; 0: the disk is not watched */
    bool cannot_allocate;   /* the file system does not know how */
    uint64_t allocated_end; /* the file's bytes up to here have blocks; 0: not known yet */
    bool has_failed; /* a commit found no room; until there is as much as the reserve again */

    /* As of the last look. */
    uint64_t end;        /* of the last page */
    uint64_t free_bytes; /* that the file may still take, what is allocated included */
    uint64_t page_bytes; /* of free pages inside the file */
};

/* Allocates what is missing of the reserve and measures, at the begin of a transaction. LMDB's
   codes. */
TG_NODISCARD int tg_lmdb_space_look(struct tg_lmdb_space *space, MDB_env *env,
                                    const struct tg_lmdb_write *w);
/* What the disk allows, when a transaction has already written so many bytes of values. */
enum tg_store_room tg_lmdb_space_room(const struct tg_lmdb_space *space, uint64_t written_bytes);
/* False: writing the transaction would probably find no room. Then the write is not tried, because
   LMDB cannot tell a write that was cut for lack of room from an error of the disk. */
bool tg_lmdb_space_fits(const struct tg_lmdb_space *space, const struct tg_lmdb_write *w);

#endif
