/* SPDX-License-Identifier: Apache-2.0 */
/* What the application decides: each call, where the table of states takes it. */
#include <tigress/session.h>

#include "client/engine.h"
#include "client/good_standing.h"
#include "client/initiator.h"
#include "client/messages.h"
#include "client/public_error.h"
#include "client/recipient.h"
#include "client/text.h"

/* A call that the state does not take changes nothing. */
static enum tigress_error may_call(const struct tigress_session *s, enum tg_act call)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    return tg_engine_accepts(s, call) ? TIGRESS_OK : TIGRESS_E_STATE;
}

enum tigress_error tigress_session_confirm_intent(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_CONFIRM);

    return error == TIGRESS_OK ? tg_public_error(tg_initiator_confirm(s)) : error;
}

enum tigress_error tigress_session_accept(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_ACCEPT);

    if (error == TIGRESS_OK) {
        tg_recipient_proceed(s);
    }
    return error;
}

enum tigress_error tigress_session_set_secret(struct tigress_session *s, const char *secret)
{
    enum tigress_error error = may_call(s, TG_ACT_SECRET);
    struct tg_secret fresh = { .len = 0 };

    if (error != TIGRESS_OK) {
        return error;
    }
    if (secret == NULL || s->messages.has_opened) {
        return secret == NULL ? TIGRESS_E_ARGUMENT : TIGRESS_E_STATE;
    }
    if (tg_share_secret_parse(&fresh, tg_text_view(secret, TIGRESS_SECRET_TEXT_MAX), NULL) !=
        TG_OK) {
        return TIGRESS_E_SECRET;
    }
    s->url.secret = fresh;
    tg_secret_wipe(&fresh);
    tg_session_drop_request(s); /* it may hold a proof of the other one */
    if (s->state == TG_S_SECRET) {
        tg_recipient_proceed(s);
    }
    return TIGRESS_OK;
}

/* spec: protocol/7#flows-any-number-of-turns */
enum tigress_error tigress_session_send(struct tigress_session *s, const char *message,
                                        size_t message_len)
{
    enum tigress_error error = may_call(s, TG_ACT_SEND);
    struct tg_uuid id;
    enum tg_err err = TG_E_BUG;

    if (error != TIGRESS_OK) {
        return error;
    }
    error = tigress_message_check(message, message_len, NULL, 0);
    if (error != TIGRESS_OK) {
        return error;
    }
    if (s->messages.seen.len / TG_SHA256_LEN >= TIGRESS_TURNS_MAX) {
        return TIGRESS_E_LIMIT;
    }
    err = tg_session_new_id(s, TG_S_SEND, &id);
    if (err == TG_OK) {
        err = tg_messages_seal(s, tg_bytes(message, message_len));
    }
    if (err == TG_OK) {
        tg_good_standing_forget(s);
        tg_session_enter(s, TG_S_SEND);
        s->change.request_id = id;
        s->change.is_fresh = true;
        s->change.conflicts = 0;
        tg_good_standing_enter(s, TG_S_SEND);
    }
    return tg_public_error(err);
}

static enum tigress_error look(struct tigress_session *s, enum tg_act call, enum tg_read_mode mode)
{
    enum tigress_error error = may_call(s, call);

    if (error == TIGRESS_OK && s->state == TG_S_READ && s->read_mode >= TG_READ_CONFLICT) {
        return TIGRESS_E_STATE; /* a send is not over before this read is */
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
    enum tigress_error error = may_call(s, TG_ACT_FINISH);

    return error == TIGRESS_OK ? tg_public_error(tg_session_enter_change(s, TG_S_DELETE)) : error;
}

enum tigress_error tigress_session_relinquish(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_RELINQUISH);

    return error == TIGRESS_OK ? tg_public_error(tg_session_enter_change(s, TG_S_RELINQUISH))
                               : error;
}

/* May the relay know of us, so that there is something to delete? */
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
        return s->standing.gate == TG_S_SEND; /* a create that was refused has made nothing */
    case TG_S_CREATED:
    case TG_S_READ:
    case TG_S_MESSAGE:
    case TG_S_UNCHANGED:
    case TG_S_SEND:
    case TG_S_SENT:
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
    s->backoff.is_waiting = false;
    s->backoff.delay_s = 0;
}

enum tigress_error tigress_session_cancel(struct tigress_session *s)
{
    enum tigress_error error = may_call(s, TG_ACT_CANCEL);
    enum tg_err err = TG_OK;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (!is_known_to_relay(s)) {
        tg_session_enter(s, TG_S_DONE);
    } else if (s->state == TG_S_CREATE) {
        resume_attempts(s);
    } else {
        err = tg_session_enter_change(s, TG_S_DELETE);
    }
    s->change.is_cancelling = err == TG_OK;
    return tg_public_error(err);
}

enum tigress_error tigress_session_retry(struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (!s->failure.is_paused) {
        return TIGRESS_E_STATE;
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
