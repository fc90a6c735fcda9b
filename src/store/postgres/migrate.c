/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: made and updated by their owner, and used by the relay's role, which can do nothing
 * else. */
#include "base/mem.h"
#include "store/postgres/pg.h"

#include <store/postgres/sql.h> /* generated from the files in sql/ */

#include <stdio.h>
#include <string.h>

#define COMMAND_MAX 1024u
#define GRANTS_MAX 2048u

/* The oldest program that still runs on the tables of each version. */
static const struct {
    const char *sql;
    int compatible_from;
} versions[] = {
    { tg_pg_sql_0001, 1 },
    { tg_pg_sql_0002, 1 },
};
_Static_assert(TG_COUNT(versions) == TG_PG_VERSION_MAX, "a file for each version");

static const char versions_sql[] =
    "CREATE SCHEMA IF NOT EXISTS tigress; "
    "CREATE TABLE IF NOT EXISTS tigress.schema_version (version integer NOT NULL PRIMARY KEY, "
    "compatible_from integer NOT NULL)";

static enum tg_err run(PGconn *conn, const char *sql, struct tg_fault *fault)
{
    PGresult *result = PQexec(conn, sql);
    bool is_done =
        PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!is_done) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

        tg_fault_set(
            fault,
            "a statement of the migration failed with SQLSTATE %.5s (expected: the owner of "
            "the database, and a role that exists)",
            state == NULL ? "08000" : state);
    }
    PQclear(result);
    return is_done ? TG_OK : TG_E_DENIED;
}

static enum tg_err version_of(PGconn *conn, int *version, struct tg_fault *fault)
{
    PGresult *result =
        PQexecParams(conn, "SELECT COALESCE(max(version), 0)::bigint FROM tigress.schema_version",
                     0, NULL, NULL, NULL, NULL, 1);
    bool is_done = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

    *version = is_done ? (int)tg_pg_number(result, 0, 0) : 0;
    if (!is_done) {
        tg_fault_set(fault, "the version of the tables cannot be read");
    }
    PQclear(result);
    return is_done ? TG_OK : TG_E_DENIED;
}

/* One version, in one transaction with its row. */
static enum tg_err make_version(PGconn *conn, int version, struct tg_fault *fault)
{
    char row[COMMAND_MAX];
    enum tg_err err = TG_E_BUG;

    (void)snprintf(row, sizeof(row), "INSERT INTO tigress.schema_version VALUES (%d, %d)", version,
                   versions[version - 1].compatible_from);
    TG_TRY(run(conn, "BEGIN", fault));
    TG_TRY(run(conn, versions[version - 1].sql, fault));
    TG_TRY(run(conn, row, fault));
    TG_TRY(run(conn, "COMMIT", fault));
out:
    return err;
}

/* Puts the quoted name in the place of psql's variable. False: too long. */
static bool name_role(char *out, size_t size, const char *sql, const char *quoted)
{
    static const char variable[] = ":\"role\"";
    size_t len = 0;

    while (*sql != '\0') {
        bool is_variable = strncmp(sql, variable, sizeof(variable) - 1) == 0;
        const char *from = is_variable ? quoted : sql;
        size_t count = is_variable ? strlen(quoted) : 1;

        if (count >= size - len) {
            return false;
        }
        memcpy(out + len, from, count);
        len += count;
        sql += is_variable ? sizeof(variable) - 1 : 1;
    }
    out[len] = '\0';
    return true;
}

static enum tg_err grant(PGconn *conn, const char *role, struct tg_fault *fault)
{
    char command[GRANTS_MAX];
    char *quoted = PQescapeIdentifier(conn, role, strlen(role));
    enum tg_err err = TG_E_DENIED;

    if (quoted != NULL && name_role(command, sizeof(command), tg_pg_sql_grants, quoted)) {
        err = run(conn, command, fault);
    } else {
        tg_fault_set(fault, "the name of the role is too long or no text");
    }
    PQfreemem(quoted);
    return err;
}

/* Another migration at the same time waits, and then finds the work done. */
static enum tg_err migrate(PGconn *conn, const char *role, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    int version = 0;

    TG_TRY(run(conn, "SELECT pg_advisory_lock(7449355539203)", fault));
    TG_TRY(run(conn, versions_sql, fault));
    TG_TRY(version_of(conn, &version, fault));
    if (version > TG_PG_VERSION_MAX) {
        tg_pg_explain(fault, TG_REASON_DATABASE_VERSION);
        err = TG_E_DENIED;
        goto out;
    }
    for (int next = version + 1; next <= TG_PG_VERSION_MAX; next++) {
        TG_TRY(make_version(conn, next, fault));
    }
    TG_TRY(run(conn, tg_pg_sql_tuning, fault));
    TG_TRY(grant(conn, role, fault));
out:
    return err;
}

enum tg_err tg_store_pg_migrate(const struct tg_store_pg_settings *settings, const char *role,
                                struct tg_fault *fault)
{
    struct tg_pg_group *group = tg_mem_calloc(1, sizeof(*group));
    PGconn *conn = NULL;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(group != NULL, TG_E_NOMEM);
    TG_TRY(tg_pg_url_parse(&group->url, settings->url, fault));
    group->url.password_file = settings->password_file;
    err = tg_pg_session_open(&conn, group, false, fault);
    if (err == TG_OK) {
        err = migrate(conn, role, fault);
    }
    PQfinish(conn);
    tg_pg_url_free(&group->url);
out:
    tg_mem_free(group);
    return err;
}
