/* SPDX-License-Identifier: Apache-2.0 */
/* What the application decides. A call is accepted where the table of states lists it. */
#include <tigress/session.h>

#include "base/mem.h"
#include "client/api/refusal.h"
#include "client/compare.h"
#include "client/ending.h"
#include "client/engine.h"
#include "client/good_standing.h"
#include "client/initiator.h"
#include "client/messages.h"
#include "client/public_error.h"
#include "client/recipient.h"
#include "client/text.h"
#include "client/turns.h"
#include "wire/limits.h"

/* A call that the state does not accept changes nothing. */
static enum tigress_error may_call(struct tigress_session *s, enum tg_act call, const char *name)
{
    enum tigress_want want = TIGRESS_FAILED;

    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (tg_engine_accepts(s, call)) {
        return TIGRESS_OK;
    }
    want = tg_engine_want(s);
    return tg_refusal_set(s, TIGRESS_E_STATE, "%s: not possible now, at %s", name,
                          want == TIGRESS_WANT_INPUT ? tigress_input_name(tigress_session_input(s))
                                                     : tigress_want_name(want));
}

/* Of a call that the state accepts. */
static enum tigress_error end_call(struct tigress_session *s, enum tg_err err)
{
    return tg_refusal_end(s, tg_public_error(err));
}

/* spec: protocol/7#envelope-v2-room */
static enum tigress_error check_room(struct tigress_session *s, size_t message_len)
{
    if (message_len <= tg_chain_room(s)) {
        return TIGRESS_OK;
    }
    return tg_refusal_set(s, TIGRESS_E_LIMIT,
                          "message: expected at most %zu bytes, which leaves room for the key of "
                          "envelope v2, got %zu",
                          tg_chain_room(s), message_len);
}

/* spec: protocol/7#envelope-v2-required
   A mailbox without the right to write has no second message, so no agreement. */
static enum tigress_error check_offer(struct tigress_session *s)
{
    if (s->v2.is_required && (s->settings.rights & TG_RIGHT_WRITE) == 0) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "rights: expected W among them, such as \"RWD\": the agreement on "
                              "envelope v2, which is required, needs a second message");
    }
    return check_room(s, s->messages.draft.len);
}

static enum tigress_error confirm(struct tigress_session *s)
{
    enum tigress_error error = check_offer(s);

    return error == TIGRESS_OK ? end_call(s, tg_initiator_confirm(s)) : error;
}

enum tigress_error tigress_session_confirm_intent(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_CONFIRM, "confirm_intent");

    return error == TIGRESS_OK ? confirm(s) : error;
}

/* spec: protocol/7#intent-evidence */
enum tigress_error tigress_session_confirm_intent_by(struct tigress_session *s,
                                                     enum tigress_user_check check,
                                                     int64_t confirmed_at_s)
{
    enum tigress_error error = may_call(s, TG_ACT_CONFIRM, "confirm_intent");

    if (error != TIGRESS_OK) {
        return error;
    }
    if (check != TIGRESS_USER_PRESENT && check != TIGRESS_USER_VERIFIED) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "check: expected a value of enum tigress_user_check, 1 or 2, got %u",
                              (unsigned)check);
    }
    if (confirmed_at_s < 0 || confirmed_at_s < s->now_s - TIGRESS_INTENT_AGE_MAX_S) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "confirmed_at_s: expected a consent of the last %d seconds; ask the "
                              "user again",
                              TIGRESS_INTENT_AGE_MAX_S);
    }
    return confirm(s);
}

enum tigress_error tigress_session_accept(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_ACCEPT, "accept");

    if (error == TIGRESS_OK) {
        tg_recipient_proceed(s);
    }
    return error;
}

enum tigress_error tigress_session_set_secret(struct tigress_session *s, const char *secret)
{
    enum tigress_error error = may_call(s, TG_ACT_SECRET, "secret");
    struct tg_secret fresh = { .len = 0 };

    if (error != TIGRESS_OK) {
        return error;
    }
    if (secret == NULL) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "secret: expected base64 text, got NULL");
    }
    if (s->messages.has_opened) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "secret: not possible after a message was decrypted with another");
    }
    if (tg_share_secret_parse(&fresh, tg_text_view(secret, TIGRESS_SECRET_TEXT_MAX),
                              &s->failure.refusal) != TG_OK) {
        return tg_refusal_end(s, TIGRESS_E_SECRET);
    }
    s->url.secret = fresh;
    s->is_secret_exposed = false;
    tg_secret_wipe(&fresh);
    tg_session_drop_request(s); /* it may hold a proof of the previous secret */
    if (s->state == TG_S_SECRET) {
        tg_recipient_proceed(s);
    }
    return TIGRESS_OK;
}

static enum tigress_error check_message(struct tigress_session *s, const char *message,
                                        size_t message_len)
{
    enum tigress_error error = tigress_message_check(message, message_len, s->failure.refusal.text,
                                                     sizeof(s->failure.refusal.text));

    if (error != TIGRESS_OK) {
        return tg_refusal_end(s, error);
    }
    return s->messages.seen.len / TG_SHA256_LEN < TIGRESS_TURNS_MAX
               ? TIGRESS_OK
               : tg_refusal_set(s, TIGRESS_E_LIMIT, "message: expected at most %u in a transfer",
                                TIGRESS_TURNS_MAX);
}

/* spec: protocol/7#flows-any-number-of-turns */
enum tigress_error tigress_session_send(struct tigress_session *s, const char *message,
                                        size_t message_len)
{
    enum tigress_error error = may_call(s, TG_ACT_SEND, "send");

    if (error == TIGRESS_OK) {
        error = check_message(s, message, message_len);
    }
    if (error == TIGRESS_OK) {
        error = check_room(s, message_len);
    }
    return error != TIGRESS_OK
               ? error
               : end_call(s, tg_turns_begin_send(s, tg_bytes(message, message_len)));
}

static enum tigress_error look(struct tigress_session *s, enum tg_act call, enum tg_read_mode mode)
{
    const char *name = call == TG_ACT_WAIT ? "wait" : "check";
    enum tigress_error error = may_call(s, call, name);

    if (error == TIGRESS_OK && s->state == TG_S_READ && s->read_mode >= TG_READ_CONFLICT) {
        /* the read that ends a send comes first */
        return tg_refusal_set(s, TIGRESS_E_STATE, "%s: not possible before the message is sent",
                              name);
    }
    if (error == TIGRESS_OK) {
        s->read_mode = mode;
        tg_session_enter(s, TG_S_READ);
    }
    return error;
}

enum tigress_error tigress_session_wait(struct tigress_session *s)
{
    return look(s, TG_ACT_WAIT, TG_READ_WAIT);
}

enum tigress_error tigress_session_check(struct tigress_session *s)
{
    return look(s, TG_ACT_CHECK, TG_READ_ONCE);
}

enum tigress_error tigress_session_finish(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_FINISH, "finish");

    if (error == TIGRESS_OK && !tg_ending_may_complete(s)) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "finish: not possible before envelope v2, which is required, proves "
                              "the end; cancel is");
    }
    return error == TIGRESS_OK ? end_call(s, tg_ending_begin(s, TG_END_NOTE_COMPLETED)) : error;
}

enum tigress_error tigress_session_relinquish(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_RELINQUISH, "relinquish");

    return error == TIGRESS_OK ? end_call(s, tg_session_enter_change(s, TG_S_RELINQUISH)) : error;
}

/* True when the relay may have something of this session to delete. */
static bool is_known_to_relay(const struct tigress_session *s)
{
    switch (s->state) {
    case TG_S_INTENT:
    case TG_S_CHECK:
    case TG_S_SECRET:
    case TG_S_PREVIEW:
    case TG_S_PREVIEWED:
        return false;
    case TG_S_CREATE:
    case TG_S_CLAIM:
        return s->change.is_attempted;
    case TG_S_ATTEST:
    case TG_S_TOKEN:
        return s->standing.gate == TG_S_SEND; /* a create that was refused made no mailbox */
    case TG_S_CREATED:
    case TG_S_READ:
    case TG_S_MESSAGE:
    case TG_S_KEY:
    case TG_S_UNCHANGED:
    case TG_S_OPENED:
    case TG_S_SEND:
    case TG_S_SENT:
    case TG_S_PIN:
    case TG_S_DELETE:
    case TG_S_RELINQUISH:
    case TG_S_DONE:
    case TG_S_FAILED:
    case TG_S_COUNT:
        break;
    }
    return true;
}

static void resume_attempts(struct tigress_session *s)
{
    s->failure.is_paused = false;
    s->failure.error = TIGRESS_OK;
    s->failure.text = NULL;
    s->backoff.failures = 0;
    s->backoff.cause = TIGRESS_OK;
    s->backoff.is_waiting = false;
    s->backoff.delay_s = 0;
}

enum tigress_error tigress_session_cancel(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_CANCEL, "cancel");
    enum tg_end_note_end end = TG_END_NOTE_DECLINED;
    enum tg_err err = TG_OK;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (s->role == TIGRESS_INITIATOR) {
        end = TG_END_NOTE_CANCELLED;
    }
    if (!is_known_to_relay(s)) {
        tg_ending_unsent(s, end);
    } else if (s->state == TG_S_CREATE) {
        resume_attempts(s);
    } else {
        err = tg_ending_begin(s, end);
    }
    s->change.is_cancelling = err == TG_OK;
    return end_call(s, err);
}

/* spec: protocol/7#pake-tries
   The PIN is kept only until the message with the tag is sealed. */
enum tigress_error tigress_session_enter_pin(struct tigress_session *s, const char *typed)
{
    enum tigress_error error = may_call(s, TG_ACT_PIN, "enter_pin");
    char digits[TIGRESS_PIN_TEXT_MAX] = "";
    enum tg_err err = TG_E_BUG;

    if (error == TIGRESS_OK) {
        error = tigress_pin_normalise(typed, digits, sizeof(digits));
    }
    if (error == TIGRESS_E_ARGUMENT && s != NULL) {
        error = tg_refusal_set(s, error, "PIN: expected %u to %u digits; this was no try",
                               TIGRESS_PIN_DIGITS_MIN, TIGRESS_PIN_DIGITS_MAX);
    }
    if (error != TIGRESS_OK) {
        return s == NULL ? error : tg_refusal_end(s, error);
    }
    err = tg_secret_set(&s->pake.pin, tg_bytes_str(digits));
    tg_mem_wipe(digits, sizeof(digits));
    if (err == TG_OK) {
        err = tg_turns_begin_send(s, TG_LIT(TG_ENVELOPE2_BARE));
    }
    tg_secret_wipe(&s->pake.pin);
    return end_call(s, err);
}

/* spec: protocol/7#sas-mismatch-ends */
enum tigress_error tigress_session_compare_sas(struct tigress_session *s,
                                               enum tigress_sas_verdict verdict)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (verdict != TIGRESS_SAS_SAME && verdict != TIGRESS_SAS_DIFFERENT) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "verdict: expected a value of enum tigress_sas_verdict, 1 or 2, got "
                              "%u",
                              (unsigned)verdict);
    }
    if (!tg_compare_is_shown(s)) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "compare_sas: not possible before the digits are known");
    }
    if (verdict == TIGRESS_SAS_DIFFERENT) {
        return tigress_session_cancel(s);
    }
    s->chain.sas.is_confirmed = true;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_retry(struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (!s->failure.is_paused) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "retry: expected a session that failed with an error of the class "
                              "TIGRESS_CLASS_RETRY");
    }
    resume_attempts(s);
    return TIGRESS_OK;
}

void tigress_session_wake(struct tigress_session *s)
{
    if (s != NULL) {
        s->backoff.is_waiting = false;
        s->backoff.delay_s = 0;
        s->backoff.idle_why = TG_IDLE_NONE;
    }
}
