/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/share_direct.h - share --direct: this device serves the other one, without a relay.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the invitation, which is printed.
 */
#ifndef TG_CLI_SHARE_DIRECT_H
#define TG_CLI_SHARE_DIRECT_H

#include "cli/options.h"

/*
 * Listens, prints the invitation, and serves the other device until it has finished. Each message
 * that arrives is a line of JSON on standard output; the next line of standard input answers it.
 * Nothing is saved: SIGINT and SIGTERM withdraw the transfer.
 */
enum cli_exit share_direct(struct ui *ui, const struct cli_args *args);

#endif
