/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "base/mem_count.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* In front of each block. */
struct head {
    _Alignas(max_align_t) struct tg_mem_owner *owner;
    size_t size; /* as asked for */
};

/* One per process, as the allocator of the C library is. */
static struct tg_mem_hooks hooks;

bool tg_mem_set_hooks(const struct tg_mem_hooks *wanted)
{
    if (wanted->alloc == hooks.alloc && wanted->free == hooks.free && wanted->ctx == hooks.ctx) {
        return true;
    }
    if (tg_mem_used() > 0) {
        return false;
    }
    hooks = *wanted;
    return true;
}

const struct tg_mem_hooks *tg_mem_hooks(void)
{
    return &hooks;
}

static void *raw_alloc(size_t size)
{
    return hooks.alloc == NULL ? malloc(size) : hooks.alloc(hooks.ctx, size);
}

static void *raw_calloc(size_t size)
{
    void *block = hooks.alloc == NULL ? calloc(1, size) : hooks.alloc(hooks.ctx, size);

    return block == NULL || hooks.alloc == NULL ? block : memset(block, 0, size);
}

static void raw_free(void *block)
{
    if (hooks.alloc == NULL) {
        free(block);
    } else {
        hooks.free(hooks.ctx, block);
    }
}

static struct head *head_of(void *block)
{
    return (struct head *)block - 1;
}

/* What a block takes: the C library puts a word before it and rounds up to two words. */
static size_t footprint(size_t size)
{
    const size_t unit = 2 * sizeof(size_t);

    return (size + sizeof(struct head) + sizeof(size_t) + unit - 1) / unit * unit;
}

static void *begun(struct head *head, size_t size)
{
    if (head == NULL) {
        return NULL;
    }
    head->size = size;
    head->owner = tg_mem_count_new(footprint(size));
    return head + 1;
}

static bool is_too_large(size_t size)
{
    return size > SIZE_MAX / 2;
}

void *tg_mem_calloc(size_t count, size_t size)
{
    size_t total = 0;

    if (__builtin_mul_overflow(count, size, &total) || is_too_large(total)) {
        return NULL;
    }
    return begun(raw_calloc(sizeof(struct head) + total), total);
}

void *tg_mem_alloc(size_t size)
{
    return is_too_large(size) ? NULL : begun(raw_alloc(sizeof(struct head) + size), size);
}

void tg_mem_free(void *ptr)
{
    if (ptr != NULL) {
        struct head *head = head_of(ptr);

        tg_mem_count_freed(head->owner, footprint(head->size));
        raw_free(head);
    }
}

void tg_mem_free_wiped(void *ptr)
{
    if (ptr != NULL) {
        tg_mem_free_secret(ptr, head_of(ptr)->size);
    }
}

void *tg_mem_realloc_wiped(void *ptr, size_t size)
{
    size_t old_size = ptr == NULL ? 0 : head_of(ptr)->size;
    size_t kept = old_size < size ? old_size : size;
    /* Not realloc: it may leave a copy of a secret in the old block. */
    void *block = tg_mem_alloc(size);

    if (block != NULL) {
        if (kept > 0) {
            memcpy(block, ptr, kept);
        }
        tg_mem_free_wiped(ptr);
    }
    return block;
}

void *tg_mem_grow(void *old, size_t old_size, size_t new_size)
{
    unsigned char *block = tg_mem_has_room(new_size) ? tg_mem_alloc(new_size) : NULL;
    size_t kept = old_size < new_size ? old_size : new_size;

    if (block == NULL) {
        return NULL;
    }
    if (kept > 0) {
        memcpy(block, old, kept);
    }
    memset(block + kept, 0, new_size - kept);
    tg_mem_free_secret(old, old_size);
    return block;
}

void tg_mem_free_secret(void *ptr, size_t size)
{
    tg_mem_wipe(ptr, ptr == NULL ? 0 : size);
    tg_mem_free(ptr);
}

struct tg_mem_owner *tg_mem_owner_new(void)
{
    struct tg_mem_owner *before = tg_mem_enter(NULL);
    struct tg_mem_owner *o = tg_mem_calloc(1, sizeof(*o));

    (void)tg_mem_enter(before);
    if (o != NULL) {
        tg_mem_count_owner(o);
    }
    return o;
}

bool tg_mem_owner_free(struct tg_mem_owner **o)
{
    if (o == NULL || *o == NULL) {
        return true;
    }
    if (tg_mem_owner_held(*o) > 0) {
        return false;
    }
    tg_mem_free(*o);
    *o = NULL;
    return true;
}

struct tg_mem_owner *tg_mem_enter_of(const void *block)
{
    return tg_mem_enter(((const struct head *)block - 1)->owner);
}

#ifdef __GLIBC__
/* What a large body needs comes from pages that the body before it used: new ones cost more than
   all the work on it. Larger blocks go back to the system when they are freed. */
#define MMAP_FROM (2 * 1024 * 1024)
#define TRIM_FROM (4 * 1024 * 1024) /* so much is kept at the end of a heap */

void tg_mem_own_process(size_t arena_count)
{
    (void)mallopt(M_ARENA_MAX, (int)arena_count);
    /* Set, these no longer grow with the largest block that was freed. */
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_FROM);
}

void tg_mem_trim(void)
{
    (void)malloc_trim(0);
}
#else
void tg_mem_own_process(size_t arena_count)
{
    (void)arena_count;
}

void tg_mem_trim(void)
{
}
#endif

void tg_mem_wipe(void *ptr, size_t size)
{
    /* Not explicit_bzero, which Android and iOS do not have. The compiler must assume that the
       empty statement reads what ptr points to, so it keeps the zeros. */
    if (size > 0) {
        memset(ptr, 0, size);
        __asm__ volatile("" : : "r"(ptr) : "memory");
    }
}

#if defined(__x86_64__)
#define CLEAR(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
#define SSE_AND_AVX                                                                                \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void tg_mem_wipe_registers(void)
{
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::: SSE_AND_AVX);
    }
    /* The upper sixteen, which only the C library uses. */
    if (__builtin_cpu_supports("avx512f")) {
        __asm__ volatile(CLEAR(16) CLEAR(17) CLEAR(18) CLEAR(19) CLEAR(20) CLEAR(21) CLEAR(22)
                             CLEAR(23) CLEAR(24) CLEAR(25) CLEAR(26) CLEAR(27) CLEAR(28) CLEAR(29)
                                 CLEAR(30) CLEAR(31)::);
    }
}
#else
void tg_mem_wipe_registers(void)
{
}
#endif

#define STACK_STEP 2048u
#define STACK_STEPS 8u

/* Each level has its own part of the stack, because a part is wiped after the call of the next. */
static __attribute__((noinline)) void wipe_stack(unsigned steps)
{
    unsigned char part[STACK_STEP];

    if (steps > 1) {
        wipe_stack(steps - 1);
    }
    tg_mem_wipe(part, sizeof(part));
}

void tg_mem_wipe_stack(void)
{
    wipe_stack(STACK_STEPS);
}
