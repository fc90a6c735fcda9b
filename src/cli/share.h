/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/share.h - what sharing through a relay and sharing directly have in common.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the invitation, which is printed.
 */
#ifndef TG_CLI_SHARE_H
#define TG_CLI_SHARE_H

#include <tigress/tigress.h>

#include "cli/options.h"

/* Checks what the library does not check. CLI_USAGE: a wrong value or combination; reported. */
enum cli_exit share_check_options(struct ui *ui, const struct cli_args *args);
/* The seconds of --expires; 0: it was not given, and then the relay decides. */
int64_t share_lifetime_s(const struct cli_args *args);
/* Gives the options to the session, without the expiration, which needs the time of the relay.
 * CLI_USAGE: a value that the library refuses; reported. */
enum cli_exit share_set_options(struct ui *ui, struct tigress_session *s,
                                const struct cli_args *args);
/* Asks the user to confirm, unless --yes. where: the relay or device, for the question. */
enum cli_exit share_confirm(struct ui *ui, struct tigress_session *s, const struct cli_args *args,
                            const char *where);

#endif
