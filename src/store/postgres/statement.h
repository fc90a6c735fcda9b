/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/statement.h - the statements that a connection prepares, and their arguments.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: one at a time.   Blocks: no.
 *
 * Numbers, booleans and bytes are sent and received in PostgreSQL's binary format.
 */
#ifndef TG_STORE_POSTGRES_STATEMENT_H
#define TG_STORE_POSTGRES_STATEMENT_H

#include "base/bytes.h"
#include "base/err.h"

#include <libpq-fe.h>
#include <stddef.h>

enum tg_pg_statement {
    TG_PG_EPOCH,
    TG_PG_READ,
    TG_PG_TAGS,
    TG_PG_INSERT,
    TG_PG_UPDATE,
    TG_PG_DELETE,
    TG_PG_NOTE,
    TG_PG_NOTE_AGAIN,
    TG_PG_UNBLOCK,
    TG_PG_UNLEASE,
    TG_PG_LEASE_EXPIRED,
    TG_PG_LEASE,
    TG_PG_NEXT_DUE,
    TG_PG_DONE_REMOVE,
    TG_PG_DONE_AGAIN,
    TG_PG_RETRY_REMOVE,
    TG_PG_RETRY,
    TG_PG_BLOCK,
    TG_PG_FACT,
    TG_PG_FACT_INSERT,
    TG_PG_FACT_UPDATE,
    TG_PG_MARK,
    TG_PG_SERIES_MOVE,
    TG_PG_SERIES_OPEN,
    TG_PG_SERIES,
    TG_PG_SPEND,
    TG_PG_SPENT,
    TG_PG_SWEEP_LOOK,
    TG_PG_SWEEP_RECORDS,
    TG_PG_SWEEP_ENTRIES,
    TG_PG_SWEEP_CLOSE,
    TG_PG_SWEEP_SPENT,
    TG_PG_OLDEST,
    TG_PG_LANE,
    TG_PG_OTHERS,
    TG_PG_FOLD
};
#define TG_PG_STATEMENT_COUNT (TG_PG_FOLD + 1u)

const char *tg_pg_statement_name(enum tg_pg_statement statement);
const char *tg_pg_statement_sql(enum tg_pg_statement statement);

#define TG_PG_ARGS_MAX 12u

/* All zero is empty. Must not move once an argument was added. Bytes and texts are borrowed. */
struct tg_pg_args {
    int count;
    const char *values[TG_PG_ARGS_MAX];
    int lens[TG_PG_ARGS_MAX];
    int formats[TG_PG_ARGS_MAX];
    uint8_t numbers[TG_PG_ARGS_MAX][8];
};

void tg_pg_arg_number(struct tg_pg_args *args, int64_t value);
void tg_pg_arg_bool(struct tg_pg_args *args, bool value);
void tg_pg_arg_bytes(struct tg_pg_args *args, struct tg_bytes value);
void tg_pg_arg_text(struct tg_pg_args *args, const char *value);

/* False: the connection is lost. */
TG_NODISCARD bool tg_pg_send(PGconn *conn, enum tg_pg_statement statement,
                             const struct tg_pg_args *args);

/* A field of a binary result: of smallint, bigint or boolean; 0 if it is NULL. */
int64_t tg_pg_number(const PGresult *result, int row, int column);
struct tg_bytes tg_pg_bytes(const PGresult *result, int row, int column);
/* Rows that the statement changed or returned. */
uint64_t tg_pg_row_count(const PGresult *result);

#endif
