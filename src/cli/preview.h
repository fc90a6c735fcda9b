/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/preview.h - reads the preview of a mailbox, and what its answer tells: the clock of the
 * relay. Layer: L4.      Threads: one.      Blocks: yes.      Secrets: none; a preview needs no
 * secret.
 */
#ifndef TG_CLI_PREVIEW_H
#define TG_CLI_PREVIEW_H

#include "cli/flow.h"

/* Begins a session that reads only the preview; nothing is sent yet. Release it with flow_end, also
   after a failure. cacert NULL: the system's authorities. */
enum cli_exit preview_begin(struct ui *ui, struct flow *f, const struct tigress_share_url *parts,
                            const char *cacert);
/* The clock of the relay in UTC seconds, from the Date of its answer about a mailbox that does not
   exist. CLI_REFUSED, the exit code of a lost connection: it is not known; reported. */
enum cli_exit preview_relay_time(struct ui *ui, int64_t *now_s, const char *relay,
                                 const char *cacert);
/* When the mailbox of the share URL expires; 0: the relay did not tell. Reports nothing. */
int64_t preview_expiration(const char *url, const char *cacert);

#endif
