/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cost.h"

#include "relay/answer.h"

bool tg_cost_is_asked(const struct tg_exchange *ex)
{
    return ex->relay->hooks != NULL && ex->relay->hooks->pay != NULL;
}

enum tg_err tg_cost_measure(struct tg_exchange *ex)
{
    struct tg_change_contents *made = ex->change->contents;
    enum tg_err err = TG_E_BUG;

    tg_buf_clear(&made->fresh);
    TG_TRY(tg_record_encode(&made->fresh, &made->box));
    ex->size = (struct tg_record_size){ .is_new = made->plain.len == 0,
                                        .len = made->fresh.len,
                                        .old_len = made->plain.len,
                                        .lifetime_s = made->box.expires_s - ex->now.low_s };
    err = TG_OK;
out:
    tg_buf_clear(&made->fresh);
    return err;
}

static struct tg_refusal ask(struct tg_exchange *ex, enum tg_cost cost)
{
    const struct tg_relay_hooks *hooks = ex->relay->hooks;
    struct tg_refusal refusal = { .status = 0 };

    if (tg_cost_is_asked(ex)) {
        refusal = hooks->pay(hooks->ctx, ex->ctx, cost, &ex->size);
    }
    return refusal;
}

bool tg_cost_may(struct tg_exchange *ex, enum tg_cost cost)
{
    return ask(ex, cost).status == 0;
}

bool tg_cost_pay(struct tg_exchange *ex, enum tg_cost cost)
{
    struct tg_refusal refusal = ask(ex, cost);

    if (refusal.status != 0) {
        tg_answer_refusal(ex, &refusal);
        return false;
    }
    return true;
}
