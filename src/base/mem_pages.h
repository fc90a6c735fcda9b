/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem_pages.h - a large buffer of which mostly only the start is used.
 * Layer: L0.      Threads: one at a time.      Blocks: no.
 *
 * A page of it takes memory from its first use on. Only what is used counts for the owner
 * (base/mem_owner.h), in whole pages, and what is no longer used goes back to the system, without
 * its content. A block of base/mem of the same size would count as a whole for as long as it lives.
 */
#ifndef TG_BASE_MEM_PAGES_H
#define TG_BASE_MEM_PAGES_H

#include "base/mem_owner.h"

#include <stdint.h>

/* All zero: there is none. */
struct tg_mem_pages {
    uint8_t *ptr;
    size_t size;    /* bytes */
    size_t counted; /* bytes, from the start */
    struct tg_mem_owner *owner;
};

/* size bytes, all zero, of which the first page counts. NULL: no memory; p is unchanged. */
void *tg_mem_pages_new(struct tg_mem_pages *p, size_t size);
/* The first len bytes are in use. More than there are counts as all. */
void tg_mem_pages_use(struct tg_mem_pages *p, size_t len);
/* Nothing is in use: all but the first page is given back, and is zero when it is used again. */
void tg_mem_pages_rest(struct tg_mem_pages *p);
/* Does nothing if there is none. */
void tg_mem_pages_free(struct tg_mem_pages *p);

#endif
