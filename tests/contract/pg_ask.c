/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/pg_ask.h"

#include "contract/contract_support.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

char *pg_ask(const char *sql)
{
    PGconn *conn = PQconnectdb(getenv("TIGRESS_TEST_POSTGRES"));
    PGresult *result = PQexec(conn, sql);
    char *text = NULL;

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s", PQerrorMessage(conn));
    }
    text = strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    assert_non_null(text);
    PQclear(result);
    PQfinish(conn);
    return text;
}

void pg_run(const char *sql)
{
    free(pg_ask(sql));
}

bool pg_is_answer(const char *sql, const char *wanted)
{
    char *got = pg_ask(sql);
    bool is = strcmp(got, wanted) == 0;

    free(got);
    return is;
}
