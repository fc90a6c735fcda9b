/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_forget.h - tigress forget, tigress prune.
 * Layer: L4.      Threads: one.      Blocks: yes.
 */
#ifndef TG_CLI_CMD_FORGET_H
#define TG_CLI_CMD_FORGET_H

#include "cli/options.h"

enum cli_exit cmd_forget(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_prune(struct ui *ui, const struct cli_args *args);

#endif
