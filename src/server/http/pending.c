/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/pending.h"

#include "base/mem.h"
#include "server/http/client.h"

#include <time.h>

#define RETRY_AFTER_BUSY_S 5u

static uint64_t now_us(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void stop_waiting(struct tg_pending *p)
{
    if (!p->is_waiting) {
        return;
    }
    p->is_waiting = false;
    tg_waiters_remove(&p->env->waiters, &p->waiter);
    tg_deadline_clear(&p->deadline);
    tg_link_remove(&p->unsettled);
    p->peer->wait_count--;
    (void)atomic_fetch_sub_explicit(p->env->wait_total, 1, memory_order_relaxed);
    tg_metrics_gauge_add(p->env->metrics, TG_GAUGE_LONG_POLLS, -1);
}

static void opened(struct tg_pending *p)
{
    p->is_open = true;
    p->is_waiting = false;
    p->has_waited = false;
    p->is_refusal = false;
    p->exchange = NULL;
    p->begun_us = now_us();
    p->peer->request_count++;
    tg_metrics_gauge_add(p->env->metrics, TG_GAUGE_REQUESTS, 1);
}

static void closed(struct tg_pending *p)
{
    stop_waiting(p);
    p->is_open = false;
    p->exchange = NULL;
    tg_mem_wipe(&p->request_id, sizeof(p->request_id));
    tg_metrics_gauge_add(p->env->metrics, TG_GAUGE_REQUESTS, -1);
}

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct tg_pending *p = ctx;
    struct tg_metrics_block *metrics = p->env->metrics;
    uint64_t spent_us = p->has_waited ? UINT64_MAX : now_us() - p->begun_us;
    struct tg_account *account = p->peer->account;
    struct tg_mem_owner *before = tg_account_enter(account);

    if (response->status == 503 && !p->is_refusal) {
        tg_metrics_count(metrics, response->is_disputed ? TG_COUNTER_REFUSED_CLOCK
                                                        : TG_COUNTER_REFUSED_STORE);
    }
    closed(p);
    p->respond(p, response);
    tg_account_leave(account, before);
    tg_metrics_request(metrics, response->call, response->status, spent_us);
}

static void on_wait_over(struct tg_deadline *d)
{
    struct tg_pending *p = TG_CONTAINER(d, struct tg_pending, deadline);

    /* It answers now in any case: no change may wake it again. */
    tg_waiters_remove(&p->env->waiters, &p->waiter);
    p->service->resume(p->exchange, p->env->now, TG_RESUME_TIMEOUT);
}

static void on_woken(struct tg_waiter *waiter)
{
    struct tg_pending *p = TG_CONTAINER(waiter, struct tg_pending, waiter);

    if (p->env->is_draining) {
        tg_waiters_remove(&p->env->waiters, waiter);
        tg_deadline_clear(&p->deadline);
        p->service->resume(p->exchange, p->env->now, TG_RESUME_DRAIN);
        return;
    }
    tg_metrics_count(p->env->metrics, TG_COUNTER_WAKES);
    p->service->resume(p->exchange, p->env->now, TG_RESUME_CHANGED);
}

static void on_wait(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                    uint64_t wait_ms)
{
    struct tg_pending *p = ctx;
    struct tg_env *env = p->env;
    size_t total = atomic_fetch_add_explicit(env->wait_total, 1, memory_order_relaxed);
    bool is_over = p->peer->is_gone || total >= env->settings->wait_max ||
                   p->peer->wait_count >= TG_WAITS_PER_PEER_MAX;

    p->exchange = exchange;
    p->waiter.woken = on_woken;
    p->is_waiting = true;
    p->has_waited = true;
    p->peer->wait_count++;
    tg_metrics_gauge_add(env->metrics, TG_GAUGE_LONG_POLLS, 1);
    if (is_over || env->is_draining || tg_waiters_add(&env->waiters, &p->waiter, key) != TG_OK) {
        tg_list_append(&env->unsettled, &p->unsettled);
        return;
    }
    p->deadline.fired = on_wait_over;
    tg_deadline_set(&env->wheel, &p->deadline, env->now_mono_ms + wait_ms);
}

static const struct tg_exchange_ops exchange_ops = { .respond = on_respond, .wait = on_wait };

/* 0: within the limit; otherwise the seconds until the client may repeat the request. */
static unsigned over_rate_s(struct tg_pending *p, const struct tg_payer *payer)
{
    struct tg_env *env = p->env;
    unsigned retry_s = tg_ledger_charge(env->ledger, payer, TG_WORK_HEAD, env->now_mono_ms);

    if (retry_s == 0) {
        retry_s = tg_ledger_charge(env->ledger, payer, TG_WORK_REQUEST, env->now_mono_ms);
    }
    return retry_s;
}

/* Whether the request may go to the service. Otherwise it has been answered. */
static bool admit(struct tg_pending *p, const struct tg_http_request *request)
{
    struct tg_payer payer;
    unsigned retry_s = 0;

    if (!p->service->is_rate_limited || p->env->ledger == NULL) {
        return true;
    }
    if (!tg_client_find_payer(&payer, p->peer, p->env, request)) {
        tg_metrics_count(p->env->metrics, TG_COUNTER_REFUSED_SYNTAX);
        tg_pending_refuse(p, 400, TG_CLIENT_NOT_NAMED, 0);
        return false;
    }
    retry_s = over_rate_s(p, &payer);
    if (retry_s > 0) {
        tg_metrics_count(p->env->metrics, TG_COUNTER_REFUSED_RATE);
        tg_pending_refuse(p, 429, "too many requests from this network", retry_s);
    }
    return retry_s == 0;
}

bool tg_pending_has_memory(const struct tg_pending *p, size_t body_len)
{
    return !p->service->is_rate_limited ||
           tg_account_may_take(p->peer->account, TG_ANSWER_MEMORY + TG_BODY_COPIES * body_len);
}

void tg_pending_begin(struct tg_pending *p, const struct tg_http_request *request)
{
    struct tg_exchange *exchange = NULL;

    if (!admit(p, request)) {
        return;
    }
    opened(p);
    p->env->was_used = true;
    exchange = p->service->begin(p->service->ctx, request, p->env->now, &exchange_ops, p);
    if (p->is_open) {
        p->exchange = exchange;
    }
}

void tg_pending_refuse(struct tg_pending *p, unsigned status, const char *detail,
                       unsigned retry_after_s)
{
    /* A copy: the end of the request wipes the original. spec: protocol/2#request-id-echo */
    struct tg_request_id id = p->request_id;
    const struct tg_refusal refusal = { .status = status,
                                        .detail = detail,
                                        .retry_after_s = retry_after_s,
                                        .request_id = tg_request_id_view(&id) };

    opened(p);
    p->is_refusal = true;
    p->service->refuse(p->service->ctx, &refusal, &exchange_ops, p);
    tg_mem_wipe(&id, sizeof(id));
}

void tg_pending_cancel(struct tg_pending *p)
{
    struct tg_exchange *exchange = p->exchange;

    if (p->is_open) {
        closed(p);
        p->service->cancel(p->service->ctx, exchange, p);
    }
}

/* The request id outlives the exchange that is given up. */
static void refuse_wait(struct tg_pending *p)
{
    struct tg_request_id id = p->request_id;

    tg_pending_cancel(p);
    p->request_id = id;
    tg_mem_wipe(&id, sizeof(id));
    tg_pending_refuse(p, 503, "too many long polls are waiting", RETRY_AFTER_BUSY_S);
}

void tg_pending_settle(struct tg_env *env)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&env->unsettled)) != NULL) {
        struct tg_pending *p = TG_CONTAINER(link, struct tg_pending, unsettled);

        if (env->is_draining) {
            p->service->resume(p->exchange, env->now, TG_RESUME_DRAIN);
            continue;
        }
        tg_metrics_count(env->metrics, TG_COUNTER_REFUSED_LONG_POLLS);
        refuse_wait(p);
    }
}
