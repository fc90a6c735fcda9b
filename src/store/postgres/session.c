/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that its caller waits for: at the start of a program, before there is a loop. */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <poll.h>
#include <string.h>

#define CONNECT_MS 3000u
#define ANSWER_MS 8000u /* to a statement, or until the next row */
#define PATIENCE_MS 15000u
#define NUMBER_OID 20u
#define TEXT_OID 25u

/* A warning may be that a wait for the standby was cut. Its text may contain values. */
static void on_notice(void *ctx, const PGresult *result)
{
    bool *was_warned = ctx;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (was_warned != NULL && (severity == NULL || strcmp(severity, "WARNING") == 0)) {
        *was_warned = true;
    }
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Whether PQgetResult can be called without blocking. False: lost, or no answer until end_ms. */
static bool await(PGconn *conn, uint64_t end_ms)
{
    while (PQisBusy(conn) != 0) {
        struct pollfd fd = { .fd = PQsocket(conn), .events = POLLIN };
        uint64_t now_ms = tg_pg_mono_ms();

        if (now_ms >= end_ms || poll(&fd, 1, (int)(end_ms - now_ms)) <= 0 ||
            PQconsumeInput(conn) == 0) {
            return false;
        }
    }
    return true;
}

/* The last result of what was sent. NULL: lost, or no answer for so long; the connection is of no
   use then. */
static PGresult *last_result(PGconn *conn, uint64_t wait_ms)
{
    uint64_t end_ms = tg_pg_mono_ms() + wait_ms;
    PGresult *last = NULL;
    PGresult *next = NULL;

    while (await(conn, end_ms)) {
        next = PQgetResult(conn);
        if (next == NULL) {
            return last;
        }
        PQclear(last);
        last = next;
    }
    PQclear(last);
    return NULL;
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool is_connected(PGconn *conn)
{
    uint64_t end_ms = tg_pg_mono_ms() + CONNECT_MS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        struct pollfd fd = { .fd = PQsocket(conn),
                             .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT };
        uint64_t now_ms = tg_pg_mono_ms();

        if (now_ms >= end_ms || poll(&fd, 1, (int)(end_ms - now_ms)) <= 0) {
            return false;
        }
        status = PQconnectPoll(conn);
    }
    return status == PGRES_POLLING_OK;
}

static enum tg_log_reason check(PGconn *conn, bool must_be_synchronous)
{
    PGresult *result =
        PQsendQuery(conn, tg_pg_check_sql) == 1 ? last_result(conn, ANSWER_MS) : NULL;
    enum tg_log_reason reason =
        result == NULL ? TG_REASON_DATABASE_SLOW : tg_pg_check(result, must_be_synchronous);

    PQclear(result);
    /* Its caller looks for that itself: some work on such a store. */
    return reason == TG_REASON_DATABASE_COPIED ? TG_REASON_NONE : reason;
}

/* NULL: *reason says why. */
static PGconn *try_host(const struct tg_pg_group *group, const struct tg_pg_host *host,
                        bool must_check, enum tg_log_reason *reason)
{
    PGconn *conn = tg_pg_url_start(&group->url, host);
    char sqlstate[TG_PG_SQLSTATE_LEN + 1] = "";

    *reason = TG_REASON_DATABASE_UNREACHABLE;
    if (conn == NULL) {
        return NULL;
    }
    (void)PQsetNoticeReceiver(conn, on_notice, NULL);
    if (PQstatus(conn) != CONNECTION_BAD && is_connected(conn)) {
        *reason = must_check ? check(conn, group->must_be_synchronous) : TG_REASON_NONE;
    } else {
        tg_pg_conn_sqlstate(conn, sqlstate);
        *reason = tg_pg_reason_of(sqlstate);
    }
    if (*reason != TG_REASON_NONE) {
        PQfinish(conn);
        conn = NULL;
    }
    return conn;
}

enum tg_err tg_pg_session_open(PGconn **out, const struct tg_pg_group *group, bool must_check,
                               struct tg_fault *fault)
{
    enum tg_log_reason reason = TG_REASON_DATABASE_UNREACHABLE;
    enum tg_log_reason worst = TG_REASON_DATABASE_UNREACHABLE;

    for (size_t i = 0; i < group->url.host_count; i++) {
        *out = try_host(group, &group->url.hosts[i], must_check, &reason);
        if (*out != NULL) {
            return TG_OK;
        }
        if (tg_pg_is_wrong(reason) || worst == TG_REASON_DATABASE_UNREACHABLE) {
            worst = reason;
        }
    }
    tg_pg_explain(fault, worst);
    return tg_pg_is_wrong(worst) ? TG_E_DENIED : TG_E_IO;
}

/* ---- statements ----------------------------------------------------------------------------- */

PGresult *tg_pg_run(PGconn *conn, uint64_t wait_ms, const char *sql, const struct tg_pg_args *args)
{
    static const struct tg_pg_args none;
    static const Oid numbers[] = { NUMBER_OID };
    const struct tg_pg_args *a = args == NULL ? &none : args;
    PGresult *result =
        PQsendQueryParams(conn, sql, a->count, numbers, a->values, a->lens, a->formats, 1) == 1
            ? last_result(conn, wait_ms)
            : NULL;
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        PQclear(result);
        return NULL;
    }
    return result;
}

bool tg_pg_do(PGconn *conn, uint64_t wait_ms, const char *sql, const struct tg_pg_args *args)
{
    PGresult *result = tg_pg_run(conn, wait_ms, sql, args);

    PQclear(result);
    return result != NULL;
}

/* A write shows that a standby answers, and that all that is read later is replicated. Its row
   belongs to no node. */
enum tg_err tg_pg_session_barrier(PGconn *conn, uint32_t patience_ms, struct tg_fault *fault)
{
    bool was_warned = false;
    PGresult *result = NULL;
    bool is_done = false;

    (void)PQsetNoticeReceiver(conn, on_notice, &was_warned);
    result = tg_pg_run(conn, patience_ms == 0 ? PATIENCE_MS : patience_ms,
                       "UPDATE tigress.lane SET beat_s = beat_s WHERE id = 0", NULL);
    is_done = result != NULL && !was_warned;
    (void)PQsetNoticeReceiver(conn, on_notice, NULL);
    PQclear(result);
    if (!is_done) {
        tg_pg_explain(fault, TG_REASON_DATABASE_SLOW);
    }
    return is_done ? TG_OK : TG_E_IO;
}

enum tg_err tg_pg_session_refresh(PGconn *conn, struct tg_pg_group *group)
{
    struct tg_pg_args args = { .count = 0 };
    PGresult *result = NULL;

    tg_pg_arg_number(&args, group->node);
    result = tg_pg_run(conn, ANSWER_MS, tg_pg_statement_sql(TG_PG_OTHERS), &args);
    if (result == NULL || PQntuples(result) != 1) {
        PQclear(result);
        return TG_E_STORE;
    }
    (void)pthread_mutex_lock(&group->lock);
    group->others = tg_pg_counts_of(result);
    group->own = (struct tg_store_stats){ .live_count = 0 };
    group->refreshed_ms = tg_pg_mono_ms();
    (void)pthread_mutex_unlock(&group->lock);
    PQclear(result);
    return TG_OK;
}

/* ---- surveys -------------------------------------------------------------------------------- */

typedef bool show_fn(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen);

static void take_key(struct tg_store_key *out, const PGresult *row, int column)
{
    struct tg_bytes key = tg_pg_bytes(row, 0, column);

    memcpy(out->bytes, key.ptr, key.len < TG_STORE_KEY_LEN ? key.len : TG_STORE_KEY_LEN);
}

static bool show_fact(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    struct tg_bytes name = tg_pg_bytes(row, 0, 0);

    seen->kind = TG_STORE_SEEN_FACT;
    seen->version = (uint64_t)tg_pg_number(row, 0, 1);
    seen->bytes = tg_pg_bytes(row, 0, 2);
    for (unsigned i = 0; i < TG_FACT_COUNT; i++) {
        const char *wanted = i == TG_FACT_CLOCK ? s->clock_fact : tg_store_fact_name(i);

        if (tg_bytes_is_equal(name, tg_bytes_str(wanted))) {
            seen->fact = (enum tg_fact)i;
            return true;
        }
    }
    return false; /* of another computer */
}

static bool show_mark(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    static _Thread_local uint8_t bytes[TG_STORE_MARK_LEN];

    (void)s;
    seen->kind = TG_STORE_SEEN_FACT;
    seen->fact = TG_FACT_TIME_MARK;
    seen->version = 1;
    seen->bytes = TG_ARRAY_BYTES(bytes);
    return tg_store_mark_raise(bytes, NULL, tg_pg_number(row, 0, 0));
}

static bool show_series(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_SERIES;
    take_key(&seen->key, row, 0);
    seen->expires_s = tg_pg_number(row, 0, 1);
    seen->is_closed = tg_pg_number(row, 0, 2) != 0;
    return true;
}

static bool show_spent(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_SPENT;
    take_key(&seen->key, row, 0);
    take_key(&seen->series, row, 1);
    seen->bytes = tg_pg_bytes(row, 0, 2);
    return true;
}

static bool show_record(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_RECORD;
    take_key(&seen->key, row, 0);
    seen->version = (uint64_t)tg_pg_number(row, 0, 1);
    seen->expires_s = tg_pg_number(row, 0, 2);
    seen->bytes = tg_pg_bytes(row, 0, 3);
    seen->class = tg_pg_number(row, 0, 4) == TG_STORE_LIVE ? TG_STORE_LIVE : TG_STORE_ENDED;
    return true;
}

static bool show_entry(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_ENTRY;
    take_key(&seen->key, row, 0);
    seen->expires_s = tg_pg_number(row, 0, 1);
    seen->is_blocked = tg_pg_number(row, 0, 2) != 0;
    seen->bytes = tg_pg_bytes(row, 0, 3);
    seen->due_s = tg_pg_number(row, 0, 4);
    seen->attempts = (uint32_t)tg_pg_number(row, 0, 5);
    return true;
}

enum {
    OF_ALL = 1 << TG_STORE_SURVEY_ALL,
    OF_OUTBOX = 1 << TG_STORE_SURVEY_OUTBOX,
    OF_COPY = 1 << TG_STORE_SURVEY_COPY
};

static const struct {
    const char *sql;
    show_fn *show;
    unsigned of;
} shown[] = {
    { "SELECT name, version, value FROM tigress.fact", show_fact, OF_ALL | OF_COPY },
    { "SELECT max(mark_s) FROM tigress.lane", show_mark, OF_ALL | OF_COPY },
    { "SELECT id, end_s, is_closed FROM tigress.series", show_series, OF_ALL | OF_COPY },
    { "SELECT k.key, k.series, k.sealed FROM tigress.spent k JOIN tigress.series s ON s.id = "
      "k.series WHERE NOT s.is_closed",
      show_spent, OF_COPY },
    { "SELECT key, version, expires_s, sealed, class FROM tigress.mailbox", show_record,
      OF_ALL | OF_COPY },
    { "SELECT key, expires_s, is_blocked, sealed, CASE WHEN is_blocked THEN expires_s ELSE "
      "LEAST(due_s, expires_s) END, attempts FROM tigress.outbox",
      show_entry, OF_ALL | OF_OUTBOX | OF_COPY },
};

/* Row by row, so that the whole table is never in memory. TG_E_DENIED: see() ended it. */
static enum tg_err show_all(const struct tg_pg *s, PGconn *conn, size_t i, tg_store_see_fn *see,
                            void *ctx)
{
    enum tg_err err = TG_OK;
    PGresult *row = NULL;

    if (PQsendQueryParams(conn, shown[i].sql, 0, NULL, NULL, NULL, NULL, 1) != 1 ||
        PQsetSingleRowMode(conn) != 1) {
        return TG_E_STORE;
    }
    while (err == TG_OK) {
        struct tg_store_seen seen = { .version = 0 };

        if (!await(conn, tg_pg_mono_ms() + ANSWER_MS)) {
            return TG_E_STORE;
        }
        row = PQgetResult(conn);
        if (row == NULL) {
            break;
        }

        if (PQresultStatus(row) == PGRES_SINGLE_TUPLE) {
            err = !shown[i].show(s, row, &seen) || see(ctx, &seen) ? TG_OK : TG_E_DENIED;
        } else if (PQresultStatus(row) != PGRES_TUPLES_OK) {
            err = TG_E_STORE;
        }
        PQclear(row);
    }
    return err;
}

static enum tg_err show_of(const struct tg_pg *s, PGconn *conn, enum tg_store_survey what,
                           tg_store_see_fn *see, void *ctx)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < TG_COUNT(shown); i++) {
        if ((shown[i].of & 1u << what) != 0) {
            err = show_all(s, conn, i, see, ctx);
        }
    }
    return err == TG_E_DENIED ? TG_OK : err;
}

enum tg_err tg_pg_survey(struct tg_pg *s, enum tg_store_survey what, tg_store_see_fn *see,
                         void *ctx)
{
    PGconn *conn = NULL;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_STORE;

    if (what == TG_STORE_SURVEY_COPY) {
        conn = tg_pg_copy_conn(s);
        return conn == NULL ? TG_E_STORE : show_of(s, conn, what, see, ctx);
    }
    if (tg_pg_session_open(&conn, &s->group, true, &fault) == TG_OK &&
        tg_pg_do(conn, TG_PG_WORK_MS, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL)) {
        err = show_of(s, conn, what, see, ctx);
    }
    PQfinish(conn);
    return err;
}

/* ---- copies of a store ---------------------------------------------------------------------- */

/* Counts everything again, and the rows of all lanes become one. */
static const char recount_sql[] =
    "UPDATE tigress.lane SET seq = GREATEST((SELECT sum(seq)::bigint FROM tigress.lane), $1) + 1, "
    "mark_s = (SELECT max(mark_s) FROM tigress.lane), "
    "live_count = (SELECT count(*) FROM tigress.mailbox WHERE class = 0), "
    "live_bytes = (SELECT COALESCE(sum(octet_length(sealed)), 0)::bigint FROM tigress.mailbox "
    "WHERE class = 0), ended_count = (SELECT count(*) FROM tigress.mailbox WHERE class <> 0), "
    "ended_bytes = (SELECT COALESCE(sum(octet_length(sealed)), 0)::bigint FROM tigress.mailbox "
    "WHERE class <> 0), outbox_count = (SELECT count(*) FROM tigress.outbox), "
    "spent_count = (SELECT count(*) FROM tigress.spent) WHERE id = 0";

bool tg_pg_recount(PGconn *conn, uint64_t commits_min)
{
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_number(&args, (int64_t)commits_min);
    return tg_pg_do(conn, TG_PG_WORK_MS, recount_sql, &args) &&
           tg_pg_do(conn, TG_PG_WORK_MS, "DELETE FROM tigress.lane WHERE id <> 0", NULL);
}

static bool restore(PGconn *conn, enum tg_store_restored how, uint64_t commits_min)
{
    static const char *const dropped[] = { "DELETE FROM tigress.mailbox",
                                           "DELETE FROM tigress.outbox" };
    bool is_done = true;

    for (size_t i = 0; how == TG_STORE_RESTORED_DROP && is_done && i < TG_COUNT(dropped); i++) {
        is_done = tg_pg_do(conn, TG_PG_WORK_MS, dropped[i], NULL);
    }
    return is_done &&
           tg_pg_do(conn, TG_PG_WORK_MS, "UPDATE tigress.series SET is_closed = true", NULL) &&
           tg_pg_recount(conn, commits_min) && tg_pg_do(conn, TG_PG_WORK_MS, "COMMIT", NULL);
}

/* In the transaction that holds the database, or in one of its own. */
enum tg_err tg_pg_restore(struct tg_pg *s, enum tg_store_restored how, uint64_t commits_min)
{
    PGconn *own = NULL;
    PGconn *conn = s->copying != NULL ? tg_pg_copy_conn(s) : NULL;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_STORE;

    if (conn == NULL && s->copying == NULL &&
        tg_pg_session_open(&own, &s->group, true, &fault) == TG_OK &&
        tg_pg_do(own, TG_PG_WORK_MS, "BEGIN", NULL)) {
        conn = own;
    }
    if (conn != NULL && restore(conn, how, commits_min)) {
        err = tg_pg_session_refresh(conn, &s->group);
    }
    PQfinish(own);
    return err == TG_OK ? TG_OK : TG_E_STORE;
}
