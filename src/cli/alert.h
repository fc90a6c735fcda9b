/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/alert.h - tells a program or a person that a watched transfer has changed.
 * Layer: L4.      Threads: one.      Blocks: until the program has ended.
 * Secrets: none. No text of the other side reaches the program or the notification.
 */
#ifndef TG_CLI_ALERT_H
#define TG_CLI_ALERT_H

#include "cli/options.h"
#include "cli/transfer.h"

/* --exec runs a command with TIGRESS_ID, TIGRESS_ROLE, TIGRESS_STATUS and TIGRESS_FOUND; --desktop
   shows a notification. What fails is said, and changes nothing. */
void alert_send(struct ui *ui, const struct cli_args *args, const struct transfer *t,
                const char *found);

#endif
