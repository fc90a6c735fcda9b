/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_pin.h - pin ID: prints how many tries are left. With --check it checks one typed PIN; the
 * try is counted on disk before the result is known.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the PIN.
 */
#ifndef TG_CLI_CMD_PIN_H
#define TG_CLI_CMD_PIN_H

#include "cli/options.h"

enum cli_exit cmd_pin(struct ui *ui, const struct cli_args *args);

#endif
