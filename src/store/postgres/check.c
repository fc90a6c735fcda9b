/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/check.h"

#include "base/bytes.h"
#include "base/num.h"

#include <string.h>

/* The last statement fails where there are no tables; tables that only a newer version has lack no
   right. */
const char tg_pg_check_sql[] =
    "SET synchronous_commit = on; "
    "SET statement_timeout = 0; "
    "SET lock_timeout = 0; "
    "SET idle_in_transaction_session_timeout = '10s'; "
    "SET client_min_messages = warning; "
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; "
    "SELECT v.version, v.compatible_from, (SELECT count(*) FROM (VALUES ('mailbox'), ('outbox'), "
    "('series'), ('spent'), ('fact'), ('lane'), ('epoch')) AS t (name), (VALUES ('SELECT'), "
    "('INSERT'), "
    "('UPDATE'), ('DELETE')) AS p (name) WHERE NOT COALESCE(has_table_privilege("
    "to_regclass('tigress.' || t.name), p.name), true)), "
    "COALESCE(current_setting('synchronous_standby_names', true), '') <> '', "
    "EXISTS (SELECT 1 FROM tigress.fact WHERE name = 'copy' AND substring(value from 1 for 1) = "
    "'\\x02') FROM tigress.schema_version v WHERE v.version = (SELECT max(version) FROM "
    "tigress.schema_version)";

enum {
    COLUMN_VERSION,
    COLUMN_COMPATIBLE,
    COLUMN_MISSING,
    COLUMN_STANDBY,
    COLUMN_COPIED,
    COLUMN_COUNT
};

static const struct {
    const char *prefix; /* of a SQLSTATE; the first that fits counts */
    enum tg_log_reason reason;
} states[] = {
    { "3F000", TG_REASON_DATABASE_TABLES },    { "42P01", TG_REASON_DATABASE_TABLES },
    { "42703", TG_REASON_DATABASE_TABLES },    { "42501", TG_REASON_DATABASE_RIGHTS },
    { "28", TG_REASON_DATABASE_LOGIN },        { "3D000", TG_REASON_DATABASE_LOGIN },
    { "25006", TG_REASON_DATABASE_READ_ONLY },
};

static const struct {
    enum tg_log_reason reason;
    bool is_wrong;
    const char *text;
} explained[] = {
    { TG_REASON_DATABASE_TABLES, true,
      "the database has no tables of Tigress (expected: run tigressd --migrate ROLE "
      "once as their owner)" },
    { TG_REASON_DATABASE_VERSION, true,
      "the tables in the database are of a version that this tigressd does not run "
      "on (expected: tigressd --migrate ROLE of this version, or a newer tigressd)" },
    { TG_REASON_DATABASE_RIGHTS, true,
      "the database role lacks rights on the tables (expected: tigressd --migrate ROLE "
      "with the name of this role)" },
    { TG_REASON_DATABASE_LOGIN, true,
      "the database refuses the role, its password or the database's name (expected: "
      "a role and a database that exist, and what pg_hba.conf asks for)" },
    { TG_REASON_DATABASE_TLS, false,
      "the database server has no TLS, or its certificate is not from sslrootcert or not for the "
      "host's name (expected: a certificate that sslmode=verify-full accepts)" },
    { TG_REASON_DATABASE_READ_ONLY, false,
      "no server of the connection string accepts writes: those that answer are standbys" },
    { TG_REASON_DATABASE_STANDBY, true,
      "the database has no synchronous standby, so a fail-over could lose what was "
      "acknowledged (expected: synchronous_standby_names, or require-synchronous = no "
      "for one server)" },
    { TG_REASON_DATABASE_SLOW, false,
      "the database acknowledges no write: its synchronous standby does not answer, or it is "
      "overloaded" },
    { TG_REASON_DATABASE_CLOCK, false,
      "the clock of this computer differs from the database's by more than 5 s (expected: both "
      "synchronised)" },
    { TG_REASON_DATABASE_COPIED, true,
      "the database was copied to another store while this relay did not reach it (expected: the "
      "relay stopped, and started on that store)" },
};

static uint64_t number(const PGresult *result, int column)
{
    uint64_t value = 0;

    return tg_num_parse_u64(&value, tg_bytes_str(PQgetvalue(result, 0, column)), INT32_MAX) == TG_OK
               ? value
               : 0;
}

enum tg_log_reason tg_pg_check(const PGresult *result, bool must_be_synchronous)
{
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        return tg_pg_reason_of(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    }
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQnfields(result) != COLUMN_COUNT) {
        return TG_REASON_DATABASE_UNREACHABLE;
    }
    if (PQntuples(result) != 1) {
        return TG_REASON_DATABASE_TABLES;
    }
    if (number(result, COLUMN_VERSION) < TG_PG_VERSION_MIN ||
        number(result, COLUMN_COMPATIBLE) > TG_PG_VERSION_MAX) {
        return TG_REASON_DATABASE_VERSION;
    }
    if (number(result, COLUMN_MISSING) != 0) {
        return TG_REASON_DATABASE_RIGHTS;
    }
    if (must_be_synchronous && PQgetvalue(result, 0, COLUMN_STANDBY)[0] != 't') {
        return TG_REASON_DATABASE_STANDBY;
    }
    if (PQgetvalue(result, 0, COLUMN_COPIED)[0] == 't') {
        return TG_REASON_DATABASE_COPIED;
    }
    return TG_REASON_NONE;
}

/* The last word of a message, if it has the form of a SQLSTATE; otherwise "". */
static void find_sqlstate(char out[TG_PG_SQLSTATE_LEN + 1], struct tg_bytes text)
{
    struct tg_bytes last;

    while (text.len > 0 && text.ptr[text.len - 1] == '\n') {
        text.len--;
    }
    last = tg_bytes_from(text,
                         text.len < TG_PG_SQLSTATE_LEN ? text.len : text.len - TG_PG_SQLSTATE_LEN);
    out[0] = '\0';
    for (size_t i = 0; i < last.len; i++) {
        bool is_code = (last.ptr[i] >= '0' && last.ptr[i] <= '9') ||
                       (last.ptr[i] >= 'A' && last.ptr[i] <= 'Z');

        if (!is_code) {
            out[0] = '\0';
            return;
        }
        out[i] = (char)last.ptr[i];
        out[i + 1] = '\0';
    }
}

/* The connection shows nothing of an error but its text. That of the server ends in the SQLSTATE;
   that of TLS is libpq's, in English, because the program sets no locale. */
enum tg_log_reason tg_pg_conn_reason(const PGconn *conn)
{
    static const char *const of_tls[] = { "certificate", "SSL error", "SSL was required" };
    const char *text = PQerrorMessage(conn);
    char sqlstate[TG_PG_SQLSTATE_LEN + 1];

    find_sqlstate(sqlstate, tg_bytes_str(text));
    for (size_t i = 0; i < TG_COUNT(of_tls) && sqlstate[0] == '\0'; i++) {
        if (strstr(text, of_tls[i]) != NULL) {
            return TG_REASON_DATABASE_TLS;
        }
    }
    return tg_pg_reason_of(sqlstate);
}

enum tg_log_reason tg_pg_reason_of(const char *sqlstate)
{
    for (size_t i = 0; sqlstate != NULL && i < TG_COUNT(states); i++) {
        if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0) {
            return states[i].reason;
        }
    }
    return TG_REASON_DATABASE_UNREACHABLE;
}

bool tg_pg_is_wrong(enum tg_log_reason reason)
{
    for (size_t i = 0; i < TG_COUNT(explained); i++) {
        if (explained[i].reason == reason) {
            return explained[i].is_wrong;
        }
    }
    return false;
}

void tg_pg_explain(struct tg_fault *fault, enum tg_log_reason reason)
{
    for (size_t i = 0; i < TG_COUNT(explained); i++) {
        if (explained[i].reason == reason) {
            tg_fault_set(fault, "%s", explained[i].text);
        }
    }
    tg_fault_set(fault, "the database cannot be reached");
}
