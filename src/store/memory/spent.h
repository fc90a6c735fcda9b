/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/memory/spent.h - the memory store's spent keys and their series.
 * Layer: L2 (base), for src/store alone.   Threads: under the store's lock.   Blocks: no.
 */
#ifndef TG_STORE_MEMORY_SPENT_H
#define TG_STORE_MEMORY_SPENT_H

#include "store/store_port.h"

struct tg_memory_series;
struct tg_memory_spent_key;

/* All zero is empty. */
struct tg_memory_spent {
    struct tg_memory_series *series; /* owned; in the order in which they were opened */
    size_t series_count;
    size_t series_cap;
    struct tg_memory_spent_key *places; /* owned; open addressing, place_count is a power of two */
    size_t place_count;
    size_t count;
};

void tg_memory_spent_deinit(struct tg_memory_spent *set);
/* Run an operation of the kind TG_STORE_SERIES, TG_STORE_SPEND. */
void tg_memory_spent_series(struct tg_memory_spent *set, struct tg_store_op *op);
void tg_memory_spent_spend(struct tg_memory_spent *set, const struct tg_store_limits *limits,
                           struct tg_store_op *op);
/* Closes the series that end until now_s; whether there was one. Removes up to max_count keys of
   closed ones. */
bool tg_memory_spent_sweep(struct tg_memory_spent *set, int64_t now_s, size_t max_count,
                           size_t *removed_count);
/* As a survey does. */
bool tg_memory_spent_show(const struct tg_memory_spent *set, tg_store_see_fn *see, void *ctx);

#endif
