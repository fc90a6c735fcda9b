/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/time3339.h"

#include <string.h>

static const struct {
    const char *text;
    int64_t unix_s;
} good[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1970-01-01T00:00:01Z", 1 },
    { "1999-12-31T23:59:59Z", 946684799 },
    { "2000-02-29T12:00:00Z", 951825600 },
    { "2024-02-29T00:00:00Z", 1709164800 },
    { "2038-01-19T03:14:08Z", INT64_C(2147483648) },
    { "2100-03-01T00:00:00Z", INT64_C(4107542400) },
    { "9999-12-31T23:59:59Z", INT64_C(253402300799) },
};

/* spec-test: protocol/3#expiration-format */
static void parse__known_dates__their_seconds_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        char text[TG_TIME3339_LEN + 1];
        int64_t t = -1;

        assert_int_equal(tg_time3339_parse(&t, tg_bytes_str(good[i].text)), TG_OK);
        assert_true(t == good[i].unix_s);
        tg_time3339_format(text, t);
        assert_string_equal(text, good[i].text);
    }
}

static void parse__malformed__refused_and_untouched(void **state)
{
    static const char *const texts[] = {
        "",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01T00:00:00z",
        "2030-01-01t00:00:00Z",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:00+00:00",
        "2030-01-01T00:00:00.0Z",
        "2030-1-01T00:00:00ZZ",
        "2030-01-01T00:00:60Z",
        "2030-01-01T00:60:00Z",
        "2030-01-01T24:00:00Z",
        "2030-00-01T00:00:00Z",
        "2030-13-01T00:00:00Z",
        "2030-01-00T00:00:00Z",
        "2030-01-32T00:00:00Z",
        "2030-04-31T00:00:00Z",
        "2030-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "+030-01-01T00:00:00Z",
        "2030-01-01T00:00:00ZZ",
        " 030-01-01T00:00:00Z",
        "2030-01-01T-1:00:00Z",
    };
    int64_t t = 42;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_int_equal(tg_time3339_parse(&t, tg_bytes_str(texts[i])), TG_E_SYNTAX);
        assert_true(t == 42);
    }
}

static void round_trip__every_day_for_two_centuries__the_same(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 366 * 200; day++) {
        char text[TG_TIME3339_LEN + 1];
        int64_t t = day * 86400 + day % 86400;
        int64_t back = -1;

        tg_time3339_format(text, t);
        assert_int_equal(tg_time3339_parse(&back, tg_bytes_str(text)), TG_OK);
        assert_true(back == t);
    }
}

static void format__outside_the_years__nearest_bound(void **state)
{
    char text[TG_TIME3339_LEN + 1];

    (void)state;
    tg_time3339_format(text, -1);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    tg_time3339_format(text, INT64_C(253402300800));
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    tg_time3339_format(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    tg_time3339_format(text, INT64_MIN);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__known_dates__their_seconds_and_back),
        cmocka_unit_test(parse__malformed__refused_and_untouched),
        cmocka_unit_test(round_trip__every_day_for_two_centuries__the_same),
        cmocka_unit_test(format__outside_the_years__nearest_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
