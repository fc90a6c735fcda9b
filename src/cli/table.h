/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/table.h - the transfers as a table that fits the terminal.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLI_TABLE_H
#define TG_CLI_TABLE_H

#include "cli/transfer.h"
#include "cli/ui.h"

/* One line for each transfer below a line of headings. On a narrow terminal the least important
   columns are left out, and texts are cut; elsewhere everything is printed. */
void table_print(struct ui *ui, const struct transfer *const list[], size_t count, int64_t now_s);
/* The words for the state of a transfer: "unread message", "active", ... */
const char *table_status(const struct transfer *t);

#endif
