/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/payment.h"

#include "server/http/client.h"
#include "server/ledger/fullness.h"

#define BYTES_PER_KIB 1024u
#define RETRY_FILLING_S 300u

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

/* The caller counts it, not the one that sends the answer. */
static struct tg_refusal refuse(struct tg_pending *p, enum tg_counter counter, unsigned status,
                                const char *detail, unsigned retry_s)
{
    tg_metrics_count(p->env->metrics, counter);
    p->is_refusal = true;
    return (struct tg_refusal){ .status = status, .detail = detail, .retry_after_s = retry_s };
}

/* spec: protocol/3#longest-lives-first */
static bool is_too_long(const struct tg_pending *p, const struct tg_record_size *size,
                        unsigned fullness)
{
    const struct tg_server_settings *s = p->env->settings;

    return size->is_new && size->lifetime_s > tg_fullness_longest_s(fullness, s->mailbox_default_s,
                                                                    s->mailbox_max_s);
}

static struct tg_refusal pay_storage(struct tg_pending *p, enum tg_ledger_step step,
                                     const struct tg_record_size *size, unsigned fullness)
{
    const struct tg_server_settings *s = p->env->settings;
    uint64_t old_len = size->is_new ? 0 : size->old_len + s->mailbox_growth;
    /* A mailbox that exists must be able to end its transfer, however full the store is. */
    uint64_t price = tg_fullness_price(size->is_new ? fullness : 0);
    unsigned retry_s = 0;

    if (is_too_long(p, size, fullness)) {
        return refuse(p, TG_COUNTER_REFUSED_FILLING, 503,
                      "the store fills up: only shorter lifetimes are accepted", RETRY_FILLING_S);
    }
    retry_s = tg_ledger_store(p->env->ledger, &p->payer, step, size->len + s->mailbox_growth,
                              old_len, size->lifetime_s, price, p->env->now_mono_ms);
    if (retry_s > 0) {
        return refuse(p, TG_COUNTER_REFUSED_STORED, 429,
                      "too many bytes stored for too long by this network", retry_s);
    }
    return (struct tg_refusal){ .status = 0 };
}

/* Neither counted nor remembered: the request goes on. spec: protocol/6#report */
static struct tg_refusal pay_report(const struct tg_pending *p)
{
    bool is_paid =
        tg_ledger_charge_spare(p->env->ledger, &p->payer, TG_WORK_PROOF, p->env->now_mono_ms);

    return (struct tg_refusal){ .status = is_paid ? 0 : 429, .detail = TG_HEAD_OVER_RATE };
}

struct tg_refusal tg_payment_cost(struct tg_pending *p, enum tg_cost cost,
                                  const struct tg_record_size *size, unsigned fullness)
{
    if (!p->service->is_rate_limited) {
        return (struct tg_refusal){ .status = 0 };
    }
    if (cost == TG_COST_LOOK) {
        return pay_storage(p, TG_LEDGER_LOOK, size, fullness);
    }
    if (cost == TG_COST_REPORT) {
        return pay_report(p);
    }
    if (cost == TG_COST_PROOF) {
        pay(p, TG_WORK_PROOF);
    } else if (size->is_new) {
        pay(p, TG_WORK_CREATE);
    }
    if (p->retry_s > 0) {
        return refuse(p, TG_COUNTER_REFUSED_RATE, 429, TG_HEAD_OVER_RATE, p->retry_s);
    }
    return cost == TG_COST_STORE ? pay_storage(p, TG_LEDGER_CHARGE, size, fullness)
                                 : (struct tg_refusal){ .status = 0 };
}

/* spec: protocol/3#http2-floods */
bool tg_payment_frames(struct tg_peer *peer, const struct tg_service *service,
                       const struct tg_env *env, uint32_t bill_count)
{
    const struct tg_payer *payer = NULL;

    if (bill_count == 0 || !service->is_rate_limited) {
        return true;
    }
    payer = tg_client_find_peer(peer, env);
    tg_ledger_spend(env->ledger, payer, TG_WORK_FRAMES, bill_count - 1, env->now_mono_ms);
    return tg_ledger_charge(env->ledger, payer, TG_WORK_FRAMES, env->now_mono_ms) == 0;
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
