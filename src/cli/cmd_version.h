/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_version.h - prints the version of the tool.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none.
 */
#ifndef TG_CLI_CMD_VERSION_H
#define TG_CLI_CMD_VERSION_H

#include "cli/options.h"

enum cli_exit cmd_version(struct ui *ui, const struct cli_args *args);

#endif
