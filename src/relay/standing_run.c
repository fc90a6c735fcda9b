/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/standing_run.h"

#include "relay/answer.h"
#include "relay/apply.h"
#include "relay/cost.h"
#include "relay/perform.h"
#include "relay/standing_case.h"

static void follow_ruling(struct tg_exchange *ex, enum tg_standing_ruling ruling);

static void begin_pending(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->change_count++;
    tg_exchange_hold(ex);
}

static void end_pending(struct tg_exchange *ex)
{
    ex->pending_count--;
    ex->relay->change_count--;
}

static void on_spent(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                     struct tg_bytes sealed)
{
    struct tg_exchange *ex = ctx;

    tg_exchange_hold(ex);
    end_pending(ex);
    if (!ex->is_ended && err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (!ex->is_ended) {
        follow_ruling(ex, tg_standing_spent(ex, outcome, sealed));
    }
    (void)tg_exchange_release(ex);
}

static void spend(struct tg_exchange *ex)
{
    begin_pending(ex);
    ex->relay->store->ops->spend(ex->relay->port, &ex->standing->spend, on_spent, ex);
    (void)tg_exchange_release(ex);
}

static void verify(void *arg)
{
    struct tg_mem_owner *before = tg_mem_enter_of(arg); /* on a thread of the pool */

    tg_standing_verify(arg);
    (void)tg_mem_enter(before);
}

static void on_verified(void *arg)
{
    struct tg_exchange *ex = arg;

    tg_exchange_hold(ex);
    end_pending(ex);
    if (!ex->is_ended) {
        follow_ruling(ex, tg_standing_verified(ex));
    }
    (void)tg_exchange_release(ex);
}

static void on_asked(void *arg, const struct tg_ask_answer *answer)
{
    struct tg_exchange *ex = arg;

    tg_exchange_hold(ex);
    end_pending(ex);
    if (!ex->is_ended) {
        follow_ruling(ex, tg_standing_asked(ex, answer));
    }
    (void)tg_exchange_release(ex);
}

static enum tg_err ask(struct tg_exchange *ex)
{
    const struct tg_relay_hooks *hooks = ex->relay->hooks;

    return hooks != NULL && hooks->ask != NULL
               ? hooks->ask(hooks->ctx, tg_buf_view(&ex->standing->text), ex->standing->challenge,
                            on_asked, ex)
               : TG_E_BUG;
}

/* spec: protocol/6#verified-off-the-loop */
static enum tg_err offload_verify(struct tg_exchange *ex)
{
    const struct tg_relay_hooks *hooks = ex->relay->hooks;

    if (hooks != NULL && hooks->offload != NULL) {
        return hooks->offload(hooks->ctx, verify, on_verified, ex);
    }
    verify(ex);
    on_verified(ex);
    return TG_OK;
}

static void judge_attestation(struct tg_exchange *ex, enum tg_err (*begin)(struct tg_exchange *))
{
    enum tg_err err = TG_OK;

    if (tg_standing_is_report(ex) && !tg_cost_may(ex, TG_COST_REPORT)) {
        (void)tg_standing_gives_up(ex); /* it is not worth a refusal */
        follow_ruling(ex, tg_standing_verified(ex));
        return;
    }
    if (!tg_standing_is_report(ex) && !tg_cost_pay(ex, TG_COST_PROOF)) {
        return;
    }
    begin_pending(ex);
    err = begin(ex);
    if (err != TG_OK) {
        end_pending(ex);
        if (tg_standing_gives_up(ex)) {
            follow_ruling(ex, tg_standing_verified(ex));
        } else {
            tg_answer_error(ex, err);
        }
    }
    (void)tg_exchange_release(ex);
}

static void follow_ruling(struct tg_exchange *ex, enum tg_standing_ruling ruling)
{
    switch (ruling) {
    case TG_RULING_PASS:
        if (tg_cost_pay(ex, TG_COST_STORE)) {
            tg_perform_change(ex);
        }
        return;
    case TG_RULING_VERIFY:
        judge_attestation(ex, offload_verify);
        return;
    case TG_RULING_ASK:
        judge_attestation(ex, ask);
        return;
    case TG_RULING_SPEND:
        spend(ex);
        return;
    case TG_RULING_REFUSED:
        tg_answer_result(ex);
        return;
    case TG_RULING_ERROR:
        tg_answer_error(ex, TG_E_CRYPTO);
        return;
    }
    tg_answer_error(ex, TG_E_BUG);
}

/* A request that the mailbox refuses is not verified; a duplicate needs no new proof and pays for
   nothing. Without a proof the change itself decides, also after changes that are on their way. */
static void judge_found(struct tg_exchange *ex, enum tg_err err,
                        const struct tg_store_record *record)
{
    if (err == TG_OK) {
        err = tg_apply_record(ex, record);
    }
    if (err == TG_OK && ex->result.outcome == TG_OUTCOME_DONE) {
        err = tg_cost_measure(ex);
    }
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (ex->result.outcome == TG_OUTCOME_REFUSED && ex->standing != NULL) {
        tg_answer_result(ex);
    } else if (ex->result.outcome != TG_OUTCOME_DONE) {
        tg_perform_change(ex);
    } else if (tg_cost_pay(ex, TG_COST_LOOK)) {
        follow_ruling(ex, ex->standing != NULL ? tg_standing_begin(ex) : TG_RULING_PASS);
    }
}

static void on_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_exchange *ex = ctx;

    tg_exchange_hold(ex);
    ex->pending_count--;
    if (!ex->is_ended) {
        judge_found(ex, err, record);
    }
    (void)tg_exchange_release(ex);
}

void tg_standing_run(struct tg_exchange *ex)
{
    if (ex->standing == NULL && !tg_cost_is_asked(ex)) {
        tg_perform_change(ex);
        return;
    }
    ex->pending_count++;
    ex->relay->store->ops->read(ex->relay->port, &ex->key, on_found, ex);
}
