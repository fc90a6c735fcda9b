/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn.h"

#include "base/mem.h"
#include "server/http/http1.h"
#include "server/http/http2.h"
#include "server/net/clock.h"
#include "server/net/conn_recv.h"
#include "server/net/conn_send.h"

#include <sys/socket.h>
#include <unistd.h>

static struct tg_conn *of_io(struct tg_proto_io *io)
{
    return TG_CONTAINER(io, struct tg_conn, io);
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
    struct tg_conn *c = handle->data;

    if (c->proto != NULL) {
        c->proto->ops->free(c->proto);
    }
    tg_tls_free(&c->tls);
    tg_buf_deinit(&c->in);
    tg_buf_deinit(&c->out);
    c->conns->count--;
    tg_metrics_gauge_add(c->conns->env->metrics, TG_GAUGE_CONNECTIONS, -1);
    tg_mem_free(c);
}

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
    tg_conn_wait(c, TG_CONN_WAIT_NOTHING);
    tg_link_remove(&c->link);
    tg_link_remove(&c->kicked);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    (void)close(c->fd);
    c->fd = -1;
}

static void finish(struct tg_conn *c)
{
    if (!c->proto->must_linger && c->in.len == 0) {
        conn_close(c);
        return;
    }
    c->proto->ops->cancel(c->proto);
    if (c->tls != NULL) {
        tg_tls_close_notify(c->tls);
    }
    (void)shutdown(c->fd, SHUT_WR);
    tg_buf_clear(&c->in);
    tg_conn_wait(c, TG_CONN_WAIT_LINGER);
    if (c->ended != TG_CONN_NOT_ENDED) {
        conn_close(c);
    }
}

static void on_deadline(struct tg_deadline *d)
{
    struct tg_conn *c = TG_CONTAINER(d, struct tg_conn, deadline);

    if (c->wait != TG_CONN_WAIT_LINGER) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
        tg_conn_break(c);
    }
    conn_close(c);
}

/* ---- events ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void set_events(struct tg_conn *c)
{
    int events = 0;

    if (c->wait == TG_CONN_WAIT_HANDSHAKE) {
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

static void run(struct tg_conn *c)
{
    if (c->wait == TG_CONN_WAIT_NOTHING) {
        return;
    }
    if (c->ended == TG_CONN_BROKEN) {
        conn_close(c);
        return;
    }
    if (tg_conn_is_open(c)) {
        tg_conn_feed_kept(c);
        c->proto->ops->pump(c->proto);
        if (c->read == TG_CONN_READ_AT_ONCE && tg_conn_room(c) > 0) {
            tg_conn_read(c);
        }
        if (c->proto->is_finished && c->io.unsent == 0 && c->ended != TG_CONN_BROKEN) {
            finish(c);
        }
    } else if (c->wait == TG_CONN_WAIT_LINGER && c->ended != TG_CONN_NOT_ENDED) {
        conn_close(c);
    }
    if (c->wait != TG_CONN_WAIT_NOTHING) {
        set_events(c);
    }
}

static void opened(struct tg_conn *c)
{
    bool is_h2 = c->tls != NULL && tg_tls_is_h2(c->tls);

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
    tg_conn_kick(c);
}

static void handshake(struct tg_conn *c)
{
    enum tg_tls_io result = tg_tls_handshake(c->tls);

    c->read = result == TG_TLS_WANT_WRITE ? TG_CONN_READ_ON_WRITABLE : TG_CONN_READ_ON_READABLE;
    if (result == TG_TLS_OK) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKES);
        if (tg_tls_has_pending(c->tls)) {
            c->read = TG_CONN_READ_AT_ONCE; /* the request came with the end of the handshake */
        }
        opened(c);
    } else if (result == TG_TLS_CLOSED || result == TG_TLS_BROKEN) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKE_FAILED);
        tg_conn_break(c);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tg_conn *c = poll->data;

    tg_clock_tick(c->conns->env);
    tg_conn_kick(c);
    if (status < 0) {
        tg_conn_break(c);
        return;
    }
    if (c->wait == TG_CONN_WAIT_HANDSHAKE) {
        handshake(c);
        if (!tg_conn_is_open(c)) {
            return;
        }
    }
    tg_conn_flush(c);
    if ((events & UV_DISCONNECT) != 0 && tg_conn_room(c) == 0) {
        tg_conn_end_input(c);
        return;
    }
    if ((events & UV_READABLE) != 0 || c->read == TG_CONN_READ_ON_WRITABLE) {
        tg_conn_read(c);
    }
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

static void peer_network(struct tg_peer *peer, struct tg_network *out)
{
    struct tg_conn *c = TG_CONTAINER(peer, struct tg_conn, io.peer);
    struct sockaddr_storage addr = { 0 };
    socklen_t len = sizeof(addr);

    if (getpeername(c->fd, (struct sockaddr *)&addr, &len) != 0) {
        addr.ss_family = AF_UNSPEC;
    }
    tg_network_of_address(out, &addr);
    tg_mem_wipe(&addr, sizeof(addr));
}

enum tg_err tg_conn_open(struct tg_conns *cs, int fd, struct tg_tls_context *tls,
                         const struct tg_service *service)
{
    enum tg_err err = TG_E_BUG;
    struct tg_conn *c = tg_mem_calloc(1, sizeof(*c));

    TG_REQUIRE(c != NULL, TG_E_NOMEM);
    c->conns = cs;
    c->fd = fd;
    c->service = service;
    c->io.write = io_write;
    c->io.kick = io_kick;
    c->io.peer.network = peer_network;
    c->deadline.fired = on_deadline;
    tg_buf_init(&c->in, TG_READ_MAX);
    tg_buf_init(&c->out, TG_OUT_MAX);
    if (tls != NULL) {
        c->tls = tg_tls_new(tls, fd);
        TG_REQUIRE(c->tls != NULL, TG_E_NOMEM);
    }
    TG_REQUIRE(uv_poll_init(cs->loop, &c->poll, fd) == 0, TG_E_IO);
    c->poll.data = c;
    cs->count++;
    tg_metrics_gauge_add(cs->env->metrics, TG_GAUGE_CONNECTIONS, 1);
    tg_list_append(&cs->all, &c->link);
    if (tls != NULL) {
        tg_conn_wait(c, TG_CONN_WAIT_HANDSHAKE);
        tg_conn_kick(c);
    } else {
        opened(c);
    }
    c = NULL;
    err = TG_OK;
out:
    if (c != NULL) {
        tg_tls_free(&c->tls);
        tg_mem_free(c);
    }
    if (err != TG_OK) {
        (void)close(fd);
    }
    return err;
}

/* ---- all connections of a worker ---- */

void tg_conns_init(struct tg_conns *cs, struct tg_env *env, uv_loop_t *loop)
{
    cs->env = env;
    cs->loop = loop;
    cs->count = 0;
    tg_list_init(&cs->all);
    tg_list_init(&cs->kicked);
    tg_buf_init(&cs->join, TG_OUT_MAX);
}

void tg_conns_deinit(struct tg_conns *cs)
{
    tg_buf_deinit(&cs->join);
    tg_mem_wipe(cs->read_buf, sizeof(cs->read_buf));
}

void tg_conns_run(struct tg_conns *cs)
{
    struct tg_link now;
    struct tg_link *link = NULL;

    /* What is kicked during this call waits for the next call: a peer that sends fast must not
       starve the others. */
    tg_list_init(&now);
    tg_list_splice(&now, &cs->kicked);
    while ((link = tg_list_shift(&now)) != NULL) {
        run(TG_CONTAINER(link, struct tg_conn, kicked));
    }
}

void tg_conns_drain(struct tg_conns *cs)
{
    struct tg_link *next = NULL;

    for (struct tg_link *link = cs->all.next; link != &cs->all; link = next) {
        struct tg_conn *c = TG_CONTAINER(link, struct tg_conn, link);

        next = link->next;
        if (tg_conn_is_open(c)) {
            tg_conn_read(c); /* requests that have arrived are answered */
            c->proto->ops->drain(c->proto);
            tg_conn_kick(c);
        }
    }
}

void tg_conns_close(struct tg_conns *cs)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&cs->all)) != NULL) {
        conn_close(TG_CONTAINER(link, struct tg_conn, link));
    }
}
