/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/message.h - a message to send is checked; one that came is handed to the user.
 * Layer: L4.      Threads: one.      Blocks: yes, on the output.
 * Secrets: the message.
 */
#ifndef TG_CLI_MESSAGE_H
#define TG_CLI_MESSAGE_H

#include "cli/flow.h"

/*
 * Hands the session's message to the user (--out, --json or standard output), then notes that it
 * was; nothing is noted when it cannot be written.
 */
enum cli_exit message_deliver(struct flow *f, const struct cli_args *args);
/* Whether bytes from path ("-": standard input) are a message; printed when not. */
enum cli_exit message_check(struct ui *ui, const char *path, const char *data, size_t len);

#endif
