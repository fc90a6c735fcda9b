/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/http_date.h"

#define IN_1994 INT64_C(784111777)
#define IN_2030 INT64_C(1893456000)

static void read__each_form_of_the_rfc__its_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t now_s, unix_s;
    } rows[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", IN_2030, IN_1994 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", IN_2030, IN_1994 },
        { "Sun Nov  6 08:49:37 1994", IN_2030, IN_1994 },
        { "Wed Nov 16 08:49:37 1994", IN_2030, IN_1994 + 10 * 86400 },
        { "Tue, 01 Jan 2030 00:00:00 GMT", 0, IN_2030 },
        { "Tuesday, 01-Jan-30 00:00:00 GMT", IN_2030, IN_2030 },
        { "Wednesday, 01-Jan-30 00:00:00 GMT", IN_1994, IN_2030 },
        { "Tuesday, 01-Jan-80 00:00:00 GMT", IN_2030, INT64_C(3471292800) },
        { "Thursday, 01-Jan-81 00:00:00 GMT", IN_2030, INT64_C(347155200) },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        int64_t at_s = -1;

        assert_int_equal(tg_http_date_read(&at_s, tg_bytes_str(rows[i].text), rows[i].now_s),
                         TG_OK);
        assert_int_equal(at_s, rows[i].unix_s);
    }
}

static void parse__the_form_that_servers_send__its_seconds(void **state)
{
    int64_t at_s = -1;

    (void)state;
    assert_int_equal(tg_http_date_parse(&at_s, TG_LIT("Sun, 06 Nov 1994 08:49:37 GMT")), TG_OK);
    assert_int_equal(at_s, IN_1994);
}

/* What neither reads. */
static const char *const bad[] = {
    "",
    "soon",
    "120",
    "2030-01-01T00:00:00Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:60 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1969 08:49:37 GMT",
    "Sun, -6 Nov 1994 08:49:37 GMT",
    "Sunda, 06-Nov-94 08:49:37 GMT",
    "Someday, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov 06 08:49:37 94",
    ", 06-Nov-94 08:49:37 GMT",
};

static void read__anything_else__refused_and_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        int64_t at_s = -1;

        assert_int_equal(tg_http_date_read(&at_s, tg_bytes_str(bad[i]), IN_2030), TG_E_SYNTAX);
        assert_int_equal(tg_http_date_parse(&at_s, tg_bytes_str(bad[i])), TG_E_SYNTAX);
        assert_int_equal(at_s, -1);
    }
}

static void parse__another_form_or_a_wrong_day__refused(void **state)
{
    int64_t at_s = -1;

    (void)state;
    assert_int_equal(tg_http_date_parse(&at_s, TG_LIT("Mon, 06 Nov 1994 08:49:37 GMT")),
                     TG_E_SYNTAX);
    assert_int_equal(tg_http_date_parse(&at_s, TG_LIT("Sun Nov  6 08:49:37 1994")), TG_E_SYNTAX);
    assert_int_equal(tg_http_date_parse(&at_s, TG_LIT("Sunday, 06-Nov-94 08:49:37 GMT")),
                     TG_E_SYNTAX);
    assert_int_equal(at_s, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__each_form_of_the_rfc__its_seconds),
        cmocka_unit_test(parse__the_form_that_servers_send__its_seconds),
        cmocka_unit_test(read__anything_else__refused_and_untouched),
        cmocka_unit_test(parse__another_form_or_a_wrong_day__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
