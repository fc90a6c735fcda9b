/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/num.h"

#include <string.h>

static void add__at_the_maximum__limit_and_untouched(void **state)
{
    size_t sum = 7;

    (void)state;
    assert_int_equal(tg_num_add(&sum, SIZE_MAX, 1), TG_E_LIMIT);
    assert_int_equal(sum, 7);
    assert_int_equal(tg_num_add(&sum, SIZE_MAX - 1, 1), TG_OK);
    assert_true(sum == SIZE_MAX);
}

static void mul__at_the_maximum__limit_and_untouched(void **state)
{
    size_t product = 7;

    (void)state;
    assert_int_equal(tg_num_mul(&product, SIZE_MAX / 2 + 1, 2), TG_E_LIMIT);
    assert_int_equal(product, 7);
    assert_int_equal(tg_num_mul(&product, SIZE_MAX / 2, 2), TG_OK);
    assert_true(product == SIZE_MAX - 1);
}

static void parse__well_formed__its_value(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = { { "0", 0 },
                  { "7", 7 },
                  { "007", 7 },
                  { "18446744073709551615", UINT64_MAX },
                  { "00000000000000000001", 1 } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        uint64_t v = 99;

        assert_int_equal(tg_num_parse_u64(&v, tg_bytes_str(cases[i].text), UINT64_MAX), TG_OK);
        assert_true(v == cases[i].value);
    }
}

static void parse__malformed_or_too_large__refused_and_untouched(void **state)
{
    static const struct {
        const char *text;
        enum tg_err err;
    } cases[] = { { "", TG_E_SYNTAX },
                  { "-1", TG_E_SYNTAX },
                  { "+1", TG_E_SYNTAX },
                  { " 1", TG_E_SYNTAX },
                  { "1 ", TG_E_SYNTAX },
                  { "0x1", TG_E_SYNTAX },
                  { "1.0", TG_E_SYNTAX },
                  { "18446744073709551616", TG_E_LIMIT },
                  { "99999999999999999999", TG_E_LIMIT },
                  { "000000000000000000001", TG_E_LIMIT } };
    uint64_t v = 99;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_int_equal(tg_num_parse_u64(&v, tg_bytes_str(cases[i].text), UINT64_MAX),
                         cases[i].err);
        assert_true(v == 99);
    }
}

static void parse__maximum_and_one_above__accepted_and_refused(void **state)
{
    uint64_t v = 0;

    (void)state;
    assert_int_equal(tg_num_parse_u64(&v, TG_LIT("65535"), 65535), TG_OK);
    assert_int_equal(tg_num_parse_u64(&v, TG_LIT("65536"), 65535), TG_E_LIMIT);
    assert_true(v == 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add__at_the_maximum__limit_and_untouched),
        cmocka_unit_test(mul__at_the_maximum__limit_and_untouched),
        cmocka_unit_test(parse__well_formed__its_value),
        cmocka_unit_test(parse__malformed_or_too_large__refused_and_untouched),
        cmocka_unit_test(parse__maximum_and_one_above__accepted_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
