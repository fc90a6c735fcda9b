/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_cancel.h - cancel ID: withdraws a transfer.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none.
 */
#ifndef TG_CLI_CMD_CANCEL_H
#define TG_CLI_CMD_CANCEL_H

#include "cli/options.h"

enum cli_exit cmd_cancel(struct ui *ui, const struct cli_args *args);

#endif
