/* SPDX-License-Identifier: Apache-2.0 */
/* tigress: the wallet in a terminal. */
#include "cli/commands.h"
#include "cli/mem.h"
#include "cli/settings.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define COPIES_MAX 64
#define WORDS_MAX 64

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
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters, whatever the user's */
    signal(SIGPIPE, SIG_IGN);             /* a closed pipe is reported as an error of write */
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

/* argv[0] is the name of the command. */
static enum cli_exit run_command(struct ui *ui, const struct cli_command *command, int argc,
                                 char *argv[])
{
    struct settings settings = { .path = NULL };
    struct cli_args args;
    enum cli_exit exit = options_parse(ui, &args, command, argc, argv);

    if (exit != CLI_OK) {
        return exit;
    }
    if (args.value[OPT_HELP] != NULL) {
        options_print_usage(stdout, command);
        return ui_flush(ui);
    }
    ui->is_verbose = args.value[OPT_VERBOSE] != NULL;
    if ((command->options & OPT_BIT(OPT_CACERT)) != 0) { /* it contacts a relay */
        exit = settings_read(ui, &settings);
        args.settings = &settings;
    }
    if (exit == CLI_OK) {
        exit = command->run(ui, &args);
    }
    settings_release(&settings);
    return exit;
}

/* "tigress -" and "tigress URL", or a text with a link, are "tigress accept". */
static bool is_link(const char *word)
{
    return strcmp(word, "-") == 0 || strstr(word, "://") != NULL || strchr(word, '#') != NULL;
}

/* argv behind its first word, with the word "accept" before. */
static enum cli_exit accept_link(struct ui *ui, int argc, char *argv[])
{
    static char accept_word[] = "accept";
    char *words[WORDS_MAX] = { accept_word };

    if (argc >= WORDS_MAX) {
        return ui_fail(ui, CLI_USAGE, "usage", "too many arguments.");
    }
    memcpy(&words[1], &argv[1], (size_t)(argc - 1) * sizeof(words[0]));
    return run_command(ui, commands_find(accept_word), argc, words);
}

static enum cli_exit run(struct ui *ui, int argc, char *argv[])
{
    const struct cli_command *command;

    if (argc < 2) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "a command is missing, or a link. 'tigress help' lists the commands.");
    }
    if (is_link(argv[1])) {
        return accept_link(ui, argc, argv);
    }
    command = commands_find(alias_of(argv[1]));
    if (command == NULL) {
        return commands_refuse(ui, argv[1]);
    }
    return run_command(ui, command, argc - 1, argv + 1);
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
