/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_relays.h - tigress relays: the relays that links may name.
 * Layer: L4.      Threads: one.      Blocks: on the disk.
 */
#ifndef TG_CLI_CMD_RELAYS_H
#define TG_CLI_CMD_RELAYS_H

#include "cli/options.h"

enum cli_exit cmd_relays(struct ui *ui, const struct cli_args *args);

#endif
