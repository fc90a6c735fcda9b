/* SPDX-License-Identifier: Apache-2.0 */
/* tigress compare ID [same|different]. Layer: L4.      Threads: one.      Blocks: yes. */
#ifndef TG_CLI_CMD_COMPARE_H
#define TG_CLI_CMD_COMPARE_H

#include "cli/options.h"

enum cli_exit cmd_compare(struct ui *ui, const struct cli_args *args);

#endif
