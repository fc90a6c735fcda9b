/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that its caller waits for: at the start of a program, before there is a loop. */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <poll.h>
#include <string.h>

#define CONNECT_MS 3000u
#define ANSWER_MS 8000u /* to a statement */
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

bool tg_pg_await(PGconn *conn, uint64_t wait_ms)
{
    return await(conn, tg_pg_mono_ms() + wait_ms);
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

    *reason = TG_REASON_DATABASE_UNREACHABLE;
    if (conn == NULL) {
        return NULL;
    }
    (void)PQsetNoticeReceiver(conn, on_notice, NULL);
    if (PQstatus(conn) != CONNECTION_BAD && is_connected(conn)) {
        *reason = must_check ? check(conn, group->must_be_synchronous) : TG_REASON_NONE;
    } else {
        *reason = tg_pg_conn_reason(conn);
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
    static const Oid numbers[] = { NUMBER_OID, NUMBER_OID };
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
