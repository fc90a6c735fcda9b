/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/relays.h - which relays a link may name.
 * Layer: L4.      Threads: one.      Blocks: on the question to the user.      Secrets: none.
 *
 * A relay that the user names (--relay, TIGRESS_RELAY, the setting relay) is asked for. A relay in
 * a link is the choice of a stranger: it is used only if the user has allowed it.
 */
#ifndef TG_CLI_RELAYS_H
#define TG_CLI_RELAYS_H

#include "cli/invitation.h"

#define RELAYS_NAME_MAX 272u

/*
 * Before the first request: may the relay of the link be used? It may if --allow-relay, the setting
 * allow-relay or the user's own relay names it. Otherwise asks on the terminal, and remembers a
 * yes. A direct transfer has no relay. CLI_REFUSED   the user does not want it; reported CLI_USAGE
 * there is no terminal to ask; reported
 */
enum cli_exit relays_permit(struct ui *ui, const struct cli_args *args,
                            const struct invitation_in *in);
/* HOST[:PORT] of "https://HOST[:PORT]" or of HOST[:PORT], in its usual form. CLI_USAGE: it is
   neither; reported. */
enum cli_exit relays_name(struct ui *ui, char name[RELAYS_NAME_MAX], const char *text);

#endif
