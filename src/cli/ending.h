/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/ending.h - how a transfer ended: what the tool keeps of it, its exit code and its sentence.
 * Layer: L4.      Threads: one.      Blocks: on the disk.      Secrets: none.
 */
#ifndef TG_CLI_ENDING_H
#define TG_CLI_ENDING_H

#include <tigress/tigress.h>

#include "cli/state.h"

/* Keeps the end that the session reports, and wipes the secrets. */
enum cli_exit ending_keep(struct ui *ui, struct transfer *t, const struct tigress_session *s);
/* The same after this side stopped the transfer, and prints it. CLI_OPENED: a device had opened
   it, or may have. */
enum cli_exit ending_report(struct ui *ui, struct transfer *t, const struct tigress_session *s);
/* The exit code for a command that finds the transfer in this status: each end has its own. */
enum cli_exit ending_exit(enum transfer_status status);
/* Is it the exit code of an end? */
bool ending_is_exit(enum cli_exit exit);
/* One sentence about a transfer that has ended; "" for one that has not. */
const char *ending_text(const struct transfer *t);

#endif
