/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call number n of the wrapped functions fails, n = 1, 2, 3 ...
 *
 *     FAIL_WRAP_MALLOC()                     in tigress_add_test: WRAP malloc
 *     for (unsigned n = 1; is_reached; n++) {
 *         fail_at(n);
 *         err = f();
 *         fail_at(0);
 *         is_reached = fail_reached();
 *     }
 *
 * All wrapped functions of a program share one count. Every thread counts, so the count is atomic.
 * With FAIL_AT_PER_THREAD defined before the include, only calls of the thread that called fail_at
 * count and fail. For one source file of a test program.
 */
#ifndef TESTS_SUPPORT_C_FAIL_AT_H
#define TESTS_SUPPORT_C_FAIL_AT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef FAIL_AT_PER_THREAD
#define FAIL_AT_STORAGE static _Thread_local
#else
#define FAIL_AT_STORAGE static
#endif

FAIL_AT_STORAGE atomic_uint fail_number_; /* the call that fails; 0: none, and no call counts */
FAIL_AT_STORAGE atomic_uint fail_count_;
FAIL_AT_STORAGE atomic_bool fail_is_reached_;

/* Call number n from now on fails; it only. 0: no call fails, and the results below stay. */
static inline void fail_at(unsigned n)
{
    if (n != 0) {
        atomic_store(&fail_count_, 0);
        atomic_store(&fail_is_reached_, false);
    }
    atomic_store(&fail_number_, n);
}

/* There was a call with the number of the last fail_at: it failed. */
static inline bool fail_reached(void)
{
    return atomic_load(&fail_is_reached_);
}

/* The calls since the last fail_at other than fail_at(0), and before that one. */
static inline unsigned fail_calls(void)
{
    return atomic_load(&fail_count_);
}

/* Counts a call. True: it is the one that fails. For wrappers that FAIL_WRAP does not fit. */
static inline bool is_failing(void)
{
    unsigned number = atomic_load(&fail_number_);

    if (number == 0 || atomic_fetch_add(&fail_count_, 1) + 1 != number) {
        return false;
    }
    atomic_store(&fail_is_reached_, true);
    return true;
}

/* Defines the wrapper of a function that returns `failure` when it fails. */
#define FAIL_WRAP(type, failure, name, params, args)                                               \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        return is_failing() ? (failure) : __real_##name args;                                      \
    }

#define FAIL_WRAP_MALLOC() FAIL_WRAP(void *, NULL, malloc, (size_t size), (size))
#define FAIL_WRAP_CALLOC()                                                                         \
    FAIL_WRAP(void *, NULL, calloc, (size_t count, size_t size), (count, size))

#endif
