/* SPDX-License-Identifier: Apache-2.0 */
/* What everything on a connection rests on: statements and their expected results, the descriptor,
 * and what the log says of the database. */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <assert.h>
#include <sys/epoll.h>

int64_t tg_pg_random(struct tg_pg_port *port)
{
    return (int64_t)(tg_pg_random_next(&port->random) >> 1 | 1); /* above 0 */
}

/* libpq may close its descriptor and open another one with the same number. */
bool tg_pg_lane_watch(struct tg_pg_lane *lane, uint32_t events)
{
    int fd = PQsocket(lane->conn);
    struct epoll_event event = { .events = events, .data = { .ptr = lane } };

    if (fd < 0) {
        return false;
    }
    if (epoll_ctl(lane->port->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 &&
        epoll_ctl(lane->port->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        return false;
    }
    lane->fd = fd;
    lane->events = events;
    return true;
}

bool tg_pg_lane_flush(struct tg_pg_lane *lane)
{
    int left = PQflush(lane->conn);
    uint32_t events = left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;

    return left >= 0 && (events == lane->events || tg_pg_lane_watch(lane, events));
}

void tg_pg_lane_report(struct tg_pg_lane *lane, enum tg_log_reason reason)
{
    struct tg_pg *s = tg_pg_of_lane(lane);
    int before = atomic_exchange(&s->group.reason, (int)reason);

    if (before == (int)reason) {
        return;
    }
    if (reason != TG_REASON_NONE && s->group.number != 0) {
        TG_LOG(s->gate.log, tg_pg_is_wrong(reason) ? TG_LOG_ERROR : TG_LOG_WARNING,
               "store.database_lost", { "reason", TG_LOG_REASON(reason) },
               { "group", (int64_t)s->group.number });
    } else if (reason != TG_REASON_NONE) {
        TG_LOG(s->gate.log, tg_pg_is_wrong(reason) ? TG_LOG_ERROR : TG_LOG_WARNING,
               "store.database_lost", { "reason", TG_LOG_REASON(reason) });
    } else if (s->group.number != 0) {
        TG_LOG(s->gate.log, TG_LOG_INFO, "store.database_connected", { "lanes", s->lane_count },
               { "group", (int64_t)s->group.number });
    } else {
        TG_LOG(s->gate.log, TG_LOG_INFO, "store.database_connected", { "lanes", s->lane_count });
    }
}

static void expect(struct tg_pg_batch *b, enum tg_pg_statement statement, tg_pg_take_fn *take,
                   struct tg_pg_item *item)
{
    assert(b->expected_count < TG_PG_EXPECTED_MAX);
    b->expected[b->expected_count++] =
        (struct tg_pg_expected){ .take = take, .item = item, .statement = statement };
}

/* A statement is prepared when it is used first on a connection. */
static bool prepare(struct tg_pg_lane *lane, enum tg_pg_statement statement)
{
    struct tg_pg_batch *b = lane->batch;

    if (lane->is_prepared[statement] || b->is_preparing[statement]) {
        return true;
    }
    b->is_preparing[statement] = true;
    expect(b, statement, NULL, NULL);
    return PQsendPrepare(lane->conn, tg_pg_statement_name(statement),
                         tg_pg_statement_sql(statement), 0, NULL) == 1;
}

bool tg_pg_expect(struct tg_pg_lane *lane, enum tg_pg_statement statement,
                  const struct tg_pg_args *args, tg_pg_take_fn *take, struct tg_pg_item *item)
{
    struct tg_pg_batch *b = lane->batch;

    if (!prepare(lane, statement)) {
        return false;
    }
    expect(b, statement, take, item == NULL ? &b->self : item);
    return tg_pg_send(lane->conn, statement, args);
}

bool tg_pg_take_nothing(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    (void)item;
    (void)result;
    return false;
}
