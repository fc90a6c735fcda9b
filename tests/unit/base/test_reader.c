/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/reader.h"

#include <string.h>

static void getters__whole_input__values_in_order(void **state)
{
    static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x', 'y' };
    struct tg_reader r = tg_reader_init(TG_ARRAY_BYTES(data));

    (void)state;
    assert_int_equal(tg_reader_u8(&r), 1);
    assert_int_equal(tg_reader_u16(&r), 0x0203);
    assert_int_equal(tg_reader_u32(&r), 0x04050607);
    assert_true(tg_reader_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(tg_bytes_is_equal(tg_reader_bytes(&r, 2), TG_LIT("xy")));
    assert_int_equal(tg_reader_finish(&r), TG_OK);
}

static void finish__bytes_left__syntax(void **state)
{
    struct tg_reader r = tg_reader_init(TG_LIT("ab"));

    (void)state;
    (void)tg_reader_u8(&r);
    assert_int_equal(tg_reader_finish(&r), TG_E_SYNTAX);
}

static void getters__after_a_short_read__zero_until_the_end(void **state)
{
    struct tg_reader r = tg_reader_init(TG_LIT("abc"));

    (void)state;
    assert_int_equal(tg_reader_u32(&r), 0);
    assert_int_equal(tg_reader_u8(&r), 0);
    assert_int_equal(tg_reader_bytes(&r, 1).len, 0);
    assert_int_equal(tg_reader_bytes(&r, 0).len, 0);
    assert_int_equal(tg_reader_finish(&r), TG_E_SYNTAX);
}

static void bytes__length_larger_than_the_input__short(void **state)
{
    struct tg_reader r = tg_reader_init(TG_LIT("abc"));

    (void)state;
    assert_null(tg_reader_bytes(&r, SIZE_MAX).ptr);
    assert_int_equal(tg_reader_finish(&r), TG_E_SYNTAX);
}

static void finish__empty_input__ok(void **state)
{
    struct tg_reader r = tg_reader_init(tg_bytes(NULL, 0));

    (void)state;
    assert_int_equal(tg_reader_finish(&r), TG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters__whole_input__values_in_order),
        cmocka_unit_test(finish__bytes_left__syntax),
        cmocka_unit_test(getters__after_a_short_read__zero_until_the_end),
        cmocka_unit_test(bytes__length_larger_than_the_input__short),
        cmocka_unit_test(finish__empty_input__ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
