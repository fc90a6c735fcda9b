/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/share.h - what sharing through a relay and sharing directly have in common.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the invitation, which is printed.
 */
#ifndef TG_CLI_SHARE_H
#define TG_CLI_SHARE_H

#include <tigress/tigress.h>

#include "cli/options.h"

/* Gives the options to the session; the library's refusal names what is wrong with one; said. */
enum cli_exit share_set_up(struct ui *ui, struct tigress_session *s, const struct cli_args *args);
/* Asks the user, unless --yes. where: what it goes through, for the question. */
enum cli_exit share_ask(struct ui *ui, struct tigress_session *s, const struct cli_args *args,
                        const char *where);
/*
 * share --direct: listens, prints the invitation, and serves the other device until it has
 * finished. Each message that comes is a line of JSON on standard output; the next line of standard
 * input answers it. Nothing is kept: SIGINT and SIGTERM withdraw the transfer.
 */
enum cli_exit share_direct(struct ui *ui, const struct cli_args *args);

#endif
