/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_inspect.h - inspect URL: prints the preview of a link and does not accept it.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the share URL.
 */
#ifndef TG_CLI_CMD_INSPECT_H
#define TG_CLI_CMD_INSPECT_H

#include "cli/options.h"

enum cli_exit cmd_inspect(struct ui *ui, const struct cli_args *args);

#endif
