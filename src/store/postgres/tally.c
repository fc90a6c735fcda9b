/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/tally.h"

#include "base/bytes.h"

static const uint64_t bounds_ms[] = { TG_STORE_WAIT_BOUNDS_MS };
_Static_assert(TG_COUNT(bounds_ms) == TG_STORE_WAIT_COUNT, "a bound for each bucket");

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void tg_pg_tally_wait(struct tg_pg_tally *t, uint64_t wait_us)
{
    size_t bucket = 0;

    while (bucket < TG_STORE_WAIT_COUNT && wait_us > bounds_ms[bucket] * 1000) {
        bucket++;
    }
    atomic_fetch_add_explicit(&t->waits[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->wait_sum_us, wait_us, memory_order_relaxed);
}

void tg_pg_tally_read(struct tg_store_database *out, const struct tg_pg_tally *t)
{
    *out = (struct tg_store_database){
        .up_count = load(&t->counts[TG_PG_COUNT_UP]),
        .wanted_count = load(&t->counts[TG_PG_COUNT_WANTED]),
        .batch_count = load(&t->counts[TG_PG_COUNT_BATCHES]),
        .change_count = load(&t->counts[TG_PG_COUNT_CHANGES]),
        .conflict_count = load(&t->counts[TG_PG_COUNT_CONFLICTS]),
        .overtaken_count = load(&t->counts[TG_PG_COUNT_OVERTAKEN]),
        .doubt_count = load(&t->counts[TG_PG_COUNT_DOUBTS]),
        .is_synchronous = atomic_load_explicit(&t->is_synchronous, memory_order_relaxed),
        .wait_sum_us = load(&t->wait_sum_us),
    };
    for (size_t i = 0; i < TG_REASON_COUNT; i++) {
        out->losses[i] = load(&t->losses[i]);
    }
    for (size_t i = 0; i < TG_COUNT(out->waits); i++) {
        out->waits[i] = load(&t->waits[i]);
    }
}
