/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_answer.h - answer ID FILE: sends the next message to the other side.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the message.
 */
#ifndef TG_CLI_CMD_ANSWER_H
#define TG_CLI_CMD_ANSWER_H

#include "cli/options.h"

enum cli_exit cmd_answer(struct ui *ui, const struct cli_args *args);

#endif
