/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/message.h - checks a message to send, and gives a received one to the user.
 * Layer: L4.      Threads: one.      Blocks: yes, on the output.
 * Secrets: the message.
 */
#ifndef TG_CLI_MESSAGE_H
#define TG_CLI_MESSAGE_H

#include "cli/flow.h"

/*
 * Gives the session's message to the user (--out, --json or standard output), then saves that it is
 * read. When it cannot be written it stays unread.
 */
enum cli_exit message_deliver(struct flow *f, const struct cli_args *args);
/* CLI_USAGE: the bytes from path ("-": standard input) are not a message; reported. */
enum cli_exit message_check(struct ui *ui, const char *path, const char *data, size_t len);

#endif
