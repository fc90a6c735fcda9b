/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/perform.h"

#include "relay/answer.h"
#include "relay/apply.h"

#define MS_PER_S 1000u

static uint32_t wait_time_s(const struct tg_exchange *ex)
{
    int64_t wait_s = ex->wait_s;

    /* spec: protocol/2#long-poll-cap */
    if (wait_s > ex->relay->config->wait_cap_s) {
        wait_s = ex->relay->config->wait_cap_s;
    }
    /* It ends when the mailbox has expired by one of the times, too, and then finds out. */
    if (wait_s > ex->box.expires_s - ex->now.high_s) {
        wait_s = ex->box.expires_s - ex->now.high_s;
    }
    return wait_s > 0 ? (uint32_t)wait_s : 0;
}

/* Registers the wait and then reads again, so that no change between the two is missed. */
static void start_wait(struct tg_exchange *ex)
{
    uint64_t wait_ms = (uint64_t)wait_time_s(ex) * MS_PER_S;

    if (wait_ms == 0) {
        tg_answer_result(ex);
        return;
    }
    ex->has_left_token = ex->cmd.token.is_present;
    tg_exchange_drop_contents(ex);
    ex->waits_with = ex->result.recipient;
    ex->cmd.may_bind = false; /* a claim that relinquishes during the wait does not bind again */
    ex->is_waiting = true;
    ex->ops->wait(ex->ctx, ex, &ex->key, wait_ms);
    if (!ex->is_ended) {
        tg_perform_look(ex);
    }
}

/* A bind or a relinquish is news for the initiator, also if it has not said what it knows. Another
   change without a new version is not: the bind by this very long poll, or one that was reported
   before it began to wait. */
static bool must_answer(const struct tg_exchange *ex)
{
    return ex->result.outcome != TG_OUTCOME_WAIT || ex->is_over ||
           (ex->is_waiting && ex->result.recipient != ex->waits_with);
}

/* Answers, or waits where there is nothing newer. */
static void settle(struct tg_exchange *ex)
{
    if (must_answer(ex)) {
        tg_answer_result(ex);
    } else if (!ex->is_waiting) {
        start_wait(ex);
    } else {
        tg_exchange_drop_contents(ex);
    }
}

static void on_changed(void *ctx, enum tg_err err)
{
    struct tg_exchange *ex = ctx;
    struct tg_relay *relay = ex->relay;

    tg_exchange_hold(ex);
    ex->pending_count--;
    relay->change_count--;
    if (err == TG_OK) {
        err = ex->change_err;
    }
    /* Also when this client has disconnected: the other side waits for the change.
       spec: protocol/4#other-side-told */
    if (err == TG_OK && (ex->result.effects & TG_EFFECT_NOTIFY) != 0 && relay->hooks != NULL &&
        relay->hooks->changed != NULL) {
        relay->hooks->changed(relay->hooks->ctx, &ex->key);
    }
    if (err == TG_OK && ex->has_queued_push && relay->hooks != NULL &&
        relay->hooks->push_queued != NULL) {
        relay->hooks->push_queued(relay->hooks->ctx);
    }
    if (err == TG_OK && ex->has_left_good_token && relay->hooks != NULL &&
        relay->hooks->token_left != NULL) {
        relay->hooks->token_left(relay->hooks->ctx, &ex->left_key);
    }
    if (!ex->is_ended && err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (!ex->is_ended) {
        settle(ex);
    }
    (void)tg_exchange_release(ex);
}

void tg_perform_change(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->change_count++;
    ex->relay->store->ops->apply(ex->relay->port, &ex->key, tg_apply_change, ex, on_changed);
}

static void take_found(struct tg_exchange *ex, enum tg_err err,
                       const struct tg_store_record *record)
{
    if (ex->must_look_again) {
        ex->must_look_again = false;
        tg_perform_look(ex);
        return;
    }
    if (err == TG_OK) {
        err = tg_apply_record(ex, record);
    }
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else if ((ex->result.effects & TG_EFFECT_STORE) != 0) {
        tg_perform_change(ex);
    } else {
        settle(ex);
    }
}

static void on_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_exchange *ex = ctx;

    tg_exchange_hold(ex);
    ex->pending_count--;
    if (!ex->is_ended) {
        take_found(ex, err, record);
    }
    (void)tg_exchange_release(ex);
}

void tg_perform_look(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->store->ops->read(ex->relay->port, &ex->key, on_found, ex);
}
