/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_send.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PARTS_MAX 2u

/* Returns how many bytes of data were sent. */
static size_t send_tls(struct tg_conn *c, struct tg_bytes data)
{
    size_t at = 0;

    while (at < data.len) {
        size_t sent = 0;
        enum tg_tls_io result = tg_tls_write(c->tls, tg_bytes_from(data, at), &sent);

        if (result == TG_TLS_OK) {
            at += sent;
            continue;
        }
        if (result == TG_TLS_CLOSED || result == TG_TLS_BROKEN) {
            tg_conn_break(c);
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
            tg_conn_break(c);
        }
        return 0;
    }
    return (size_t)sent;
}

static void keep(struct tg_conn *c, struct tg_bytes rest)
{
    if (rest.len == 0 || c->ended == TG_CONN_BROKEN) {
        return;
    }
    if (c->io.unsent == 0) {
        tg_taking_begin(&c->taking, rest.len, c->conns->env->now_mono_ms);
        tg_conn_wait(c, TG_CONN_WAIT_READER);
    }
    tg_buf_append(&c->out, rest);
    if (tg_buf_status(&c->out) != TG_OK) {
        tg_conn_break(c);
        return;
    }
    c->io.unsent = c->out.len - c->out_at;
    tg_conn_kick(c); /* tg_conns_run waits until the socket is writable */
}

void tg_conn_send(struct tg_conn *c, const struct tg_bytes *parts, size_t part_count)
{
    struct tg_bytes one = parts[0];
    size_t sent = 0;

    if (c->ended == TG_CONN_BROKEN || !tg_conn_is_open(c)) {
        return;
    }
    if (c->tls != NULL && part_count > 1) {
        for (size_t i = 0; i < part_count; i++) {
            tg_buf_append(&c->conns->join, parts[i]);
        }
        if (tg_buf_status(&c->conns->join) != TG_OK) {
            tg_buf_clear(&c->conns->join);
            tg_conn_break(c);
            return;
        }
        one = tg_buf_view(&c->conns->join);
        part_count = 1;
    }
    if (c->conns->turn != c) {
        c->must_flush = true; /* encryption and sending are a part of its turn */
    } else if (c->io.unsent == 0) {
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

void tg_conn_flush(struct tg_conn *c)
{
    struct tg_bytes rest = tg_bytes_from(tg_buf_view(&c->out), c->out_at);
    size_t sent = 0;

    if (rest.len == 0 || c->ended == TG_CONN_BROKEN) {
        return;
    }
    sent = c->tls != NULL ? send_tls(c, rest) : send_plain(c, &rest, 1);
    c->out_at += sent;
    c->io.unsent = c->out.len - c->out_at;
    tg_taking_add(&c->taking, sent, c->io.unsent, c->conns->env->now_mono_ms);
    if (c->io.unsent == 0) {
        tg_buf_deinit(&c->out); /* frees memory: a connection between requests holds no buffer */
        tg_buf_init(&c->out, TG_OUT_MAX);
        c->out_at = 0;
        tg_conn_wait(c, TG_CONN_WAIT_ENGINE);
        tg_conn_kick(c);
    } else if (sent > 0) {
        tg_conn_wait(c, TG_CONN_WAIT_READER);
        if (c->out_at > c->out.len / 2) {
            tg_buf_consume(&c->out, c->out_at);
            c->out_at = 0;
        }
    }
}
