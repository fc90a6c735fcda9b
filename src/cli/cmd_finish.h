/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_finish.h - finish ID ends a transfer; relinquish ID gives an accepted one back.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none.
 */
#ifndef TG_CLI_CMD_FINISH_H
#define TG_CLI_CMD_FINISH_H

#include "cli/options.h"

enum cli_exit cmd_finish(struct ui *ui, const struct cli_args *args);
enum cli_exit cmd_relinquish(struct ui *ui, const struct cli_args *args);

#endif
