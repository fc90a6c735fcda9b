/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem_count.h - the counts behind base/mem_owner.h; private to base/mem.c.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_MEM_COUNT_H
#define TG_BASE_MEM_COUNT_H

#include "base/mem_owner.h"

#include <stdatomic.h>

struct tg_mem_thread;

struct tg_mem_owner {
    const struct tg_mem_thread *home; /* the thread that made it */
    /* Bytes that the home allocated and freed. Only it writes them, without a locked instruction.
     */
    atomic_ptrdiff_t home_bytes;
    atomic_ptrdiff_t other_bytes; /* the same of other threads */
};

/* Makes this thread the home of o. */
void tg_mem_count_owner(struct tg_mem_owner *o);
/* Counts a new block of this thread. Returns its owner, or NULL. */
struct tg_mem_owner *tg_mem_count_new(size_t bytes);
/* Counts that a block is freed. */
void tg_mem_count_freed(struct tg_mem_owner *o, size_t bytes);

#endif
