/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/memory/fact.h - the facts of the store in memory.
 * Layer: L2 (base), for src/store alone.   Threads: one at a time.   Blocks: no.
 */
#ifndef TG_STORE_MEMORY_FACT_H
#define TG_STORE_MEMORY_FACT_H

#include "store/store_port.h"

/* facts: TG_FACT_COUNT items; all zero is ready. Runs an operation of the kind TG_STORE_FACT. */
TG_NODISCARD enum tg_err tg_memory_fact_change(struct tg_store_fact_copy *facts,
                                               const struct tg_store_op *op);
/* Raises TG_FACT_TIME_MARK to mark_s. */
void tg_memory_mark_raise(struct tg_store_fact_copy *facts, int64_t mark_s);
/* As a survey does. False: see() ended it. */
bool tg_memory_facts_show(const struct tg_store_fact_copy *facts, tg_store_see_fn *see, void *ctx);

#endif
