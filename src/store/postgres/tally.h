/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/tally.h - what is counted of a database, for struct tg_store_database.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: any.   Blocks: no.
 */
#ifndef TG_STORE_POSTGRES_TALLY_H
#define TG_STORE_POSTGRES_TALLY_H

#include "store/database.h"

#include <stdatomic.h>

enum tg_pg_count {
    TG_PG_COUNT_WANTED, /* these two also decrease */
    TG_PG_COUNT_UP,
    TG_PG_COUNT_BATCHES,
    TG_PG_COUNT_CHANGES,
    TG_PG_COUNT_CONFLICTS,
    TG_PG_COUNT_OVERTAKEN,
    TG_PG_COUNT_DOUBTS,
    TG_PG_COUNT_COUNT
};

/* All zero is ready. */
struct tg_pg_tally {
    _Atomic uint64_t counts[TG_PG_COUNT_COUNT];
    _Atomic uint64_t losses[TG_REASON_COUNT];
    _Atomic uint64_t waits[TG_STORE_WAIT_COUNT + 1u];
    _Atomic uint64_t wait_sum_us;
    _Atomic uint64_t acknowledged_ms; /* when a write was, last, or a port was attached; 0: never */
    atomic_bool is_synchronous;
};

static inline void tg_pg_tally_add(struct tg_pg_tally *t, enum tg_pg_count count, uint64_t n)
{
    atomic_fetch_add_explicit(&t->counts[count], n, memory_order_relaxed);
}

static inline void tg_pg_tally_remove(struct tg_pg_tally *t, enum tg_pg_count count)
{
    atomic_fetch_sub_explicit(&t->counts[count], 1, memory_order_relaxed);
}

/* A transaction with a write ended, or was given up, so long after its commit was asked for. */
void tg_pg_tally_wait(struct tg_pg_tally *t, uint64_t wait_us);
/* All but trouble. */
void tg_pg_tally_read(struct tg_store_database *out, const struct tg_pg_tally *t);

#endif
