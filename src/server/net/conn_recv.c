/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_recv.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static bool may_feed(const struct tg_conn *c)
{
    return tg_conn_is_open(c) && c->ended != TG_CONN_BROKEN && !c->proto->is_busy &&
           !c->proto->is_finished && c->io.unsent <= TG_UNSENT_MAX;
}

bool tg_conn_has_kept(const struct tg_conn *c)
{
    return c->in.len > 0 && may_feed(c);
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

/* Many small requests fit into one read. They are fed in pieces, so that the turn can end between
   them. Returns how many bytes the engine took. */
static size_t feed_pieces(struct tg_conn *c, struct tg_bytes data)
{
    size_t used = 0;

    while (used < data.len && may_feed(c)) {
        struct tg_bytes piece = tg_bytes_first(tg_bytes_from(data, used), TG_TURN_PIECE);
        size_t taken = c->proto->ops->feed(c->proto, piece);

        used += taken;
        if (taken < piece.len || tg_conn_is_turn_over(c)) {
            break;
        }
    }
    return used;
}

static void feed(struct tg_conn *c, struct tg_bytes data)
{
    size_t used = 0;

    if (c->in.len == 0) {
        used = feed_pieces(c, data);
    }
    tg_buf_append(&c->in, tg_bytes_from(data, used));
    if (tg_buf_status(&c->in) != TG_OK) {
        tg_conn_break(c);
    }
}

void tg_conn_feed_kept(struct tg_conn *c)
{
    if (tg_conn_has_kept(c)) {
        size_t used = feed_pieces(c, tg_buf_view(&c->in));

        tg_buf_consume(&c->in, used);
        if (c->in.len == 0) {
            tg_buf_deinit(&c->in);
            tg_buf_init(&c->in, TG_READ_MAX);
        }
    }
}

enum tg_tls_io tg_conn_receive(struct tg_conn *c, uint8_t *buf, size_t *len)
{
    ssize_t got = 0;

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

static void read_plain(struct tg_conn *c)
{
    uint8_t *buf = c->conns->read_buf;
    size_t cap = 0;

    for (size_t round = 0; round < TG_READ_ROUNDS_MAX && (cap = tg_conn_room(c)) > 0; round++) {
        size_t len = cap;
        enum tg_tls_io result = tg_conn_receive(c, buf, &len);

        if (result != TG_TLS_OK) {
            on_read_end(c, result);
            return;
        }
        feed(c, tg_bytes(buf, len));
        tg_mem_wipe(buf, len);
        if (len < cap || tg_conn_is_turn_over(c)) {
            return; /* another call would find nothing, or waits for the next turn */
        }
    }
}

/* ---- TLS ---- */

void tg_conn_input_open(struct tg_conn_input *in, struct tg_conn *c)
{
    *in = (struct tg_conn_input){
        .conn = c,
        .buf = c->conns->record_buf,
        .cap = c->tls_context != NULL ? TG_TLS_RECORD_MAX : TG_READ_MAX, /* c->in takes no more */
        .len = c->raw.len,
    };
    if (in->len > 0) {
        memcpy(in->buf, c->raw.ptr, in->len);
        tg_buf_deinit(&c->raw);
        tg_buf_init(&c->raw, TG_TLS_RECORD_MAX);
    }
}

void tg_conn_input_close(struct tg_conn_input *in)
{
    tg_buf_append(&in->conn->raw, tg_conn_input_view(in));
    if (tg_buf_status(&in->conn->raw) != TG_OK) {
        tg_conn_break(in->conn);
    }
    if (in->conn->tls == NULL) {
        tg_mem_wipe(in->buf, in->len); /* a client that forgot TLS has sent a request */
    }
}

struct tg_bytes tg_conn_input_view(const struct tg_conn_input *in)
{
    return tg_bytes(in->buf + in->at, in->len - in->at);
}

enum tg_tls_io tg_conn_input_more(struct tg_conn_input *in)
{
    size_t asked = in->cap - (in->len - in->at);
    size_t len = asked;
    enum tg_tls_io result = TG_TLS_WANT_READ;

    if (in->is_drained || asked == 0) {
        return TG_TLS_WANT_READ;
    }
    memmove(in->buf, in->buf + in->at, in->len - in->at);
    in->len -= in->at;
    in->at = 0;
    result = tg_conn_receive(in->conn, in->buf + in->len, &len);
    if (result == TG_TLS_OK) {
        in->len += len;
    }
    in->is_drained = result != TG_TLS_OK || len < asked;
    return result;
}

enum tg_tls_io tg_conn_input_record(struct tg_conn_input *in, struct tg_bytes *record)
{
    enum tg_tls_io result = TG_TLS_OK;
    size_t len = 0;

    while ((len = tg_tls_record_len(tg_conn_input_view(in))) == 0) {
        result = tg_conn_input_more(in);
        if (result != TG_TLS_OK) {
            return result;
        }
    }
    *record = tg_bytes_first(tg_conn_input_view(in), len);
    return TG_TLS_OK;
}

/* Counts a record, if one was taken, and the data it brought. False: more than a client needs.
   spec: protocol/3#tls-records */
static bool count_record(struct tg_conn *c, bool is_record, size_t content_len)
{
    struct tg_conn_records *r = &c->records;

    r->content_len += content_len;
    r->count += is_record ? 1 : 0;
    r->silent_count += is_record && content_len == 0 ? 1 : 0;
    return r->silent_count <= TG_TLS_SILENT_RECORDS_MAX &&
           r->count <= TG_TLS_RECORDS_FIRST +
                           TG_TLS_RECORDS_PER_REQUEST * c->io.peer.request_count +
                           r->content_len / TG_TLS_BYTES_PER_RECORD;
}

/* One record, or what TLS still holds of the last one. */
static enum tg_tls_io read_record(struct tg_conn *c, struct tg_conn_input *in, size_t cap)
{
    uint8_t *buf = c->conns->read_buf;
    struct tg_bytes record = { 0 };
    enum tg_tls_io result = TG_TLS_OK;
    size_t record_len = 0;
    size_t len = cap;

    if (!tg_tls_has_pending(c->tls) && c->read != TG_CONN_READ_ON_WRITABLE) {
        result = tg_conn_input_record(in, &record);
        if (result != TG_TLS_OK) {
            return result;
        }
    }
    record_len = record.len;
    result = tg_tls_read(c->tls, &record, buf, &len);
    record_len -= record.len;
    in->at += record_len;
    if (!count_record(c, record_len > 0, result == TG_TLS_OK ? len : 0)) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_FLOOD);
        return TG_TLS_BROKEN;
    }
    if (result == TG_TLS_OK) {
        feed(c, tg_bytes(buf, len));
        tg_mem_wipe(buf, len);
    } else if (result == TG_TLS_WANT_READ && record_len > 0) {
        result = TG_TLS_OK; /* a record without data: the next one */
    }
    return result;
}

static void read_tls(struct tg_conn *c)
{
    struct tg_conn_input in;
    enum tg_tls_io result = TG_TLS_OK;
    size_t cap = 0;

    tg_conn_input_open(&in, c);
    for (size_t i = 0; i < TG_TLS_TURN_RECORDS && result == TG_TLS_OK; i++) {
        cap = tg_conn_room(c);
        if (cap == 0 || (i > 0 && tg_conn_is_turn_over(c))) {
            break;
        }
        result = read_record(c, &in, cap);
        c->read = TG_CONN_READ_ON_READABLE;
    }
    if (result == TG_TLS_WANT_WRITE) {
        c->read = TG_CONN_READ_ON_WRITABLE;
    } else if (tg_tls_has_pending(c->tls) || tg_tls_record_len(tg_conn_input_view(&in)) > 0) {
        c->read = TG_CONN_READ_AT_ONCE;
    }
    on_read_end(c, result);
    tg_conn_input_close(&in);
}

/* After the last answer: what the peer still sends is of no interest. */
static void discard(struct tg_conn *c)
{
    for (size_t round = 0; round < TG_READ_ROUNDS_MAX && tg_conn_room(c) > 0; round++) {
        size_t len = TG_READ_MAX;
        enum tg_tls_io result = tg_conn_receive(c, c->conns->read_buf, &len);

        if (result != TG_TLS_OK) {
            on_read_end(c, result);
            return;
        }
        tg_mem_wipe(c->conns->read_buf, len);
        c->lingered_len += len;
        if (c->lingered_len > TG_LINGER_MAX) {
            tg_conn_break(c);
        }
    }
}

void tg_conn_read(struct tg_conn *c)
{
    if (c->wait == TG_CONN_WAIT_LINGER) {
        discard(c);
    } else if (c->tls != NULL) {
        read_tls(c);
    } else {
        read_plain(c);
    }
}
