/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/program.h - runs another program: a clipboard, a notification, what --exec names.
 * Layer: L4.      Threads: one.      Blocks: until the program has ended.
 * Secrets: its input may be one; it goes through a pipe, never through arguments or the
 * environment.
 */
#ifndef TG_CLI_PROGRAM_H
#define TG_CLI_PROGRAM_H

#include <stdbool.h>

/* There is no such program, or it could not be started. */
#define PROGRAM_NONE 127

/*
 * Runs argv[0], which is searched in PATH, and returns its exit code.
 *   input   for its standard input; NULL: empty
 *   Its standard output is standard error of this process if is_loud, else nothing.
 * PROGRAM_NONE   it does not exist. Another code above 127: a signal ended it.
 */
int program_run(const char *const argv[], const char *input, bool is_loud);

#endif
