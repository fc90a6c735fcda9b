/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/flow_wait.h - waits for the other side, and steps aside for other commands on the transfer.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: as cli/flow.h.
 */
#ifndef TG_CLI_FLOW_WAIT_H
#define TG_CLI_FLOW_WAIT_H

#include "cli/flow.h"

/* Long polls of this length, and no end of tries: for a session that waits. */
enum cli_exit flow_set_waiting(struct flow *f, unsigned poll_s);
/*
 * After tigress_session_wait(): runs until there is news, or until_s (0: never). While another
 * command uses the transfer it waits for that, and then looks at what it has left.
 * CLI_OK      as flow_run; or the other command has read what came (t->is_unread says so)
 * otherwise   it failed, or the other command ended the transfer; reported
 */
enum cli_exit flow_wait(struct flow *f, int64_t until_s);

#endif
