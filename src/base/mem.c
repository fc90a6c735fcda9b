/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifdef __APPLE__
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#else
#include <malloc.h>
#endif

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
    /* Not realloc: it may leave a copy of a secret in the old block. */
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
