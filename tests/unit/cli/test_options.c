/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stdlib.h>

#include "unit/cli/discard_stderr.h"

#define WORDS_MAX 64

/* getopt moves the words it is given, so each parse gets its own; args borrows from them. */
static char *kept[WORDS_MAX];

static int copy_words(const char *const words[])
{
    int count = 0;

    for (; words[count] != NULL && count < WORDS_MAX - 1; count++) {
        free(kept[count]);
        kept[count] = strdup(words[count]);
    }
    free(kept[count]);
    kept[count] = NULL;
    return count;
}

static int drop_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        free(kept[i]);
        kept[i] = NULL;
    }
    return 0;
}

static enum cli_exit parse(struct cli_args *args, const char *const words[])
{
    struct ui ui = { 0 };
    int count;

    (void)drop_words(NULL);
    count = copy_words(words);
    return options_parse(&ui, args, commands_find(words[0]), count, kept);
}

static bool wants_json(const char *const words[])
{
    (void)drop_words(NULL);
    return options_wants_json(copy_words(words), kept);
}

static void parse__options_after_arguments__both_found(void **state)
{
    const char *words[] = { "receive", "4f2a", "--wait", "5", "--finish", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_OK);
    assert_string_equal(args.position[0], "4f2a");
    assert_string_equal(args.value[OPT_WAIT], "5");
    assert_non_null(args.value[OPT_FINISH]);
    assert_null(args.value[OPT_OUT]);
}

static void parse__single_dash__is_an_argument(void **state)
{
    const char *words[] = { "accept", "-", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_OK);
    assert_string_equal(args.position[0], "-");
}

static void parse__option_of_another_command__usage(void **state)
{
    const char *words[] = { "answer", "4f2a", "-", "--qr", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_USAGE);
}

static void parse__missing_value__usage(void **state)
{
    const char *words[] = { "receive", "4f2a", "--wait", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_USAGE);
}

static void parse__value_given_twice__usage(void **state)
{
    const char *words[] = { "receive", "4f2a", "--wait", "5", "--wait", "6", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_USAGE);
}

static void parse__too_few_or_too_many_arguments__usage(void **state)
{
    const char *few[] = { "answer", "4f2a", NULL };
    const char *many[] = { "answer", "4f2a", "-", "x", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, few), CLI_USAGE);
    assert_int_equal(parse(&args, many), CLI_USAGE);
}

static void parse__help__needs_no_arguments(void **state)
{
    const char *words[] = { "answer", "--help", NULL };
    struct cli_args args;

    (void)state;
    assert_int_equal(parse(&args, words), CLI_OK);
    assert_non_null(args.value[OPT_HELP]);
}

static void parse__allow_relay__at_most_sixteen(void **state)
{
    const char *words[2 + 2 * (CLI_ALLOW_MAX + 1) + 1] = { "accept", "-" };
    struct cli_args args;

    (void)state;
    for (size_t i = 0; i <= CLI_ALLOW_MAX; i++) {
        words[2 + 2 * i] = "--allow-relay";
        words[3 + 2 * i] = "relay.example";
    }
    assert_int_equal(parse(&args, words), CLI_USAGE);
    words[2 + 2 * CLI_ALLOW_MAX] = NULL;
    assert_int_equal(parse(&args, words), CLI_OK);
    assert_int_equal(args.allow_count, CLI_ALLOW_MAX);
}

static void wants_json__after_double_dash__no(void **state)
{
    const char *asked[] = { "tigress", "status", "--json", NULL };
    const char *not_asked[] = { "tigress", "status", "--", "--json", NULL };

    (void)state;
    assert_true(wants_json(asked));
    assert_false(wants_json(not_asked));
}

static void duration__each_unit__in_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = { { "1", 1 }, { "90s", 90 }, { "30m", 1800 }, { "48h", 172800 }, { "7d", 604800 } };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t seconds = 0;

        assert_true(options_parse_duration(&seconds, good[i].text, 604800));
        assert_int_equal(seconds, good[i].seconds);
    }
}

static void duration__malformed_zero_or_above_maximum__refused_and_untouched(void **state)
{
    static const char *const bad[] = { "",   "h",    "1w",    "-1", "+1",      "1.5h",
                                       "0h", "48hh", " 48h ", "8d", "604801s", "9999999999" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t seconds = 77;

        assert_false(options_parse_duration(&seconds, bad[i], 604800));
        assert_int_equal(seconds, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__options_after_arguments__both_found),
        cmocka_unit_test(parse__single_dash__is_an_argument),
        cmocka_unit_test(parse__option_of_another_command__usage),
        cmocka_unit_test(parse__missing_value__usage),
        cmocka_unit_test(parse__value_given_twice__usage),
        cmocka_unit_test(parse__too_few_or_too_many_arguments__usage),
        cmocka_unit_test(parse__help__needs_no_arguments),
        cmocka_unit_test(parse__allow_relay__at_most_sixteen),
        cmocka_unit_test(wants_json__after_double_dash__no),
        cmocka_unit_test(duration__each_unit__in_seconds),
        cmocka_unit_test(duration__malformed_zero_or_above_maximum__refused_and_untouched),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, drop_words) : 1;
}
