/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_recv.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/socket.h>

static bool may_feed(const struct tg_conn *c)
{
    return tg_conn_is_open(c) && c->ended != TG_CONN_BROKEN && !c->proto->is_busy &&
           !c->proto->is_finished && c->io.unsent <= TG_UNSENT_MAX;
}

size_t tg_conn_room(const struct tg_conn *c)
{
    if (c->ended != TG_CONN_NOT_ENDED) {
        return 0;
    }
    if (c->wait == TG_CONN_WAIT_LINGER) {
        return TG_READ_MAX;
    }
    if (!tg_conn_is_open(c) || c->proto->is_finished || c->io.unsent > TG_UNSENT_MAX) {
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
        tg_conn_break(c);
    }
}

void tg_conn_feed_kept(struct tg_conn *c)
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

static void deliver(struct tg_conn *c, struct tg_bytes data)
{
    if (c->wait == TG_CONN_WAIT_LINGER) {
        c->lingered_len += data.len;
        if (c->lingered_len > TG_LINGER_MAX) {
            tg_conn_break(c);
        }
        return;
    }
    feed(c, data);
}

void tg_conn_end_input(struct tg_conn *c)
{
    if (c->ended == TG_CONN_NOT_ENDED) {
        c->ended = TG_CONN_ENDED_BY_PEER;
    }
    if (tg_conn_is_open(c)) {
        c->proto->ops->eof(c->proto);
    }
}

static void on_read_end(struct tg_conn *c, enum tg_tls_io result)
{
    if (result == TG_TLS_CLOSED) {
        tg_conn_end_input(c);
    } else if (result == TG_TLS_BROKEN) {
        tg_conn_break(c);
    }
}

/* After a read: whether another one may find something. It saves a call that would find nothing. */
static bool may_have_more(struct tg_conn *c, bool is_short)
{
    if (c->tls == NULL) {
        return !is_short;
    }
    if (!tg_tls_has_pending(c->tls)) {
        return false;
    }
    c->read = TG_CONN_READ_AT_ONCE;
    return true;
}

void tg_conn_read(struct tg_conn *c)
{
    uint8_t *buf = c->conns->read_buf;
    size_t cap = 0;

    for (size_t round = 0; round < TG_READ_ROUNDS_MAX && (cap = tg_conn_room(c)) > 0; round++) {
        size_t len = cap;
        enum tg_tls_io result = receive(c, buf, &len);

        c->read = result == TG_TLS_WANT_WRITE ? TG_CONN_READ_ON_WRITABLE : TG_CONN_READ_ON_READABLE;
        if (result != TG_TLS_OK) {
            on_read_end(c, result);
            break;
        }
        deliver(c, tg_bytes(buf, len));
        tg_mem_wipe(buf, len);
        if (!may_have_more(c, len < cap)) {
            break;
        }
    }
    tg_conn_kick(c);
}
