/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/heap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define SLOTS (1u << 17)

/* The ones of glibc, under their other names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *ptr);

/* Blocks that count, by address: open addressing, a removed one leaves a tombstone. */
static struct slot {
    void *ptr;
    size_t size;
    struct heap_account *account;
} slots[SLOTS];
static char removed; /* its address marks a tombstone */
static _Thread_local struct heap_account *current;

void heap_enter(struct heap_account *account)
{
    current = account;
}

static struct slot *slot_of(const void *ptr, bool is_new)
{
    size_t at = ((uintptr_t)ptr >> 4) * UINT64_C(0x9e3779b97f4a7c15) % SLOTS;

    for (size_t i = 0; i < SLOTS; i++, at = (at + 1) % SLOTS) {
        if (slots[at].ptr == (is_new ? NULL : ptr) || (is_new && slots[at].ptr == &removed)) {
            return &slots[at];
        }
        if (slots[at].ptr == NULL) {
            return NULL;
        }
    }
    abort(); /* too many blocks for this test */
}

static bool is_failing(void)
{
    return current != NULL && ++current->count == current->fail_at;
}

static void *counted(void *ptr, size_t size)
{
    struct heap_account *a = current;

    if (a != NULL && ptr != NULL) {
        *slot_of(ptr, true) = (struct slot){ ptr, size, a };
        a->live += size;
        a->live_count++;
        a->peak = a->live > a->peak ? a->live : a->peak;
    }
    return ptr;
}

/* Accounts live in the test, so no other thread has blocks that count. */
static void uncount(void *ptr)
{
    struct slot *slot = ptr == NULL ? NULL : slot_of(ptr, false);

    if (slot != NULL) {
        slot->account->live -= slot->size;
        slot->account->live_count--;
        *slot = (struct slot){ .ptr = &removed };
    }
}

EXPORTED void *malloc(size_t size)
{
    return is_failing() ? NULL : counted(__libc_malloc(size), size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return is_failing() ? NULL : counted(__libc_calloc(count, size), count * size);
}

EXPORTED void *realloc(void *ptr, size_t size)
{
    struct slot *slot = ptr == NULL ? NULL : slot_of(ptr, false);
    struct heap_account *before = current;
    void *moved = NULL;

    if (is_failing()) {
        return NULL;
    }
    /* Both blocks may exist for a moment. */
    moved = counted(__libc_malloc(size), size);
    if (moved == NULL || ptr == NULL) {
        return moved;
    }
    if (slot != NULL) {
        memcpy(moved, ptr, slot->size < size ? slot->size : size);
        free(ptr);
        return moved;
    }
    current = NULL;
    uncount(moved);
    __libc_free(moved);
    current = before;
    return __libc_realloc(ptr, size);
}

EXPORTED void free(void *ptr)
{
    uncount(ptr);
    __libc_free(ptr);
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *made = is_failing() ? NULL : counted(__libc_memalign(alignment, size), size);

    if (made == NULL) {
        return ENOMEM;
    }
    *out = made;
    return 0;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return is_failing() ? NULL : counted(__libc_memalign(alignment, size), size);
}
