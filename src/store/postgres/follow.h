/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/follow.h - the records that somebody at a port waits for, and the tag of each as
 * the port has last read it. A record whose tag is another one was changed.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: the port's.   Blocks: no.
 * Secrets: none; keys are keyed hashes.
 */
#ifndef TG_STORE_POSTGRES_FOLLOW_H
#define TG_STORE_POSTGRES_FOLLOW_H

#include "store/postgres/hints.h"
#include "store/store.h"

struct tg_pg_followed;

/* All zero is empty. */
struct tg_pg_follow {
    struct tg_pg_followed **buckets; /* owned; NULL until the first add */
    size_t bucket_count;             /* 0 or a power of two */
    size_t count;                    /* keys */
    struct tg_pg_followed *first;    /* of all, in the order in which they were added */
    struct tg_pg_followed *last;
    struct tg_pg_followed *place; /* where the round goes on; NULL: it is over */
    uint64_t look_number;         /* counts the calls of next */
};

/* The tag of a record; a record that does not exist has none. */
struct tg_pg_tag {
    bool is_there;
    int64_t value;
};

/* Counted: as many removes as adds. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_pg_follow_add(struct tg_pg_follow *f, const struct tg_store_key *key);
void tg_pg_follow_remove(struct tg_pg_follow *f, const struct tg_store_key *key);
/* Frees everything. */
void tg_pg_follow_deinit(struct tg_pg_follow *f);

/* Somebody has read the record. Returns whether it was changed since it was read before: others may
   wait who have not seen it. */
bool tg_pg_follow_read(struct tg_pg_follow *f, const struct tg_store_key *key,
                       struct tg_pg_tag tag);
/* A look at a record that exists: returns whether it was changed since it was read last. */
bool tg_pg_follow_look(struct tg_pg_follow *f, const struct tg_store_key *key, int64_t tag);
/* A key of the last tg_pg_follow_next: the same, if no look has found its record. */
bool tg_pg_follow_missed(struct tg_pg_follow *f, const struct tg_store_key *key);
/* The next followed key that begins with a hint, after *at, which is NULL at first; NULL: no more.
   Its waiters are about to read it, and until then no look compares it. */
const struct tg_store_key *tg_pg_follow_hint(struct tg_pg_follow *f, const uint8_t *hint,
                                             struct tg_pg_followed **at);

/* A round looks at every key once; keys that are added meanwhile may be part of it. */
void tg_pg_follow_begin(struct tg_pg_follow *f);
/* Copies the next keys of the round, at most max. 0: the round is over. */
size_t tg_pg_follow_next(struct tg_pg_follow *f, struct tg_store_key *keys, size_t max);

#endif
