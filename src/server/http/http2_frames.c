/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2_frames.h"

#include "base/mem.h"
#include "server/http/http2_head.h"
#include "server/http/payment.h"

#define WINDOW_MAX INT32_MAX /* RFC 9113, section 6.9.1 */

/* No memory for another stream. The client may repeat the request.
   spec: protocol/3#memory-refused */
static void refuse_begun(struct tg_http2 *c, int32_t id)
{
    tg_metrics_count(c->env->metrics, TG_COUNTER_REFUSED_MEMORY);
    (void)nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_http2_stream *s = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (s != NULL) {
            tg_http2_head_begin(s); /* trailers */
        }
        return 0;
    }
    if (!tg_account_may_take(c->io->peer.account, TG_REQUEST_MEMORY)) {
        refuse_begun(c, frame->hd.stream_id);
        return 0;
    }
    s = tg_mem_calloc(1, sizeof(*s));
    if (s == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    s->mem = tg_reqmem_new(c->env->settings->body_max);
    if (s->mem == NULL) {
        tg_mem_free(s);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    s->conn = c;
    s->id = frame->hd.stream_id;
    s->from_mono_ms = c->env->now_mono_ms;
    s->deadline.fired = tg_http2_on_body_deadline;
    s->pending = (struct tg_pending){
        .env = c->env, .service = c->service, .peer = &c->io->peer, .respond = tg_http2_on_respond
    };
    tg_payment_begin(&s->pending);
    tg_list_append(&c->streams, &s->link);
    c->stream_count++;
    c->request_count++;
    (void)nghttp2_session_set_stream_user_data(session, s->id, s);
    tg_deadline_set(&c->env->wheel, &s->deadline,
                    c->env->now_mono_ms + tg_body_allowed_ms(c->env->settings, 0));
    tg_http2_progress(c);
    if (c->request_count >= c->env->settings->requests_max) {
        tg_http2_go_away(c);
    }
    return 0;
}

/* Its failure ends the connection with ENHANCE_YOUR_CALM. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ctx)
{
    struct tg_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    struct tg_bytes name_view = tg_bytes(name, name_len);
    struct tg_bytes value_view = tg_bytes(value, value_len);
    bool is_within = true;

    (void)flags;
    (void)ctx;
    if (s != NULL) {
        is_within = frame->headers.cat == NGHTTP2_HCAT_REQUEST
                        ? tg_http2_head_field(s, name_view, value_view)
                        : tg_http2_head_trailer(s, name_view, value_view);
    }
    return is_within ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- windows of streams: nghttp2 resets a stream whose window a setting lets overflow, but it is
   an error of the connection (RFC 9113, section 6.9.2) ---- */

/* Before the settings have an effect. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *ctx)
{
    struct tg_http2 *c = ctx;

    if (hd->type != NGHTTP2_SETTINGS) {
        return 0;
    }
    c->largest_window = 0;
    for (struct tg_link *link = c->streams.next; link != &c->streams; link = link->next) {
        const struct tg_http2_stream *s = TG_CONTAINER(link, struct tg_http2_stream, link);
        int32_t window = nghttp2_session_get_stream_remote_window_size(session, s->id);

        c->largest_window = window > c->largest_window ? window : c->largest_window;
    }
    c->initial_window =
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
    return 0;
}

/* They have had their effect. */
static void check_windows(struct tg_http2 *c)
{
    int64_t grown = (int64_t)nghttp2_session_get_remote_settings(
                        c->session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) -
                    (int64_t)c->initial_window;

    if (c->largest_window + grown > WINDOW_MAX) {
        (void)nghttp2_session_terminate_session(c->session, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_http2_stream *s = NULL;
    bool is_end = false;

    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        check_windows(ctx);
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL || s->is_dispatched) {
        return 0;
    }
    is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        tg_http2_head_end(s, !is_end);
    } else if (frame->hd.type == NGHTTP2_HEADERS) {
        tg_http2_head_end_trailers(s);
    }
    if (!s->is_dispatched && is_end) {
        tg_http2_dispatch(s, false);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    tg_http2_meter_received(&c->meter, s != NULL ? len : 0);
    /* The connection's window opens as bytes arrive: no stream waits for the end of another.
       spec: protocol/1#bodies-never-wait */
    (void)nghttp2_session_consume_connection(session, len);
    if (s != NULL) {
        tg_http2_receive(s, tg_bytes(data, len));
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    if (s == NULL) {
        return 0;
    }
    if (error != NGHTTP2_NO_ERROR) {
        tg_metrics_count(c->env->metrics, TG_COUNTER_STREAM_RESETS);
    } else if (s->is_answered) {
        tg_http2_meter_answered(&c->meter);
    }
    (void)nghttp2_session_set_stream_user_data(session, id, NULL);
    tg_http2_stream_free(s);
    tg_http2_progress(c);
    return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_http2_stream *s = NULL;

    if (frame->hd.type == NGHTTP2_GOAWAY) {
        tg_http2_count_end(c, frame->goaway.error_code);
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    if (frame->hd.type == NGHTTP2_DATA) {
        tg_http2_meter_sent(&c->meter, frame->hd.length);
    }
    c->progress_mono_ms = c->env->now_mono_ms;
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL || !s->is_sending) {
        return 0; /* 100 Continue is no part of the answer */
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    c->sending_count--;
    s->is_sending = false;
    s->is_answered = true;
    tg_deadline_clear(&s->deadline);
    if (nghttp2_session_get_stream_remote_close(session, s->id) == 0) {
        /* Answered before the request was complete: the peer gets time to end the stream. */
        s->deadline.fired = tg_http2_on_discard_deadline;
        tg_deadline_set(&c->env->wheel, &s->deadline,
                        c->env->now_mono_ms + c->env->settings->head_ms);
    }
    return 0;
}

void tg_http2_frames_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
}
