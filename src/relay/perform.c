/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/perform.h"

#include "relay/answer.h"
#include "relay/standing_case.h"

#include <assert.h>

#define MS_PER_S 1000u

/* ---- long polls ----------------------------------------------------------------------------- */

static uint32_t wait_time_s(const struct tg_exchange *ex)
{
    int64_t expires_s = ex->change->contents->box.expires_s;
    int64_t wait_s = ex->wait_s;

    /* spec: protocol/2#long-poll-cap */
    if (wait_s > ex->relay->config->wait_cap_s) {
        wait_s = ex->relay->config->wait_cap_s;
    }
    /* It ends when the mailbox has expired by one of the times, too, and then finds out. */
    if (wait_s > expires_s - ex->now.high_s) {
        wait_s = expires_s - ex->now.high_s;
    }
    return wait_s > 0 ? (uint32_t)wait_s : 0;
}

/* Keeps the 204 that ends the wait, and of the change the command alone. */
static void go_waiting(struct tg_exchange *ex)
{
    const struct tg_mailbox_result *result = &ex->change->contents->result;

    ex->poll.version = result->version;
    ex->poll.recipient = result->recipient;
    ex->poll.is_push_supported = result->is_push_supported;
    tg_change_drop_contents(ex->change);
    tg_exchange_go(ex, TG_EX_WAITING);
}

/* Registers the wait and then reads again, so that no change between the two is missed. */
static void start_wait(struct tg_exchange *ex)
{
    uint64_t wait_ms = (uint64_t)wait_time_s(ex) * MS_PER_S;

    if (wait_ms == 0) {
        tg_answer_result(ex);
        return;
    }
    ex->poll.phase = TG_POLL_OPEN;
    ex->poll.has_left_token = ex->change->cmd.token.is_present;
    ex->change->cmd.may_bind = false; /* a claim that relinquishes meanwhile does not bind again */
    go_waiting(ex);
    ex->ops->wait(ex->ctx, ex, &ex->change->key, wait_ms);
    if (ex->state == TG_EX_WAITING) {
        tg_exchange_go(ex, TG_EX_DECIDING);
        tg_perform_look(ex);
    }
}

/* A bind or a relinquish is news for the initiator, also if it has not said what it knows. Another
   change without a new version is not: the bind by this very long poll, or one that was reported
   before it began to wait. */
static bool must_answer(const struct tg_exchange *ex)
{
    const struct tg_mailbox_result *result = &ex->change->contents->result;

    return result->outcome != TG_OUTCOME_WAIT || ex->poll.phase == TG_POLL_OVER ||
           (ex->poll.phase == TG_POLL_OPEN && result->recipient != ex->poll.recipient);
}

/* Answers, or waits where there is nothing newer. */
static void settle(struct tg_exchange *ex)
{
    if (must_answer(ex)) {
        tg_answer_result(ex);
    } else if (ex->poll.phase == TG_POLL_NONE) {
        start_wait(ex);
    } else {
        go_waiting(ex);
    }
}

/* ---- changes -------------------------------------------------------------------------------- */

/* Tells of a change that is durable. */
static void tell(const struct tg_relay *relay, const struct tg_change *change)
{
    const struct tg_change_contents *made = change->contents;
    const struct tg_relay_hooks *hooks = relay->hooks;

    if (hooks == NULL) {
        return;
    }
    if ((made->result.effects & TG_EFFECT_NOTIFY) != 0 && hooks->changed != NULL) {
        hooks->changed(hooks->ctx, &change->key);
    }
    if (made->has_queued_push && hooks->push_queued != NULL) {
        hooks->push_queued(hooks->ctx);
    }
    if (made->has_left_good_token && hooks->token_left != NULL) {
        hooks->token_left(hooks->ctx, &made->left_key);
    }
}

/* A change that was given up is told of too: the other side waits for it.
   spec: protocol/4#other-side-told */
static void on_changed(void *ctx, enum tg_err err)
{
    struct tg_change *change = ctx;
    struct tg_relay *relay = change->errand.relay;
    struct tg_exchange *ex = tg_exchange_take_change(change);

    if (err == TG_OK) {
        err = change->contents->err;
    }
    if (err == TG_OK) {
        tell(relay, change);
    }
    if (ex == NULL) {
        tg_change_free(&change);
        return;
    }
    /* What was told of the change may have cancelled the exchange. */
    if (ex->state != TG_EX_ENDED && err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (ex->state != TG_EX_ENDED) {
        settle(ex);
    }
    (void)tg_exchange_release(ex);
}

static void set_share(const struct tg_relay *relay, uint16_t share)
{
    if (relay->store->ops->share != NULL) {
        relay->store->ops->share(relay->port, share);
    }
}

void tg_perform_enter_share(const struct tg_exchange *ex)
{
    set_share(ex->relay, ex->ops->share == NULL ? 0 : ex->ops->share(ex->ctx));
}

void tg_perform_leave_share(const struct tg_relay *relay)
{
    set_share(relay, 0);
}

void tg_perform_change(struct tg_exchange *ex)
{
    struct tg_relay *relay = ex->relay;
    struct tg_change *change = NULL;

    assert(ex->poll.phase == TG_POLL_NONE); /* a read that waits stores nothing */
    ex->change->now = ex->now;
    ex->change->is_cleared = tg_standing_is_cleared(ex);
    change = tg_exchange_lend_change(ex, TG_EX_CHANGING);
    tg_perform_enter_share(ex);
    relay->store->ops->apply(relay->port, &change->key, tg_change_run, change, on_changed);
    tg_perform_leave_share(relay);
}

/* ---- looks ---------------------------------------------------------------------------------- */

static void take_found(struct tg_exchange *ex, enum tg_err err,
                       const struct tg_store_record *record)
{
    if (err == TG_OK) {
        err = tg_change_apply(ex->change, record);
    }
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else if ((ex->change->contents->result.effects & TG_EFFECT_STORE) != 0) {
        tg_perform_change(ex);
    } else {
        settle(ex);
    }
}

static void on_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_change *change = ctx;
    bool is_outdated =
        change->errand.exchange != NULL && change->errand.exchange->state == TG_EX_OUTDATED;
    struct tg_exchange *ex = tg_exchange_take_change(change);

    if (ex == NULL) {
        tg_change_free(&change);
        return;
    }
    if (is_outdated) {
        tg_perform_look(ex);
    } else {
        take_found(ex, err, record);
    }
    (void)tg_exchange_release(ex);
}

void tg_perform_read(struct tg_exchange *ex, tg_store_found_fn *found)
{
    struct tg_relay *relay = ex->relay;
    struct tg_change *change = NULL;

    ex->change->now = ex->now;
    change = tg_exchange_lend_change(ex, TG_EX_LOOKING);
    relay->store->ops->read(relay->port, &change->key, found, change);
}

void tg_perform_look(struct tg_exchange *ex)
{
    tg_perform_read(ex, on_found);
}
