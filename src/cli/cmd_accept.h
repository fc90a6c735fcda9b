/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_accept.h - accept URL: claims the transfer and prints its first message.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the share URL and its secret.
 */
#ifndef TG_CLI_CMD_ACCEPT_H
#define TG_CLI_CMD_ACCEPT_H

#include "cli/options.h"

enum cli_exit cmd_accept(struct ui *ui, const struct cli_args *args);

#endif
