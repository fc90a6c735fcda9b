/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/notification.h - --notify TYPE:DATA: a notification token of another program.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: the token; it is never printed.
 */
#ifndef TG_CLI_NOTIFICATION_H
#define TG_CLI_NOTIFICATION_H

#include <tigress/tigress.h>

#include "cli/options.h"

/* Gives the token of --notify to the session; does nothing without that option. CLI_USAGE: no TYPE,
   no DATA, or too long; reported. */
enum cli_exit notification_set(struct ui *ui, struct tigress_session *s,
                               const struct cli_args *args);

#endif
