/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/commands.h - the table of all commands; tigress(1) describes each.
 * Layer: L4.      Threads: one.      Blocks: no.
 */
#ifndef TG_CLI_COMMANDS_H
#define TG_CLI_COMMANDS_H

#include "cli/options.h"

/* NULL: there is no such command. */
const struct cli_command *commands_find(const char *name);
void commands_print(FILE *to);

/* Reports that there is no such command, with the one that may be meant. CLI_USAGE */
enum cli_exit commands_refuse(struct ui *ui, const char *word);

#endif
