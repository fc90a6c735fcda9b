/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: it is made without blocking, checked before it serves, and made again when it is
 * lost. Nothing is ever cancelled: a connection whose transaction has an unknown outcome is left,
 * and the next one runs the same changes again, unless a record shows that it was made.
 */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define CONNECT_MS 3000u
#define CHECK_MS 5000u
#define LOOKUP_MS 20u /* between two looks at a lookup */
/* A transaction that waits for a standby that does not answer is not left soon: the server would
   keep a session for each that was. */
#define PATIENCE_MIN_MS 15000u
#define PATIENCE_MAX_MS 600000u

enum tg_err tg_pg_lane_init(struct tg_pg_lane *lane, struct tg_pg_port *port, unsigned index)
{
    *lane = (struct tg_pg_lane){ .port = port,
                                 .index = index,
                                 .id = tg_pg_random(port),
                                 .fd = -1,
                                 .patience_ms = PATIENCE_MIN_MS };
    return tg_store_shares_init(&lane->waiting);
}

static struct tg_pg_tally *tally_of(const struct tg_pg_lane *lane)
{
    return &tg_pg_of_lane(lane)->group.tally;
}

void tg_pg_lane_want(struct tg_pg_lane *lane)
{
    if (!lane->is_wanted) {
        lane->is_wanted = true;
        tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_WANTED, 1);
    }
}

static void come_up(struct tg_pg_lane *lane)
{
    if (!lane->is_up) {
        lane->is_up = true;
        tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_UP, 1);
    }
}

static void go_down(struct tg_pg_lane *lane)
{
    if (lane->is_up) {
        lane->is_up = false;
        tg_pg_tally_remove(tally_of(lane), TG_PG_COUNT_UP);
    }
}

void tg_pg_lane_deinit(struct tg_pg_lane *lane)
{
    go_down(lane);
    if (lane->is_wanted) {
        tg_pg_tally_remove(tally_of(lane), TG_PG_COUNT_WANTED);
    }
    PQfinish(lane->conn);
    lane->conn = NULL;
    tg_store_shares_deinit(&lane->waiting);
}

/* ---- losing --------------------------------------------------------------------------------- */

void tg_pg_lane_lose(struct tg_pg_lane *lane, enum tg_log_reason reason)
{
    uint64_t now_ms = tg_pg_mono_ms();
    bool was_up = lane->state == TG_PG_READY && lane->written_ms != 0;

    if (lane->conn != NULL) {
        PQfinish(lane->conn);
        lane->conn = NULL;
    }
    tg_pg_batch_abandon(lane);
    go_down(lane);
    atomic_fetch_add_explicit(&tally_of(lane)->losses[reason], 1, memory_order_relaxed);
    lane->fd = -1;
    lane->events = 0;
    lane->state = TG_PG_DOWN;
    lane->written_ms = 0;
    lane->host++;
    if (was_up) {
        lane->failure_count = 0; /* the other servers first, without a long pause */
    }
    lane->at_ms = now_ms + tg_pg_pause_ms(lane->failure_count++, &lane->port->random);
    tg_pg_lane_report(lane, reason);
}

/* ---- connecting ----------------------------------------------------------------------------- */

/* A warning during a transaction may be that the wait for the standby was cut: it looks like
 * success. */
static void on_notice(void *ctx, const PGresult *result)
{
    struct tg_pg_lane *lane = ctx;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity == NULL || strcmp(severity, "WARNING") == 0) {
        lane->batch->was_warned = true;
    }
}

static void connect_on(struct tg_pg_lane *lane, uint64_t now_ms)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    struct tg_pg_host host;
    bool has_host = false;
    size_t count = 0;

    if (tg_pg_resolver_get(&group->resolver, lane->host, now_ms, &host, &has_host, &count) ==
        TG_PG_LOOKUP_RUNS) {
        lane->state = TG_PG_RESOLVING;
        lane->at_ms = now_ms + LOOKUP_MS;
        return;
    }
    lane->conn = has_host ? tg_pg_url_start(&group->url, &host) : NULL;
    if (lane->conn == NULL || PQstatus(lane->conn) == CONNECTION_BAD ||
        PQsetnonblocking(lane->conn, 1) != 0) {
        tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
        return;
    }
    (void)PQsetNoticeReceiver(lane->conn, on_notice, lane);
    lane->state = TG_PG_CONNECTING;
    lane->at_ms = now_ms + CONNECT_MS;
    if (!tg_pg_lane_watch(lane, EPOLLOUT)) {
        tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
    }
}

static void connect_further(struct tg_pg_lane *lane)
{
    switch (PQconnectPoll(lane->conn)) {
    case PGRES_POLLING_READING:
        if (tg_pg_lane_watch(lane, EPOLLIN)) {
            return;
        }
        break;
    case PGRES_POLLING_WRITING:
        if (tg_pg_lane_watch(lane, EPOLLOUT)) {
            return;
        }
        break;
    case PGRES_POLLING_OK:
        lane->state = TG_PG_CHECKING;
        lane->at_ms = tg_pg_mono_ms() + CHECK_MS;
        if (PQsendQuery(lane->conn, tg_pg_check_sql) == 1 && tg_pg_lane_watch(lane, EPOLLIN) &&
            tg_pg_lane_flush(lane)) {
            return;
        }
        break;
    default:
        break;
    }
    tg_pg_lane_lose(lane, tg_pg_conn_reason(lane->conn));
}

static void check_further(struct tg_pg_lane *lane)
{
    const struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    enum tg_log_reason reason = TG_REASON_NONE;

    if (PQconsumeInput(lane->conn) == 0 || !tg_pg_lane_flush(lane)) {
        tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
        return;
    }
    while (PQisBusy(lane->conn) == 0) {
        PGresult *result = PQgetResult(lane->conn);

        if (result == NULL) {
            break;
        }
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            lane->at_ms = UINT64_MAX; /* the last one is here */
            reason = tg_pg_check(result, group->must_be_synchronous);
            if (reason == TG_REASON_DATABASE_COPIED && group->may_be_copied) {
                reason = TG_REASON_NONE;
            }
        }
        PQclear(result);
        if (reason != TG_REASON_NONE) {
            tg_pg_lane_lose(lane, reason);
            return;
        }
    }
    if (PQisBusy(lane->conn) == 0 && lane->at_ms == UINT64_MAX) {
        lane->state = TG_PG_READY;
        if (PQenterPipelineMode(lane->conn) != 1 || !tg_pg_batch_hello(lane)) {
            tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
        }
    }
}

/* ---- serving -------------------------------------------------------------------------------- */

static void serve(struct tg_pg_lane *lane)
{
    bool was_connected = lane->written_ms != 0;
    enum tg_log_reason reason = TG_REASON_DATABASE_UNREACHABLE;

    if (PQconsumeInput(lane->conn) != 0 && tg_pg_lane_flush(lane)) {
        reason = tg_pg_batch_read(lane);
    }
    if (reason != TG_REASON_NONE) {
        tg_pg_lane_lose(lane, reason);
        return;
    }
    if (!was_connected && lane->written_ms != 0) {
        lane->failure_count = 0;
        lane->patience_ms = PATIENCE_MIN_MS;
        come_up(lane);
        tg_pg_lane_report(lane, TG_REASON_NONE);
    }
}

void tg_pg_lane_ready(struct tg_pg_lane *lane)
{
    switch (lane->state) {
    case TG_PG_CONNECTING:
        connect_further(lane);
        return;
    case TG_PG_CHECKING:
        check_further(lane);
        return;
    case TG_PG_READY:
        serve(lane);
        return;
    case TG_PG_DOWN:
    case TG_PG_RESOLVING:
        return;
    }
}

static void tick_ready(struct tg_pg_lane *lane, uint64_t now_ms)
{
    if (lane->batch->kind == TG_PG_IDLE) {
        if (!tg_pg_batch_start(lane, now_ms)) {
            tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
        }
    } else if (now_ms >= lane->batch->began_ms + lane->patience_ms) {
        lane->patience_ms =
            lane->patience_ms < PATIENCE_MAX_MS ? lane->patience_ms * 2 : PATIENCE_MAX_MS;
        tg_pg_lane_lose(lane, TG_REASON_DATABASE_SLOW);
    }
}

void tg_pg_lane_tick(struct tg_pg_lane *lane, uint64_t now_ms)
{
    switch (lane->state) {
    case TG_PG_DOWN:
    case TG_PG_RESOLVING:
        if (now_ms >= lane->at_ms && lane->is_wanted) {
            connect_on(lane, now_ms);
        }
        break;
    case TG_PG_CONNECTING:
    case TG_PG_CHECKING:
        if (now_ms >= lane->at_ms) {
            tg_pg_lane_lose(lane, TG_REASON_DATABASE_UNREACHABLE);
        }
        break;
    case TG_PG_READY:
        tick_ready(lane, now_ms);
        break;
    }
    tg_pg_batch_expire(lane, now_ms);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t tg_pg_lane_due(const struct tg_pg_lane *lane)
{
    uint64_t due_ms = tg_pg_batch_due(lane);

    if (lane->state == TG_PG_READY && lane->batch->kind == TG_PG_IDLE) {
        due_ms = earlier(due_ms, tg_pg_look_due(lane));
        return earlier(due_ms, lane->index == 0 ? lane->beat_ms : UINT64_MAX);
    }
    if (lane->state == TG_PG_READY) {
        return earlier(due_ms, lane->batch->began_ms + lane->patience_ms);
    }
    if ((lane->state == TG_PG_DOWN || lane->state == TG_PG_RESOLVING) && !lane->is_wanted) {
        return due_ms;
    }
    return earlier(due_ms, lane->at_ms);
}
