/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2.h"

#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/http2_frames.h"
#include "server/http/http2_head.h"
#include "server/http/payment.h"

#include <string.h>

static struct tg_http2 *of_proto(struct tg_proto *p)
{
    return TG_CONTAINER(p, struct tg_http2, proto);
}

static void finish(struct tg_http2 *c)
{
    c->proto.is_finished = true;
    c->proto.must_linger = !c->is_broken;
    tg_deadline_clear(&c->deadline);
    tg_deadline_clear(&c->goaway_deadline);
}

/* Some time after the first GOAWAY: streams that the peer had sent have arrived; later ones are
   refused. */
static void on_goaway_deadline(struct tg_deadline *d)
{
    struct tg_http2 *c = TG_CONTAINER(d, struct tg_http2, goaway_deadline);

    c->goaway = TG_HTTP2_GOAWAY_FINAL;
    (void)nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(c->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    c->io->kick(c->io);
}

/* ---- the engine ---- */

/* So much of the buffer for frames is in use. A frame that is not in it shows that the buffer is
   for something else: then all of it counts. */
static void count_frame(struct tg_http2 *c, struct tg_bytes frame)
{
    uintptr_t at = (uintptr_t)frame.ptr - (uintptr_t)c->frame.ptr;

    if (c->frame.ptr != NULL && at < c->frame.size && frame.len <= c->frame.size - at) {
        tg_mem_pages_use(&c->frame, at + frame.len);
    } else if (c->frame.ptr != NULL) {
        c->is_frame_elsewhere = true;
        tg_mem_pages_use(&c->frame, c->frame.size);
    }
}

static void http2_pump(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);
    struct tg_buf *out = &c->env->scratch;

    while (!c->proto.is_finished && c->io->unsent < TG_HTTP2_PUMP_UNSENT_MAX) {
        const uint8_t *data = NULL;
        ssize_t len = 0;
        struct tg_bytes part = { 0 };

        while (out->len < TG_READ_MAX && (len = nghttp2_session_mem_send(c->session, &data)) > 0) {
            count_frame(c, tg_bytes(data, (size_t)len));
            tg_buf_append(out, tg_bytes(data, (size_t)len));
        }
        if (len == 0 && !c->is_frame_elsewhere) {
            tg_mem_pages_rest(&c->frame); /* every frame that was made is in out */
        }
        if (len < 0 || tg_buf_status(out) != TG_OK) {
            tg_buf_clear(out);
            c->is_broken = true;
            finish(c);
            return;
        }
        if (out->len == 0) {
            break;
        }
        part = tg_buf_view(out);
        c->io->write(c->io, &part, 1);
        tg_buf_clear(out);
    }
    if ((c->goaway == TG_HTTP2_GOAWAY_FINAL && c->stream_count == 0) ||
        (nghttp2_session_want_read(c->session) == 0 &&
         nghttp2_session_want_write(c->session) == 0)) {
        finish(c);
    }
    tg_http2_set_deadline(c);
}

/* The error code of the connection for an error of nghttp2. */
static uint32_t code_of(ssize_t error)
{
    return error == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR
           : error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_CALLBACK_FAILURE ||
                   error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
               ? NGHTTP2_ENHANCE_YOUR_CALM
               : NGHTTP2_PROTOCOL_ERROR;
}

static size_t http2_feed(struct tg_proto *p, struct tg_bytes in)
{
    struct tg_http2 *c = of_proto(p);
    struct tg_bytes rest = in;
    uint32_t code = NGHTTP2_NO_ERROR;

    if (c->proto.is_finished) {
        return 0;
    }
    if (tg_client_is_outdated(&c->io->peer, c->env)) {
        tg_http2_go_away(c);
    }
    while (rest.len > 0 && code == NGHTTP2_NO_ERROR) {
        size_t len = tg_http2_meter_next(&c->meter, rest, c->env->now_mono_ms, &code);

        if (code == NGHTTP2_NO_ERROR) {
            ssize_t used = nghttp2_session_mem_recv(c->session, rest.ptr, len);

            code = used < 0 ? code_of(used) : NGHTTP2_NO_ERROR;
        }
        rest = tg_bytes_from(rest, len);
    }
    if (code == NGHTTP2_NO_ERROR &&
        !tg_payment_frames(&c->io->peer, c->service, c->env, tg_http2_meter_bill(&c->meter))) {
        code = NGHTTP2_ENHANCE_YOUR_CALM;
    }
    if (code != NGHTTP2_NO_ERROR) {
        tg_http2_count_end(c, code);
        (void)nghttp2_session_terminate_session(c->session, code);
    }
    tg_http2_head_continue(c);
    http2_pump(p);
    if (code != NGHTTP2_NO_ERROR) {
        finish(c);
    }
    return in.len;
}

static void http2_eof(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    c->is_broken = true; /* the peer has finished sending: no need to linger */
    finish(c);
}

static void http2_drain(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    tg_http2_go_away(c);
    c->io->kick(c->io);
}

static void http2_evict(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    for (struct tg_link *link = c->streams.next; link != &c->streams; link = link->next) {
        tg_pending_evict(&TG_CONTAINER(link, struct tg_http2_stream, link)->pending);
    }
    (void)nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(c->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    http2_pump(p);
}

static void http2_cancel(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&c->streams)) != NULL) {
        struct tg_http2_stream *s = TG_CONTAINER(link, struct tg_http2_stream, link);

        (void)nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
        tg_http2_stream_free(s);
    }
    finish(c);
}

static void http2_free(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    nghttp2_session_del(c->session);
    tg_mem_free(c);
}

static void on_deadline(struct tg_deadline *d)
{
    struct tg_http2 *c = TG_CONTAINER(d, struct tg_http2, deadline);

    if (c->sending_count > 0 && !tg_http2_is_stalled(c)) {
        return;
    }
    if (c->sending_count > 0) {
        tg_metrics_count(c->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
        c->is_broken = true;
        finish(c);
    } else {
        tg_http2_go_away(c);
    }
    c->io->kick(c->io);
}

static const struct tg_proto_ops http2_ops = {
    .feed = http2_feed,
    .pump = http2_pump,
    .eof = http2_eof,
    .drain = http2_drain,
    .evict = http2_evict,
    .cancel = http2_cancel,
    .free = http2_free,
};

/* ---- nghttp2's memory holds headers of requests: it is wiped when freed ---- */

/* The buffer for frames that a session sends is its first large block, and most of the memory of a
   connection that waits. Only its start is used between large answers. */
static void *mem_malloc(size_t size, void *ctx)
{
    struct tg_http2 *c = ctx;
    void *pages = size >= TG_HTTP2_FRAME_MAX && c->frame.ptr == NULL
                      ? tg_mem_pages_new(&c->frame, size)
                      : NULL;

    return pages != NULL ? pages : tg_mem_alloc(size);
}

static void mem_free(void *ptr, void *ctx)
{
    struct tg_http2 *c = ctx;

    if (ptr != NULL && ptr == c->frame.ptr) {
        tg_mem_pages_free(&c->frame);
    } else {
        tg_mem_free_wiped(ptr);
    }
}

static void *mem_calloc(size_t count, size_t size, void *ctx)
{
    (void)ctx;
    return tg_mem_calloc(count, size);
}

static void *mem_realloc(void *ptr, size_t size, void *ctx)
{
    struct tg_http2 *c = ctx;
    void *block = NULL;

    if (ptr == NULL) {
        return mem_malloc(size, ctx);
    }
    if (ptr != c->frame.ptr) {
        return tg_mem_realloc_wiped(ptr, size);
    }
    block = tg_mem_alloc(size);
    if (block != NULL) {
        memcpy(block, ptr, size < c->frame.size ? size : c->frame.size);
        tg_mem_pages_free(&c->frame);
    }
    return block;
}

static enum tg_err session_new(struct tg_http2 *c)
{
    enum tg_err err = TG_E_BUG;
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    /* spec: protocol/3#nothing-identifying-written */
    nghttp2_mem mem = { c, mem_malloc, mem_free, mem_calloc, mem_realloc };
    uint32_t window = (uint32_t)c->env->settings->body_max + 1;
    /* NO_RFC7540_PRIORITIES is not set: its scheduler frees an answer twice when out of memory
       (libnghttp2 1.52). */
    const nghttp2_settings_entry entries[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->env->settings->stream_max },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, TG_HEAD_MAX },
        /* One byte more than a body may have, so that a larger body is detected. */
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window },
    };

    TG_REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0, TG_E_NOMEM);
    TG_REQUIRE(nghttp2_option_new(&option) == 0, TG_E_NOMEM);
    tg_http2_frames_set_callbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, 0);
    nghttp2_option_set_max_settings(option, TG_HTTP2_SETTINGS_MAX);
    nghttp2_option_set_max_outbound_ack(option, TG_HTTP2_ACKS_MAX);
    /* The meter limits these. nghttp2 counts each part of a frame's head that arrives alone as a
       CONTINUATION frame, and resets of one side only. */
    nghttp2_option_set_max_continuations(option, 10u * (TG_HTTP2_CONTINUATIONS_MAX + 1u));
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
    TG_REQUIRE(nghttp2_session_server_new3(&c->session, callbacks, c, option, &mem) == 0,
               TG_E_NOMEM);
    TG_REQUIRE(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, entries, TG_COUNT(entries)) ==
                   0,
               TG_E_NOMEM);
    TG_REQUIRE(nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0,
                                                     TG_HTTP2_WINDOW) == 0,
               TG_E_NOMEM);
    err = TG_OK;
out:
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return err;
}

struct tg_proto *tg_http2_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service)
{
    struct tg_http2 *c = tg_mem_calloc(1, sizeof(*c));

    if (c == NULL) {
        return NULL;
    }
    c->proto.ops = &http2_ops;
    c->io = io;
    c->env = env;
    c->service = service;
    tg_list_init(&c->streams);
    tg_list_init(&c->expecting);
    c->deadline.fired = on_deadline;
    c->goaway_deadline.fired = on_goaway_deadline;
    tg_http2_meter_init(&c->meter, env->settings->stream_max,
                        io->peer.is_proxy ? TG_HTTP2_PROXY_SHARE : 1u, env->now_mono_ms);
    if (session_new(c) != TG_OK) {
        nghttp2_session_del(c->session);
        tg_mem_free(c);
        return NULL;
    }
    tg_http2_progress(c);
    return &c->proto;
}
