/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/lease.h - the leases of outbox entries.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: no.
 *
 * They are in memory: only one process has the environment open, so every lease ends with it. What
 * a transaction does to them is an outcome beside them, which is taken over after its commit. A
 * transaction that is repeated begins with the same leases and an empty outcome.
 */
#ifndef TG_STORE_LMDB_LEASE_H
#define TG_STORE_LMDB_LEASE_H

#include "store/store_port.h"

struct tg_lmdb_lease {
    struct tg_store_key key;
    uint64_t generation; /* 0: a free place */
    int64_t until_s;
    uint64_t born; /* the entry's, when it was leased */
    uint64_t noted;
};

#define TG_LMDB_ENDED_MAX 256u /* leases that one transaction ends */

struct tg_lmdb_lease_end {
    struct tg_store_key key;
    uint64_t generation;
};

/* What the transaction that is open does to the leases. */
struct tg_lmdb_lease_outcome {
    struct tg_lmdb_lease given[TG_OUTBOX_LEASE_MAX];
    size_t given_count;
    struct tg_lmdb_lease_end ended[TG_LMDB_ENDED_MAX];
    size_t ended_count;
    struct tg_lmdb_lease *room; /* owned; larger places for the taking over, or NULL */
    size_t room_count;
    int64_t room_now_s; /* leases that ended before are not moved there */
};

/* All zero is empty. */
struct tg_lmdb_leases {
    struct tg_lmdb_lease *places; /* open addressing; place_count is 0 or a power of two */
    size_t place_count;
    size_t count;
    uint64_t generation; /* the latest */
    struct tg_lmdb_lease_outcome outcome;
};

void tg_lmdb_leases_deinit(struct tg_lmdb_leases *set);

/* A transaction begins: its outcome is empty. */
void tg_lmdb_leases_begin(struct tg_lmdb_leases *set);
/* The lease that an earlier transaction gave and this one did not end; NULL: there is none. */
const struct tg_lmdb_lease *tg_lmdb_lease_find(const struct tg_lmdb_leases *set,
                                               const struct tg_store_key *key);
/* Will replace an older lease of its key. Sets lease->generation. At most TG_OUTBOX_LEASE_MAX in a
   transaction. Leases that ended before now_s may be removed to make room. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_lmdb_lease_give(struct tg_lmdb_leases *set, struct tg_lmdb_lease *lease,
                                            int64_t now_s);
/* None of those that this transaction gives is given. */
void tg_lmdb_lease_give_none(struct tg_lmdb_leases *set);
/* Ends a lease that was found. At most TG_LMDB_ENDED_MAX in a transaction. */
void tg_lmdb_lease_end(struct tg_lmdb_leases *set, const struct tg_lmdb_lease *lease);
/* The transaction is committed: takes its outcome over. */
void tg_lmdb_leases_take(struct tg_lmdb_leases *set);

#endif
