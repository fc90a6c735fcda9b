/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem_owner.h"

#include "base/mem_count.h"

#include <stdint.h>

/* What one thread counts. It adds to the sum of the process in batches, so that threads do not
   write the same cache line at each allocation. */
struct tg_mem_thread {
    ptrdiff_t pending; /* not yet in process_used */
    struct tg_mem_owner *current;
};

/* The allocator is one per process, and so are its counts. */
static _Thread_local struct tg_mem_thread mine;
static atomic_ptrdiff_t process_used;
static atomic_size_t process_max = SIZE_MAX;
static struct tg_mem_owner records; /* without a home: all threads count with locked instructions */

void tg_mem_publish(void)
{
    if (mine.pending != 0) {
        (void)atomic_fetch_add_explicit(&process_used, mine.pending, memory_order_relaxed);
        mine.pending = 0;
    }
}

static void count_process(ptrdiff_t bytes)
{
    mine.pending += bytes;
    if (mine.pending >= TG_MEM_BATCH || mine.pending <= -TG_MEM_BATCH) {
        tg_mem_publish();
    }
}

static void count_owner(struct tg_mem_owner *o, ptrdiff_t bytes)
{
    if (o->home == &mine) {
        ptrdiff_t now = atomic_load_explicit(&o->home_bytes, memory_order_relaxed);

        atomic_store_explicit(&o->home_bytes, now + bytes, memory_order_relaxed);
    } else {
        /* Released: after the last block is freed the home frees the owner. */
        (void)atomic_fetch_add_explicit(&o->other_bytes, bytes, memory_order_release);
    }
}

void tg_mem_count_owner(struct tg_mem_owner *o)
{
    o->home = &mine;
}

static void count(struct tg_mem_owner *o, ptrdiff_t bytes)
{
    if (o != NULL) {
        count_owner(o, bytes);
    }
    if (o != &records) {
        count_process(bytes);
    }
}

struct tg_mem_owner *tg_mem_count_new(size_t bytes)
{
    count(mine.current, (ptrdiff_t)bytes);
    return mine.current;
}

void tg_mem_count_freed(struct tg_mem_owner *o, size_t bytes)
{
    count(o, -(ptrdiff_t)bytes);
}

bool tg_mem_has_room(size_t bytes)
{
    size_t max = atomic_load_explicit(&process_max, memory_order_relaxed);
    size_t used = tg_mem_used();

    return bytes <= TG_MEM_SMALL || (used <= max && bytes <= max - used);
}

size_t tg_mem_owner_held(const struct tg_mem_owner *o)
{
    ptrdiff_t held = atomic_load_explicit(&o->home_bytes, memory_order_relaxed) +
                     atomic_load_explicit(&o->other_bytes, memory_order_acquire);

    return held > 0 ? (size_t)held : 0;
}

struct tg_mem_owner *tg_mem_enter(struct tg_mem_owner *o)
{
    struct tg_mem_owner *before = mine.current;

    mine.current = o;
    return before;
}

struct tg_mem_owner *tg_mem_enter_records(void)
{
    return tg_mem_enter(&records);
}

size_t tg_mem_records_held(void)
{
    return tg_mem_owner_held(&records);
}

size_t tg_mem_used(void)
{
    ptrdiff_t used = atomic_load_explicit(&process_used, memory_order_relaxed) + mine.pending;

    return used > 0 ? (size_t)used : 0;
}

void tg_mem_set_max(size_t max)
{
    atomic_store_explicit(&process_max, max, memory_order_relaxed);
}
