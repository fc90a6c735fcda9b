/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/lease.h - the leases of outbox entries.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: no.
 *
 * They are in memory: only one process has the environment open, so every lease ends with it.
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
    uint64_t settled_in; /* the last transaction that settled it, committed or not */
};

/* All zero is empty. */
struct tg_lmdb_leases {
    struct tg_lmdb_lease *places; /* open addressing; place_count is 0 or a power of two */
    size_t place_count;
    size_t count;
    uint64_t generation; /* the latest */
};

void tg_lmdb_leases_deinit(struct tg_lmdb_leases *set);
/* NULL: there is none. Valid until the next add or drop. */
struct tg_lmdb_lease *tg_lmdb_lease_find(const struct tg_lmdb_leases *set,
                                         const struct tg_store_key *key);
/* Replaces an older lease of its key and sets lease->generation. Leases that ended before now_s may
   be removed to make room. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_lmdb_lease_add(struct tg_lmdb_leases *set, struct tg_lmdb_lease *lease,
                                           int64_t now_s);
/* Does nothing if the key has another lease now. */
void tg_lmdb_lease_drop(struct tg_lmdb_leases *set, const struct tg_store_key *key,
                        uint64_t generation);

#endif
