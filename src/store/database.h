/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/database.h - how the database is that a store is in, for metrics and for people.
 * Layer: L2 (base).      Threads: any.      Blocks: no.
 * Secrets: none; sums of all records and clients.
 */
#ifndef TG_STORE_DATABASE_H
#define TG_STORE_DATABASE_H

#include "base/fault.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>

/* Bounds of the waits for a commit, in milliseconds; one more has no bound. */
#define TG_STORE_WAIT_BOUNDS_MS 1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 5000
#define TG_STORE_WAIT_COUNT 11u

/* Counts are since the store was opened; of all databases, if there are several. */
struct tg_store_database {
    uint64_t up_count;                /* connections that serve */
    uint64_t wanted_count;            /* connections that should */
    uint64_t losses[TG_REASON_COUNT]; /* connections that ended or could not be made */
    uint64_t batch_count;             /* transactions with operations that were committed */
    uint64_t change_count;            /* operations in them */
    uint64_t conflict_count; /* operations run again after 40001 or 40P01: a deadlock or the like */
    uint64_t overtaken_count; /* operations run again: somebody else had changed the same row */
    uint64_t doubt_count;     /* operations whose connection was lost in the commit */
    bool is_synchronous;      /* every database names a synchronous standby; seen with each write */
    uint64_t waits[TG_STORE_WAIT_COUNT + 1u]; /* of transactions for the end of their commit */
    uint64_t wait_sum_us;
    struct tg_fault trouble; /* why it cannot be used; "": it can */
};

struct tg_store;

/* Of the store, or of all that it consists of. False: it is in no database, and *out is zero. */
bool tg_store_database(struct tg_store *store, struct tg_store_database *out);

#endif
