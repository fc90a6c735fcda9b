/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/command.h - the commands of a wallet program: PROGRAM FOLDER COMMAND [ARGUMENT...]
 */
#ifndef EXAMPLES_COMMAND_H
#define EXAMPLES_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Also the exit codes of the program; 2 is a wrong command line. */
enum result { DONE = 0, REFUSED = 1, WITHDRAWN = 3 };

struct command {
    const char *name;
    int argument_count;
    enum result (*run)(const char *folder, char **arguments);
};

enum result result_of(bool is_ok);
/* The exit code for main(). */
int command_run(const struct command *commands, size_t count, int argc, char **argv);

#endif
