/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem_owner.h - how many bytes the blocks of base/mem take, in the whole process and for each
 * owner.
 * Layer: L0.      Threads: any; an owner is made, entered and freed on one thread, its home.
 * Blocks: no.
 *
 * An owner is what holds memory on behalf of somebody: a connection. While a thread has entered an
 * owner, each block that it allocates belongs to that owner until it is freed, by any thread. So
 * what libraries allocate for a connection is counted without a wrapper for each library. What
 * outlives the connection is allocated after tg_mem_enter(NULL).
 */
#ifndef TG_BASE_MEM_OWNER_H
#define TG_BASE_MEM_OWNER_H

#include <stdbool.h>
#include <stddef.h>

struct tg_mem_owner;

/* NULL: no memory. The owner itself belongs to no owner. */
struct tg_mem_owner *tg_mem_owner_new(void);
/* Frees *o, which must not be entered, and sets it to NULL. False, and *o is unchanged: some of its
   blocks are not yet freed; try again later. Accepts NULL and *o == NULL. */
bool tg_mem_owner_free(struct tg_mem_owner **o);
/* Bytes of its blocks, with what the allocator adds to each. */
size_t tg_mem_owner_held(const struct tg_mem_owner *o);

/* The blocks that this thread allocates from now on belong to o; NULL: to no owner. Returns the
   owner before, to be entered again at the end. */
struct tg_mem_owner *tg_mem_enter(struct tg_mem_owner *o);
/* The same for records that are kept in memory instead of on a disk. They have limits of their own,
   so tg_mem_used does not count them. */
struct tg_mem_owner *tg_mem_enter_records(void);
/* Bytes of all blocks of records. */
size_t tg_mem_records_held(void);
/* The same with the owner of block, which base/mem allocated. Also on a thread that is not the
   owner's home. */
struct tg_mem_owner *tg_mem_enter_of(const void *block);

/* Bytes of all blocks of the process but records. What other threads changed last, up to
   TG_MEM_BATCH bytes each, may be missing. */
size_t tg_mem_used(void);
#define TG_MEM_BATCH 32768
/* Adds what this thread changed last to the sum that all threads see. For a thread that is about to
   wait or to end. */
void tg_mem_publish(void);

/* From now on no buffer grows while more than max bytes would be used: tg_mem_grow returns NULL.
   Small blocks (up to TG_MEM_SMALL bytes) are still allocated, so that a refusal can be sent.
   SIZE_MAX: no limit, as at the start. */
void tg_mem_set_max(size_t max);
/* Whether a buffer may grow to `bytes`; for libraries whose memory is limited too. */
bool tg_mem_has_room(size_t bytes);
#define TG_MEM_SMALL 2048u

#endif
