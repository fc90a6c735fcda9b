/* SPDX-License-Identifier: Apache-2.0 */
#include "common/command.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

enum result result_of(bool is_ok)
{
    return is_ok ? DONE : REFUSED;
}

int command_run(const struct command *commands, size_t count, int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < count; i++) {
        if (strcmp(argv[2], commands[i].name) == 0 && argc - 3 == commands[i].argument_count) {
            return (int)commands[i].run(argv[1], argv + 3);
        }
    }
    (void)fprintf(stderr, "usage: %s FOLDER COMMAND [ARGUMENT...]; commands:",
                  argc > 0 ? basename(argv[0]) : "wallet");
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stderr, " %s", commands[i].name);
    }
    (void)fprintf(stderr, " (their arguments are in the README)\n");
    return EXIT_USAGE;
}
