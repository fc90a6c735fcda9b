/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/pake.h - the PIN that two devices prove to each other: share --pin, and what accept asks for.
 * Layer: L4.      Threads: one.      Blocks: yes, on the user and the network.
 * Secrets: the PIN, until it is printed or entered.
 */
#ifndef TG_CLI_PAKE_H
#define TG_CLI_PAKE_H

#include "cli/flow.h"

/* CLI_USAGE: this build does not have the component; reported. */
enum cli_exit pake_check_build(struct ui *ui);
/* share: makes the PIN of a new session, and keeps its digits in the transfer until they are
   printed. */
enum cli_exit pake_make(struct ui *ui, struct transfer *t, struct tigress_session *s);
/* accept: the session may ask for a PIN, and with --pin or --pin-file it must. */
enum cli_exit pake_allow(struct ui *ui, struct tigress_session *s, const struct cli_args *args);
/*
 * accept: after a run. While the session asks for the PIN, reads it and runs on.
 * CLI_REFUSED   it cannot be asked for here, or was wrong and comes from a file; reported
 */
enum cli_exit pake_answer(struct flow *f, const struct cli_args *args);
/* The session waits for the other device while a PIN is open. */
bool pake_is_open(const struct tigress_session *s);
/* pin ID: what is known of it. */
enum cli_exit pake_show(struct ui *ui, const struct transfer *t, const struct tigress_session *s);

#endif
