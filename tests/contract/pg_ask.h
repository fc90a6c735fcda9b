/* SPDX-License-Identifier: Apache-2.0 */
/* contract/pg_ask.h - SQL on the server that TIGRESS_TEST_POSTGRES names, on a connection of its
 * own each time. */
#ifndef TG_CONTRACT_PG_ASK_H
#define TG_CONTRACT_PG_ASK_H

#include <stdbool.h>

/* The first column of the first row, "" without one. To be freed. */
char *pg_ask(const char *sql);
void pg_run(const char *sql);
bool pg_is_answer(const char *sql, const char *wanted);

#endif
