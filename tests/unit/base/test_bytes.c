/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/bytes.h"

#include <string.h>

static void is_equal__length_or_one_bit_differs__false(void **state)
{
    (void)state;
    assert_true(tg_bytes_is_equal(TG_LIT("abc"), TG_LIT("abc")));
    assert_false(tg_bytes_is_equal(TG_LIT("abc"), TG_LIT("abC")));
    assert_false(tg_bytes_is_equal(TG_LIT("abc"), TG_LIT("ab")));
    assert_true(tg_bytes_is_equal(tg_bytes(NULL, 0), TG_LIT("")));
}

static void is_equal_nocase__ascii_letters_only__folded(void **state)
{
    (void)state;
    assert_true(tg_bytes_is_equal_nocase(TG_LIT("aZ-9"), TG_LIT("Az-9")));
    assert_false(tg_bytes_is_equal_nocase(TG_LIT("["), TG_LIT("{")));
    assert_false(tg_bytes_is_equal_nocase(TG_LIT("@"), TG_LIT("`")));
    assert_false(tg_bytes_is_equal_nocase(TG_LIT("\xc4"), TG_LIT("\xe4")));
    assert_false(tg_bytes_is_equal_nocase(TG_LIT("a"), TG_LIT("aa")));
}

static void ct_equal__each_single_bit_differs__false(void **state)
{
    uint8_t a[32] = { 0 };
    uint8_t b[32] = { 0 };

    (void)state;
    assert_true(tg_ct_equal(TG_ARRAY_BYTES(a), TG_ARRAY_BYTES(b)));
    for (size_t bit = 0; bit < 256; bit++) {
        b[bit / 8] = (uint8_t)(1u << (bit % 8));
        assert_false(tg_ct_equal(TG_ARRAY_BYTES(a), TG_ARRAY_BYTES(b)));
        b[bit / 8] = 0;
    }
    assert_false(tg_ct_equal(TG_ARRAY_BYTES(a), tg_bytes(b, 31)));
    assert_true(tg_ct_equal(tg_bytes(NULL, 0), tg_bytes(NULL, 0)));
}

static void has_prefix__longer_than_the_text__false(void **state)
{
    (void)state;
    assert_true(tg_bytes_has_prefix(TG_LIT("abc"), TG_LIT("ab")));
    assert_true(tg_bytes_has_prefix(TG_LIT("abc"), TG_LIT("abc")));
    assert_true(tg_bytes_has_prefix(TG_LIT("abc"), TG_LIT("")));
    assert_false(tg_bytes_has_prefix(TG_LIT("abc"), TG_LIT("abcd")));
    assert_false(tg_bytes_has_prefix(TG_LIT("abc"), TG_LIT("b")));
}

static void from_and_first__at_and_past_the_end__clamped(void **state)
{
    struct tg_bytes text = TG_LIT("abc");

    (void)state;
    assert_true(tg_bytes_is_equal(tg_bytes_from(text, 2), TG_LIT("c")));
    assert_int_equal(tg_bytes_from(text, 3).len, 0);
    assert_int_equal(tg_bytes_from(text, SIZE_MAX).len, 0);
    assert_int_equal(tg_bytes_first(text, 2).len, 2);
    assert_int_equal(tg_bytes_first(text, SIZE_MAX).len, 3);
}

static void trim__spaces_and_tabs__removed_at_both_ends(void **state)
{
    (void)state;
    assert_true(tg_bytes_is_equal(tg_bytes_trim(TG_LIT(" \t a b\t ")), TG_LIT("a b")));
    assert_int_equal(tg_bytes_trim(TG_LIT(" \t ")).len, 0);
    assert_true(tg_bytes_is_equal(tg_bytes_trim(TG_LIT("\na\r")), TG_LIT("\na\r")));
}

static void find__absent__the_length(void **state)
{
    (void)state;
    assert_int_equal(tg_bytes_find(TG_LIT("abcb"), 'b'), 1);
    assert_int_equal(tg_bytes_find(TG_LIT("abc"), 'x'), 3);
    assert_int_equal(tg_bytes_find(TG_LIT(""), 'x'), 0);
}

static void str__null__empty_view(void **state)
{
    (void)state;
    assert_int_equal(tg_bytes_str(NULL).len, 0);
    assert_int_equal(tg_bytes_str("ab").len, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_equal__length_or_one_bit_differs__false),
        cmocka_unit_test(is_equal_nocase__ascii_letters_only__folded),
        cmocka_unit_test(ct_equal__each_single_bit_differs__false),
        cmocka_unit_test(has_prefix__longer_than_the_text__false),
        cmocka_unit_test(from_and_first__at_and_past_the_end__clamped),
        cmocka_unit_test(trim__spaces_and_tabs__removed_at_both_ends),
        cmocka_unit_test(find__absent__the_length),
        cmocka_unit_test(str__null__empty_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
