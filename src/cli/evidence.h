/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/evidence.h - evidence that the sender is in good standing: a packed attestation for tests, or
 * a private token, given to the relay that asks for it.
 * Layer: L4.      Threads: one.      Blocks: reads files.
 * Secrets: a key file and a token; wiped.
 */
#ifndef TG_CLI_EVIDENCE_H
#define TG_CLI_EVIDENCE_H

#include "cli/flow.h"

/* Sets in the session which evidence the options provide. Before its first step. */
enum cli_exit evidence_set_up(struct ui *ui, struct tigress_session *s,
                              const struct cli_args *args);
/* As flow_run(f, 0), and gives the session the evidence that it asks for.
 * CLI_REFUSED   the options do not have it; reported with the relay's challenge */
enum cli_exit evidence_run(struct flow *f, const struct cli_args *args);

#endif
