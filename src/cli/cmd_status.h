/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_status.h - status: lists the transfers of this user. status ID: checks one at the relay.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none.
 */
#ifndef TG_CLI_CMD_STATUS_H
#define TG_CLI_CMD_STATUS_H

#include "cli/options.h"

enum cli_exit cmd_status(struct ui *ui, const struct cli_args *args);

#endif
