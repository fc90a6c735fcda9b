/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2.h"

#include "base/mem.h"
#include "server/http/http2_stream.h"

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
    tg_deadline_clear(&c->parting_deadline);
}

/* An idle connection, or one whose reader is slow. */
static void set_deadline(struct tg_http2 *c)
{
    const struct tg_server_settings *s = c->env->settings;
    uint64_t in_ms = s->idle_ms;

    if (c->proto.is_finished) {
        return;
    }
    if (c->sending_count > 0) {
        in_ms = s->write_ms;
    } else if (c->stream_count > 0) {
        tg_deadline_clear(&c->deadline); /* every stream has its own */
        return;
    }
    tg_deadline_set(&c->env->wheel, &c->deadline, c->progress_mono_ms + in_ms);
}

void tg_h2_progress(struct tg_http2 *c)
{
    c->progress_mono_ms = c->env->now_mono_ms;
    set_deadline(c);
}

static void go_away(struct tg_http2 *c)
{
    if (c->parting == GO_ON) {
        c->parting = GOING_AWAY;
        (void)nghttp2_submit_shutdown_notice(c->session);
        tg_deadline_set(&c->env->wheel, &c->parting_deadline,
                        c->env->now_mono_ms + c->env->settings->drain_idle_ms);
    }
}

/* A round trip after the notice: streams that were under way have arrived, later ones are refused.
 */
static void on_parting(struct tg_deadline *d)
{
    struct tg_http2 *c = TG_CONTAINER(d, struct tg_http2, parting_deadline);

    c->parting = GONE_AWAY;
    (void)nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(c->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    c->io->kick(c->io);
}

/* --- nghttp2's callbacks -----------------------------------------------------------------------
 */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_h2_stream *s = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    s = tg_mem_calloc(1, sizeof(*s));
    if (s == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    s->mem = tg_reqmem_take(&c->env->reqmems, c->env->settings->body_max);
    if (s->mem == NULL) {
        tg_mem_free(s);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    s->conn = c;
    s->id = frame->hd.stream_id;
    s->from_mono_ms = c->env->now_mono_ms;
    s->deadline.fired = tg_h2_on_body_deadline;
    s->pending = (struct tg_pending){
        .env = c->env, .service = c->service, .peer = &c->io->peer, .respond = tg_h2_on_respond
    };
    tg_list_append(&c->streams, &s->link);
    c->stream_count++;
    c->request_count++;
    (void)nghttp2_session_set_stream_user_data(session, s->id, s);
    tg_deadline_set(&c->env->wheel, &s->deadline,
                    c->env->now_mono_ms + tg_body_allowed_ms(c->env->settings, 0));
    tg_h2_progress(c);
    if (c->request_count >= c->env->settings->requests_max) {
        go_away(c);
    }
    return 0;
}

static void head_fault(struct tg_h2_stream *s, unsigned status, const char *detail)
{
    if (s->fault.status == 0) {
        s->fault = (struct tg_head_fault){ status, detail };
    }
}

static void take_pseudo(struct tg_h2_stream *s, struct tg_bytes name, struct tg_bytes value)
{
    if (tg_bytes_is_equal(name, TG_LIT(":method"))) {
        if (value.len > sizeof(s->method)) {
            head_fault(s, 400, "the method is too long");
            return;
        }
        memcpy(s->method, value.ptr, value.len);
        s->method_len = (uint8_t)value.len;
    } else if (tg_bytes_is_equal(name, TG_LIT(":path"))) {
        if (value.len > TG_TARGET_MAX) {
            head_fault(s, 414, "the request target is too long");
            return;
        }
        /* Pseudo-headers come before all others: the target is the first thing in the text. */
        tg_buf_append(&s->mem->text, value);
        s->mem->target_len = value.len;
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ctx)
{
    struct tg_h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    struct tg_reqmem *m = s != NULL ? s->mem : NULL;

    (void)flags;
    (void)ctx;
    if (m == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST || s->fault.status != 0) {
        return 0; /* trailers, or already refused */
    }
    if (name_len > 0 && name[0] == ':') {
        take_pseudo(s, tg_bytes(name, name_len), tg_bytes(value, value_len));
    } else if (m->field_count >= TG_HEADERS_MAX) {
        head_fault(s, 431, "too many header fields");
    } else {
        m->fields[m->field_count].name_at = (uint16_t)m->text.len;
        m->fields[m->field_count].name_len = (uint16_t)name_len;
        tg_buf_append(&m->text, tg_bytes(name, name_len));
        m->fields[m->field_count].value_at = (uint16_t)m->text.len;
        m->fields[m->field_count].value_len = (uint16_t)value_len;
        tg_buf_append(&m->text, tg_bytes(value, value_len));
        m->field_count++;
    }
    if (tg_buf_status(&m->text) != TG_OK) {
        head_fault(s, 431, "the request head is too large");
    }
    return 0;
}

static void end_head(struct tg_h2_stream *s)
{
    if (s->fault.status == 0 &&
        tg_bytes_is_equal(tg_bytes(s->method, s->method_len), TG_LIT("CONNECT"))) {
        head_fault(s, 400, "CONNECT is not served: this is no proxy");
    }
    if (s->fault.status != 0) {
        tg_h2_refuse(s, s->fault.status, s->fault.detail);
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_h2_stream *s = NULL;

    (void)ctx;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL || s->is_dispatched) {
        return 0;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        end_head(s);
    }
    if (!s->is_dispatched && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        tg_h2_dispatch(s, false);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    if (s == NULL) {
        (void)nghttp2_session_consume_connection(session, len);
        return 0;
    }
    if (s->is_dispatched) {
        tg_h2_discard(s, len);
        return 0;
    }
    s->unconsumed += len;
    if (len > c->env->settings->body_max - s->mem->body.len) {
        tg_h2_dispatch(s, true);
        return 0;
    }
    tg_buf_append(&s->mem->body, tg_bytes(data, len));
    if (tg_buf_status(&s->mem->body) != TG_OK) {
        tg_h2_refuse(s, 503, "out of memory");
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    if (s == NULL) {
        return 0;
    }
    if (error != NGHTTP2_NO_ERROR) {
        tg_metrics_count(c->env->metrics, TG_COUNTER_STREAM_RESETS);
    }
    tg_h2_consumed(s);
    (void)nghttp2_session_set_stream_user_data(session, id, NULL);
    tg_h2_stream_free(s);
    tg_h2_progress(c);
    return 0;
}

/* A token bucket over frames that cost us work and ask for nothing. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *ctx)
{
    struct tg_http2 *c = ctx;
    uint64_t refill = 0;

    (void)session;
    if (hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION ||
        hd->type == NGHTTP2_WINDOW_UPDATE || (hd->type == NGHTTP2_DATA && hd->length > 0)) {
        return 0;
    }
    refill = (c->env->now_mono_ms - c->control_mono_ms) * TG_H2_CONTROL_PER_S;
    c->control_mono_ms = c->env->now_mono_ms;
    c->control_spent = c->control_spent > refill ? c->control_spent - refill : 0;
    c->control_spent += 1000u;
    return c->control_spent > TG_H2_CONTROL_BURST * 1000u ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct tg_http2 *c = ctx;
    struct tg_h2_stream *s = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    c->progress_mono_ms = c->env->now_mono_ms;
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL) {
        return 0;
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        tg_h2_sending(s);
        return 0;
    }
    c->sending_count -= s->is_sending ? 1 : 0;
    s->is_sending = false;
    tg_deadline_clear(&s->deadline);
    if (nghttp2_session_get_stream_remote_close(session, s->id) == 0) {
        /* Answered before the request was complete: it has a while to end by itself. */
        s->deadline.fired = tg_h2_on_discard_deadline;
        tg_deadline_set(&c->env->wheel, &s->deadline,
                        c->env->now_mono_ms + c->env->settings->head_ms);
    }
    return 0;
}

/* --- the engine --------------------------------------------------------------------------------
 */

static void http2_pump(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);
    struct tg_buf *out = &c->env->scratch;

    while (!c->proto.is_finished && c->io->unsent < TG_H2_PUMP_UNSENT_MAX) {
        const uint8_t *data = NULL;
        ssize_t len = 0;
        struct tg_bytes part = { 0 };

        while (out->len < TG_READ_MAX && (len = nghttp2_session_mem_send(c->session, &data)) > 0) {
            tg_buf_append(out, tg_bytes(data, (size_t)len));
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
    if ((c->parting == GONE_AWAY && c->stream_count == 0) ||
        (nghttp2_session_want_read(c->session) == 0 &&
         nghttp2_session_want_write(c->session) == 0)) {
        finish(c);
    }
    set_deadline(c);
}

static size_t http2_feed(struct tg_proto *p, struct tg_bytes in)
{
    struct tg_http2 *c = of_proto(p);
    ssize_t used = 0;

    if (c->proto.is_finished) {
        return 0;
    }
    c->is_feeding = true;
    used = nghttp2_session_mem_recv(c->session, in.ptr, in.len);
    c->is_feeding = false;
    if (used < 0) {
        bool is_flood = used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_CALLBACK_FAILURE;

        tg_metrics_count(c->env->metrics,
                         is_flood ? TG_COUNTER_REFUSED_FLOOD : TG_COUNTER_REFUSED_SYNTAX);
        (void)nghttp2_session_terminate_session(c->session, is_flood ? NGHTTP2_ENHANCE_YOUR_CALM
                                                                     : NGHTTP2_PROTOCOL_ERROR);
        http2_pump(p);
        finish(c);
        return in.len;
    }
    http2_pump(p);
    return in.len;
}

static void http2_eof(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    c->is_broken = true; /* nothing to linger for */
    finish(c);
}

static void http2_drain(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);

    go_away(c);
    c->io->kick(c->io);
}

static void http2_cancel(struct tg_proto *p)
{
    struct tg_http2 *c = of_proto(p);
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&c->streams)) != NULL) {
        struct tg_h2_stream *s = TG_CONTAINER(link, struct tg_h2_stream, link);

        (void)nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
        tg_h2_stream_free(s);
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

    if (c->sending_count > 0) {
        /* The peer gives no window and reads nothing: the connection is of no use to it. */
        tg_metrics_count(c->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
        c->is_broken = true;
        finish(c);
    } else {
        go_away(c);
    }
    c->io->kick(c->io);
}

static const struct tg_proto_ops http2_ops = {
    .feed = http2_feed,
    .pump = http2_pump,
    .eof = http2_eof,
    .drain = http2_drain,
    .cancel = http2_cancel,
    .free = http2_free,
};

/* --- memory: headers of strangers pass through the library, so what it frees is wiped ----------
 */

static void *mem_malloc(size_t size, void *ctx)
{
    (void)ctx;
    return tg_mem_alloc(size);
}

static void mem_free(void *ptr, void *ctx)
{
    (void)ctx;
    tg_mem_free_wiped(ptr);
}

static void *mem_calloc(size_t count, size_t size, void *ctx)
{
    (void)ctx;
    return tg_mem_calloc(count, size);
}

static void *mem_realloc(void *ptr, size_t size, void *ctx)
{
    (void)ctx;
    return tg_mem_realloc_wiped(ptr, size);
}

static enum tg_err session_new(struct tg_http2 *c)
{
    enum tg_err err = TG_E_BUG;
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    /* spec: protocol/3#nothing-identifying-written */
    nghttp2_mem mem = { NULL, mem_malloc, mem_free, mem_calloc, mem_realloc };
    uint32_t window = (uint32_t)c->env->settings->body_max + 1;
    /* Not NO_RFC7540_PRIORITIES: the scheduler that it picks frees an answer twice when memory runs
       out under it (libnghttp2 1.52). What priorities can cost is in the budget of on_begin_frame.
     */
    const nghttp2_settings_entry entries[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->env->settings->stream_max },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, TG_HEAD_MAX },
        /* One byte more than a body may have, so that a body that is too large shows. */
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window },
    };

    TG_REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0, TG_E_NOMEM);
    TG_REQUIRE(nghttp2_option_new(&option) == 0, TG_E_NOMEM);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, 0);
    nghttp2_option_set_max_settings(option, TG_H2_SETTINGS_MAX);
    nghttp2_option_set_max_continuations(option, TG_H2_CONTINUATIONS_MAX);
    /* spec: protocol/3#http2-floods */
    nghttp2_option_set_max_outbound_ack(option, TG_H2_ACKS_MAX);
    nghttp2_option_set_stream_reset_rate_limit(option, TG_H2_RESET_BURST, TG_H2_RESET_PER_S);
    TG_REQUIRE(nghttp2_session_server_new3(&c->session, callbacks, c, option, &mem) == 0,
               TG_E_NOMEM);
    TG_REQUIRE(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, entries, TG_COUNT(entries)) ==
                   0,
               TG_E_NOMEM);
    TG_REQUIRE(
        nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, TG_H2_WINDOW) == 0,
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
    c->deadline.fired = on_deadline;
    c->parting_deadline.fired = on_parting;
    c->control_mono_ms = env->now_mono_ms;
    if (session_new(c) != TG_OK) {
        nghttp2_session_del(c->session);
        tg_mem_free(c);
        return NULL;
    }
    tg_h2_progress(c);
    return &c->proto;
}
