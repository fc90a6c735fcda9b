/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clipboard.h"

#include "cli/mem.h"
#include "cli/program.h"

#include <openssl/evp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 4

static const struct {
    const char *needs; /* a variable of the environment; NULL: none */
    const char *argv[WORDS_MAX];
} programs[] = {
    { "WAYLAND_DISPLAY", { "wl-copy", NULL } },
    { "DISPLAY", { "xclip", "-selection", "clipboard", NULL } },
    { "DISPLAY", { "xsel", "--clipboard", "--input", NULL } },
    { NULL, { "pbcopy", NULL } },
};

static const char *copy_by_program(const char *text)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        const char *needs = programs[i].needs;

        if ((needs == NULL || getenv(needs) != NULL) &&
            program_run(programs[i].argv, text, false) == 0) {
            return programs[i].argv[0];
        }
    }
    return NULL;
}

static char *base64(const char *text)
{
    size_t len = strlen(text);
    char *out = cli_alloc((len + 2) / 3 * 4 + 1);

    if (out != NULL) {
        (void)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    }
    return out;
}

/* The terminal does not say whether it has taken the text. */
static bool copy_by_terminal(const char *text)
{
    int terminal = open("/dev/tty", O_WRONLY | O_CLOEXEC);
    char *coded = base64(text);
    bool is_done = terminal >= 0 && coded != NULL && dprintf(terminal, "\033]52;c;%s\a", coded) > 0;

    if (terminal >= 0) {
        (void)close(terminal);
    }
    cli_free(coded);
    return is_done;
}

void clipboard_copy(struct ui *ui, const struct cli_args *args, const char *text)
{
    const char *program;

    if (args->value[OPT_COPY_OSC52] != NULL) {
        ui_info(ui, "%s",
                copy_by_terminal(text)
                    ? "the link was sent to the clipboard of the terminal (OSC 52)."
                    : "the link was not copied: there is no terminal.");
    }
    if (args->value[OPT_COPY] == NULL) {
        return;
    }
    program = copy_by_program(text);
    if (program == NULL) {
        ui_info(ui, "the link was not copied: there is no clipboard (looked for wl-copy, xclip, "
                    "xsel and pbcopy). For that of a terminal use --copy-osc52.");
    } else {
        ui_info(ui, "the link is in the clipboard (%s).", program);
    }
}
