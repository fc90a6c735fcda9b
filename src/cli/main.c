/* SPDX-License-Identifier: Apache-2.0 */
/* tigress: the wallet in a terminal. */
#include "cli/commands.h"
#include "cli/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define COPIES_MAX 64

/* Jansson's memory has messages and saved sessions, so it is wiped as well. */
static void *json_alloc(size_t size)
{
    return cli_alloc(size);
}

/* No core file, which would have secrets, and no file that others can read. */
static void restrict_process(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    umask(077);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is reported as an error of write */
    json_set_alloc_funcs(json_alloc, cli_free);
}

/*
 * Every user can see argv, and so the secret of a share URL in it. Words with a '#' are copied, and
 * the secret is overwritten in argv as early as possible.
 */
static void hide_secrets(int argc, char *argv[], char *copies[COPIES_MAX])
{
    int used = 0;

    for (int i = 1; i < argc && used < COPIES_MAX; i++) {
        char *mark = strchr(argv[i], '#');
        char *copy = mark == NULL ? NULL : cli_strdup(argv[i]);

        if (copy != NULL) {
            memset(mark + 1, 'x', strlen(mark + 1));
            copies[used++] = copy;
            argv[i] = copy;
        }
    }
}

static const char *alias_of(const char *word)
{
    static const char *const aliases[][2] = {
        { "--help", "help" }, { "-h", "help" }, { "--version", "version" }, { "-V", "version" }
    };

    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcmp(word, aliases[i][0]) == 0) {
            return aliases[i][1];
        }
    }
    return word;
}

static enum cli_exit run(struct ui *ui, int argc, char *argv[])
{
    const struct cli_command *command;
    struct cli_args args;
    enum cli_exit exit;

    if (argc < 2) {
        exit = ui_fail(ui, CLI_USAGE, "usage", "a command is missing.");
        commands_print(stderr);
        return exit;
    }
    command = commands_find(alias_of(argv[1]));
    if (command == NULL) {
        exit = ui_fail(ui, CLI_USAGE, "usage", "there is no command '%.32s'.", argv[1]);
        commands_print(stderr);
        return exit;
    }
    exit = options_parse(ui, &args, command, argc - 1, argv + 1);
    if (exit != CLI_OK) {
        return exit;
    }
    if (args.value[OPT_HELP] != NULL) {
        options_print_usage(stdout, command);
        return ui_flush(ui);
    }
    ui->is_verbose = args.value[OPT_VERBOSE] != NULL;
    return command->run(ui, &args);
}

int main(int argc, char *argv[])
{
    char *copies[COPIES_MAX] = { NULL };
    struct ui ui = { .is_json = options_wants_json(argc, argv) };
    enum cli_exit exit;

    restrict_process();
    hide_secrets(argc, argv, copies);
    exit = run(&ui, argc, argv);
    for (int i = 0; i < COPIES_MAX; i++) {
        cli_free(copies[i]);
    }
    return (int)exit;
}
