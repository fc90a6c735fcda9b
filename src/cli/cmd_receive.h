/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_receive.h - receive ID: waits for the next message and prints it.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the message.
 */
#ifndef TG_CLI_CMD_RECEIVE_H
#define TG_CLI_CMD_RECEIVE_H

#include "cli/options.h"

enum cli_exit cmd_receive(struct ui *ui, const struct cli_args *args);

#endif
