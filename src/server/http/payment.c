/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/payment.h"

#include "server/http/client.h"

#define BYTES_PER_KIB 1024u

static void pay(struct tg_pending *p, enum tg_work work)
{
    if (p->retry_s == 0) {
        p->retry_s = tg_ledger_charge(p->env->ledger, &p->payer, work, p->env->now_mono_ms);
    }
}

/* spec: protocol/3#rate-from-the-first-byte */
void tg_payment_begin(struct tg_pending *p)
{
    p->payer = (struct tg_payer){ .kind = TG_PAYER_EXEMPT };
    p->retry_s = 0;
    p->unpaid_len = 0;
    if (p->service->is_rate_limited && !p->peer->is_proxy) {
        p->payer = *tg_client_find_peer(p->peer, p->env);
        pay(p, TG_WORK_HEAD);
    }
}

/* The rest of the price of each call. That of a create is paid when it is about to be stored. */
static const enum tg_work works[TG_CALL_COUNT] = {
    [TG_CALL_CREATE] = TG_WORK_REQUEST, [TG_CALL_PREVIEW] = TG_WORK_REQUEST,
    [TG_CALL_READ] = TG_WORK_REQUEST,   [TG_CALL_UPDATE] = TG_WORK_CHANGE,
    [TG_CALL_DELETE] = TG_WORK_CHANGE,  [TG_CALL_RELINQUISH] = TG_WORK_CHANGE,
};

struct tg_head_fault tg_payment_head(struct tg_pending *p, const struct tg_http_request *head)
{
    int call = -1;

    if (!p->service->is_rate_limited) {
        return (struct tg_head_fault){ 0 };
    }
    if (p->peer->is_proxy) {
        if (!tg_client_find_payer(&p->payer, p->peer, p->env, head)) {
            tg_metrics_count(p->env->metrics, TG_COUNTER_REFUSED_SYNTAX);
            return (struct tg_head_fault){ 400, TG_CLIENT_NOT_NAMED };
        }
        pay(p, TG_WORK_HEAD);
    }
    call = p->service->call_of != NULL ? p->service->call_of(head->method, head->target) : -1;
    if (call >= 0 && call < (int)TG_CALL_COUNT) {
        pay(p, works[call]);
    }
    if (p->retry_s > 0) {
        tg_metrics_count(p->env->metrics, TG_COUNTER_REFUSED_RATE);
        return (struct tg_head_fault){ 429, TG_HEAD_OVER_RATE };
    }
    return (struct tg_head_fault){ 0 };
}

void tg_payment_received(struct tg_pending *p, size_t len)
{
    p->unpaid_len += len;
    if (p->unpaid_len >= BYTES_PER_KIB) {
        tg_ledger_spend(p->env->ledger, &p->payer, TG_WORK_KIB,
                        (uint32_t)(p->unpaid_len / BYTES_PER_KIB), p->env->now_mono_ms);
        p->unpaid_len %= BYTES_PER_KIB;
    }
}
