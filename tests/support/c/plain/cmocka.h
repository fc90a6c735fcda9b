/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of cmocka's interface that the tests of base/ and wire/ use, in one header: for C
 * libraries that Debian has no cmocka for (scripts/check_portability, musl). The first failure ends
 * the program.
 */
#ifndef TESTS_SUPPORT_C_PLAIN_CMOCKA_H
#define TESTS_SUPPORT_C_PLAIN_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(function)                                                                 \
    {                                                                                              \
#function, function                                                                        \
    }

#define plain_check(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define fail_msg(...)                                                                              \
    do {                                                                                           \
        fprintf(stderr, __VA_ARGS__);                                                              \
        exit(1);                                                                                   \
    } while (0)
#define assert_true(a) plain_check(a)
#define assert_false(a) plain_check(!(a))
#define assert_null(a) plain_check((a) == NULL)
#define assert_non_null(a) plain_check((a) != NULL)
#define assert_int_equal(a, b) plain_check((uintmax_t)(a) == (uintmax_t)(b))
#define assert_int_not_equal(a, b) plain_check((uintmax_t)(a) != (uintmax_t)(b))
#define assert_ptr_equal(a, b) plain_check((const void *)(a) == (const void *)(b))
#define assert_string_equal(a, b) plain_check(strcmp((a), (b)) == 0)
#define assert_string_not_equal(a, b) plain_check(strcmp((a), (b)) != 0)
#define assert_memory_equal(a, b, size) plain_check((size) == 0 || memcmp((a), (b), (size)) == 0)
#define assert_memory_not_equal(a, b, size) plain_check(memcmp((a), (b), (size)) != 0)
#define assert_in_range(a, low, high) plain_check((a) >= (low) && (a) <= (high))

static inline int plain_run(const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *state = NULL;

        tests[i].run(&state);
    }
    printf("%zu cases passed\n", count);
    return 0;
}

#define cmocka_run_group_tests(tests, set_up, tear_down)                                           \
    ((void)(set_up), (void)(tear_down), plain_run(tests, sizeof(tests) / sizeof((tests)[0])))

#endif
