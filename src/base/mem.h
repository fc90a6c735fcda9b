/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem.h - the only allocator of the program.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_MEM_H
#define TG_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Where the blocks come from. All NULL: from the C library. */
struct tg_mem_hooks {
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *ptr);
    void *ctx;
};

/* For the whole process, or for the copy of this layer in a shared library. false: unchanged,
   because blocks exist that another allocator made. */
bool tg_mem_set_hooks(const struct tg_mem_hooks *hooks);
/* All NULL: the C library. */
const struct tg_mem_hooks *tg_mem_hooks(void);

/* Zeroed memory for count items of size bytes, or NULL: no memory, or count * size overflows. */
void *tg_mem_calloc(size_t count, size_t size);

/* size bytes, not initialised, or NULL. For libraries that take memory functions. */
void *tg_mem_alloc(size_t size);
/* Wipes the whole block, whose size the allocator knows, then frees it. Accepts NULL. For the same
   libraries. */
void tg_mem_free_wiped(void *ptr);
/* As realloc for a block of tg_mem_alloc; the old block is wiped. NULL: no memory. For the same
   libraries. */
void *tg_mem_realloc_wiped(void *ptr, size_t size);

/*
 * A block of new_size bytes with the first old_size bytes of *old* in it; the rest is zero. The old
 * block is wiped and freed. NULL: no memory, and the old block is untouched. old may be NULL.
 */
void *tg_mem_grow(void *old, size_t old_size, size_t new_size);

/* Accepts NULL. */
void tg_mem_free(void *ptr);

/* Wipes size bytes, then frees. Accepts NULL. */
void tg_mem_free_secret(void *ptr, size_t size);

/*
 * For a program that owns its process: bounds what the C library's allocator keeps of freed memory.
 *   arena_count   heaps; a thread that allocates often should have one of its own
 * Call it before the second thread starts. A library never does.
 */
void tg_mem_own_process(size_t arena_count);
/* Returns whole pages of freed memory to the system. It takes milliseconds. Any thread. */
void tg_mem_trim(void);

/* Overwrites memory with zeros; the compiler cannot remove it. */
void tg_mem_wipe(void *ptr, size_t size);

/* Clears the processor's vector registers. The copy and compare functions of the C library leave
   their last bytes in them, and a core image would contain those bytes. For a thread that is about
   to wait. Does nothing on processors other than x86-64. */
void tg_mem_wipe_registers(void);

/* Wipes 16 KiB of the stack below the caller: what deeper calls have left there. The first call of
   a function in a shared library saves the vector registers on the stack, with the data that they
   hold. For a thread that is about to wait. */
void tg_mem_wipe_stack(void);

#endif
