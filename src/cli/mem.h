/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/mem.h - memory of the tool: zeroed when allocated, wiped when released.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: anything may be one here (share URL, session, provisioning information).
 */
#ifndef TG_CLI_MEM_H
#define TG_CLI_MEM_H

#include <stddef.h>

/* Zeroed memory, or NULL. */
void *cli_alloc(size_t size);
/* A copy of len bytes and a NUL behind them, or NULL. */
char *cli_copy(const void *bytes, size_t len);
/* A copy of a string; NULL for NULL or when there is no memory. */
char *cli_strdup(const char *text);
/* Wipes the whole block and releases it. Accepts NULL. */
void cli_free(void *block);

#endif
