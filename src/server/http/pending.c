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

static struct tg_holders *places(const struct tg_pending *p, enum tg_place place)
{
    return tg_ledger_holders(p->env->ledger, place);
}

/* What the place of the connection is worth. */
static void set_worth(struct tg_pending *p)
{
    struct tg_peer *peer = p->peer;
    enum tg_worth worth = peer->wait_count > 0 ? TG_WORTH_WAITING
                          : peer->is_proven    ? TG_WORTH_PROVEN
                                               : TG_WORTH_NONE;

    if (peer->holder != NULL && worth != peer->worth) {
        peer->worth = worth;
        tg_holders_set_worth(places(p, TG_PLACE_CONNECTION), peer->holder, worth);
    }
}

static void set_active(struct tg_peer *peer)
{
    if (peer->holder != NULL) {
        atomic_store_explicit(&peer->holder->is_active, peer->open_count > 0, memory_order_relaxed);
    }
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
    tg_holders_leave(places(p, TG_PLACE_LONG_POLL), &p->place);
    p->peer->wait_count--;
    set_worth(p);
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
    p->peer->open_count++;
    set_active(p->peer);
    tg_metrics_gauge_add(p->env->metrics, TG_GAUGE_REQUESTS, 1);
}

static void closed(struct tg_pending *p)
{
    stop_waiting(p);
    p->is_open = false;
    p->exchange = NULL;
    tg_mem_wipe(&p->asker, sizeof(p->asker));
    p->peer->open_count--;
    set_active(p->peer);
    tg_metrics_gauge_add(p->env->metrics, TG_GAUGE_REQUESTS, -1);
}

/* A call that needs a claim of the mailbox succeeded. A preview and OPTIONS need none, and a
   refusal shows nothing: they give a connection no worth. spec: protocol/3#places */
static bool is_proof(const struct tg_http_response *response)
{
    return response->status / 100 == 2 && response->call >= 0 &&
           response->call != (int)TG_CALL_PREVIEW;
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
    p->peer->is_proven = p->peer->is_proven || is_proof(response);
    closed(p);
    set_worth(p);
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
    /* Over a proxy's connection come the long polls of many clients, which pay each for itself. */
    bool is_over =
        p->peer->is_gone || (!p->peer->is_proxy && p->peer->wait_count >= TG_WAITS_PER_PEER_MAX);

    p->exchange = exchange;
    p->waiter.woken = on_woken;
    p->is_waiting = true;
    p->has_waited = true;
    p->peer->wait_count++;
    set_worth(p);
    tg_metrics_gauge_add(env->metrics, TG_GAUGE_LONG_POLLS, 1);
    if (is_over || env->is_draining ||
        !tg_holders_enter(places(p, TG_PLACE_LONG_POLL), &p->place, &p->payer, env->worker,
                          TG_WORTH_WAITING) ||
        tg_waiters_add(&env->waiters, &p->waiter, key) != TG_OK) {
        tg_list_append(&env->unsettled, &p->unsettled);
        return;
    }
    p->deadline.fired = on_wait_over;
    tg_deadline_set(&env->wheel, &p->deadline, env->now_mono_ms + wait_ms);
}

static uint16_t on_share(void *ctx)
{
    const struct tg_pending *p = ctx;

    return tg_payer_widest(&p->payer);
}

static const struct tg_exchange_ops exchange_ops = { .respond = on_respond,
                                                     .wait = on_wait,
                                                     .share = on_share };

bool tg_pending_has_memory(const struct tg_pending *p, size_t body_len)
{
    return !p->service->is_rate_limited ||
           tg_account_may_take(p->peer->account, TG_ANSWER_MEMORY + TG_BODY_COPIES * body_len);
}

void tg_pending_begin(struct tg_pending *p, const struct tg_http_request *request)
{
    struct tg_exchange *exchange = NULL;

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
    struct tg_asker asker = p->asker;
    const struct tg_refusal refusal = { .status = status,
                                        .detail = detail,
                                        .retry_after_s = retry_after_s,
                                        .is_draining = p->env->is_draining,
                                        .asker = &asker };

    opened(p);
    p->is_refusal = true;
    p->service->refuse(p->service->ctx, &refusal, &exchange_ops, p);
    tg_mem_wipe(&asker, sizeof(asker));
}

void tg_pending_cancel(struct tg_pending *p)
{
    struct tg_exchange *exchange = p->exchange;

    if (p->is_open) {
        closed(p);
        p->service->cancel(p->service->ctx, exchange, p);
    }
}

/* The asker outlives the exchange that is given up. */
static void refuse_wait(struct tg_pending *p)
{
    struct tg_asker asker = p->asker;

    tg_pending_cancel(p);
    p->asker = asker;
    tg_mem_wipe(&asker, sizeof(asker));
    tg_pending_refuse(p, 503, "too many long polls are waiting", RETRY_AFTER_BUSY_S);
}

void tg_pending_evict(struct tg_pending *p)
{
    if (p->is_waiting) {
        tg_metrics_count(p->env->metrics, TG_COUNTER_EVICTED_LONG_POLLS);
        refuse_wait(p);
    }
}

void tg_pending_settle(struct tg_env *env)
{
    struct tg_holders *polls = tg_ledger_holders(env->ledger, TG_PLACE_LONG_POLL);
    struct tg_holder *holder = NULL;
    struct tg_link *link = NULL;

    while ((holder = tg_holders_next_doomed(polls, env->worker)) != NULL) {
        tg_pending_evict(TG_CONTAINER(holder, struct tg_pending, place));
    }

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
