/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz_conn.h"

#include <stdlib.h>
#include <string.h>

#define HELD_MAX 64u
#define OUT_TOTAL_MAX (64u * 1024u * 1024u)

/* Bits of the first byte. */
#define PLAY(mode) ((mode)&3u) /* answer, hold, wait, in rotation */
#define CHUNK(mode) (((mode) >> 2) & 7u)
#define MODE_ANSWER 0x20u /* held requests are answered after each chunk */
#define MODE_CLOCK 0x40u  /* a second passes after each chunk */
#define MODE_DRAIN 0x80u  /* the server drains half-way */

struct held {
    const struct tg_exchange_ops *ops;
    void *ctx;
};

struct state {
    struct tg_server_settings settings;
    struct tg_metrics *metrics;
    struct tg_ledger *ledger;
    struct tg_env env;
    struct tg_service service;
    struct tg_proto_io io;
    struct tg_proto *proto;
    unsigned mode;
    size_t turn;
    struct held held[HELD_MAX];
    size_t out_total;
};

static struct state *current;

static void check(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void respond(const struct tg_exchange_ops *ops, void *ctx, unsigned status,
                    struct tg_bytes body)
{
    struct tg_http_response response = { .status = status, .body = body, .call = -1 };

    response.headers[response.header_count++] =
        (struct tg_http_header){ TG_LIT("cache-control"), TG_LIT("no-store") };
    ops->respond(ctx, &response);
}

/* Reads every byte that the engine passes on. */
static size_t touch(const struct tg_http_request *request)
{
    size_t sum = 0;

    for (size_t i = 0; i < request->target.len; i++) {
        sum += request->target.ptr[i];
    }
    for (size_t i = 0; i < request->header_count; i++) {
        for (size_t k = 0; k < request->headers[i].name.len; k++) {
            sum += request->headers[i].name.ptr[k];
        }
        for (size_t k = 0; k < request->headers[i].value.len; k++) {
            sum += request->headers[i].value.ptr[k];
        }
    }
    for (size_t i = 0; i < request->body.len; i++) {
        sum += request->body.ptr[i];
    }
    return sum;
}

static struct tg_exchange *on_begin(void *ctx, const struct tg_http_request *request,
                                    struct tg_moment now, const struct tg_exchange_ops *ops,
                                    void *ops_ctx)
{
    static const struct tg_store_key key = { { 1 } };
    struct state *s = ctx;
    unsigned play = PLAY(s->mode);
    struct held *slot = NULL;

    (void)now;
    check(request->header_count <= TG_HEADERS_MAX);
    check(request->target.len <= TG_TARGET_MAX);
    check(request->body.len <= s->settings.body_max);
    check(request->method.len > 0);
    play = play == 3 ? (unsigned)(s->turn++ % 3) : play;
    for (size_t i = 0; i < HELD_MAX && slot == NULL; i++) {
        slot = s->held[i].ops == NULL ? &s->held[i] : NULL;
    }
    if (play == 0 || slot == NULL) {
        respond(ops, ops_ctx, touch(request) % 7 == 0 ? 204 : 200, request->body);
        return NULL;
    }
    *slot = (struct held){ ops, ops_ctx };
    if (play == 2) {
        ops->wait(ops_ctx, (struct tg_exchange *)(void *)slot, &key, 5000);
    }
    return (struct tg_exchange *)(void *)slot;
}

static void on_refuse(void *ctx, const struct tg_refusal *refusal,
                      const struct tg_exchange_ops *ops, void *ops_ctx)
{
    struct tg_bytes id = tg_request_id_view(&refusal->asker->id);

    (void)ctx;
    check(refusal->status >= 400);
    check(id.len <= TG_REQUEST_ID_MAX);
    for (size_t i = 0; i < id.len; i++) {
        check(id.ptr[i] > 0x20 && id.ptr[i] < 0x7f);
    }
    respond(ops, ops_ctx, refusal->status, tg_bytes_str(refusal->detail));
}

static void answer(struct held *slot, unsigned status)
{
    struct held h = *slot;

    *slot = (struct held){ NULL, NULL };
    respond(h.ops, h.ctx, status, TG_LIT("held"));
}

static void on_resume(struct tg_exchange *exchange, struct tg_moment now, enum tg_resume why)
{
    (void)now;
    (void)why;
    answer((struct held *)(void *)exchange, 204);
}

static void on_cancel(void *ctx, struct tg_exchange *exchange, void *ops_ctx)
{
    struct held *slot = (struct held *)(void *)exchange;

    (void)ctx;
    check(slot->ctx == ops_ctx);
    *slot = (struct held){ NULL, NULL };
}

static void on_write(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count)
{
    (void)io;
    for (size_t i = 0; i < part_count; i++) {
        check(parts[i].len == 0 || parts[i].ptr != NULL);
        current->out_total += parts[i].len;
    }
    check(current->out_total < OUT_TOTAL_MAX);
}

static void on_kick(struct tg_proto_io *io)
{
    (void)io;
}

static void between(struct state *s)
{
    if ((s->mode & MODE_ANSWER) != 0) {
        for (size_t i = 0; i < HELD_MAX; i++) {
            if (s->held[i].ops != NULL) {
                answer(&s->held[i], 200);
            }
        }
    }
    if ((s->mode & MODE_CLOCK) != 0) {
        s->env.now_mono_ms += 1000;
        s->env.now = tg_moment_sure(s->env.now.low_s + 1);
        tg_wheel_advance(&s->env.wheel, s->env.now_mono_ms);
    }
    tg_pending_settle(&s->env);
    if (!s->proto->is_finished) {
        s->proto->ops->pump(s->proto);
    }
}

static void feed_all(struct state *s, struct tg_bytes in)
{
    static const size_t sizes[] = { 1, 2, 7, 64, 512, 4096, TG_READ_MAX, SIZE_MAX };
    size_t chunk = sizes[CHUNK(s->mode)];
    size_t half = in.len / 2;
    size_t stuck = 0;

    while (in.len > 0 && !s->proto->is_finished && stuck < 3) {
        size_t used = s->proto->ops->feed(s->proto, tg_bytes_first(in, chunk));

        check(used <= in.len);
        stuck = used == 0 ? stuck + 1 : 0;
        in = tg_bytes_from(in, used);
        if ((s->mode & MODE_DRAIN) != 0 && in.len <= half && !s->env.is_draining &&
            !s->proto->is_finished) {
            s->env.is_draining = true;
            s->proto->ops->drain(s->proto);
        }
        between(s);
    }
}

int fuzz_conn(fuzz_engine_fn *engine, const uint8_t *data, size_t len)
{
    static const struct tg_ledger_settings limits = { .burst = 1,
                                                      .max = { [TG_PLACE_LONG_POLL] = 6 },
                                                      .worker_count = 1 };
    static struct tg_ledger *ledger; /* of all runs: making one takes longer than a run */
    static struct state state;
    struct state *s = &state;

    if (len == 0) {
        return 0;
    }
    current = s;
    memset(s, 0, sizeof(*s));
    check(ledger != NULL || tg_ledger_new(&ledger, &limits, &tg_rng_system) == TG_OK);
    s->ledger = ledger;
    s->mode = data[0];
    s->settings = (struct tg_server_settings){ .body_max = 2000,
                                               .stream_max = 20,
                                               .requests_max = 50,
                                               .head_ms = 10000,
                                               .body_max_ms = 40000,
                                               .write_ms = 20000,
                                               .idle_ms = 30000,
                                               .drain_idle_ms = 1000 };
    check(tg_metrics_new(&s->metrics, 1) == TG_OK);
    tg_env_init(&s->env, &s->settings, NULL, tg_metrics_block(s->metrics, 0), s->ledger,
                tg_moment_sure(1893456000), 1000);
    s->service = (struct tg_service){
        .begin = on_begin, .refuse = on_refuse, .resume = on_resume, .cancel = on_cancel, .ctx = s
    };
    s->io.write = on_write;
    s->io.kick = on_kick;
    s->proto = engine(&s->env, &s->io, &s->service);
    check(s->proto != NULL);
    feed_all(s, tg_bytes(data + 1, len - 1));
    if (!s->proto->is_finished && len % 2 == 0) {
        s->proto->ops->evict(s->proto);
    } else if (!s->proto->is_finished) {
        s->proto->ops->eof(s->proto);
    }
    between(s);
    s->proto->ops->cancel(s->proto);
    s->proto->ops->free(s->proto);
    check(s->env.waiters.count == 0 && s->io.peer.wait_count == 0);
    check(tg_holders_count(tg_ledger_holders(s->ledger, TG_PLACE_LONG_POLL)) == 0);
    check(tg_metrics_gauge_sum(s->metrics, TG_GAUGE_REQUESTS) == 0);
    for (size_t i = 0; i < HELD_MAX; i++) {
        check(s->held[i].ops == NULL);
    }
    tg_env_deinit(&s->env);
    tg_metrics_free(&s->metrics);
    return 0;
}
