/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_watch.h - watch [ID]: waits until something changes at the relay.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none.
 */
#ifndef TG_CLI_CMD_WATCH_H
#define TG_CLI_CMD_WATCH_H

#include "cli/options.h"

enum cli_exit cmd_watch(struct ui *ui, const struct cli_args *args);

#endif
