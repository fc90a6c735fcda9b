/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui.h"

#include "unit/cli/discard_stderr.h"

static void check(const char *text, const char *expected)
{
    char out[64];

    ui_clean(out, sizeof(out), text);
    assert_string_equal(out, expected);
}

static void clean__plain_and_foreign_letters__kept(void **state)
{
    (void)state;
    check("", "");
    check("Room 214", "Room 214");
    check("M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91",
          "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91");
}

static void clean__controls__replaced(void **state)
{
    (void)state;
    check("a\033[2Jb\nc\x7f", "a?[2Jb?c?");
    check("a\xc2\x9b"
          "2J",
          "a?2J"); /* C1 */
    check("a\xe2\x80\xae"
          "b\xe2\x81\xa6"
          "c",
          "a?b?c"); /* right-to-left override, isolate */
}

static void clean__broken_utf8__each_byte_replaced(void **state)
{
    (void)state;
    check("\x80\xff"
          "a\xc3",
          "??a?");
    check("\xe2\x82", "??");
}

static void clean__no_room__cut_at_a_whole_character(void **state)
{
    char out[4] = "zzz";

    (void)state;
    ui_clean(out, sizeof(out), "ab\xc3\xbc");
    assert_string_equal(out, "ab");
    ui_clean(out, sizeof(out), "a\xc3\xbc");
    assert_string_equal(out, "a\xc3\xbc");
}

static void fail__any__returns_its_exit_code(void **state)
{
    struct ui ui = { 0 };

    (void)state;
    assert_int_equal(ui_fail(&ui, CLI_GONE, "gone", "%s", "x"), CLI_GONE);
}

static void time__zero_or_a_second__unknown_or_rfc3339(void **state)
{
    char text[UI_TIME_MAX];

    (void)state;
    ui_time(text, 0);
    assert_string_equal(text, "unknown");
    ui_time(text, 1893456000);
    assert_string_equal(text, "2030-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean__plain_and_foreign_letters__kept),
        cmocka_unit_test(clean__controls__replaced),
        cmocka_unit_test(clean__broken_utf8__each_byte_replaced),
        cmocka_unit_test(clean__no_room__cut_at_a_whole_character),
        cmocka_unit_test(fail__any__returns_its_exit_code),
        cmocka_unit_test(time__zero_or_a_second__unknown_or_rfc3339),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
