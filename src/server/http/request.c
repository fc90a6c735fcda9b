/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/request.h"

#include "base/mem.h"

#include <time.h>

#define RETRY_AFTER_BUSY_S 5u

static uint64_t now_us(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void stop_waiting(struct tg_request *r)
{
    if (!r->is_waiting) {
        return;
    }
    r->is_waiting = false;
    tg_waiters_remove(&r->env->waiters, &r->waiter);
    tg_deadline_clear(&r->deadline);
    tg_link_remove(&r->unsettled);
    r->peer->wait_count--;
    (void)atomic_fetch_sub_explicit(r->env->wait_total, 1, memory_order_relaxed);
    tg_metrics_gauge_add(r->env->metrics, TG_GAUGE_LONG_POLLS, -1);
}

static void opened(struct tg_request *r)
{
    r->is_open = true;
    r->is_waiting = false;
    r->has_waited = false;
    r->is_refusal = false;
    r->exchange = NULL;
    r->begun_us = now_us();
    tg_metrics_gauge_add(r->env->metrics, TG_GAUGE_REQUESTS, 1);
}

static void closed(struct tg_request *r)
{
    stop_waiting(r);
    r->is_open = false;
    r->exchange = NULL;
    tg_metrics_gauge_add(r->env->metrics, TG_GAUGE_REQUESTS, -1);
}

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct tg_request *r = ctx;
    struct tg_metrics_block *metrics = r->env->metrics;
    uint64_t spent_us = r->has_waited ? UINT64_MAX : now_us() - r->begun_us;

    if (response->status == 503 && !r->is_refusal) {
        tg_metrics_count(metrics, TG_COUNTER_REFUSED_STORE);
    }
    closed(r);
    r->respond(r, response);
    tg_metrics_request(metrics, response->call, response->status, spent_us);
}

static void on_wait_over(struct tg_deadline *d)
{
    struct tg_request *r = TG_CONTAINER(d, struct tg_request, deadline);

    /* It answers now, whatever it finds: nothing else needs to wake it. */
    tg_waiters_remove(&r->env->waiters, &r->waiter);
    r->service->resume(r->exchange, r->env->now_s, TG_RESUME_TIMEOUT);
}

static void on_wait(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                    uint64_t wait_ms)
{
    struct tg_request *r = ctx;
    struct tg_env *env = r->env;
    size_t total = atomic_fetch_add_explicit(env->wait_total, 1, memory_order_relaxed);
    bool is_over = r->peer->is_gone || total >= env->settings->wait_max ||
                   r->peer->wait_count >= TG_WAITS_PER_PEER_MAX;

    r->exchange = exchange;
    r->is_waiting = true;
    r->has_waited = true;
    r->peer->wait_count++;
    tg_metrics_gauge_add(env->metrics, TG_GAUGE_LONG_POLLS, 1);
    if (is_over || env->is_draining || tg_waiters_add(&env->waiters, &r->waiter, key) != TG_OK) {
        tg_list_append(&env->unsettled, &r->unsettled);
        return;
    }
    r->deadline.fired = on_wait_over;
    tg_deadline_set(&env->wheel, &r->deadline, env->now_mono_ms + wait_ms);
}

static const struct tg_exchange_ops exchange_ops = { .respond = on_respond, .wait = on_wait };

static struct tg_bytes forwarded_for(const struct tg_http_request *request)
{
    struct tg_bytes last = { 0 };

    for (size_t i = 0; i < request->header_count; i++) {
        if (tg_bytes_is_equal_nocase(request->headers[i].name, TG_LIT("x-forwarded-for"))) {
            last = request->headers[i].value;
        }
    }
    for (size_t comma = 0; (comma = tg_bytes_find(last, ',')) < last.len;) {
        last = tg_bytes_from(last, comma + 1);
    }
    return tg_bytes_trim(last);
}

/* 0: go on; else the seconds after which the client may come again. */
static unsigned over_rate_s(struct tg_request *r, const struct tg_http_request *request)
{
    struct tg_env *env = r->env;
    uint8_t network[TG_NETWORK_MAX];
    size_t len = 0;
    unsigned retry_s = 0;

    if (!r->service->is_rate_limited || env->limits == NULL) {
        return 0;
    }
    if (env->settings->is_rate_by_forwarded) {
        len = tg_network_of_text(network, forwarded_for(request));
    }
    if (len == 0 && r->peer->network != NULL) {
        len = r->peer->network(r->peer, network);
    }
    if (tg_limits_admit(env->limits, tg_bytes(network, len), (int64_t)env->now_mono_ms, &retry_s)) {
        retry_s = 0;
    }
    tg_mem_wipe(network, sizeof(network));
    return retry_s;
}

void tg_request_begin(struct tg_request *r, const struct tg_http_request *request)
{
    struct tg_exchange *exchange = NULL;
    unsigned retry_s = over_rate_s(r, request);

    if (retry_s > 0) {
        tg_metrics_count(r->env->metrics, TG_COUNTER_REFUSED_RATE);
        tg_request_refuse(r, 429, "too many requests from this network", retry_s);
        return;
    }
    opened(r);
    exchange = r->service->begin(r->service->ctx, request, r->env->now_s, &exchange_ops, r);
    if (r->is_open) {
        r->exchange = exchange;
    }
}

void tg_request_refuse(struct tg_request *r, unsigned status, const char *detail,
                       unsigned retry_after_s)
{
    opened(r);
    r->is_refusal = true;
    r->service->refuse(r->service->ctx, status, detail, retry_after_s, &exchange_ops, r);
}

void tg_request_cancel(struct tg_request *r)
{
    struct tg_exchange *exchange = r->exchange;

    if (r->is_open) {
        closed(r);
        r->service->cancel(r->service->ctx, exchange, r);
    }
}

void tg_request_woken(struct tg_waiter *waiter)
{
    struct tg_request *r = TG_CONTAINER(waiter, struct tg_request, waiter);

    if (r->env->is_draining) {
        tg_waiters_remove(&r->env->waiters, waiter);
        tg_deadline_clear(&r->deadline);
        r->service->resume(r->exchange, r->env->now_s, TG_RESUME_DRAIN);
        return;
    }
    tg_metrics_count(r->env->metrics, TG_COUNTER_WAKES);
    r->service->resume(r->exchange, r->env->now_s, TG_RESUME_CHANGED);
}

void tg_requests_settle(struct tg_env *env)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&env->unsettled)) != NULL) {
        struct tg_request *r = TG_CONTAINER(link, struct tg_request, unsettled);

        if (env->is_draining) {
            r->service->resume(r->exchange, env->now_s, TG_RESUME_DRAIN);
            continue;
        }
        tg_metrics_count(env->metrics, TG_COUNTER_REFUSED_LONG_POLLS);
        tg_request_cancel(r);
        tg_request_refuse(r, 503, "too many long polls are waiting", RETRY_AFTER_BUSY_S);
    }
}

static struct tg_exchange *relay_begin(void *ctx, const struct tg_http_request *request,
                                       int64_t now_s, const struct tg_exchange_ops *ops,
                                       void *ops_ctx)
{
    return tg_relay_begin(ctx, request, now_s, ops, ops_ctx);
}

static void relay_refuse(void *ctx, unsigned status, const char *detail, unsigned retry_after_s,
                         const struct tg_exchange_ops *ops, void *ops_ctx)
{
    tg_relay_refuse(ctx, status, detail, retry_after_s, ops, ops_ctx);
}

static void relay_cancel(void *ctx, struct tg_exchange *exchange, void *ops_ctx)
{
    (void)ctx;
    (void)ops_ctx;
    if (exchange != NULL) {
        tg_exchange_cancel(exchange);
    }
}

struct tg_service tg_service_relay(struct tg_relay *relay)
{
    return (struct tg_service){ .begin = relay_begin,
                                .refuse = relay_refuse,
                                .resume = tg_exchange_resume,
                                .cancel = relay_cancel,
                                .is_rate_limited = true,
                                .ctx = relay };
}
