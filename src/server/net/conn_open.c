/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_open.h"

#include "server/net/conn_recv.h"
#include "server/net/plain.h"

#include <sys/socket.h>

static enum tg_opening fail(struct tg_conn *c, enum tg_counter counter)
{
    tg_metrics_count(c->conns->env->metrics, counter);
    tg_conn_break(c);
    return TG_OPENING_FAILED;
}

/* ---- the first bytes on a TLS port ---- */

/* spec: protocol/1#plain-http-on-tls-port */
static enum tg_opening answer_plain(struct tg_conn *c, enum tg_plain plain)
{
    struct tg_bytes answer = tg_plain_answer(plain);

    /* The socket is empty: a few hundred bytes fit, or the peer is gone. */
    (void)send(c->fd, answer.ptr, answer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_PLAIN_HTTP);
    return TG_OPENING_ANSWERED;
}

/* A session is made when the first record is there: a peer that sends nothing costs little. */
static enum tg_opening first_bytes(struct tg_conn *c, struct tg_conn_input *in)
{
    enum tg_plain plain = TG_PLAIN_UNDECIDED;

    while ((plain = tg_plain_look(tg_conn_input_view(in))) == TG_PLAIN_UNDECIDED) {
        enum tg_tls_io result = tg_conn_input_more(in);

        if (result == TG_TLS_WANT_READ) {
            return TG_OPENING_GOES_ON;
        }
        if (result != TG_TLS_OK) {
            return fail(c, TG_COUNTER_HANDSHAKE_FAILED);
        }
    }
    if (plain == TG_PLAIN_TLS) {
        c->tls = tg_tls_new(c->tls_context, c->fd);
        return c->tls == NULL ? fail(c, TG_COUNTER_HANDSHAKE_FAILED) : TG_OPENING_GOES_ON;
    }
    in->at = in->len; /* wiped, and not kept */
    return plain == TG_PLAIN_OTHER ? fail(c, TG_COUNTER_HANDSHAKE_FAILED) : answer_plain(c, plain);
}

/* ---- the handshake ---- */

static bool count_record(struct tg_conn *c, size_t record_len)
{
    struct tg_conn_records *r = &c->records;

    r->handshake_len += record_len;
    r->count += record_len > 0 ? 1 : 0;
    return r->count <= TG_TLS_HANDSHAKE_RECORDS_MAX &&
           r->handshake_len <= TG_TLS_HANDSHAKE_BYTES_MAX;
}

static enum tg_opening done(struct tg_conn *c, const struct tg_conn_input *in)
{
    tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKES);
    c->records = (struct tg_conn_records){ 0 };
    c->read = TG_CONN_READ_ON_READABLE;
    if (tg_tls_has_pending(c->tls) || tg_conn_input_view(in).len > 0) {
        c->read = TG_CONN_READ_AT_ONCE; /* the request came with the end of the handshake */
    }
    return TG_OPENING_DONE;
}

/* One record of the handshake. TG_TLS_OK: it is done. */
static enum tg_tls_io shake(struct tg_conn *c, struct tg_conn_input *in, bool *has_record)
{
    struct tg_bytes record = { 0 };
    enum tg_tls_io result = TG_TLS_OK;
    size_t taken = 0;

    *has_record = false;
    if (c->read != TG_CONN_READ_ON_WRITABLE) {
        result = tg_conn_input_record(in, &record);
        if (result != TG_TLS_OK) {
            return result;
        }
        *has_record = true;
    }
    taken = record.len;
    if (!count_record(c, taken)) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_FLOOD);
        return TG_TLS_BROKEN;
    }
    result = tg_tls_handshake(c->tls, &record);
    in->at += taken - record.len;
    c->read = result == TG_TLS_WANT_WRITE ? TG_CONN_READ_ON_WRITABLE : TG_CONN_READ_ON_READABLE;
    return result;
}

static enum tg_opening handshake(struct tg_conn *c, struct tg_conn_input *in)
{
    bool has_record = true;

    for (size_t i = 0; i < TG_TLS_TURN_HANDSHAKE_RECORDS && has_record; i++) {
        enum tg_tls_io result = shake(c, in, &has_record);

        if (result == TG_TLS_OK) {
            return done(c, in);
        }
        if (result == TG_TLS_CLOSED || result == TG_TLS_BROKEN) {
            return fail(c, TG_COUNTER_HANDSHAKE_FAILED);
        }
        if (result == TG_TLS_WANT_WRITE) {
            return TG_OPENING_GOES_ON;
        }
    }
    if (tg_tls_record_len(tg_conn_input_view(in)) > 0) {
        tg_conn_kick(c);
    }
    return TG_OPENING_GOES_ON;
}

enum tg_opening tg_conn_open_turn(struct tg_conn *c)
{
    struct tg_conn_input in;
    enum tg_opening opening = TG_OPENING_GOES_ON;

    if (c->tls_context == NULL) {
        return TG_OPENING_DONE;
    }
    tg_conn_input_open(&in, c);
    if (c->tls == NULL) {
        opening = first_bytes(c, &in);
    }
    if (c->tls != NULL) {
        opening = handshake(c, &in);
    }
    tg_conn_input_close(&in);
    return opening;
}
