/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/invitation.h - the share URL that accept and inspect are given.
 * Layer: L4.      Threads: one.      Blocks: on standard input.
 * Secrets: text, url and secret, until invitation_wipe.
 */
#ifndef TG_CLI_INVITATION_H
#define TG_CLI_INVITATION_H

#include <tigress/tigress.h>

#include "cli/options.h"
#include "cli/transfer.h"

struct invitation_in {
    char *text;   /* as it was given */
    char *url;    /* the link in it */
    char *secret; /* that was sent separately, or NULL */
    char *cacert; /* or NULL */
    char id[TRANSFER_ID_LEN + 1];
    bool has_secret;
    struct tigress_share_url *parts;
};

/*
 * Reads the URL, or a text that holds it, from the first argument or from standard input. Says what
 * was repaired, and warns of a secret that servers have seen. Checks what can be checked
 * without a request. CLI_USAGE: not a share URL; CLI_REFUSED: a relay that --allow-relay does not
 * name.
 */
enum cli_exit invitation_read(struct ui *ui, struct invitation_in *in, const struct cli_args *args);
void invitation_wipe(struct invitation_in *in);

#endif
