/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http1.h"

#include "base/mem.h"
#include "server/http/chunk.h"
#include "server/http/client.h"
#include "server/http/http1_parser.h"
#include "server/http/payment.h"

#define BAD_VERSION "unsupported HTTP version; expected 1.0, 1.1 or 2"

enum state {
    STATE_IDLE, /* between requests */
    STATE_HEAD,
    STATE_BODY,
    STATE_BUSY, /* the service answers the request */
    STATE_FINISHED
};

struct tg_http1 {
    struct tg_proto proto;
    struct tg_proto_io *io;
    struct tg_env *env;
    struct tg_pending pending;
    struct tg_deadline deadline;
    struct tg_http1_parser parser;
    enum state state;
    struct tg_reqmem *mem; /* while a request is read */
    struct tg_head_guard guard;
    struct tg_chunk_guard chunks;
    struct tg_head_facts facts;
    size_t head_len;
    size_t body_raw_len; /* bytes of the body with its framing */
    uint64_t body_from_mono_ms;
    uint32_t request_count;
    bool is_feeding;
    bool has_eof;
    bool can_keep;      /* the request allows another one after it */
    bool must_continue; /* the client waits for 100 before it sends the body */
};

static struct tg_http1 *of_proto(struct tg_proto *p)
{
    return TG_CONTAINER(p, struct tg_http1, proto);
}

/* ---- the states of a connection ---- */

static void set_deadline(struct tg_http1 *h, uint64_t in_ms)
{
    tg_deadline_set(&h->env->wheel, &h->deadline, h->env->now_mono_ms + in_ms);
}

/* The parser borrows mem, so it loses it too. */
static void put_mem(struct tg_http1 *h)
{
    h->parser.mem = NULL;
    tg_reqmem_free(&h->mem);
}

static void finish(struct tg_http1 *h, bool must_linger)
{
    h->state = STATE_FINISHED;
    h->proto.is_busy = false;
    h->proto.is_finished = true;
    h->proto.must_linger = must_linger;
    tg_deadline_clear(&h->deadline);
    put_mem(h);
}

static uint32_t idle_ms(const struct tg_http1 *h)
{
    return h->env->is_draining ? h->env->settings->drain_idle_ms : h->env->settings->idle_ms;
}

static void refuse(struct tg_http1 *h, unsigned status, const char *detail)
{
    enum tg_counter counter = TG_COUNTER_REFUSED_SYNTAX;

    if (status == 408) {
        counter = TG_COUNTER_REFUSED_TIMEOUT;
    } else if (status == 503) {
        counter = TG_COUNTER_REFUSED_MEMORY;
    } else if (status == 431 || status == 414) {
        counter = TG_COUNTER_REFUSED_SIZE;
    }
    tg_metrics_count(h->env->metrics, counter);
    h->can_keep = false;
    h->state = STATE_BUSY;
    tg_pending_refuse(&h->pending, status, detail, status == 503 ? TG_RETRY_AFTER_MEMORY_S : 0);
}

static bool may_take(const struct tg_http1 *h, size_t bytes)
{
    return tg_account_may_take(h->pending.peer->account, bytes);
}

/* False: it was refused, or the connection ends. */
static bool start(struct tg_http1 *h)
{
    h->mem = tg_reqmem_new(h->env->settings->body_max);
    if (h->mem == NULL) {
        finish(h, false);
        return false;
    }
    tg_payment_begin(&h->pending);
    h->pending.asker = (struct tg_asker){ .has_language = false };
    tg_http1_parser_start(&h->parser, h->mem, &h->pending.asker, h->env->settings->body_max);
    h->state = STATE_HEAD;
    h->guard = (struct tg_head_guard){ 0 };
    h->facts = (struct tg_head_facts){ 0 };
    h->head_len = 0;
    h->body_raw_len = 0;
    h->must_continue = false;
    h->can_keep = false;
    h->request_count++;
    set_deadline(h, h->env->settings->head_ms);
    if (!may_take(h, TG_REQUEST_MEMORY)) {
        refuse(h, 503, TG_HEAD_NO_MEMORY);
        return false;
    }
    return true;
}

static void view_request(struct tg_http1 *h, struct tg_http_request *out)
{
    const char *name = llhttp_method_name((llhttp_method_t)h->parser.llhttp.method);

    tg_reqmem_request(h->mem, h->env->headers, tg_bytes_str(name), out);
}

/* False: the network is over its budget or not known, and the request was refused. It ends the
   connection if a body follows: reading that would cost more than a new connection, which is
   refused earlier. */
static bool admit(struct tg_http1 *h)
{
    struct tg_http_request head;
    struct tg_head_fault fault = { 0 };

    view_request(h, &head);
    fault = tg_payment_head(&h->pending, &head);
    if (fault.status == 0) {
        return true;
    }
    h->can_keep = h->parser.is_complete && llhttp_should_keep_alive(&h->parser.llhttp) != 0;
    h->state = STATE_BUSY;
    tg_deadline_clear(&h->deadline);
    tg_pending_refuse(&h->pending, fault.status, fault.detail, h->pending.retry_s);
    put_mem(h);
    return false;
}

static void dispatch(struct tg_http1 *h)
{
    struct tg_http_request request;

    if (!tg_pending_has_memory(&h->pending, h->mem->body.len)) {
        refuse(h, 503, TG_REQUEST_NO_MEMORY);
        return;
    }
    h->can_keep = h->parser.is_complete && llhttp_should_keep_alive(&h->parser.llhttp) != 0;
    h->state = STATE_BUSY;
    h->proto.is_busy = true;
    tg_deadline_clear(&h->deadline);
    view_request(h, &request);
    if (h->parser.is_body_too_large) {
        tg_metrics_count(h->env->metrics, TG_COUNTER_REFUSED_SIZE);
        request.is_body_too_large = true;
        request.body = (struct tg_bytes){ 0 };
    }
    tg_pending_begin(&h->pending, &request);
    put_mem(h);
}

static void on_respond(struct tg_pending *p, const struct tg_http_response *response)
{
    struct tg_http1 *h = TG_CONTAINER(p, struct tg_http1, pending);
    bool is_kept = h->can_keep && !response->must_close && !h->has_eof && !h->env->is_draining &&
                   h->request_count < h->env->settings->requests_max &&
                   !tg_client_is_outdated(&h->io->peer, h->env);
    /* A refusal does not know the method. spec: protocol/4#head */
    bool is_head = response->is_head || h->parser.llhttp.method == HTTP_HEAD;
    enum tg_head_connection connection = !is_kept              ? TG_HEAD_CLOSE
                                         : h->facts.minor == 0 ? TG_HEAD_KEEP_1_0
                                                               : TG_HEAD_KEEP;
    struct tg_bytes parts[2] = { { 0 } };
    size_t part_count = 1;

    tg_head_encode(&h->env->scratch, response, tg_env_date(h->env), connection);
    if (tg_buf_status(&h->env->scratch) != TG_OK) {
        tg_buf_clear(&h->env->scratch);
        finish(h, false);
        h->io->kick(h->io);
        return;
    }
    parts[0] = tg_buf_view(&h->env->scratch);
    if (!is_head && tg_head_has_body(response->status) && response->body.len > 0) {
        parts[part_count++] = response->body;
    }
    h->io->write(h->io, parts, part_count);
    tg_buf_clear(&h->env->scratch); /* wiped: answers hold payloads and identifiers */
    h->proto.is_busy = false;
    if (is_kept) {
        h->state = STATE_IDLE;
        set_deadline(h, idle_ms(h));
    } else {
        /* Closing with unread input resets the connection, and the peer could lose the answer. */
        finish(h, !h->parser.is_complete);
    }
    if (!h->is_feeding) {
        h->io->kick(h->io);
    }
}

static void refuse_parse_error(struct tg_http1 *h, llhttp_errno_t error)
{
    if (h->parser.fault.status != 0) {
        refuse(h, h->parser.fault.status, h->parser.fault.detail);
    } else if (error == HPE_INVALID_METHOD && h->head_len > 0) {
        refuse(h, 501, "unknown method");
    } else if (error == HPE_INVALID_VERSION) {
        refuse(h, 505, BAD_VERSION);
    } else {
        refuse(h, 400, "malformed HTTP request");
    }
}

static void begin_body(struct tg_http1 *h)
{
    h->state = STATE_BODY;
    h->parser.is_in_body = true;
    h->body_from_mono_ms = h->env->now_mono_ms;
    set_deadline(h, tg_body_allowed_ms(h->env->settings, 0));
    if (h->parser.llhttp.content_length > h->env->settings->body_max && !h->facts.has_chunked) {
        h->parser.is_body_too_large = true;
        dispatch(h);
    } else {
        tg_chunk_guard_start(&h->chunks, h->env->settings->body_max);
        h->must_continue = h->facts.has_expect_continue;
    }
}

/* After all bytes that have arrived: a client that has sent a part of the body does not wait, and
   what it has sent may decide (RFC 9110 section 10.1.1). spec: protocol/1#decided-before-continue,
   protocol/1#expect-continue
 */
static void send_continue(struct tg_http1 *h)
{
    struct tg_bytes interim = TG_LIT("HTTP/1.1 100 Continue\r\n\r\n");

    if (h->state == STATE_BODY && h->must_continue) {
        h->io->write(h->io, &interim, 1);
    }
    h->must_continue = false;
}

static void end_head(struct tg_http1 *h)
{
    struct tg_head_fault fault = { 0 };

    if (h->parser.llhttp.http_major != 1 || h->parser.llhttp.http_minor > 1) {
        refuse(h, 505, BAD_VERSION);
        return;
    }
    h->facts.minor = h->parser.llhttp.http_minor;
    fault = tg_head_check(h->mem, h->parser.llhttp.method == HTTP_CONNECT, &h->facts);
    if (fault.status != 0) {
        refuse(h, fault.status, fault.detail);
    } else if (!admit(h)) {
        return;
    } else if (h->parser.is_complete) {
        dispatch(h);
    } else {
        begin_body(h);
    }
}

static size_t feed_head(struct tg_http1 *h, struct tg_bytes in)
{
    size_t used = 0;
    enum tg_guard guard = tg_head_guard_scan(&h->guard, in, &used);
    llhttp_errno_t error = HPE_OK;

    if (guard == TG_GUARD_BAD) {
        refuse(h, 400, "malformed line in the request head");
        return used;
    }
    if (!may_take(h, used)) {
        refuse(h, 503, TG_HEAD_NO_MEMORY);
        return used;
    }
    h->head_len += used;
    tg_payment_received(&h->pending, used);
    error = llhttp_execute(&h->parser.llhttp, (const char *)in.ptr, used);
    if (error != HPE_OK && !(error == HPE_PAUSED && guard == TG_GUARD_END)) {
        refuse_parse_error(h, error);
    } else if (h->head_len > TG_HEAD_MAX) {
        refuse(h, 431, TG_HEAD_TOO_LARGE);
    } else if (guard == TG_GUARD_END) {
        end_head(h);
    }
    return used;
}

/* is_end: the guard has seen the end of a chunked body. Two parsers that disagree about it are not
   believed. */
static size_t feed_parser(struct tg_http1 *h, struct tg_bytes in, bool is_end)
{
    llhttp_errno_t error = HPE_OK;
    size_t used = in.len;
    bool is_disputed = false;

    if (!may_take(h, in.len)) {
        refuse(h, 503, TG_BODY_NO_MEMORY);
        return used;
    }
    error = llhttp_execute(&h->parser.llhttp, (const char *)in.ptr, in.len);
    if (h->parser.is_complete) {
        used = (size_t)((const uint8_t *)llhttp_get_error_pos(&h->parser.llhttp) - in.ptr);
    }
    h->body_raw_len += used;
    tg_payment_received(&h->pending, used);
    is_disputed = h->facts.has_chunked && (h->parser.is_complete != is_end || used != in.len);
    if (!is_disputed && (h->parser.is_body_too_large || h->parser.is_complete)) {
        dispatch(h);
    } else if (is_disputed || error != HPE_OK) {
        refuse_parse_error(h, error);
    } else if (h->body_raw_len >
               TG_HEAD_MAX + (TG_CHUNK_OVERHEAD_PER_BYTE + 1) * h->mem->body.len) {
        refuse(h, 400, "the chunked body has too much framing for its content");
    }
    return used;
}

static size_t feed_chunks(struct tg_http1 *h, struct tg_bytes in)
{
    size_t used = 0;
    enum tg_chunk chunk = tg_chunk_guard_scan(&h->chunks, in, &used);

    if (chunk == TG_CHUNK_BAD) {
        refuse(h, h->chunks.fault.status, h->chunks.fault.detail);
    } else if (chunk == TG_CHUNK_TOO_LARGE) {
        h->parser.is_body_too_large = true;
        dispatch(h);
    } else {
        (void)feed_parser(h, tg_bytes_first(in, used), chunk == TG_CHUNK_END);
    }
    return used;
}

static size_t feed_body(struct tg_http1 *h, struct tg_bytes in)
{
    h->must_continue = false;
    return h->facts.has_chunked ? feed_chunks(h, in) : feed_parser(h, in, false);
}

static size_t http1_feed(struct tg_proto *p, struct tg_bytes in)
{
    struct tg_http1 *h = of_proto(p);
    size_t used = 0;

    h->is_feeding = true;
    while (used < in.len) {
        struct tg_bytes rest = tg_bytes_from(in, used);

        if (h->state == STATE_IDLE && !start(h)) {
            break;
        }
        if (h->state == STATE_HEAD) {
            used += feed_head(h, rest);
        } else if (h->state == STATE_BODY) {
            used += feed_body(h, rest);
        } else {
            break;
        }
        if (h->state == STATE_IDLE && h->io->unsent > TG_UNSENT_MAX) {
            break; /* the client does not read its answers: begin no further request */
        }
    }
    send_continue(h);
    h->is_feeding = false;
    return used;
}

static void http1_pump(struct tg_proto *p)
{
    (void)p; /* on_respond writes answers whole */
}

static void http1_eof(struct tg_proto *p)
{
    struct tg_http1 *h = of_proto(p);

    h->has_eof = true;
    h->pending.peer->is_gone = true;
    if (h->state != STATE_BUSY) {
        if (h->state == STATE_HEAD || h->state == STATE_BODY) {
            tg_metrics_count(h->env->metrics, TG_COUNTER_RESETS);
        }
        finish(h, false);
    } else if (h->pending.is_waiting) {
        /* A client that still wants the answer of a long poll does not close its side. */
        tg_pending_cancel(&h->pending);
        finish(h, false);
    }
}

static void http1_drain(struct tg_proto *p)
{
    struct tg_http1 *h = of_proto(p);

    if (h->state == STATE_IDLE) {
        set_deadline(h, idle_ms(h));
    }
}

static void http1_evict(struct tg_proto *p)
{
    struct tg_http1 *h = of_proto(p);

    h->can_keep = false;
    tg_pending_evict(&h->pending);
}

static void http1_cancel(struct tg_proto *p)
{
    struct tg_http1 *h = of_proto(p);

    tg_pending_cancel(&h->pending);
    finish(h, false);
}

static void http1_free(struct tg_proto *p)
{
    struct tg_http1 *h = of_proto(p);

    tg_mem_free_secret(h, sizeof(*h));
}

static void on_body_deadline(struct tg_http1 *h)
{
    uint64_t until_mono_ms =
        h->body_from_mono_ms + tg_body_allowed_ms(h->env->settings, h->mem->body.len);

    if (until_mono_ms > h->env->now_mono_ms) {
        tg_deadline_set(&h->env->wheel, &h->deadline, until_mono_ms);
        return;
    }
    refuse(h, 408, "the request body took too long");
}

static void on_deadline(struct tg_deadline *d)
{
    struct tg_http1 *h = TG_CONTAINER(d, struct tg_http1, deadline);

    if (h->state == STATE_HEAD) {
        refuse(h, 408, "the request head took too long");
    } else if (h->state == STATE_BODY) {
        on_body_deadline(h);
    } else if (h->state == STATE_IDLE) {
        finish(h, false);
    }
    h->io->kick(h->io);
}

static const struct tg_proto_ops http1_ops = {
    .feed = http1_feed,
    .pump = http1_pump,
    .eof = http1_eof,
    .drain = http1_drain,
    .evict = http1_evict,
    .cancel = http1_cancel,
    .free = http1_free,
};

struct tg_proto *tg_http1_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service)
{
    struct tg_http1 *h = tg_mem_calloc(1, sizeof(*h));

    if (h == NULL) {
        return NULL;
    }
    h->proto.ops = &http1_ops;
    h->io = io;
    h->env = env;
    h->pending = (struct tg_pending){
        .env = env, .service = service, .peer = &io->peer, .respond = on_respond
    };
    h->deadline.fired = on_deadline;
    h->state = STATE_IDLE;
    set_deadline(h, idle_ms(h));
    return &h->proto;
}
