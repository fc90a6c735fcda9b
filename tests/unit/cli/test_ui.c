/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui.h"

#include "base/harmful.h"

#include "unit/cli/discard_stderr.h"

#include <stdio.h>

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

/* The first and the last character of each kind. spec-test: protocol/7#foreign-text-cleaned */
static void clean__characters_that_nobody_sees__replaced(void **state)
{
    static const char *const texts[] = {
        "\xc2\x80",         "\xc2\x85",         "\xc2\x9f",         "\xc2\xad",
        "\xcd\x8f",         "\xd8\x9c",         "\xe1\x85\x9f",     "\xe1\xa0\x8e",
        "\xe2\x80\x8b",     "\xe2\x80\x8c",     "\xe2\x80\x8d",     "\xe2\x80\x8e",
        "\xe2\x80\x8f",     "\xe2\x80\xa8",     "\xe2\x80\xa9",     "\xe2\x80\xaa",
        "\xe2\x80\xae",     "\xe2\x81\xa0",     "\xe2\x81\xa6",     "\xe2\x81\xa9",
        "\xe2\x81\xaf",     "\xe3\x85\xa4",     "\xee\x80\x80",     "\xef\xa3\xbf",
        "\xef\xb7\x90",     "\xef\xb8\x80",     "\xef\xbb\xbf",     "\xef\xbe\xa0",
        "\xef\xbf\xb9",     "\xef\xbf\xbf",     "\xf0\x9b\xb2\xa0", "\xf0\x9d\x85\xb3",
        "\xf0\x9f\xbf\xbe", "\xf3\xa0\x80\x81", "\xf3\xa0\x81\x81", "\xf3\xa0\x81\xbf",
        "\xf3\xa0\x84\x80", "\xf3\xa0\x87\xaf", "\xf4\x8f\xbf\xbf",
    };
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(text, sizeof(text), "a%sb", texts[i]);
        check(text, "a?b");
    }
}

/* An emoji that is joined of others is shown as those, with a ? for each joiner. */
static void clean__emoji__kept_and_joiners_replaced(void **state)
{
    (void)state;
    check("\xf0\x9f\x94\x91 \xe2\x9d\xa4\xef\xb8\x8f", "\xf0\x9f\x94\x91 \xe2\x9d\xa4\xef\xb8\x8f");
    check("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", "\xf0\x9f\x91\xa9?\xf0\x9f\x91\xa7");
    check("\xf0\x9f\x8f\xb3\xf0\x9f\x87\xa9", "\xf0\x9f\x8f\xb3\xf0\x9f\x87\xa9");
}

/* ESC and C1 in a form that is too long, a surrogate, and a number above the last one. */
static void clean__forms_that_are_not_utf8__each_byte_replaced(void **state)
{
    (void)state;
    check("\xc0\x9b[2J", "??[2J");
    check("\xe0\x80\x9b[2J", "???[2J");
    check("\xf0\x80\x80\x9b[2J", "????[2J");
    check("\xed\xa0\x80z", "?z");
    check("\xf4\x90\x80\x80z", "????z");
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

static void wrap__words__end_a_line_before_they_pass_the_width(void **state)
{
    static const struct {
        const char *text;
        unsigned begin, columns;
        const char *wrapped;
    } rows[] = {
        { "", 0, 10, "" },
        { "one two three", 0, 0, "one two three" },
        { "one two three", 0, 13, "one two three" },
        { "one two three", 0, 12, "one two\nthree" },
        { "one two three", 0, 7, "one two\nthree" },
        { "one two three", 0, 6, "one\ntwo\nthree" },
        { "one two three", 6, 13, "one two\nthree" },
        { "one two three", 7, 13, "one\ntwo three" },
        { "https://relay.example/1 x", 0, 8, "https://relay.example/1\nx" },
        { "a  b", 0, 2, "a \nb" },
        { "\xc3\xa4\xc3\xb6 \xc3\xbc", 0, 4, "\xc3\xa4\xc3\xb6 \xc3\xbc" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%s", rows[i].text);
        ui_wrap(text, rows[i].begin, rows[i].columns);
        assert_string_equal(text, rows[i].wrapped);
    }
}

static void assert_item(unsigned columns, const char *expected)
{
    char printed[256] = "";
    FILE *file = tmpfile();

    assert_non_null(file);
    ui_print_item(file, "  --name", 10, "some words that go on and on", columns);
    rewind(file);
    (void)fread(printed, 1, sizeof(printed) - 1, file);
    assert_string_equal(printed, expected);
    (void)fclose(file);
}

static void print_item__wide_narrow_and_no_terminal__beside_or_below(void **state)
{
    (void)state;
    assert_item(0, "  --name  some words that go on and on\n");
    assert_item(38, "  --name  some words that go on and on\n");
    assert_item(37, "  --name  some words that go on and\n          on\n");
    assert_item(34, "  --name  some words that go on\n          and on\n");
    assert_item(33, "  --name\n    some words that go on and on\n");
    assert_item(20, "  --name\n    some words that\n    go on and on\n");
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

/* The tool may not include the list of base/harmful.h, and has its own.
   spec-test: protocol/7#foreign-text-cleaned */
static void clean__every_character__as_the_pages_of_the_relay_do(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        char text[5] = "", out[8] = "";

        if (code < 0x80) {
            text[0] = (char)code;
        } else if (code < 0x800) {
            text[0] = (char)(0xc0 | code >> 6);
            text[1] = (char)(0x80 | (code & 0x3f));
        } else if (code < 0x10000) {
            text[0] = (char)(0xe0 | code >> 12);
            text[1] = (char)(0x80 | (code >> 6 & 0x3f));
            text[2] = (char)(0x80 | (code & 0x3f));
        } else {
            text[0] = (char)(0xf0 | code >> 18);
            text[1] = (char)(0x80 | (code >> 12 & 0x3f));
            text[2] = (char)(0x80 | (code >> 6 & 0x3f));
            text[3] = (char)(0x80 | (code & 0x3f));
        }
        ui_clean(out, sizeof(out), text);
        if ((strcmp(out, text) != 0) != tg_text_is_harmful(code)) {
            fail_msg("U+%04X: the two lists differ", code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean__every_character__as_the_pages_of_the_relay_do),
        cmocka_unit_test(clean__plain_and_foreign_letters__kept),
        cmocka_unit_test(clean__characters_that_nobody_sees__replaced),
        cmocka_unit_test(clean__emoji__kept_and_joiners_replaced),
        cmocka_unit_test(clean__forms_that_are_not_utf8__each_byte_replaced),
        cmocka_unit_test(clean__controls__replaced),
        cmocka_unit_test(clean__broken_utf8__each_byte_replaced),
        cmocka_unit_test(clean__no_room__cut_at_a_whole_character),
        cmocka_unit_test(wrap__words__end_a_line_before_they_pass_the_width),
        cmocka_unit_test(print_item__wide_narrow_and_no_terminal__beside_or_below),
        cmocka_unit_test(fail__any__returns_its_exit_code),
        cmocka_unit_test(time__zero_or_a_second__unknown_or_rfc3339),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
