/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/http/engine_fixture.h"

#include "base/mem.h"

static const struct tg_http_header answer_headers[] = {
    { { (const uint8_t *)"cache-control", 13 }, { (const uint8_t *)"no-store", 8 } },
};

static void respond_as(struct fixture *f, unsigned status, const char *body,
                       struct tg_bytes request_id, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_http_response response = { .status = status,
                                         .header_count = TG_COUNT(answer_headers),
                                         .body = tg_bytes_str(body),
                                         .is_head = f->is_head,
                                         .call = f->call };

    memcpy(response.headers, answer_headers, sizeof(answer_headers));
    if (request_id.len > 0) {
        response.headers[response.header_count++] =
            (struct tg_http_header){ TG_LIT("mailbox-request-id"), request_id };
    }
    ops->respond(ctx, &response);
}

static void respond_with(struct fixture *f, unsigned status, const char *body,
                         const struct tg_exchange_ops *ops, void *ctx)
{
    respond_as(f, status, body, tg_bytes(NULL, 0), ops, ctx);
}

static void copy_text(char *out, size_t cap, struct tg_bytes in)
{
    size_t len = in.len < cap - 1 ? in.len : cap - 1;

    if (len > 0) {
        memcpy(out, in.ptr, len);
    }
    out[len] = '\0';
}

static void remember(struct seen *s, const struct tg_http_request *request)
{
    copy_text(s->method, sizeof(s->method), request->method);
    copy_text(s->target, sizeof(s->target), request->target);
    copy_text(s->body, sizeof(s->body), request->body);
    s->body_len = request->body.len;
    s->header_count = request->header_count;
    s->is_body_too_large = request->is_body_too_large;
    if (request->header_count > 0) {
        const struct tg_http_header *last = &request->headers[request->header_count - 1];

        copy_text(s->last_name, sizeof(s->last_name), last->name);
        copy_text(s->last_value, sizeof(s->last_value), last->value);
    }
}

static struct tg_exchange *fake_begin(void *ctx, const struct tg_http_request *request,
                                      struct tg_moment now, const struct tg_exchange_ops *ops,
                                      void *ops_ctx)
{
    static const struct tg_store_key key = { { 7 } };
    struct fixture *f = ctx;
    struct seen *s = &f->seen[f->seen_count % SEEN_MAX];
    struct tg_exchange *exchange = (struct tg_exchange *)(void *)s;

    (void)now;
    f->seen_count++;
    *s = (struct seen){ .ops = ops, .ops_ctx = ops_ctx };
    remember(s, request);
    if (f->play == PLAY_ANSWER) {
        respond_with(f, f->status, f->body, ops, ops_ctx);
        return NULL;
    }
    if (f->play == PLAY_WAIT) {
        ops->wait(ops_ctx, exchange, &key, 60000);
    }
    return exchange;
}

static void fake_refuse(void *ctx, const struct tg_refusal *refusal,
                        const struct tg_exchange_ops *ops, void *ops_ctx)
{
    struct fixture *f = ctx;

    f->last_retry_after_s = refusal->retry_after_s;
    respond_as(ctx, refusal->status, refusal->detail, tg_request_id_view(&refusal->asker->id), ops,
               ops_ctx);
}

static struct fixture *resumed; /* resume has no ctx argument */

static void fake_resume(struct tg_exchange *exchange, struct tg_moment now, enum tg_resume why)
{
    struct seen *s = (struct seen *)(void *)exchange;

    (void)now;
    resumed->resume_count++;
    resumed->last_resume = why;
    if (why != TG_RESUME_CHANGED) {
        respond_with(resumed, 204, "", s->ops, s->ops_ctx);
    }
}

static void fake_cancel(void *ctx, struct tg_exchange *exchange, void *ops_ctx)
{
    struct fixture *f = ctx;

    (void)exchange;
    (void)ops_ctx;
    f->cancel_count++;
}

static void fake_write(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count)
{
    struct fixture *f = TG_CONTAINER(io, struct fixture, io);

    f->write_count++;
    for (size_t i = 0; i < part_count; i++) {
        tg_buf_append(&f->out, parts[i]);
    }
    io->unsent = f->out.len > f->write_limit ? f->out.len - f->write_limit : 0;
}

static void fake_kick(struct tg_proto_io *io)
{
    TG_CONTAINER(io, struct fixture, io)->kick_count++;
}

void fill_long_polls(struct fixture *f, size_t left)
{
    const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct tg_holders *polls = tg_ledger_holders(f->ledger, TG_PLACE_LONG_POLL);

    for (size_t i = 0; i < LONG_POLLS_MAX; i++) {
        tg_holders_leave(polls, &f->others[i]);
    }
    for (size_t i = left; i < LONG_POLLS_MAX; i++) {
        assert_true(tg_holders_enter(polls, &f->others[i], &exempt, 0, TG_WORTH_WAITING));
    }
}

struct fixture *fixture_new(void)
{
    static const struct tg_ledger_settings limits = {
        .burst = 1, .max = { [TG_PLACE_LONG_POLL] = LONG_POLLS_MAX }, .worker_count = 1
    };
    struct fixture *f = tg_mem_calloc(1, sizeof(*f));

    assert_non_null(f);
    f->settings = (struct tg_server_settings){ .body_max = 1000,
                                               .stream_max = 10,
                                               .requests_max = 5,
                                               .handshake_ms = 10000,
                                               .head_ms = 10000,
                                               .body_max_ms = 40000,
                                               .write_ms = 20000,
                                               .idle_ms = 30000,
                                               .linger_ms = 2000,
                                               .drain_idle_ms = 1000 };
    assert_int_equal(tg_metrics_new(&f->metrics, 1), TG_OK);
    assert_int_equal(tg_ledger_new(&f->ledger, &limits, &tg_rng_system), TG_OK);
    tg_env_init(&f->env, &f->settings, NULL, tg_metrics_block(f->metrics, 0), f->ledger,
                tg_moment_sure(1893456000), 1000000);
    f->service = (struct tg_service){ .begin = fake_begin,
                                      .refuse = fake_refuse,
                                      .resume = fake_resume,
                                      .cancel = fake_cancel,
                                      .ctx = f };
    tg_memory_init(&f->memory, 0, 0);
    f->accounts.memory = &f->memory;
    f->io.peer.account = tg_account_open(&f->accounts);
    assert_non_null(f->io.peer.account);
    f->io.write = fake_write;
    f->io.kick = fake_kick;
    f->write_limit = SIZE_MAX;
    f->status = 200;
    f->call = -1;
    f->body = "hello";
    tg_buf_init_shared(&f->out, 1u << 22);
    return f;
}

void fixture_free(struct fixture *f)
{
    if (f->proto != NULL) {
        f->proto->ops->cancel(f->proto);
        f->proto->ops->free(f->proto);
    }
    assert_int_equal(f->io.peer.wait_count, 0);
    fill_long_polls(f, LONG_POLLS_MAX);
    assert_int_equal(tg_holders_count(tg_ledger_holders(f->ledger, TG_PLACE_LONG_POLL)), 0);
    assert_int_equal(f->env.waiters.count, 0);
    assert_int_equal(tg_metrics_gauge_sum(f->metrics, TG_GAUGE_REQUESTS), 0);
    assert_int_equal(tg_metrics_gauge_sum(f->metrics, TG_GAUGE_LONG_POLLS), 0);
    tg_env_deinit(&f->env);
    tg_account_close(&f->io.peer.account);
    assert_null(f->accounts.retired); /* it freed all that it allocated */
    tg_ledger_free(&f->ledger);
    tg_metrics_free(&f->metrics);
    tg_buf_deinit(&f->out);
    tg_mem_free(f);
}

size_t feed_bytes(struct fixture *f, const void *data, size_t len)
{
    /* A copy of exactly this size, so that sanitizers detect a read past its end. */
    uint8_t *copy = tg_mem_calloc(len + 1, 1);
    struct tg_mem_owner *before = NULL;
    size_t used = 0;

    resumed = f;
    assert_non_null(copy);
    memcpy(copy + 1, data, len);
    before = tg_account_enter(f->io.peer.account);
    used = f->proto->ops->feed(f->proto, tg_bytes(copy + 1, len));
    tg_account_leave(f->io.peer.account, before);
    tg_mem_free(copy);
    return used;
}

size_t feed(struct fixture *f, const char *text)
{
    return feed_bytes(f, text, strlen(text));
}

void pass_ms(struct fixture *f, uint64_t ms)
{
    resumed = f;
    f->env.now_mono_ms += ms;
    f->env.now = tg_moment_sure(f->env.now.low_s + (int64_t)(ms / 1000));
    tg_wheel_advance(&f->env.wheel, f->env.now_mono_ms);
}

void answer(struct fixture *f, size_t index)
{
    struct seen *s = &f->seen[index];

    respond_with(f, f->status, f->body, s->ops, s->ops_ctx);
}

const char *output(struct fixture *f)
{
    return tg_buf_cstr(&f->out);
}

void clear_output(struct fixture *f)
{
    tg_buf_clear(&f->out);
    f->io.unsent = 0;
}

size_t count_in_output(struct fixture *f, const char *text)
{
    size_t count = 0;

    for (const char *at = output(f); (at = strstr(at, text)) != NULL; at += strlen(text)) {
        count++;
    }
    return count;
}

void hold_memory(struct fixture *f, size_t free_bytes)
{
    static const size_t max = (size_t)1 << 40;

    f->memory.max = max;
    atomic_store(&f->memory.overhead, 0);
    atomic_store(&f->memory.overhead, max - tg_memory_used(&f->memory) - free_bytes);
}
