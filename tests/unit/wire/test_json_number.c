/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/json_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct tg_json_number read_exact(const char *text)
{
    struct tg_buf b = exact(text, strlen(text));
    struct tg_json_number number = tg_json_number_read(tg_buf_view(&b));

    tg_buf_deinit(&b);
    return number;
}

/* spec-test: protocol/1#any-number */
static void read__numbers_and_other_texts__their_length_and_size(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool is_huge;
    } cases[] = {
        { "", 0, false },
        { "-", 0, false },
        { ".5", 0, false },
        { "x", 0, false },
        { "0", 1, false },
        { "-0", 2, false },
        { "00", 1, false },
        { "12,", 2, false },
        { "1.", 1, false },
        { "1.5]", 3, false },
        { "1e", 1, false },
        { "1e+", 1, false },
        { "1e+5", 4, false },
        { "1E-5 ", 4, false },
        { "1e307", 5, false },
        { "9.99e307", 8, false },
        { "1e308", 5, true },
        { "-1e308", 6, true },
        { "10e307", 6, true },
        { "0.1e308", 7, false },
        { "0.1e309", 7, true },
        { "0.0001e311", 10, false },
        { "0.0001e312", 10, true },
        { "0e999", 5, false },
        { "0.000e999", 9, false },
        { "-0.0e99999999999999999999", 25, false },
        { "1e99999999999999999999", 22, true },
        { "1e-99999999999999999999", 23, false },
        { "1e0000000000000000000001", 24, false },
        { "1e400}", 5, true },
        { "1e400e400", 5, true },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_json_number number = read_exact(cases[i].text);

        assert_int_equal(number.len, cases[i].len);
        assert_int_equal(number.is_huge, cases[i].is_huge);
        if (number.is_huge) {
            assert_true(number.len >=
                        strlen(TG_JSON_NUMBER_CAP) + (cases[i].text[0] == '-' ? 1 : 0));
        }
    }
}

/* The C library reads the same numbers. */
static void read__every_shape_of_number__huge_as_the_c_library_says(void **state)
{
    static const char *const wholes[] = { "0", "1", "10", "12345", "90000000000" };
    static const char *const fractions[] = { "", ".0", ".5", ".05", ".000000001", ".0000" };
    char text[100];

    (void)state;
    for (size_t w = 0; w < TG_COUNT(wholes); w++) {
        for (size_t f = 0; f < TG_COUNT(fractions); f++) {
            for (int exponent = -400; exponent <= 400; exponent++) {
                (void)snprintf(text, sizeof(text), "%s%se%d", wholes[w], fractions[f], exponent);
                struct tg_json_number number = read_exact(text);

                assert_int_equal(number.len, strlen(text));
                assert_int_equal(number.is_huge, strtod(text, NULL) >= 1e308);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__numbers_and_other_texts__their_length_and_size),
        cmocka_unit_test(read__every_shape_of_number__huge_as_the_c_library_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
