/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/commands.h - the subcommands, as main.c lists them; tigress(1) tells what each does.
 * Layer: L4.      Threads: one.      Blocks: yes.
 */
#ifndef TG_CLI_COMMANDS_H
#define TG_CLI_COMMANDS_H

#include "cli/options.h"

enum cli_exit cmd_share(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_accept(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_answer(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_receive(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_watch(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_finish(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_status(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_pin(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_cancel(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_relinquish(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_inspect(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_help(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_version(struct ui *ui, const struct cli_args *args);

#endif
