/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/host_request.h"

#include "direct/host_conn.h"

#define HANDSHAKE_BYTES_MAX 65536u

static void send_answer(struct tg_direct_conn *c, const struct tg_direct_response *response,
                        int64_t now_ms)
{
    struct tg_buf frame;

    tg_buf_init(&frame, TG_DIRECT_ANSWER_MAX);
    if (tg_direct_tls_output(c->tls).len == 0) {
        c->moved_ms = now_ms;
    }
    if (tg_direct_response_encode(&frame, response) != TG_OK ||
        tg_direct_tls_write(c->tls, tg_buf_view(&frame)) != TG_OK) {
        /* Out of memory: the peer repeats its request on another connection. */
        tg_direct_conn_end_quietly(c);
    } else {
        c->stage = TG_DIRECT_STAGE_READY;
        c->since_ms = now_ms;
        tg_buf_clear(&c->in);
    }
    tg_buf_deinit(&frame);
}

bool tg_direct_host_applied(struct tigress_direct_host *host, const struct tg_direct_answer *answer)
{
    host->is_changed = host->is_changed || answer->is_changed;
    if (answer->is_changed) {
        host->has_recipient = answer->is_bound;
    }
    return answer->must_wake;
}

void tg_direct_host_serve(struct tigress_direct_host *host, struct tg_direct_conn *c,
                          enum tg_direct_look look, int64_t now_ms)
{
    struct tg_direct_request request;
    struct tg_direct_answer answer;
    bool must_wake = false;
    bool is_over = look == TG_DIRECT_LOOK_AGAIN && now_ms >= c->wait_until_ms;

    if (tg_direct_request_decode(&request, tg_buf_view(&c->in)) != TG_OK) {
        tg_direct_conn_end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    if (tg_direct_mailbox_answer(&host->mailbox, TG_DIRECT_REMOTE, &request, look, now_ms / 1000,
                                 &answer) != TG_OK) {
        tg_direct_conn_end_quietly(c);
        return;
    }
    must_wake = tg_direct_host_applied(host, &answer);
    if (answer.must_wait && !is_over) {
        if (c->stage != TG_DIRECT_STAGE_WAIT) {
            c->wait_until_ms = now_ms + (int64_t)answer.wait_s * 1000;
        }
        c->stage = TG_DIRECT_STAGE_WAIT;
    } else {
        send_answer(c, &answer.response, now_ms);
        /* spec: protocol/7#direct-second-device-refused: the refusal is sent and counted, and the
           connection ends, which frees its place. */
        if (answer.is_stranger && c->stage != TG_DIRECT_STAGE_ENDING) {
            host->counts[TIGRESS_DIRECT_SECOND] += answer.is_bound ? 1 : 0;
            tg_direct_conn_end_quietly(c);
        }
    }
    tg_direct_answer_deinit(&answer);
    if (must_wake) {
        tg_direct_host_wake_polls(host, now_ms);
    }
}

/* One level of recursion: a request can wake the long polls of other peers, and a long poll changes
   nothing, so it wakes no other. */
void tg_direct_host_wake_polls(struct tigress_direct_host *host, int64_t now_ms)
{
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if (host->conns[i].stage == TG_DIRECT_STAGE_WAIT) {
            tg_direct_host_serve(host, &host->conns[i], TG_DIRECT_LOOK_AGAIN, now_ms);
        }
    }
}

/* One request at a time: bytes that arrive before its answer are an error. */
static void take_plain(struct tigress_direct_host *host, struct tg_direct_conn *c, size_t before,
                       int64_t now_ms)
{
    size_t frame_len = 0;
    enum tg_err err = TG_OK;

    if (c->in.len == before) {
        return;
    }
    if (c->stage == TG_DIRECT_STAGE_WAIT) {
        tg_direct_conn_end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    if (before == 0) {
        c->since_ms = now_ms;
    }
    err = tg_direct_frame_next(tg_buf_view(&c->in), TG_DIRECT_REQUEST_MAX, &frame_len);
    if (err == TG_E_NOTFOUND) {
        return;
    }
    if (err != TG_OK || frame_len != c->in.len) {
        tg_direct_conn_end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    tg_direct_host_serve(host, c, TG_DIRECT_LOOK_FIRST, now_ms);
}

void tg_direct_host_handshake(struct tigress_direct_host *host, struct tg_direct_conn *c,
                              int64_t now_ms)
{
    enum tg_direct_io io = tg_direct_tls_handshake(c->tls);

    if (io == TG_DIRECT_IO_DONE) {
        host->counts[TIGRESS_DIRECT_PROVED]++;
        c->stage = TG_DIRECT_STAGE_READY;
        c->since_ms = now_ms;
    } else if (io != TG_DIRECT_IO_AGAIN || c->handshake_len > HANDSHAKE_BYTES_MAX) {
        /* spec: protocol/7#direct-wrong-secret-refused */
        tg_direct_conn_end(host, c, TIGRESS_DIRECT_NOT_PROVED);
    }
}

void tg_direct_host_read(struct tigress_direct_host *host, struct tg_direct_conn *c, int64_t now_ms)
{
    size_t before = c->in.len;
    enum tg_direct_io io = tg_direct_tls_read(c->tls, &c->in);

    if (io == TG_DIRECT_IO_FAILED) {
        tg_direct_conn_end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    take_plain(host, c, before, now_ms);
    if (io == TG_DIRECT_IO_CLOSED && c->stage != TG_DIRECT_STAGE_ENDING) {
        tg_direct_conn_end_quietly(c);
    }
}
