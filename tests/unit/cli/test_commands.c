/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "unit/cli/discard_stderr.h"

#define COMMAND_COUNT 17
#define COLUMNS_MAX 80
#define LINE_MAX_LEN 256

static const char *const names[COMMAND_COUNT] = {
    "share",  "accept",     "answer", "receive", "watch",   "compare", "finish", "status", "pin",
    "cancel", "relinquish", "forget", "prune",   "inspect", "relays",  "help",   "version"
};

static void find__each_name__that_command_with_json_and_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct cli_command *command = commands_find(names[i]);

        assert_non_null(command);
        assert_string_equal(command->name, names[i]);
        assert_non_null(command->run);
        assert_true((command->options & OPT_COMMON) == OPT_COMMON);
        assert_true(command->position_max <= CLI_POSITION_MAX);
        assert_true(command->position_min <= command->position_max);
    }
}

static void find__unknown_name__none(void **state)
{
    (void)state;
    assert_null(commands_find(""));
    assert_null(commands_find("shar"));
    assert_null(commands_find("shares"));
}

/* The number of lines in the file, each of which must fit on a terminal. */
static int count_lines(FILE *file)
{
    char line[LINE_MAX_LEN];
    int count = 0;

    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_true(strcspn(line, "\n") <= COLUMNS_MAX);
        count++;
    }
    return count;
}

static void print__commands_and_usages__fit_on_a_terminal(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    commands_print(file);
    assert_int_equal(count_lines(file), COMMAND_COUNT + 4);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        rewind(file);
        options_print_usage(file, commands_find(names[i]));
        assert_true(count_lines(file) > 3);
    }
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__each_name__that_command_with_json_and_help),
        cmocka_unit_test(find__unknown_name__none),
        cmocka_unit_test(print__commands_and_usages__fit_on_a_terminal),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
