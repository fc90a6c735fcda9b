/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_share.h - share FILE: creates a transfer and prints its link.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the message and the link.
 */
#ifndef TG_CLI_CMD_SHARE_H
#define TG_CLI_CMD_SHARE_H

#include "cli/options.h"

enum cli_exit cmd_share(struct ui *ui, const struct cli_args *args);

#endif
