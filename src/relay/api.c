/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an exchange: begin, look or change, wait, answer.
 *
 *   preview        look -> answer
 *   read           look -> answer, or change (a claim binds, a token is left) -> answer
 *   read, polling  ... -> wait -> look -> woken -> look -> answer
 *   all others     change -> answer
 *
 * and where good standing is to be shown (create, update):
 *   look -> judge the proof, off the loop -> spend the token -> change -> answer
 */
#include "relay/api.h"

#include "base/mem.h"
#include "relay/exchange.h"
#include "relay/note.h"

#include <assert.h>

#define MS_PER_S 1000u

/* ---- the relay ------------------------------------------------------------------------------ */

enum tg_err tg_relay_new(struct tg_relay **out, const struct tg_relay_config *config,
                         const struct tg_keyring *keyring, struct tg_store *store,
                         struct tg_store_port *port, const struct tg_rng *rng,
                         const struct tg_relay_hooks *hooks)
{
    struct tg_relay *relay = tg_mem_calloc(1, sizeof(*relay));

    if (relay == NULL) {
        return TG_E_NOMEM;
    }
    *relay = (struct tg_relay){ .config = config,
                                .keyring = keyring,
                                .store = store,
                                .port = port,
                                .rng = rng,
                                .hooks = hooks };
    *out = relay;
    return TG_OK;
}

void tg_relay_free(struct tg_relay **relay)
{
    if (relay != NULL && *relay != NULL) {
        assert((*relay)->change_count == 0);
        tg_mem_free(*relay);
        *relay = NULL;
    }
}

size_t tg_relay_in_flight(const struct tg_relay *relay)
{
    return relay->change_count;
}

void tg_relay_refuse(struct tg_relay *relay, unsigned status, const char *detail,
                     unsigned retry_after_s, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_reply reply;

    tg_reply_init(&reply, relay->config, tg_bytes(NULL, 0));
    tg_reply_problem(&reply, status, NULL, detail);
    tg_reply_retry_after(&reply, retry_after_s);
    tg_reply_finish(&reply);
    ops->respond(ctx, &reply.response);
    tg_reply_deinit(&reply);
}

/* ---- the exchange's memory ------------------------------------------------------------------ */

/* What a long poll does not need while it waits. */
static void drop_contents(struct tg_exchange *ex)
{
    tg_json_free(&ex->doc);
    tg_buf_deinit(&ex->plain);
    tg_buf_deinit(&ex->fresh);
    tg_buf_deinit(&ex->sealed);
    tg_buf_deinit(&ex->note);
    tg_mem_wipe(&ex->box, sizeof(ex->box));
    tg_mem_wipe(&ex->create, sizeof(ex->create));
    tg_mem_wipe(&ex->update, sizeof(ex->update));
    ex->cmd.token = (struct tg_notification_token){ .is_present = false };
}

/* Between enter and leave nothing that is called back can free the exchange. */
static void enter(struct tg_exchange *ex)
{
    ex->hold_count++;
}

/* False: the exchange has ended, and is gone. */
static bool leave(struct tg_exchange *ex)
{
    bool is_alive = !ex->is_ended;

    ex->hold_count--;
    if (ex->is_ended && ex->hold_count == 0 && ex->pending_count == 0) {
        drop_contents(ex);
        tg_standing_case_free(&ex->standing);
        tg_mem_free_secret(ex, sizeof(*ex));
    }
    return is_alive;
}

/* ---- the record ----------------------------------------------------------------------------- */

/* Opens what the store has and applies the command to it. The same every time it runs. */
static enum tg_err apply_to_record(struct tg_exchange *ex, const struct tg_store_record *record)
{
    enum tg_err err = TG_E_BUG;

    tg_buf_clear(&ex->plain);
    if (record != NULL) {
        TG_TRY(tg_record_open(&ex->plain, ex->relay->keyring, &ex->mailbox, &ex->record_key,
                              &ex->key, record));
        TG_TRY(tg_record_decode(&ex->box, tg_buf_view(&ex->plain)));
    }
    tg_mailbox_apply(&ex->box, record != NULL, &ex->cmd, ex->now_s, &ex->result);
    err = TG_OK;
out:
    /* A record that says nothing we can read is not the client's mistake: 503, not 404 or 400. */
    return err == TG_OK || err == TG_E_NOMEM ? err : TG_E_CRYPTO;
}

/* The store's version counts every write, the mailbox's only updates: a store that compares
   versions must see a bind, too. */
static enum tg_err seal_record(struct tg_exchange *ex, const struct tg_store_record *old,
                               struct tg_store_record *next)
{
    enum tg_err err = TG_E_BUG;
    uint64_t version = old == NULL ? 1 : old->version + 1;

    tg_buf_clear(&ex->fresh);
    tg_buf_clear(&ex->sealed);
    TG_TRY(tg_record_encode(&ex->fresh, &ex->box));
    TG_TRY(tg_record_seal(&ex->sealed, &ex->record_key, &ex->key, version, ex->box.expires_s,
                          tg_buf_view(&ex->fresh), ex->relay->rng));
    *next = (struct tg_store_record){ .version = version,
                                      .expires_s = ex->box.expires_s,
                                      .sealed = tg_buf_view(&ex->sealed) };
    err = TG_OK;
out:
    return err;
}

/* Fail closed: what was judged to need no proof, and by now would be stored, is trouble. */
static bool is_cleared(const struct tg_exchange *ex)
{
    return ex->standing == NULL || ex->standing->is_cleared;
}

/* spec: protocol/4#token-good-again */
static void note_left(struct tg_exchange *ex, struct tg_store_next *next)
{
    struct tg_outbox_note note = { .ask = TG_OUTBOX_UNBLOCK };

    if (ex->result.left.is_present &&
        tg_note_key(&note.key, ex->relay->keyring, &ex->result.left) == TG_OK) {
        next->notes[next->note_count++] = note;
    }
}

/* spec: protocol/4#other-side-pushed, protocol/4#push-until-expiration */
static void note_told(struct tg_exchange *ex, struct tg_store_next *next)
{
    const struct tg_keyring *keyring = ex->relay->keyring;
    struct tg_outbox_note note = { .ask = TG_OUTBOX_NOTIFY,
                                   .due_s = ex->now_s,
                                   .expires_s = ex->box.expires_s };

    tg_buf_clear(&ex->note);
    if (!ex->result.told.is_present || tg_note_key(&note.key, keyring, &ex->result.told) != TG_OK ||
        tg_note_seal(&ex->note, keyring, &note.key, &ex->result.told, ex->relay->rng) != TG_OK) {
        return;
    }
    note.sealed = tg_buf_view(&ex->note);
    next->notes[next->note_count++] = note;
    ex->has_noted = true;
}

/* On the store's thread. Trouble leaves what is there and becomes a 503. */
static enum tg_store_verdict change_record(void *ctx, const struct tg_store_record *old,
                                           struct tg_store_next *next)
{
    struct tg_exchange *ex = ctx;
    bool must_store = false;

    ex->has_noted = false;
    ex->change_err = apply_to_record(ex, old);
    must_store = ex->change_err == TG_OK && (ex->result.effects & TG_EFFECT_STORE) != 0;
    if (must_store) {
        ex->change_err = is_cleared(ex) ? seal_record(ex, old, &next->record) : TG_E_STORE;
    }
    if (!must_store || ex->change_err != TG_OK) {
        return TG_STORE_KEEP;
    }
    /* A push that cannot be noted fails no change. spec: protocol/4#push-never-fails-request */
    note_left(ex, next);
    note_told(ex, next);
    return TG_STORE_PUT;
}

/* ---- look, change, wait --------------------------------------------------------------------- */

static void look(struct tg_exchange *ex);

static uint32_t wait_time_s(const struct tg_exchange *ex)
{
    int64_t wait_s = ex->wait_s;

    /* spec: protocol/2#long-poll-cap */
    if (wait_s > ex->relay->config->wait_cap_s) {
        wait_s = ex->relay->config->wait_cap_s;
    }
    if (wait_s > ex->box.expires_s - ex->now_s) {
        wait_s = ex->box.expires_s - ex->now_s;
    }
    return wait_s > 0 ? (uint32_t)wait_s : 0;
}

/* First it is remembered, then it looks again: a change in between is seen by one or the other. */
static void start_wait(struct tg_exchange *ex)
{
    uint64_t wait_ms = (uint64_t)wait_time_s(ex) * MS_PER_S;

    if (wait_ms == 0) {
        tg_exchange_answer_result(ex);
        return;
    }
    drop_contents(ex);
    ex->cmd.may_bind = false; /* whoever was let go while it waited is not bound again */
    ex->is_waiting = true;
    ex->ops->wait(ex->ctx, ex, &ex->key, wait_ms);
    if (!ex->is_ended) {
        look(ex);
    }
}

/* The result is final, or it is a reason to wait. */
static void settle(struct tg_exchange *ex)
{
    if (ex->result.outcome != TG_OUTCOME_WAIT || ex->is_woken) {
        tg_exchange_answer_result(ex);
    } else if (!ex->is_waiting) {
        start_wait(ex);
    } else {
        drop_contents(ex);
    }
}

static void changed(void *ctx, enum tg_err err)
{
    struct tg_exchange *ex = ctx;
    struct tg_relay *relay = ex->relay;

    enter(ex);
    ex->pending_count--;
    relay->change_count--;
    if (err == TG_OK) {
        err = ex->change_err;
    }
    /* Also when the client is gone by now: the others are not. spec: protocol/4#other-side-told */
    if (err == TG_OK && (ex->result.effects & TG_EFFECT_TELL) != 0 && relay->hooks != NULL &&
        relay->hooks->changed != NULL) {
        relay->hooks->changed(relay->hooks->ctx, &ex->key);
    }
    if (err == TG_OK && ex->has_noted && relay->hooks != NULL && relay->hooks->noted != NULL) {
        relay->hooks->noted(relay->hooks->ctx);
    }
    if (!ex->is_ended && err != TG_OK) {
        tg_exchange_answer_error(ex, err);
    } else if (!ex->is_ended) {
        settle(ex);
    }
    (void)leave(ex);
}

static void change(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->change_count++;
    ex->relay->store->ops->apply(ex->relay->port, &ex->key, change_record, ex, changed);
}

static void take_found(struct tg_exchange *ex, enum tg_err err,
                       const struct tg_store_record *record)
{
    if (ex->must_look_again) {
        ex->must_look_again = false;
        look(ex);
        return;
    }
    if (err == TG_OK) {
        err = apply_to_record(ex, record);
    }
    if (err != TG_OK) {
        tg_exchange_answer_error(ex, err);
    } else if ((ex->result.effects & TG_EFFECT_STORE) != 0) {
        change(ex);
    } else {
        settle(ex);
    }
}

static void found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_exchange *ex = ctx;

    enter(ex);
    ex->pending_count--;
    if (!ex->is_ended) {
        take_found(ex, err, record);
    }
    (void)leave(ex);
}

static void look(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->store->ops->read(ex->relay->port, &ex->key, found, ex);
}

/* ---- good standing -------------------------------------------------------------------------- */

static void rule(struct tg_exchange *ex, enum tg_standing_ruling ruling);

static void begin_pending(struct tg_exchange *ex)
{
    ex->pending_count++;
    ex->relay->change_count++;
    enter(ex);
}

static void end_pending(struct tg_exchange *ex)
{
    ex->pending_count--;
    ex->relay->change_count--;
}

static void spent(void *ctx, enum tg_err err)
{
    struct tg_exchange *ex = ctx;

    enter(ex);
    end_pending(ex);
    if (!ex->is_ended && err != TG_OK) {
        tg_exchange_answer_error(ex, err);
    } else if (!ex->is_ended) {
        rule(ex, tg_standing_spent(ex));
    }
    (void)leave(ex);
}

static void spend(struct tg_exchange *ex)
{
    begin_pending(ex);
    ex->relay->store->ops->apply(ex->relay->port, &ex->standing->spent_key, tg_standing_spend, ex,
                                 spent);
    (void)leave(ex);
}

static void verify(void *arg)
{
    tg_standing_verify(arg);
}

static void verified(void *arg)
{
    struct tg_exchange *ex = arg;

    enter(ex);
    end_pending(ex);
    if (!ex->is_ended) {
        rule(ex, tg_standing_verified(ex));
    }
    (void)leave(ex);
}

/* spec: protocol/6#verified-off-the-loop */
static void offload_verify(struct tg_exchange *ex)
{
    const struct tg_relay_hooks *hooks = ex->relay->hooks;
    enum tg_err err = TG_OK;

    begin_pending(ex);
    if (hooks != NULL && hooks->offload != NULL) {
        err = hooks->offload(hooks->ctx, verify, verified, ex);
    } else {
        verify(ex);
        verified(ex);
    }
    if (err != TG_OK) {
        end_pending(ex);
        tg_exchange_answer_error(ex, err);
    }
    (void)leave(ex);
}

static void rule(struct tg_exchange *ex, enum tg_standing_ruling ruling)
{
    switch (ruling) {
    case TG_RULING_GO_ON:
        ex->standing->is_cleared = true;
        change(ex);
        return;
    case TG_RULING_VERIFY:
        offload_verify(ex);
        return;
    case TG_RULING_SPEND:
        spend(ex);
        return;
    case TG_RULING_REFUSED:
        tg_exchange_answer_result(ex);
        return;
    case TG_RULING_TROUBLE:
        tg_exchange_answer_error(ex, TG_E_CRYPTO);
        return;
    }
    tg_exchange_answer_error(ex, TG_E_BUG);
}

/* What the mailbox refuses anyway costs no signature; what was done before needs no new proof. */
static void judge_found(struct tg_exchange *ex, enum tg_err err,
                        const struct tg_store_record *record)
{
    if (err == TG_OK) {
        err = apply_to_record(ex, record);
    }
    if (err != TG_OK) {
        tg_exchange_answer_error(ex, err);
    } else if (ex->result.outcome == TG_OUTCOME_REFUSED) {
        tg_exchange_answer_result(ex);
    } else if (ex->result.outcome == TG_OUTCOME_DUPLICATE) {
        change(ex);
    } else {
        rule(ex, tg_standing_begin(ex));
    }
}

static void found_to_judge(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct tg_exchange *ex = ctx;

    enter(ex);
    ex->pending_count--;
    if (!ex->is_ended) {
        judge_found(ex, err, record);
    }
    (void)leave(ex);
}

/* A change of what may need a proof. */
static void change_judged(struct tg_exchange *ex)
{
    if (ex->standing == NULL) {
        change(ex);
        return;
    }
    ex->pending_count++;
    ex->relay->store->ops->read(ex->relay->port, &ex->key, found_to_judge, ex);
}

/* ---- in and out ----------------------------------------------------------------------------- */

/* A create that is refused for what it says needs no store, and has perhaps no identifier. */
static void start_create(struct tg_exchange *ex)
{
    tg_mailbox_apply(&ex->box, false, &ex->cmd, ex->now_s, &ex->result);
    if (ex->result.outcome == TG_OUTCOME_REFUSED) {
        tg_exchange_answer_result(ex);
    } else {
        change_judged(ex);
    }
}

static void start(struct tg_exchange *ex, const struct tg_http_request *request)
{
    enum tg_err err = tg_exchange_take_request(ex, request);

    if (err != TG_OK) {
        tg_exchange_answer_error(ex, err);
        return;
    }
    if (ex->route.kind != TG_ROUTE_CALL) {
        tg_exchange_answer_route(ex);
        return;
    }
    switch (ex->route.call) {
    case TG_CALL_CREATE:
        start_create(ex);
        return;
    case TG_CALL_PREVIEW:
    case TG_CALL_READ:
        look(ex);
        return;
    case TG_CALL_UPDATE:
        change_judged(ex);
        return;
    case TG_CALL_DELETE:
    case TG_CALL_RELINQUISH:
        change(ex);
        return;
    }
    tg_exchange_answer_error(ex, TG_E_BUG);
}

struct tg_exchange *tg_relay_begin(struct tg_relay *relay, const struct tg_http_request *request,
                                   int64_t now_s, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_exchange *ex = tg_mem_calloc(1, sizeof(*ex));

    if (ex == NULL) {
        tg_relay_refuse(relay, 503, "", 2, ops, ctx);
        return NULL;
    }
    ex->relay = relay;
    ex->ops = ops;
    ex->ctx = ctx;
    ex->now_s = now_s;
    tg_buf_init(&ex->plain, TG_RECORD_MAX);
    tg_buf_init(&ex->fresh, TG_RECORD_MAX);
    tg_buf_init(&ex->sealed, TG_STORE_VALUE_MAX);
    tg_buf_init(&ex->note, TG_OUTBOX_SEALED_MAX);
    enter(ex);
    start(ex, request);
    return leave(ex) ? ex : NULL;
}

void tg_exchange_resume(struct tg_exchange *ex, int64_t now_s, enum tg_resume why)
{
    enter(ex);
    if (ex->is_waiting && !ex->is_ended) {
        ex->now_s = now_s;
        ex->is_woken = true;
        if (ex->pending_count > 0) {
            ex->must_look_again = true;      /* what is under way may have looked too early */
        } else if (why == TG_RESUME_DRAIN) { /* spec: protocol/2#long-poll-drain */
            tg_exchange_answer_result(ex);
        } else {
            look(ex);
        }
    }
    (void)leave(ex);
}

void tg_exchange_cancel(struct tg_exchange *ex)
{
    enter(ex);
    ex->is_ended = true;
    (void)leave(ex);
}
