/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/memory/outbox.h - the memory store's outbox: a list in no order, looked through from end to
 * end, for tests and simulation.
 * Layer: L2 (base), for src/store alone.   Threads: under the store's lock.   Blocks: no.
 */
#ifndef TG_STORE_MEMORY_OUTBOX_H
#define TG_STORE_MEMORY_OUTBOX_H

#include "store/store_port.h"

struct tg_memory_entry;

/* All zero is empty. */
struct tg_memory_outbox {
    struct tg_memory_entry *entries;
    size_t count;
    size_t cap;
    uint64_t generation; /* of the latest lease */
};

void tg_memory_outbox_deinit(struct tg_memory_outbox *o);
/* Does what note asks for, or nothing if there is no room. */
void tg_memory_outbox_note(struct tg_memory_outbox *o, const struct tg_store_limits *limits,
                           const struct tg_outbox_note *note);
/* Fills op->of.lease. TG_E_FULL: no memory, nothing is leased. */
TG_NODISCARD enum tg_err tg_memory_outbox_lease(struct tg_memory_outbox *o, struct tg_store_op *op);
void tg_memory_outbox_settle(struct tg_memory_outbox *o, const struct tg_store_op *op);
/* As a survey does. */
void tg_memory_outbox_show(const struct tg_memory_outbox *o, tg_store_see_fn *see, void *ctx);
/* Removes up to max_count entries that have expired and are not leased; how many. */
size_t tg_memory_outbox_sweep(struct tg_memory_outbox *o, int64_t now_s, size_t max_count);

#endif
