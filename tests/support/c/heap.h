/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a test program, seen from inside: the functions of heap.c stand before the allocator
 * of libc for every library of the process. While an account is set, each block counts for it until
 * it is freed. For one thread. Not with a sanitizer, which has an allocator of its own.
 */
#ifndef TESTS_SUPPORT_C_HEAP_H
#define TESTS_SUPPORT_C_HEAP_H

#include <stddef.h>

struct heap_account {
    size_t live; /* bytes */
    size_t peak;
    size_t count;      /* allocations */
    size_t live_count; /* blocks */
    size_t fail_at;    /* the allocation with this number fails; 0: none */
};

/* From now on blocks count for account; NULL: for nobody. */
void heap_enter(struct heap_account *account);

#endif
