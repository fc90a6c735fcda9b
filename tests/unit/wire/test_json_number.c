/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/json_number.h"

#include <stdio.h>
#include <stdlib.h>

#define NOT_WHOLE INT64_C(-1)

static struct tg_json_number read_exact(const char *text)
{
    struct tg_buf b = exact(text, strlen(text));
    struct tg_json_number number = tg_json_number_read(tg_buf_view(&b));

    tg_buf_deinit(&b);
    return number;
}

/* spec-test: protocol/1#any-number */
static void read__numbers_and_other_texts__their_length_and_value(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        int64_t whole;
    } cases[] = {
        { "", 0, NOT_WHOLE },
        { "-", 0, NOT_WHOLE },
        { ".5", 0, NOT_WHOLE },
        { "x", 0, NOT_WHOLE },
        { "0", 1, 0 },
        { "-0", 2, 0 },
        { "00", 1, 0 },
        { "12,", 2, 12 },
        { "-12", 3, NOT_WHOLE },
        { "1.", 1, 1 },
        { "1.5]", 3, NOT_WHOLE },
        { "1.50e1]", 6, 15 },
        { "1e", 1, 1 },
        { "1e+", 1, 1 },
        { "1e+5", 4, 100000 },
        { "1E-5 ", 4, NOT_WHOLE },
        { "100e-2", 6, 1 },
        { "100e-3", 6, NOT_WHOLE },
        { "0.001e3", 7, 1 },
        { "0.001e2", 7, NOT_WHOLE },
        { "120.00", 6, 120 },
        { "9007199254740992", 16, INT64_C(9007199254740992) },
        { "9007199254740993", 16, NOT_WHOLE },
        { "90071992547409920e-1", 20, INT64_C(9007199254740992) },
        { "900719925474099200", 18, NOT_WHOLE },
        { "1e15", 4, INT64_C(1000000000000000) },
        { "1e16", 4, NOT_WHOLE },
        { "0.0000000000000000000000001", 27, NOT_WHOLE },
        { "0.0000000000000000000000001e25", 30, 1 },
        { "1.0000000000000000000000001", 27, NOT_WHOLE },
        { "0e999", 5, 0 },
        { "0.000e999", 9, 0 },
        { "-0.0e99999999999999999999", 25, 0 },
        { "1e99999999999999999999", 22, NOT_WHOLE },
        { "1e-99999999999999999999", 23, NOT_WHOLE },
        { "1e0000000000000000000001", 24, 10 },
        { "1e400}", 5, NOT_WHOLE },
        { "1e400e400", 5, NOT_WHOLE },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_json_number number = read_exact(cases[i].text);

        assert_int_equal(number.len, cases[i].len);
        assert_int_equal(number.is_whole ? number.whole : NOT_WHOLE,
                         cases[i].len == 0 ? NOT_WHOLE : cases[i].whole);
    }
}

/* The C library reads the same numbers, where a double holds them exactly. */
static void read__every_shape_of_number__as_the_c_library_says(void **state)
{
    static const char *const wholes[] = { "0", "1", "10", "12345", "90000000" };
    static const char *const fractions[] = { "", ".0", ".5", ".25", ".125", ".0000" };
    char text[100];

    (void)state;
    for (size_t w = 0; w < TG_COUNT(wholes); w++) {
        for (size_t f = 0; f < TG_COUNT(fractions); f++) {
            for (int exponent = 0; exponent <= 20; exponent++) {
                (void)snprintf(text, sizeof(text), "%s%se%d", wholes[w], fractions[f], exponent);
                struct tg_json_number number = read_exact(text);
                double value = strtod(text, NULL);
                bool is_whole =
                    value <= (double)TG_JSON_WHOLE_MAX && (double)(int64_t)value == value;

                assert_int_equal(number.len, strlen(text));
                assert_int_equal(number.is_whole, is_whole);
                assert_int_equal(number.whole, is_whole ? (int64_t)value : 0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__numbers_and_other_texts__their_length_and_value),
        cmocka_unit_test(read__every_shape_of_number__as_the_c_library_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
