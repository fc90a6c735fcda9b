/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/nearest.h - which word a mistyped one may mean.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLI_NEAREST_H
#define TG_CLI_NEAREST_H

/* Letters to add, remove, replace or swap to make b of a; more than 3 is not told apart. */
unsigned nearest_distance(const char *a, const char *b);

#endif
