/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"
#include "support/c/fail_at.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

FAIL_WRAP_MALLOC()

void __real_free(void *ptr);
void __wrap_free(void *ptr);

static unsigned char *watched; /* the block whose first bytes are read when it is freed */
static unsigned char seen[8];

void __wrap_free(void *ptr)
{
    /* The allocator keeps its own words in front of the block. */
    if (ptr != NULL && watched != NULL && (size_t)(watched - (unsigned char *)ptr) <= 64) {
        memcpy(seen, watched, sizeof(seen));
    }
    __real_free(ptr);
}

static unsigned char *secret_block(size_t size)
{
    unsigned char *block = tg_mem_alloc(size);

    assert_non_null(block);
    memset(block, 0x5a, size);
    memset(seen, 1, sizeof(seen));
    watched = block;
    return block;
}

static void assert_seen_zero(void)
{
    static const unsigned char zero[sizeof(seen)] = { 0 };

    assert_memory_equal(seen, zero, sizeof(zero));
    watched = NULL;
}

static void calloc__count_times_size_overflows__null(void **state)
{
    volatile size_t count = SIZE_MAX / 2;

    (void)state;
    assert_null(tg_mem_calloc(count, 3));
}

static void free_secret__before_it_is_freed__zero(void **state)
{
    (void)state;
    tg_mem_free_secret(secret_block(64), 64);
    assert_seen_zero();
    tg_mem_free_secret(NULL, 64);
}

static void free_wiped__before_it_is_freed__zero(void **state)
{
    (void)state;
    tg_mem_free_wiped(secret_block(24));
    assert_seen_zero();
    tg_mem_free_wiped(NULL);
}

static void grow__old_block__copied_wiped_and_rest_zero(void **state)
{
    unsigned char *grown = tg_mem_grow(secret_block(16), 16, 40);

    (void)state;
    assert_non_null(grown);
    assert_seen_zero();
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(grown[i], i < 16 ? 0x5a : 0);
    }
    tg_mem_free(grown);
}

static void realloc_wiped__old_block__copied_and_wiped(void **state)
{
    unsigned char *old = secret_block(24);
    unsigned char first = old[0];
    unsigned char *grown = tg_mem_realloc_wiped(old, 4096);

    (void)state;
    assert_non_null(grown);
    assert_int_equal(grown[0], first);
    assert_int_equal(grown[23], first);
    assert_seen_zero();
    tg_mem_free_wiped(grown);
    grown = tg_mem_realloc_wiped(NULL, 8);
    assert_non_null(grown);
    tg_mem_free_wiped(grown);
}

#if defined(__x86_64__)
static void wipe_registers__after_it__vector_register_empty(void **state)
{
    static const unsigned char secret[16] = "a secret in xmm";
    unsigned char left[16] = { 1 };

    (void)state;
    __asm__ volatile("movdqu %0, %%xmm9" ::"m"(secret) : "xmm9");
    tg_mem_wipe_registers();
    __asm__ volatile("movdqu %%xmm9, %0" : "=m"(left)::);
    if (__builtin_cpu_supports("avx")) {
        for (size_t i = 0; i < sizeof(left); i++) {
            assert_int_equal(left[i], 0);
        }
    }
}
#endif

#ifndef __SANITIZE_ADDRESS__ /* its frames are larger than what is wiped */
#define STACK_BYTES (256u * 1024u)

/* Leaves a mark 1 to 12 KiB below its caller. */
static __attribute__((noinline)) void leave_marks(unsigned steps)
{
    unsigned char part[1024];

    memset(part, 0x5a, sizeof(part));
    __asm__ volatile("" : : "r"(part) : "memory");
    if (steps > 1) {
        leave_marks(steps - 1);
    }
}

static void *leave_and_wipe(void *arg)
{
    const bool *must_wipe = arg;

    leave_marks(10);
    if (*must_wipe) {
        tg_mem_wipe_stack();
    }
    return NULL;
}

static bool has_marks_after(bool must_wipe)
{
    static unsigned char stack[STACK_BYTES] __attribute__((aligned(4096)));
    unsigned char mark[64];
    pthread_attr_t attr;
    pthread_t thread;

    memset(stack, 0, sizeof(stack));
    memset(mark, 0x5a, sizeof(mark));
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, sizeof(stack)), 0);
    assert_int_equal(pthread_create(&thread, &attr, leave_and_wipe, &must_wipe), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attr), 0);
    return memmem(stack, sizeof(stack), mark, sizeof(mark)) != NULL;
}

static void wipe_stack__after_it__nothing_left_by_deeper_calls(void **state)
{
    (void)state;
    assert_true(has_marks_after(false));
    assert_false(has_marks_after(true));
}
#endif

static void grow__memory_runs_out__old_block_untouched(void **state)
{
    unsigned char *block = secret_block(16);

    (void)state;
    fail_at(1);
    assert_null(tg_mem_grow(block, 16, 40));
    fail_at(0);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(block[i], 0x5a);
    }
    tg_mem_free(block);
    watched = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calloc__count_times_size_overflows__null),
        cmocka_unit_test(free_secret__before_it_is_freed__zero),
        cmocka_unit_test(free_wiped__before_it_is_freed__zero),
        cmocka_unit_test(grow__old_block__copied_wiped_and_rest_zero),
        cmocka_unit_test(realloc_wiped__old_block__copied_and_wiped),
#if defined(__x86_64__)
        cmocka_unit_test(wipe_registers__after_it__vector_register_empty),
#endif
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(wipe_stack__after_it__nothing_left_by_deeper_calls),
#endif
        cmocka_unit_test(grow__memory_runs_out__old_block_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
