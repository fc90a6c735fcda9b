/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/evidence.h - good standing of the sharing side: a packed attestation for tests, a private
 * token, and what to say when the relay wants one.
 * Layer: L4.      Threads: one.      Blocks: reads files.
 * Secrets: a key file and a token; wiped.
 */
#ifndef TG_CLI_EVIDENCE_H
#define TG_CLI_EVIDENCE_H

#include "cli/flow.h"

/* Tells the session what the options can give. Before its first step. */
enum cli_exit evidence_set_up(struct ui *ui, struct tigress_session *s,
                              const struct cli_args *args);
/* As flow_run(f, 0), and gives the session what it asks for meanwhile.
 * CLI_REFUSED   the options do not have it; said, with the relay's challenge */
enum cli_exit evidence_run(struct flow *f, const struct cli_args *args);

#endif
