/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/writer.h - the state that the callers of the embedded store share with its writer
 * thread, and the start of that thread.
 * Layer: L2 (base), for src/store and its tests alone.
 */
#ifndef TG_STORE_LMDB_WRITER_H
#define TG_STORE_LMDB_WRITER_H

#include "store/lmdb/dir.h"
#include "store/lmdb/lease.h"
#include "store/lmdb/space.h"
#include "store/lmdb/table.h"
#include "store/queue.h"

#include <lmdb.h>
#include <stddef.h>

#define TG_LMDB_BATCH_MAX 256u /* operations in one commit */
/* Sealed bytes after which a commit begins. What comes meanwhile waits for it: the disks of servers
   write so much about as fast as one page. */
#define TG_LMDB_BATCH_BYTES_MAX (512u * 1024u)

/* What the writer remembers between the steps of sweeps. */
struct tg_lmdb_sweep {
    struct tg_store_oplist waiting; /* have more to do */
    uint64_t added_count;           /* records that were added since the last step */
    uint64_t noted_count;           /* outbox entries, likewise */
    uint64_t spent_count;           /* spent keys, likewise */
    struct tg_store_outbox_place place;
    int64_t outbox_until_s; /* when the last whole way through the outbox began; INT64_MIN: none */
};

/* The counts, with which struct tg_store_stats begins. */
#define TG_LMDB_COUNTS (offsetof(struct tg_store_stats, room) / sizeof(uint64_t))

struct tg_lmdb {
    struct tg_store base;
    struct tg_lmdb_dir dir;
    MDB_env *env;
    uint64_t map_size; /* bytes */
    struct tg_lmdb_tables tables;
    struct tg_store_bounds bounds;
    struct tg_store_gate gate;
    struct tg_store_queue queue;
    pthread_t writer;

    struct tg_lmdb_leases leases; /* the writer thread uses this and the members up to stats */
    size_t queued_count; /* what may still be taken from the queue: it was there when the batch
                            began */
    struct tg_lmdb_sweep sweep;
    struct tg_lmdb_space space;
    struct tg_store_stats stats;             /* as committed */
    _Atomic uint64_t counts[TG_LMDB_COUNTS]; /* the same, for other threads */
    _Atomic uint64_t room; /* enum tg_store_room, as of the last transaction, like the next two */
    _Atomic uint64_t disk_used;
    _Atomic uint64_t disk_free;
    _Atomic uint64_t disk_failures;
    _Atomic uint64_t commit_count;

    tg_store_committed_fn *committed; /* NULL: nobody watches */
    void *committed_ctx;
    struct tg_lmdb_write copying; /* of copy.c; without a transaction, nothing was put since */
    size_t copied_count;          /* rows in it */
};

/* Gives the committed counts to other threads. */
void tg_lmdb_counts_publish(struct tg_lmdb *s);
/* Starts the thread. It ends when the queue is closed and empty. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_lmdb_writer_start(struct tg_lmdb *s);

/* As tg_store_lmdb_open, with at most map_max bytes of store: for tests that fill it. */
TG_NODISCARD enum tg_err tg_store_lmdb_open_sized(struct tg_store **out, const char *dir,
                                                  const struct tg_store_limits *limits,
                                                  const struct tg_log *log, uint64_t map_max,
                                                  struct tg_fault *fault);

#endif
