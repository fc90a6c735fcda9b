/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2_stream.h"

#include "base/mem.h"
#include "server/http/payment.h"

#include <string.h>

void tg_http2_stream_free(struct tg_http2_stream *s)
{
    struct tg_http2 *c = s->conn;

    tg_pending_cancel(&s->pending);
    tg_deadline_clear(&s->deadline);
    tg_reqmem_free(&s->mem);
    c->answer_bytes -= s->answer.len;
    c->unsent -= s->answer.len - s->answer_sent;
    tg_buf_deinit(&s->answer);
    c->sending_count -= s->is_sending ? 1 : 0;
    c->stream_count--;
    tg_link_remove(&s->link);
    tg_link_remove(&s->expecting);
    tg_mem_free_secret(s, sizeof(*s));
}

static ssize_t read_answer(nghttp2_session *session, int32_t id, uint8_t *out, size_t len,
                           uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    struct tg_http2_stream *s = source->ptr;
    size_t left = s->answer.len - s->answer_sent;

    (void)session;
    (void)id;
    (void)ctx;
    if (len > left) {
        len = left;
    }
    if (len > 0) {
        memcpy(out, s->answer.ptr + s->answer_sent, len);
        s->answer_sent += len;
        tg_http2_taken(s->conn, len);
    }
    if (s->answer_sent == s->answer.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)len;
}

static nghttp2_nv field(struct tg_bytes name, struct tg_bytes value)
{
    /* nghttp2 takes non-const pointers, and only copies from them. */
    union {
        const uint8_t *from;
        uint8_t *to;
    } n = { .from = name.ptr }, v = { .from = value.ptr };

    return (nghttp2_nv){ .name = n.to, .namelen = name.len, .value = v.to, .valuelen = value.len };
}

static struct tg_bytes decimal(char out[20], uint64_t value)
{
    size_t at = 20;

    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return tg_bytes(out + at, 20 - at);
}

/* When the answer has to be sent: at the slowest rate of the connection, after what was unsent then
   and what other answers may take meanwhile. A stalled stream does not wait for more. */
static uint64_t sent_until(const struct tg_http2_stream *s)
{
    uint64_t taken = s->conn->taken_total - s->taken_before;
    size_t most = TG_HTTP2_ANSWER_TURNS * s->unsent_before;
    size_t counted = taken < most ? (size_t)taken : most;

    return s->from_mono_ms + tg_answer_allowed_ms(s->conn->env->settings, counted);
}

/* The peer does not take this answer. Other streams may make progress: only this one is reset.
   spec: protocol/3#slow-takers */
static void on_stalled(struct tg_deadline *d)
{
    struct tg_http2_stream *s = TG_CONTAINER(d, struct tg_http2_stream, deadline);
    struct tg_env *env = s->conn->env;
    uint64_t until_mono_ms = sent_until(s);

    if (until_mono_ms > env->now_mono_ms) {
        tg_deadline_set(&env->wheel, d, until_mono_ms);
        return;
    }
    tg_metrics_count(s->conn->env->metrics, TG_COUNTER_REFUSED_TIMEOUT);
    (void)nghttp2_submit_rst_stream(s->conn->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
    s->conn->io->kick(s->conn->io);
}

static void begin_sending(struct tg_http2_stream *s)
{
    struct tg_http2 *c = s->conn;
    uint64_t now_mono_ms = c->env->now_mono_ms;

    c->unsent += s->answer.len;
    if (c->sending_count == 0) {
        tg_taking_begin(&c->taking, c->unsent, now_mono_ms);
    }
    if (!s->is_sending) {
        s->is_sending = true;
        c->sending_count++;
    }
    s->from_mono_ms = now_mono_ms;
    s->taken_before = c->taken_total;
    s->unsent_before = c->unsent;
    s->deadline.fired = on_stalled;
    tg_deadline_set(&c->env->wheel, &s->deadline, sent_until(s));
}

void tg_http2_on_respond(struct tg_pending *p, const struct tg_http_response *response)
{
    struct tg_http2_stream *s = TG_CONTAINER(p, struct tg_http2_stream, pending);
    struct tg_http2 *c = s->conn;
    bool has_body = tg_head_has_body(response->status);
    /* A refusal does not know the method. spec: protocol/4#head */
    bool is_head =
        response->is_head || tg_bytes_is_equal(tg_bytes(s->method, s->method_len), TG_LIT("HEAD"));
    bool is_body_sent = has_body && !is_head && response->body.len > 0;
    nghttp2_nv fields[TG_RESPONSE_HEADERS_MAX + 3];
    nghttp2_data_provider provider = { .source.ptr = s, .read_callback = read_answer };
    char status[20];
    char length[20];
    size_t count = 0;

    fields[count++] = field(TG_LIT(":status"), decimal(status, response->status));
    fields[count++] = field(TG_LIT("date"), tg_env_date(c->env));
    for (size_t i = 0; i < response->header_count; i++) {
        fields[count++] = field(response->headers[i].name, response->headers[i].value);
    }
    if (has_body) {
        fields[count++] = field(TG_LIT("content-length"), decimal(length, response->body.len));
    }
    tg_buf_init(&s->answer, TG_RESPONSE_BODY_MAX);
    if (is_body_sent) {
        tg_buf_append(&s->answer, response->body);
        c->answer_bytes += s->answer.len;
    }
    if (tg_buf_status(&s->answer) != TG_OK ||
        nghttp2_submit_response(c->session, s->id, fields, count,
                                is_body_sent ? &provider : NULL) != 0) {
        (void)nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id,
                                        NGHTTP2_INTERNAL_ERROR);
    }
    begin_sending(s);
    tg_http2_progress(c);
    c->io->kick(c->io);
}

/* The rest of the body is read and discarded, up to a limit: some clients lose the answer when
   their stream is reset while they send. */
static void discard(struct tg_http2_stream *s, size_t len)
{
    nghttp2_session *session = s->conn->session;

    s->discarded += len;
    if (s->discarded > TG_HTTP2_DISCARD_MAX) {
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    } else {
        (void)nghttp2_session_consume_stream(session, s->id, len);
    }
}

/* The service does not see the request. */
static void reset(struct tg_http2_stream *s, enum tg_counter counter, uint32_t code)
{
    tg_metrics_count(s->conn->env->metrics, counter);
    s->is_dispatched = true;
    tg_deadline_clear(&s->deadline);
    tg_reqmem_free(&s->mem);
    (void)nghttp2_submit_rst_stream(s->conn->session, NGHTTP2_FLAG_NONE, s->id, code);
}

void tg_http2_reset_malformed(struct tg_http2_stream *s)
{
    reset(s, TG_COUNTER_REFUSED_SYNTAX, NGHTTP2_PROTOCOL_ERROR);
}

/* What is kept of the body goes, and its rest will be discarded. */
static void give_up_body(struct tg_http2_stream *s)
{
    (void)nghttp2_session_consume_stream(s->conn->session, s->id, s->unreturned);
    s->unreturned = 0;
}

/* Keeps a part of the body, or refuses the request: nothing waits for memory.
   spec: protocol/1#bodies-never-wait */
static void keep(struct tg_http2_stream *s, struct tg_bytes part)
{
    bool may_take = tg_account_may_take(s->pending.peer->account, part.len);

    if (may_take) {
        tg_buf_append(&s->mem->body, part);
    }
    if (!may_take || tg_buf_status(&s->mem->body) != TG_OK) {
        tg_http2_refuse(s, 503, TG_BODY_NO_MEMORY);
    }
}

void tg_http2_receive(struct tg_http2_stream *s, struct tg_bytes part)
{
    if (s->is_dispatched) {
        discard(s, part.len);
        return;
    }
    tg_payment_received(&s->pending, part.len);
    /* The stream's window is not opened while its body is kept, so it bounds the body. */
    s->unreturned += part.len;
    if (part.len > s->conn->env->settings->body_max - s->mem->body.len) {
        tg_http2_dispatch(s, true);
    } else {
        keep(s, part);
    }
}

void tg_http2_dispatch(struct tg_http2_stream *s, bool is_body_too_large)
{
    struct tg_http_request request;

    if (s->conn->answer_bytes > TG_HTTP2_ANSWERS_MAX) {
        /* The client may repeat it. */
        reset(s, TG_COUNTER_REFUSED_FLOOD, NGHTTP2_REFUSED_STREAM);
        return;
    }
    if (!tg_pending_has_memory(&s->pending, s->mem->body.len)) {
        tg_http2_refuse(s, 503, TG_REQUEST_NO_MEMORY);
        return;
    }
    s->is_dispatched = true;
    tg_deadline_clear(&s->deadline);
    tg_reqmem_request(s->mem, s->conn->env->headers, tg_bytes(s->method, s->method_len), &request);
    if (is_body_too_large) {
        tg_metrics_count(s->conn->env->metrics, TG_COUNTER_REFUSED_SIZE);
        request.is_body_too_large = true;
        request.body = (struct tg_bytes){ 0 };
        give_up_body(s);
    }
    tg_pending_begin(&s->pending, &request);
    tg_reqmem_free(&s->mem);
}

static void refuse(struct tg_http2_stream *s, unsigned status, const char *detail,
                   unsigned retry_after_s)
{
    s->is_dispatched = true;
    tg_deadline_clear(&s->deadline);
    tg_reqmem_free(&s->mem);
    give_up_body(s);
    tg_pending_refuse(&s->pending, status, detail, retry_after_s);
}

void tg_http2_refuse(struct tg_http2_stream *s, unsigned status, const char *detail)
{
    bool is_size = status == 413 || status == 414 || status == 431;

    tg_metrics_count(s->conn->env->metrics, is_size         ? TG_COUNTER_REFUSED_SIZE
                                            : status == 408 ? TG_COUNTER_REFUSED_TIMEOUT
                                            : status == 503 ? TG_COUNTER_REFUSED_MEMORY
                                                            : TG_COUNTER_REFUSED_SYNTAX);
    refuse(s, status, detail, status == 503 ? TG_RETRY_AFTER_MEMORY_S : 0);
}

bool tg_http2_admit(struct tg_http2_stream *s)
{
    struct tg_http_request head;
    struct tg_head_fault fault = { 0 };

    tg_reqmem_request(s->mem, s->conn->env->headers, tg_bytes(s->method, s->method_len), &head);
    fault = tg_payment_head(&s->pending, &head);
    if (fault.status != 0) {
        refuse(s, fault.status, fault.detail, s->pending.retry_s);
    }
    return fault.status == 0;
}

void tg_http2_on_body_deadline(struct tg_deadline *d)
{
    struct tg_http2_stream *s = TG_CONTAINER(d, struct tg_http2_stream, deadline);
    struct tg_env *env = s->conn->env;
    uint64_t until_mono_ms = s->from_mono_ms + tg_body_allowed_ms(env->settings, s->mem->body.len);

    if (until_mono_ms > env->now_mono_ms) {
        tg_deadline_set(&env->wheel, d, until_mono_ms);
        return;
    }
    tg_http2_refuse(s, 408, "the request body took too long");
}

void tg_http2_on_discard_deadline(struct tg_deadline *d)
{
    struct tg_http2_stream *s = TG_CONTAINER(d, struct tg_http2_stream, deadline);

    (void)nghttp2_submit_rst_stream(s->conn->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    s->conn->io->kick(s->conn->io);
}
