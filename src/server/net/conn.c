/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn.h"

#include "base/mem.h"
#include "server/http/http1.h"
#include "server/http/http2.h"
#include "server/net/clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS_MAX 2u

enum state { STATE_HANDSHAKE, STATE_OPEN, STATE_LINGER, STATE_CLOSED };

struct tg_conn {
    struct tg_proto_io io;
    struct tg_link link;
    struct tg_link kicked;
    struct tg_conns *conns;
    const struct tg_service *service;
    uv_poll_t poll;
    int fd;
    int events; /* of poll; 0: stopped */
    enum state state;
    struct tg_tls *tls;     /* NULL: plain */
    struct tg_proto *proto; /* NULL before the handshake is done */
    struct tg_buf in;       /* read, not yet taken by proto */
    struct tg_buf out;      /* from out_at on: not yet sent */
    size_t out_at;
    struct tg_deadline deadline; /* handshake, slow reader, lingering */
    size_t lingered_len;
    bool has_eof;
    bool is_broken;
    bool wants_write; /* TLS cannot read before it has written */
    bool has_unread;  /* inside TLS, where no readiness of the socket announces it */
};

static struct tg_conn *of_io(struct tg_proto_io *io)
{
    return TG_CONTAINER(io, struct tg_conn, io);
}

static void kick(struct tg_conn *c)
{
    if (!tg_link_is_linked(&c->kicked) && c->state != STATE_CLOSED) {
        tg_list_append(&c->conns->kicked, &c->kicked);
    }
}

/* spec: protocol/3#deadlines */
static void set_deadline(struct tg_conn *c, uint64_t in_ms)
{
    tg_deadline_set(&c->conns->env->wheel, &c->deadline, c->conns->env->now_mono_ms + in_ms);
}

/* --- sending -----------------------------------------------------------------------------------
 */

static void broken(struct tg_conn *c)
{
    c->is_broken = true;
    kick(c);
}

/* Returns how much of data went out. */
static size_t send_tls(struct tg_conn *c, struct tg_bytes data)
{
    size_t at = 0;

    while (at < data.len) {
        size_t sent = 0;
        enum tg_tls_io io = tg_tls_write(c->tls, tg_bytes_from(data, at), &sent);

        if (io == TG_TLS_OK) {
            at += sent;
            continue;
        }
        if (io == TG_TLS_CLOSED || io == TG_TLS_BROKEN) {
            broken(c);
        }
        break;
    }
    return at;
}

static size_t send_plain(struct tg_conn *c, const struct tg_bytes *parts, size_t part_count)
{
    struct iovec iov[PARTS_MAX];
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = part_count };
    ssize_t sent = 0;

    for (size_t i = 0; i < part_count; i++) {
        union {
            const uint8_t *from;
            void *to;
        } base = { .from = parts[i].ptr };

        iov[i] = (struct iovec){ .iov_base = base.to, .iov_len = parts[i].len };
    }
    do {
        sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            broken(c);
        }
        return 0;
    }
    return (size_t)sent;
}

static void keep(struct tg_conn *c, struct tg_bytes rest)
{
    if (rest.len == 0 || c->is_broken) {
        return;
    }
    if (c->io.unsent == 0) {
        set_deadline(c, c->conns->env->settings->write_ms);
    }
    tg_buf_append(&c->out, rest);
    if (tg_buf_status(&c->out) != TG_OK) {
        broken(c);
        return;
    }
    c->io.unsent = c->out.len - c->out_at;
    kick(c); /* to wait for room in the socket */
}

static void io_write(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count)
{
    struct tg_conn *c = of_io(io);
    struct tg_bytes one = parts[0];
    size_t sent = 0;

    if (c->is_broken || c->state != STATE_OPEN) {
        return;
    }
    if (c->tls != NULL && part_count > 1) {
        for (size_t i = 0; i < part_count; i++) {
            tg_buf_append(&c->conns->join, parts[i]);
        }
        if (tg_buf_status(&c->conns->join) != TG_OK) {
            tg_buf_clear(&c->conns->join);
            broken(c);
            return;
        }
        one = tg_buf_view(&c->conns->join);
        part_count = 1;
    }
    if (io->unsent == 0) {
        sent = c->tls != NULL ? send_tls(c, one) : send_plain(c, parts, part_count);
    }
    if (part_count == 1) {
        keep(c, tg_bytes_from(one, sent));
        tg_buf_clear(&c->conns->join);
        return;
    }
    for (size_t i = 0; i < part_count; i++) {
        keep(c, tg_bytes_from(parts[i], sent));
        sent = sent > parts[i].len ? sent - parts[i].len : 0;
    }
}

static void flush(struct tg_conn *c)
{
    struct tg_bytes rest = tg_bytes_from(tg_buf_view(&c->out), c->out_at);
    size_t sent = 0;

    if (rest.len == 0 || c->is_broken) {
        return;
    }
    sent = c->tls != NULL ? send_tls(c, rest) : send_plain(c, &rest, 1);
    c->out_at += sent;
    c->io.unsent = c->out.len - c->out_at;
    if (c->io.unsent == 0) {
        tg_buf_deinit(&c->out); /* a waiting connection holds no buffers */
        tg_buf_init(&c->out, TG_OUT_MAX);
        c->out_at = 0;
        tg_deadline_clear(&c->deadline);
        kick(c);
    } else if (sent > 0) {
        set_deadline(c, c->conns->env->settings->write_ms);
        if (c->out_at > c->out.len / 2) {
            tg_buf_consume(&c->out, c->out_at);
            c->out_at = 0;
        }
    }
}

/* --- the end -----------------------------------------------------------------------------------
 */

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
    if (c->state == STATE_CLOSED) {
        return;
    }
    if (c->proto != NULL) {
        c->proto->ops->cancel(c->proto);
    }
    if (c->tls != NULL && c->state == STATE_OPEN && !c->is_broken) {
        tg_tls_close_notify(c->tls);
    }
    c->state = STATE_CLOSED;
    tg_deadline_clear(&c->deadline);
    tg_link_remove(&c->link);
    tg_link_remove(&c->kicked);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    (void)close(c->fd);
    c->fd = -1;
}

static void end_in_order(struct tg_conn *c)
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
    c->state = STATE_LINGER;
    tg_buf_clear(&c->in);
    set_deadline(c, c->conns->env->settings->linger_ms);
    if (c->has_eof) {
        conn_close(c);
    }
}

static void on_deadline(struct tg_deadline *d)
{
    struct tg_conn *c = TG_CONTAINER(d, struct tg_conn, deadline);

    if (c->state != STATE_LINGER) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
        c->is_broken = true;
    }
    conn_close(c);
}

/* --- receiving ---------------------------------------------------------------------------------
 */

static bool may_feed(const struct tg_conn *c)
{
    return c->state == STATE_OPEN && !c->is_broken && !c->proto->is_busy &&
           !c->proto->is_finished && c->io.unsent <= TG_UNSENT_MAX;
}

/* How much may be read now. While the engine is busy a little is read ahead: the next request, or
   the end of the connection. */
static size_t room(const struct tg_conn *c)
{
    if (c->has_eof || c->is_broken) {
        return 0;
    }
    if (c->state == STATE_LINGER) {
        return TG_READ_MAX;
    }
    if (c->state != STATE_OPEN || c->proto->is_finished || c->io.unsent > TG_UNSENT_MAX) {
        return 0;
    }
    return TG_READ_MAX - c->in.len;
}

static void feed(struct tg_conn *c, struct tg_bytes data)
{
    size_t used = 0;

    if (c->in.len == 0 && may_feed(c)) {
        used = c->proto->ops->feed(c->proto, data);
    }
    tg_buf_append(&c->in, tg_bytes_from(data, used));
    if (tg_buf_status(&c->in) != TG_OK) {
        broken(c);
    }
}

static void feed_kept(struct tg_conn *c)
{
    if (c->in.len > 0 && may_feed(c)) {
        size_t used = c->proto->ops->feed(c->proto, tg_buf_view(&c->in));

        tg_buf_consume(&c->in, used);
        if (c->in.len == 0) {
            tg_buf_deinit(&c->in);
            tg_buf_init(&c->in, TG_READ_MAX);
        }
    }
}

static enum tg_tls_io receive(struct tg_conn *c, uint8_t *buf, size_t *len)
{
    ssize_t got = 0;

    if (c->tls != NULL) {
        return tg_tls_read(c->tls, buf, len);
    }
    do {
        got = recv(c->fd, buf, *len, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *len = (size_t)got;
        return TG_TLS_OK;
    }
    if (got == 0) {
        return TG_TLS_CLOSED;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? TG_TLS_WANT_READ : TG_TLS_BROKEN;
}

static void take(struct tg_conn *c, struct tg_bytes data)
{
    if (c->state == STATE_LINGER) {
        c->lingered_len += data.len;
        c->is_broken = c->lingered_len > TG_LINGER_MAX;
        return;
    }
    feed(c, data);
}

static void on_read_end(struct tg_conn *c, enum tg_tls_io io)
{
    if (io == TG_TLS_CLOSED) {
        c->has_eof = true;
        if (c->state == STATE_OPEN) {
            c->proto->ops->eof(c->proto);
        }
    } else if (io == TG_TLS_BROKEN) {
        c->is_broken = true;
    }
}

static void read_some(struct tg_conn *c)
{
    uint8_t *buf = c->conns->read_buf;
    size_t cap = 0;

    for (size_t round = 0; round < TG_READ_ROUNDS_MAX && (cap = room(c)) > 0; round++) {
        size_t len = cap;
        enum tg_tls_io io = receive(c, buf, &len);

        c->wants_write = io == TG_TLS_WANT_WRITE;
        c->has_unread = false;
        if (io != TG_TLS_OK) {
            on_read_end(c, io);
            break;
        }
        take(c, tg_bytes(buf, len));
        tg_mem_wipe(buf, len);
        /* Where there can be no more, spare the call that would say so. */
        c->has_unread = c->tls != NULL && tg_tls_has_pending(c->tls);
        if (c->tls != NULL ? !c->has_unread : len < cap) {
            break;
        }
    }
    kick(c);
}

/* --- the course --------------------------------------------------------------------------------
 */

static void on_poll(uv_poll_t *poll, int status, int events);

static void set_events(struct tg_conn *c)
{
    int events = 0;

    if (c->state == STATE_HANDSHAKE) {
        events = c->wants_write ? UV_WRITABLE : UV_READABLE;
    } else {
        events |= room(c) > 0 ? UV_READABLE : 0;
        events |= c->io.unsent > 0 || c->wants_write ? UV_WRITABLE : 0;
        /* Not reading: a peer that goes away must still be noticed. */
        events |= events == 0 && !c->has_eof ? UV_DISCONNECT : 0;
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
    if (c->state == STATE_CLOSED) {
        return;
    }
    if (c->is_broken) {
        conn_close(c);
        return;
    }
    if (c->state == STATE_OPEN) {
        feed_kept(c);
        c->proto->ops->pump(c->proto);
        if (c->has_unread && room(c) > 0) {
            read_some(c);
        }
        if (c->proto->is_finished && c->io.unsent == 0 && !c->is_broken) {
            end_in_order(c);
        }
    } else if (c->state == STATE_LINGER && c->has_eof) {
        conn_close(c);
    }
    if (c->state != STATE_CLOSED) {
        set_events(c);
    }
}

static void opened(struct tg_conn *c)
{
    bool is_h2 = c->tls != NULL && tg_tls_is_h2(c->tls);

    tg_deadline_clear(&c->deadline);
    c->proto = is_h2 ? tg_http2_new(c->conns->env, &c->io, c->service)
                     : tg_http1_new(c->conns->env, &c->io, c->service);
    c->state = STATE_OPEN;
    if (c->proto == NULL) {
        conn_close(c);
        return;
    }
    if (c->conns->env->is_draining) {
        c->proto->ops->drain(c->proto);
    }
    kick(c);
}

static void handshake(struct tg_conn *c)
{
    enum tg_tls_io io = tg_tls_handshake(c->tls);

    c->wants_write = io == TG_TLS_WANT_WRITE;
    if (io == TG_TLS_OK) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKES);
        c->has_unread = tg_tls_has_pending(c->tls); /* the request may have come along */
        opened(c);
    } else if (io == TG_TLS_CLOSED || io == TG_TLS_BROKEN) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKE_FAILED);
        broken(c);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tg_conn *c = poll->data;

    tg_clock_tick(c->conns->env);
    kick(c);
    if (status < 0) {
        c->is_broken = true;
        return;
    }
    if (c->state == STATE_HANDSHAKE) {
        handshake(c);
        if (c->state != STATE_OPEN) {
            return;
        }
    }
    flush(c);
    if ((events & UV_DISCONNECT) != 0 && room(c) == 0) {
        c->has_eof = true;
        if (c->state == STATE_OPEN) {
            c->proto->ops->eof(c->proto);
        }
        return;
    }
    if ((events & UV_READABLE) != 0 || c->wants_write) {
        read_some(c);
    }
}

static void io_kick(struct tg_proto_io *io)
{
    kick(of_io(io));
}

static size_t peer_network(struct tg_peer *peer, uint8_t out[TG_NETWORK_MAX])
{
    struct tg_conn *c = TG_CONTAINER(peer, struct tg_conn, io.peer);
    struct sockaddr_storage addr = { 0 };
    socklen_t len = sizeof(addr);
    size_t network_len = 0;

    if (getpeername(c->fd, (struct sockaddr *)&addr, &len) == 0) {
        network_len = tg_network_of_address(out, &addr);
    }
    tg_mem_wipe(&addr, sizeof(addr));
    return network_len;
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
        c->state = STATE_HANDSHAKE;
        set_deadline(c, cs->env->settings->handshake_ms);
        kick(c);
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

    /* What is kicked meanwhile waits for the next call: nobody who sends fast keeps the rest. */
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
        if (c->state == STATE_OPEN) {
            read_some(c); /* what has arrived counts as received */
            c->proto->ops->drain(c->proto);
            kick(c);
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
