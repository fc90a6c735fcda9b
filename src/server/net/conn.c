/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn.h"

#include "base/mem.h"
#include "server/http/http1.h"
#include "server/http/http2.h"
#include "server/net/clock.h"
#include "server/net/conn_open.h"
#include "server/net/conn_recv.h"
#include "server/net/conn_send.h"

#include <sys/socket.h>
#include <unistd.h>

#define CLOSED_IN_A_TICK 16u
#define LOOKS_FOR_ONE 512u /* connections among which the largest is looked for */
#define RELIEF_PART                                                                                \
    8u /* the search for connections to close takes one part in so many of the time */
/* Each look at the sockets reports again what waits for its turn. Where many wait, a socket leaves
   the poll set after some reports until its turn, or a look would take longer than the turns
   between two looks. Where few wait, their reports cost less than the three system calls of leaving
   and coming back. */
#define REPORTS_MAX 8u
#define REPORTED_MAX 256u

static struct tg_conn *of_io(struct tg_proto_io *io)
{
    return TG_CONTAINER(io, struct tg_conn, io);
}

static struct tg_holders *places(const struct tg_conns *cs)
{
    return tg_ledger_holders(cs->env->ledger, TG_PLACE_CONNECTION);
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
    struct tg_conn *c = handle->data;
    struct tg_account *account = c->io.peer.account;

    c->conns->count--;
    c->conns->free_count -= c->io.peer.holder == NULL ? 1 : 0;
    tg_metrics_gauge_add(c->conns->env->metrics, TG_GAUGE_CONNECTIONS, -1);
    tg_mem_free(c);
    tg_account_close(&account);
}

static void leave_place(struct tg_conn *c)
{
    tg_holders_leave(places(c->conns), &c->place);
    if (c->place.leaving > 0) {
        tg_memory_left(c->conns->env->memory, c->place.leaving);
        c->place.leaving = 0;
    }
}

/* Everything but the handle is freed here, as a part of a turn: the loop calls on_closed for all
   connections that closed in one iteration together. */
static void conn_close(struct tg_conn *c)
{
    if (c->wait == TG_CONN_WAIT_NOTHING) {
        return;
    }
    if (c->proto != NULL) {
        c->proto->ops->cancel(c->proto);
    }
    if (c->tls != NULL && tg_conn_is_open(c) && c->ended != TG_CONN_BROKEN) {
        tg_tls_close_notify(c->tls);
    }
    leave_place(c);
    tg_conn_wait(c, TG_CONN_WAIT_NOTHING);
    if (c->proto != NULL) {
        c->proto->ops->free(c->proto);
        c->proto = NULL;
    }
    tg_tls_free(&c->tls);
    tg_tls_context_free(&c->tls_context);
    tg_buf_deinit(&c->raw);
    tg_buf_deinit(&c->in);
    tg_buf_deinit(&c->out);
    tg_link_remove(&c->link);
    tg_turns_remove(&c->conns->turns, &c->turn);
    tg_costly_remove(&c->conns->costly, &c->costly);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    (void)close(c->fd);
    c->fd = -1;
}

/* The answer is out. What the peer still sends is read for a while, so that it gets the answer. */
static void linger(struct tg_conn *c)
{
    if (c->tls != NULL) {
        tg_tls_close_notify(c->tls);
    }
    (void)shutdown(c->fd, SHUT_WR);
    tg_holders_set_worth(places(c->conns), &c->place, TG_WORTH_NONE);
    tg_buf_clear(&c->raw);
    tg_buf_clear(&c->in);
    tg_conn_wait(c, TG_CONN_WAIT_LINGER);
    if (c->ended != TG_CONN_NOT_ENDED) {
        conn_close(c);
    }
}

static void finish(struct tg_conn *c)
{
    if (!c->proto->must_linger && c->in.len == 0) {
        conn_close(c);
        return;
    }
    c->proto->ops->cancel(c->proto);
    linger(c);
}

/* It is closed in its turn: many connections may end at one time. */
static void on_deadline(struct tg_deadline *d)
{
    struct tg_conn *c = TG_CONTAINER(d, struct tg_conn, deadline);

    if (c->wait != TG_CONN_WAIT_LINGER) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
    }
    tg_conn_break(c);
}

/* ---- events ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void set_events(struct tg_conn *c)
{
    int events = 0;

    if (tg_link_is_linked(&c->costly)) {
        events = 0; /* nothing that arrives matters before it may go on */
    } else if (c->wait == TG_CONN_WAIT_HANDSHAKE) {
        events = c->read == TG_CONN_READ_ON_WRITABLE ? UV_WRITABLE : UV_READABLE;
    } else {
        events |= tg_conn_room(c) > 0 ? UV_READABLE : 0;
        events |= c->io.unsent > 0 || c->read == TG_CONN_READ_ON_WRITABLE ? UV_WRITABLE : 0;
        /* While nothing is read, this reports a peer that goes away. */
        events |= events == 0 && c->ended == TG_CONN_NOT_ENDED ? UV_DISCONNECT : 0;
    }
    if (events != c->events) {
        c->events = events;
        if (events == 0) {
            (void)uv_poll_stop(&c->poll);
        } else if (uv_poll_start(&c->poll, events, on_poll) != 0) {
            conn_close(c);
        }
    }
}

static void opened(struct tg_conn *c)
{
    bool is_h2 = c->tls != NULL && tg_tls_is_h2(c->tls);

    tg_account_promise(c->io.peer.account, 0);
    tg_conn_wait(c, TG_CONN_WAIT_ENGINE);
    c->proto = is_h2 ? tg_http2_new(c->conns->env, &c->io, c->service)
                     : tg_http1_new(c->conns->env, &c->io, c->service);
    if (c->proto == NULL) {
        conn_close(c);
        return;
    }
    if (c->conns->env->is_draining) {
        c->proto->ops->drain(c->proto);
    }
}

static void open_turn(struct tg_conn *c)
{
    switch (tg_conn_open_turn(c)) {
    case TG_OPENING_DONE:
        opened(c);
        break;
    case TG_OPENING_ANSWERED:
        linger(c);
        break;
    case TG_OPENING_FAILED:
    case TG_OPENING_GOES_ON:
        break;
    }
}

/* What the socket has reported since the last turn. */
static void take_events(struct tg_conn *c, int events)
{
    if ((events & UV_WRITABLE) != 0 || c->must_flush) {
        c->must_flush = false;
        tg_conn_flush(c);
    }
    if ((events & UV_DISCONNECT) != 0 && tg_conn_room(c) == 0) {
        tg_conn_end_input(c);
        return;
    }
    if (tg_conn_room(c) > 0 &&
        ((events & UV_READABLE) != 0 || c->read == TG_CONN_READ_AT_ONCE ||
         (c->read == TG_CONN_READ_ON_WRITABLE && (events & UV_WRITABLE) != 0))) {
        tg_conn_read(c);
    }
}

static void engine_turn(struct tg_conn *c, int events)
{
    take_events(c, events);
    tg_conn_feed_kept(c);
    c->proto->ops->pump(c->proto);
    if (c->proto->is_finished && c->io.unsent == 0 && c->ended != TG_CONN_BROKEN) {
        finish(c);
    } else if (tg_conn_has_kept(c) || (c->read == TG_CONN_READ_AT_ONCE && tg_conn_room(c) > 0)) {
        tg_conn_kick(c);
    }
}

static void turn(struct tg_conn *c)
{
    struct tg_account *account = c->io.peer.account;
    struct tg_mem_owner *before = tg_account_enter(account);
    int events = c->ready;

    c->ready = 0;
    c->report_count = 0;
    if (c->wait == TG_CONN_WAIT_HANDSHAKE && c->ended != TG_CONN_BROKEN &&
        !tg_link_is_linked(&c->costly)) {
        open_turn(c);
    }
    if (tg_conn_is_open(c) && c->ended != TG_CONN_BROKEN) {
        engine_turn(c, events);
    } else if (c->wait == TG_CONN_WAIT_LINGER && c->ended == TG_CONN_NOT_ENDED) {
        take_events(c, events);
    }
    if (c->ended == TG_CONN_BROKEN ||
        (c->wait == TG_CONN_WAIT_LINGER && c->ended != TG_CONN_NOT_ENDED)) {
        conn_close(c);
    }
    if (c->wait != TG_CONN_WAIT_NOTHING) {
        set_events(c);
    }
    tg_account_leave(account, before);
}

/* Only notes what is ready: tg_conns_run does the work, in its order. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tg_conn *c = poll->data;

    if (status < 0) {
        tg_conn_break(c);
        events = 0;
    }
    c->report_count++;
    if (c->report_count >= REPORTS_MAX && c->conns->turns.count > REPORTED_MAX) {
        c->events = 0;
        (void)uv_poll_stop(&c->poll);
    }
    c->ready |= events;
    tg_conn_kick(c);
}

/* ---- opening ---- */

static void io_write(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count)
{
    tg_conn_send(of_io(io), parts, part_count);
}

static void io_kick(struct tg_proto_io *io)
{
    tg_conn_kick(of_io(io));
}

/* Takes fd. NULL: no memory. */
static struct tg_conn *conn_new(struct tg_conns *cs, int fd, struct tg_tls_context *tls,
                                const struct tg_service *service)
{
    struct tg_account *account = tg_account_open(&cs->accounts);
    struct tg_mem_owner *before = tg_account_enter(account);
    struct tg_conn *c = account == NULL ? NULL : tg_mem_calloc(1, sizeof(*c));

    tg_account_leave(account, before);
    if (c == NULL) {
        tg_account_close(&account);
        return NULL;
    }
    c->io.peer.account = account;
    c->conns = cs;
    c->fd = fd;
    c->service = service;
    c->tls_context = tls != NULL ? tg_tls_context_hold(tls) : NULL;
    c->io.write = io_write;
    c->io.kick = io_kick;
    c->deadline.fired = on_deadline;
    tg_buf_init(&c->raw, TG_TLS_RECORD_MAX);
    tg_buf_init(&c->in, TG_READ_MAX);
    tg_buf_init(&c->out, TG_OUT_MAX);
    tg_conn_set_peer(c);
    return c;
}

/* A connection that was never in the loop. */
static void conn_free(struct tg_conn *c)
{
    struct tg_account *account = c->io.peer.account;

    tg_tls_context_free(&c->tls_context);
    tg_mem_free(c);
    tg_account_close(&account);
}

enum tg_err tg_conn_open(struct tg_conns *cs, int fd, struct tg_tls_context *tls,
                         const struct tg_service *service)
{
    enum tg_err err = TG_E_BUG;
    struct tg_conn *c = conn_new(cs, fd, tls, service);

    TG_REQUIRE(c != NULL, TG_E_NOMEM);
    TG_TRY(tg_conn_enter(c));
    TG_REQUIRE(uv_poll_init(cs->loop, &c->poll, fd) == 0, TG_E_IO);
    c->poll.data = c;
    cs->count++;
    cs->free_count += c->io.peer.holder == NULL ? 1 : 0;
    tg_metrics_gauge_add(cs->env->metrics, TG_GAUGE_CONNECTIONS, 1);
    tg_list_append(&cs->all, &c->link);
    tg_conn_wait(c, TG_CONN_WAIT_HANDSHAKE);
    tg_conn_kick(c);
    c = NULL;
    err = TG_OK;
out:
    if (c != NULL) {
        leave_place(c);
        conn_free(c);
    }
    if (err != TG_OK) {
        (void)close(fd);
    }
    return err;
}

/* ---- all connections of a worker ---- */

enum tg_err tg_conns_init(struct tg_conns *cs, struct tg_env *env, uv_loop_t *loop)
{
    enum tg_err err = TG_E_BUG;

    cs->env = env;
    cs->loop = loop;
    cs->count = 0;
    cs->turn = NULL;
    cs->turn_until_us = 0;
    cs->relieve_from_us = 0;
    tg_list_init(&cs->all);
    tg_buf_init_shared(&cs->join, TG_OUT_MAX);
    cs->accounts = (struct tg_accounts){ .memory = env->memory, .ledger = env->ledger };
    TG_TRY(tg_costly_init(&cs->costly));
    TG_TRY(tg_turns_init(&cs->turns, env->now_mono_ms));
    err = TG_OK;
out:
    return err;
}

void tg_conns_deinit(struct tg_conns *cs)
{
    tg_turns_deinit(&cs->turns);
    tg_costly_deinit(&cs->costly);
    tg_buf_deinit(&cs->join);
    tg_accounts_reap(&cs->accounts);
    tg_mem_wipe(cs->read_buf, sizeof(cs->read_buf));
    tg_mem_wipe(cs->record_buf, sizeof(cs->record_buf));
}

bool tg_conns_run(struct tg_conns *cs)
{
    uint64_t from_us = tg_clock_us();
    uint64_t before_us = from_us;
    struct tg_link *link = NULL;

    tg_clock_tick(cs->env);
    tg_turns_halve(&cs->turns, cs->env->now_mono_ms);
    while (before_us - from_us < TG_TURNS_MAX_US && (link = tg_turns_take(&cs->turns)) != NULL) {
        struct tg_conn *c = TG_CONTAINER(link, struct tg_conn, turn);
        struct tg_turn_key key = c->turn_key;
        bool is_client = c->service->is_rate_limited;
        uint64_t after_us = 0;

        cs->turn = c;
        cs->turn_until_us = before_us + TG_TURN_MAX_US;
        turn(c);
        cs->turn = NULL;
        after_us = tg_clock_us();
        tg_turns_charge(&cs->turns, key, after_us - before_us);
        if (is_client) {
            tg_costly_note_turn(&cs->costly, key, after_us);
        }
        before_us = after_us;
    }
    return cs->turns.count > 0;
}

/* The largest of the next count ones, which go to the end of the list. */
static struct tg_conn *largest_in_the_way(struct tg_conns *cs, size_t count)
{
    struct tg_conn *largest = NULL;
    size_t most = 0;

    for (size_t i = 0; i < count && !tg_list_is_empty(&cs->all); i++) {
        struct tg_conn *c = TG_CONTAINER(tg_list_shift(&cs->all), struct tg_conn, link);
        size_t held = tg_account_held(c->io.peer.account);

        tg_list_append(&cs->all, &c->link);
        if (held > most && tg_account_is_in_the_way(c->io.peer.account)) {
            largest = c;
            most = held;
        }
    }
    return largest;
}

static void end_for_memory(struct tg_conn *c)
{
    struct tg_account *account = c->io.peer.account;
    struct tg_mem_owner *before = tg_account_enter(account);

    tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_MEMORY);
    tg_conn_break(c);
    conn_close(c);
    tg_account_leave(account, before);
}

static bool evict(struct tg_conns *cs)
{
    struct tg_holder *holder = NULL;
    bool has_closed = false;

    while ((holder = tg_holders_next_doomed(places(cs), cs->env->worker)) != NULL) {
        struct tg_conn *c = TG_CONTAINER(holder, struct tg_conn, place);
        struct tg_account *account = c->io.peer.account;
        struct tg_mem_owner *before = tg_account_enter(account);

        tg_metrics_count(cs->env->metrics, c->place.leaving > 0 ? TG_COUNTER_REFUSED_MEMORY
                                                                : TG_COUNTER_EVICTED_CONNECTIONS);
        if (tg_conn_is_open(c) && c->ended != TG_CONN_BROKEN) {
            c->proto->ops->evict(c->proto);
            tg_conn_flush(c); /* what the socket takes at once: it has no turn any more */
        }
        conn_close(c);
        tg_account_leave(account, before);
        has_closed = true;
    }
    return has_closed;
}

/* After a look that took long, the next one comes later, so that it never takes much of the time.
   spec: protocol/3#memory-reserve */
bool tg_conns_relieve(struct tg_conns *cs)
{
    uint64_t from_us = 0;

    if (cs->env->memory != NULL && tg_memory_is_short(cs->env->memory) &&
        (from_us = tg_clock_us()) >= cs->relieve_from_us) {
        tg_memory_relieve(cs->env->memory, cs->env->ledger);
        cs->relieve_from_us = from_us + RELIEF_PART * (tg_clock_us() - from_us);
    }
    return evict(cs);
}

static void release_costly(struct tg_conns *cs)
{
    struct tg_link released;
    struct tg_link *link = NULL;

    tg_list_init(&released);
    tg_costly_release(&cs->costly, tg_clock_us(), &released);
    while ((link = tg_list_shift(&released)) != NULL) {
        struct tg_conn *c = TG_CONTAINER(link, struct tg_conn, costly);

        c->has_leave = true;
        tg_conn_kick(c);
    }
}

/* A look at all of many thousands would delay the others by milliseconds.
   spec: protocol/3#memory-largest-first */
void tg_conns_tick(struct tg_conns *cs)
{
    size_t looks = 0;

    tg_accounts_reap(&cs->accounts);
    release_costly(cs);
    for (size_t i = 0; i < CLOSED_IN_A_TICK && looks < TG_CONNS_LOOKS_PER_TICK &&
                       tg_accounts_are_tight(&cs->accounts);
         i++) {
        size_t count = cs->count < LOOKS_FOR_ONE ? cs->count : LOOKS_FOR_ONE;
        struct tg_conn *c = largest_in_the_way(cs, count);

        if (c != NULL) {
            end_for_memory(c);
        } else if (count == cs->count) {
            break;
        }
        looks += count;
    }
}

void tg_conns_drain(struct tg_conns *cs)
{
    struct tg_link *next = NULL;

    for (struct tg_link *link = cs->all.next; link != &cs->all; link = next) {
        struct tg_conn *c = TG_CONTAINER(link, struct tg_conn, link);

        struct tg_mem_owner *before = tg_account_enter(c->io.peer.account);

        next = link->next;
        if (tg_conn_is_open(c)) {
            tg_conn_read(c); /* requests that have arrived are answered */
            c->proto->ops->drain(c->proto);
            tg_conn_kick(c);
        }
        tg_account_leave(c->io.peer.account, before);
    }
}

void tg_conns_close(struct tg_conns *cs)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&cs->all)) != NULL) {
        conn_close(TG_CONTAINER(link, struct tg_conn, link));
    }
}
