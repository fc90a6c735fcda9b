/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *tg_mem_calloc(size_t count, size_t size)
{
    size_t total = 0;

    return __builtin_mul_overflow(count, size, &total) ? NULL : calloc(count, size);
}

void *tg_mem_alloc(size_t size)
{
    return malloc(size);
}

void tg_mem_free_wiped(void *ptr)
{
    if (ptr != NULL) {
        tg_mem_wipe(ptr, malloc_usable_size(ptr));
        free(ptr);
    }
}

void *tg_mem_realloc_wiped(void *ptr, size_t size)
{
    return tg_mem_grow(ptr, ptr == NULL ? 0 : malloc_usable_size(ptr), size);
}

void *tg_mem_grow(void *old, size_t old_size, size_t new_size)
{
    /* Not realloc: it may leave a copy of a secret behind in the block it moved away from. */
    unsigned char *block = malloc(new_size);
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

void tg_mem_free(void *ptr)
{
    free(ptr);
}

void tg_mem_free_secret(void *ptr, size_t size)
{
    if (ptr != NULL) {
        tg_mem_wipe(ptr, size);
        free(ptr);
    }
}

void tg_mem_wipe(void *ptr, size_t size)
{
    if (size > 0) {
        explicit_bzero(ptr, size);
    }
}
