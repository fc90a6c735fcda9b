/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/check.h - whether a database is one that the relay may use: its tables, the role's
 * rights on them, and its standbys.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: any.   Blocks: no.
 */
#ifndef TG_STORE_POSTGRES_CHECK_H
#define TG_STORE_POSTGRES_CHECK_H

#include "base/fault.h"
#include "base/log.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* The first byte of TG_FACT_COPY of a store that was copied away is 2 (server/storage/copied.h):
   a node that was stopped or cut off meanwhile must not write into it. */

/* The versions of the tables that this program runs on; --migrate makes the last one. */
#define TG_PG_VERSION_MIN 2
#define TG_PG_VERSION_MAX 2

#define TG_PG_SQLSTATE_LEN 5u

/* Sets what the session needs and reads what tg_pg_check judges: several statements, for
   PQsendQuery or PQexec. The last result is the one to judge. */
extern const char tg_pg_check_sql[];

/*
 * TG_REASON_NONE: the session may serve. Otherwise why not; tg_pg_is_wrong tells whether an
 * operator has to mend it.
 */
enum tg_log_reason tg_pg_check(const PGresult *result, bool must_be_synchronous);
/* Why a connection failed. */
enum tg_log_reason tg_pg_conn_reason(const PGconn *conn);
/* Why a session cannot be used that failed with this SQLSTATE. */
enum tg_log_reason tg_pg_reason_of(const char *sqlstate);
/* Whether it stays so until somebody changes a setting. */
bool tg_pg_is_wrong(enum tg_log_reason reason);
/* The sentence that says what is wrong, and how to mend it if somebody has to. */
void tg_pg_explain(struct tg_fault *fault, enum tg_log_reason reason);

#endif
