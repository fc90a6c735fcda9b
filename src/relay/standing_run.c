/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/standing_run.h"

#include "base/mem_owner.h"
#include "relay/answer.h"
#include "relay/cost.h"
#include "relay/perform.h"
#include "relay/standing_case.h"

static void follow_ruling(struct tg_exchange *ex, enum tg_standing_ruling ruling);

/* ---- the proof on its way ------------------------------------------------------------------- */

/* NULL: it was given up, and is freed. */
static struct tg_exchange *take(struct tg_standing_case *c)
{
    struct tg_exchange *ex = tg_exchange_take_case(c);

    if (ex == NULL) {
        tg_standing_case_free(&c);
    }
    return ex;
}

static void on_spent(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                     struct tg_bytes sealed)
{
    struct tg_exchange *ex = take(ctx);

    if (ex == NULL) {
        return;
    }
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else {
        follow_ruling(ex, tg_standing_spent(ex, outcome, sealed));
    }
    (void)tg_exchange_release(ex);
}

static void spend(struct tg_exchange *ex)
{
    struct tg_relay *relay = ex->relay;
    struct tg_standing_case *c = tg_exchange_lend_case(ex);

    tg_perform_enter_share(ex);
    relay->store->ops->spend(relay->port, &c->spend, on_spent, c);
    tg_perform_leave_share(relay);
}

static void verify(void *arg)
{
    struct tg_mem_owner *before = tg_mem_enter_of(arg); /* on a thread of the pool */

    tg_standing_verify(arg);
    (void)tg_mem_enter(before);
}

static void on_verified(void *arg)
{
    struct tg_exchange *ex = take(arg);

    if (ex != NULL) {
        follow_ruling(ex, tg_standing_verified(ex));
        (void)tg_exchange_release(ex);
    }
}

static void on_asked(void *arg, const struct tg_ask_answer *answer)
{
    struct tg_exchange *ex = take(arg);

    if (ex != NULL) {
        follow_ruling(ex, tg_standing_asked(ex, answer));
        (void)tg_exchange_release(ex);
    }
}

/* These begin to judge what was lent, or fail: then no callback follows. */
typedef enum tg_err begin_fn(const struct tg_relay *relay, struct tg_standing_case *c);

static enum tg_err ask(const struct tg_relay *relay, struct tg_standing_case *c)
{
    const struct tg_relay_hooks *hooks = relay->hooks;

    return hooks != NULL && hooks->ask != NULL
               ? hooks->ask(hooks->ctx, tg_buf_view(&c->text), c->challenge, on_asked, c)
               : TG_E_BUG;
}

/* spec: protocol/6#verified-off-the-loop */
static enum tg_err offload_verify(const struct tg_relay *relay, struct tg_standing_case *c)
{
    const struct tg_relay_hooks *hooks = relay->hooks;

    if (hooks != NULL && hooks->offload != NULL) {
        return hooks->offload(hooks->ctx, verify, on_verified, c);
    }
    verify(c);
    on_verified(c);
    return TG_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void give_up(struct tg_exchange *ex, enum tg_err err)
{
    if (tg_standing_gives_up(ex)) {
        follow_ruling(ex, tg_standing_verified(ex));
    } else {
        tg_answer_error(ex, err);
    }
}

static void judge_attestation(struct tg_exchange *ex, begin_fn *begin)
{
    struct tg_standing_case *c = NULL;
    enum tg_err err = TG_OK;

    if (tg_standing_is_report(ex) && !tg_cost_may(ex, TG_COST_REPORT)) {
        give_up(ex, TG_E_FULL); /* it is not worth a refusal */
        return;
    }
    if (!tg_standing_is_report(ex) && !tg_cost_pay(ex, TG_COST_PROOF)) {
        return;
    }
    c = tg_exchange_lend_case(ex);
    err = begin(ex->relay, c);
    if (err != TG_OK && take(c) != NULL) {
        give_up(ex, err);
        (void)tg_exchange_release(ex);
    }
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
    enum tg_mailbox_outcome outcome = TG_OUTCOME_REFUSED;

    if (err == TG_OK) {
        err = tg_change_apply(ex->change, record);
    }
    if (err == TG_OK) {
        outcome = ex->change->contents->result.outcome;
        err = outcome == TG_OUTCOME_DONE ? tg_cost_measure(ex) : TG_OK;
    }
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (outcome == TG_OUTCOME_REFUSED && ex->standing != NULL) {
        tg_answer_result(ex);
    } else if (outcome != TG_OUTCOME_DONE) {
        tg_perform_change(ex);
    } else if (tg_cost_pay(ex, TG_COST_LOOK)) {
        follow_ruling(ex, ex->standing != NULL ? tg_standing_begin(ex) : TG_RULING_PASS);
    }
}

static void on_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_change *change = ctx;
    struct tg_exchange *ex = tg_exchange_take_change(change);

    if (ex == NULL) {
        tg_change_free(&change);
        return;
    }
    judge_found(ex, err, record);
    (void)tg_exchange_release(ex);
}

void tg_standing_run(struct tg_exchange *ex)
{
    if (ex->standing == NULL && !tg_cost_is_asked(ex)) {
        tg_perform_change(ex);
        return;
    }
    tg_perform_read(ex, on_found);
}
