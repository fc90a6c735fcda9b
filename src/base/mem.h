/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem.h - the only door to the heap.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_MEM_H
#define TG_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory for count items of size bytes, or NULL: none left, or count * size overflows. */
void *tg_mem_calloc(size_t count, size_t size);

/* size bytes, not initialised, or NULL. For libraries that take memory functions. */
void *tg_mem_alloc(size_t size);
/* Wipes the whole block, however long it is, then frees. Accepts NULL. For the same. */
void tg_mem_free_wiped(void *ptr);
/* As realloc for a block of tg_mem_alloc; the old block is wiped. NULL: none left. For the same. */
void *tg_mem_realloc_wiped(void *ptr, size_t size);

/*
 * A block of new_size bytes with the first old_size bytes of *old* in it; the rest is zero. The old
 * block is wiped and freed. NULL: none left, and the old block is untouched. old may be NULL.
 */
void *tg_mem_grow(void *old, size_t old_size, size_t new_size);

/* Accepts NULL. */
void tg_mem_free(void *ptr);

/* Wipes size bytes, then frees. Accepts NULL. */
void tg_mem_free_secret(void *ptr, size_t size);

/* Overwrites memory in a way the compiler must keep. */
void tg_mem_wipe(void *ptr, size_t size);

/* Empties the processor's vector registers, where the C library's copying and comparing leaves the
   last bytes it handled, and from where they would get into a core image. For a thread that is
   about to wait. Does nothing on processors other than x86-64. */
void tg_mem_wipe_registers(void);

#endif
