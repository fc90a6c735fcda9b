/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"
#include "support/c/fail_at.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

FAIL_WRAP_MALLOC()

static void append__to_the_maximum_and_one_more__limit_sticks(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 4);
    tg_buf_append_str(&b, "abcd");
    assert_buf_text(&b, "abcd");
    tg_buf_append_str(&b, "");
    assert_buf_text(&b, "abcd");
    tg_buf_append_u8(&b, 'e');
    assert_int_equal(tg_buf_status(&b), TG_E_LIMIT);
    assert_int_equal(b.len, 4);
    tg_buf_truncate(&b, 1);
    tg_buf_append_u8(&b, 'e'); /* would fit now, but the first failure sticks */
    assert_int_equal(b.len, 1);
    tg_buf_clear(&b);
    tg_buf_append_u8(&b, 'e');
    assert_buf_text(&b, "e");
    tg_buf_deinit(&b);
}

static void append__numbers__big_endian_and_decimal(void **state)
{
    static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 100);
    tg_buf_append_u8(&b, 1);
    tg_buf_append_u16(&b, 0x0203);
    tg_buf_append_u32(&b, 0x04050607);
    tg_buf_append_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(b.len, sizeof(expected));
    assert_memory_equal(b.ptr, expected, sizeof(expected));
    tg_buf_clear(&b);
    tg_buf_append_dec(&b, 0);
    tg_buf_append_u8(&b, ' ');
    tg_buf_append_dec(&b, UINT64_MAX);
    assert_buf_text(&b, "0 18446744073709551615");
    tg_buf_deinit(&b);
}

static void append__memory_runs_out__contents_kept_and_error_sticks(void **state)
{
    struct tg_buf b;
    char big[200];

    (void)state;
    memset(big, 'x', sizeof(big));
    tg_buf_init(&b, 1000);
    tg_buf_append_str(&b, "abc");
    fail_at(1);
    tg_buf_append(&b, TG_ARRAY_BYTES(big));
    fail_at(0);
    assert_int_equal(tg_buf_status(&b), TG_E_NOMEM);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.ptr, "abc", 3);
    tg_buf_append_str(&b, "d");
    assert_int_equal(b.len, 3);
    assert_null(tg_buf_extend(&b, 1));
    tg_buf_deinit(&b);
}

static void append__growing_byte_by_byte__complete(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        tg_buf_append_u8(&b, (uint8_t)i);
    }
    assert_int_equal(b.len, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(b.ptr[i], (uint8_t)i);
    }
    tg_buf_deinit(&b);
}

static void extend__within_and_over_the_maximum__zeros_and_null(void **state)
{
    struct tg_buf b;
    uint8_t *at = NULL;

    (void)state;
    tg_buf_init(&b, 8);
    tg_buf_append_str(&b, "abcdefgh");
    tg_buf_truncate(&b, 2);
    at = tg_buf_extend(&b, 6);
    assert_non_null(at);
    assert_memory_equal(at, "\0\0\0\0\0\0", 6);
    assert_int_equal(b.len, 8);
    assert_null(tg_buf_extend(&b, 1));
    assert_int_equal(tg_buf_status(&b), TG_E_LIMIT);
    assert_int_equal(b.len, 8);
    tg_buf_deinit(&b);
}

static void extend__length_that_overflows__limit(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, SIZE_MAX);
    tg_buf_append_u8(&b, 1);
    fail_at(1); /* the next allocation */
    assert_null(tg_buf_extend(&b, SIZE_MAX - 1));
    fail_at(0);
    assert_int_not_equal(tg_buf_status(&b), TG_OK);
    assert_int_equal(b.len, 1);
    tg_buf_deinit(&b);
}

static void truncate_and_clear__removed_bytes__wiped(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 16);
    tg_buf_append_str(&b, "secretsecret");
    tg_buf_truncate(&b, 20);
    assert_int_equal(b.len, 12);
    tg_buf_truncate(&b, 6);
    assert_memory_equal(b.ptr, "secret\0\0\0\0\0\0", 12);
    tg_buf_clear(&b);
    assert_memory_equal(b.ptr, "\0\0\0\0\0\0", 6);
    assert_int_equal(b.len, 0);
    tg_buf_deinit(&b);
}

static void consume__part_and_more_than_all__the_rest(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 16);
    tg_buf_append_str(&b, "abcdef");
    tg_buf_consume(&b, 0);
    assert_buf_text(&b, "abcdef");
    tg_buf_consume(&b, 2);
    assert_buf_text(&b, "cdef");
    assert_memory_equal(b.ptr, "cdef\0\0", 6);
    tg_buf_consume(&b, 99);
    assert_int_equal(b.len, 0);
    tg_buf_deinit(&b);
}

static void cstr__full_and_empty_buffer__terminated_and_not_counted(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 3);
    assert_string_equal(tg_buf_cstr(&b), "");
    tg_buf_append_str(&b, "abc");
    assert_string_equal(tg_buf_cstr(&b), "abc");
    assert_int_equal(b.len, 3);
    tg_buf_deinit(&b);
    tg_buf_deinit(&b); /* a second call does nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append__to_the_maximum_and_one_more__limit_sticks),
        cmocka_unit_test(append__numbers__big_endian_and_decimal),
        cmocka_unit_test(append__memory_runs_out__contents_kept_and_error_sticks),
        cmocka_unit_test(append__growing_byte_by_byte__complete),
        cmocka_unit_test(extend__within_and_over_the_maximum__zeros_and_null),
        cmocka_unit_test(extend__length_that_overflows__limit),
        cmocka_unit_test(truncate_and_clear__removed_bytes__wiped),
        cmocka_unit_test(consume__part_and_more_than_all__the_rest),
        cmocka_unit_test(cstr__full_and_empty_buffer__terminated_and_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
