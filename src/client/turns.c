/* SPDX-License-Identifier: Apache-2.0 */
#include "client/turns.h"

#include "client/bare.h"
#include "client/ending.h"
#include "client/good_standing.h"
#include "client/messages.h"
#include "client/pake.h"
#include "client/session.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"

#define CONFLICTS_MAX 3u

/* ---- refusals ------------------------------------------------------------------------------- */

static bool is_temporary(unsigned status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* spec: protocol/7#own-error */
enum tg_err tg_turns_refused(struct tigress_session *s, const struct tg_client_answer *answer)
{
    unsigned status = answer->status;
    const char *text =
        tg_session_say(s, "The relay refused the request with the status %u.", status);

    if (is_temporary(status) && answer->retry_after_s > 0) {
        text =
            tg_session_say(s,
                           "The relay is overloaded or out of order: it answered with the status "
                           "%u and asked for a pause of %u seconds.",
                           status, (unsigned)answer->retry_after_s);
    } else if (is_temporary(status)) {
        text =
            tg_session_say(s,
                           "The relay is overloaded or out of order: it answered with the status "
                           "%u.",
                           status);
    }
    if (is_temporary(status)) {
        tg_session_retry_later(s, TIGRESS_E_UNAVAILABLE, text, answer->retry_after_s);
    } else if (status == 401 || status == 403) {
        tg_session_fail(s, TIGRESS_E_DENIED, NULL);
    } else if (status == 404 || status == 410) {
        return tg_ending_gone(s, answer);
    } else if (status == 413) {
        tg_session_fail(s, TIGRESS_E_REFUSED,
                        "The relay refused: the message is too large for this relay.");
    } else if (status >= 400) {
        tg_session_fail(s, TIGRESS_E_REFUSED, text);
    } else if (status >= 300) {
        tg_session_retry_later(s, TIGRESS_E_PROTOCOL,
                               "The relay sent a redirect, which is never followed.", 0);
    } else {
        tg_session_retry_later(
            s, TIGRESS_E_PROTOCOL,
            tg_session_say(s, "The relay's answer, with the status %u, does not fit this request.",
                           status),
            0);
    }
    return TG_OK;
}

/* ---- a message of ours ------------------------------------------------------------------------
 */

enum tg_err tg_turns_begin_send(struct tigress_session *s, struct tg_bytes message)
{
    struct tg_uuid id;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_session_new_id(s, TG_S_SEND, &id));
    TG_TRY(tg_messages_seal(s, message));
    tg_good_standing_forget(s);
    tg_session_enter(s, TG_S_SEND);
    s->change.request_id = id;
    s->change.is_fresh = true;
    s->change.conflicts = 0;
    tg_good_standing_enter(s, TG_S_SEND);
out:
    return err;
}

/* spec: protocol/7#envelope-v2-bare
   spec: protocol/7#pake-nothing-before-proof */
static enum tg_err reply_for_application(struct tigress_session *s)
{
    bool is_try = tg_pake_is_turn(s) && !tg_pake_is_proof_due(s);
    enum tg_err err = TG_E_BUG;

    if (s->role == TIGRESS_RECIPIENT || is_try) {
        return tg_turns_begin_send(s, TG_LIT(TG_ENVELOPE2_BARE));
    }
    TG_TRY(tg_turns_begin_send(s, tg_buf_view(&s->messages.draft)));
    tg_buf_deinit(&s->messages.draft);
out:
    return err;
}

bool tg_turns_is_due(const struct tigress_session *s)
{
    return tg_bare_is_turn(s) || tg_pake_is_dead(s);
}

enum tg_err tg_turns_delivered(struct tigress_session *s)
{
    /* spec: protocol/7#pake-verdict */
    if (tg_pake_is_dead(s)) {
        s->change.is_cancelling = true;
        return tg_ending_begin(s, TG_END_NOTE_CANCELLED);
    }
    if (tg_bare_is_turn(s)) {
        return reply_for_application(s);
    }
    tg_session_key_forget(&s->key); /* it was for an answer to the message before */
    tg_session_enter(s, tg_pake_is_asked(s) ? TG_S_PIN : TG_S_MESSAGE);
    tg_buf_deinit(&s->change.envelope);
    return TG_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* spec: protocol/2#known-recipient
   Is it news that a device was bound? */
static bool take_opened(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_news = answer->opened == TIGRESS_OPENED_YES && s->mailbox.opened != TIGRESS_OPENED_YES;

    if (s->role == TIGRESS_INITIATOR) {
        tg_ending_take_opened(s, answer->opened);
    }
    return is_news && s->role == TIGRESS_INITIATOR;
}

/* No new message in the mailbox. */
static void read_nothing(struct tigress_session *s, enum tg_idle why, bool is_opened)
{
    if (s->read_mode == TG_READ_ONCE) {
        tg_session_enter(s, TG_S_UNCHANGED);
    } else if (s->read_mode == TG_READ_WAIT && is_opened && s->mailbox.wants_opened) {
        tg_session_enter(s, TG_S_OPENED);
    } else if (s->read_mode == TG_READ_WAIT) {
        tg_session_idle(s, why);
    } else {
        struct tg_uuid same = s->change.request_id;

        /* The version changed without a new message: send our update again, unchanged. */
        tg_session_enter(s, TG_S_SEND);
        s->change.request_id = same;
        s->change.is_fresh = s->change.is_first;
    }
}

static enum tg_err answer_look(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_new = false;
    bool is_handled = false;
    bool has_left_token = s->token.is_carried;
    bool is_opened = false;
    enum tg_err err = TG_OK;

    if (answer->status == 204 && s->mailbox.version > 0) {
        tg_session_succeeded(s);
        is_opened = take_opened(s, answer);
        read_nothing(s, is_opened ? TG_IDLE_NONE : TG_IDLE_ENDED, is_opened);
        return TG_OK;
    }
    if (answer->status != 200) {
        return tg_turns_refused(s, answer);
    }
    err = tg_messages_receive(s, answer, &is_new, &is_handled);
    if (err != TG_OK || is_handled) {
        return err;
    }
    is_opened = take_opened(s, answer);
    if (is_new || tg_turns_is_due(s)) {
        return tg_turns_delivered(s);
    } else {
        read_nothing(s, has_left_token ? TG_IDLE_NONE : TG_IDLE_REPEATED, is_opened);
    }
    return TG_OK;
}

/* ---- sending and stopping ------------------------------------------------------------------- */

static enum tg_err sent(struct tigress_session *s, const struct tg_client_answer *answer,
                        bool is_push_supported)
{
    struct tg_session_history history = { .is_unknown = true };
    enum tg_err err = tg_ending_next(&history, s, s->role, tg_buf_view(&s->change.envelope));
    bool is_behind =
        answer->status == 201 && s->mailbox.version > 0 && answer->version > s->mailbox.version;

    if (err != TG_OK) {
        return err;
    }
    s->history = history;
    tg_session_token_answered(s, is_push_supported);
    /* A relay may answer a repetition with its current version. Our update made the next version;
       any later one is still unread. */
    if (is_behind) {
        s->mailbox.version++;
    } else if (answer->version > s->mailbox.version) {
        s->mailbox.version = answer->version;
    }
    s->change.conflicts = 0;
    s->messages.is_our_turn = false;
    tg_session_succeeded(s);
    tg_session_enter(s, TG_S_SENT);
    if (tg_bare_is_waiting(s)) {
        bool is_one_look = s->role == TIGRESS_INITIATOR && s->read_mode == TG_READ_ONCE;

        s->read_mode = is_one_look ? TG_READ_ONCE : TG_READ_WAIT;
        tg_session_enter(s, TG_S_READ);
    }
    tg_buf_deinit(&s->change.envelope);
    return TG_OK;
}

static void fail_as_copy(struct tigress_session *s)
{
    tg_session_fail(s, TIGRESS_E_ELSEWHERE,
                    "Another copy of this device's saved state continued this transfer; this "
                    "message was not sent.");
}

/* The relay's 201 was false: nobody has changed the mailbox. The message is sent, and its answer
   checked, again when the application retries. */
static void pause_as_lie(struct tigress_session *s)
{
    struct tg_uuid same = s->change.request_id;

    tg_session_enter(s, TG_S_SEND);
    s->change.request_id = same;
    s->change.is_fresh = true;
    tg_session_pause(s, TIGRESS_E_PROTOCOL,
                     "The relay reports that this message was sent before, but it is not in the "
                     "mailbox, and no other is new there.");
}

/*
 * The relay knew this request id before we used it. If our message is in the mailbox, something
 * on the way has sent our request twice. A message that we do not know is another copy's, or the
 * answer to it; where our keys can show that it is neither, the relay has lied. If nothing is new
 * in the mailbox, it has lied too.
 * spec: protocol/7#saved-state-twice
 * spec: protocol/7#false-repetition
 */
static enum tg_err answer_verify(struct tigress_session *s, const struct tg_client_answer *answer)
{
    struct tg_msg_content content = { .expiration_s = 0 };
    struct tg_fault fault = { "" };
    struct tg_json *doc = NULL;
    bool is_foreign = false;
    enum tg_err err = TG_E_BUG;

    if (answer->status == 204) {
        pause_as_lie(s);
        return TG_OK;
    }
    err = tg_msg_content_decode(&content, &doc, answer->body, &fault);
    if (err == TG_OK && tg_bytes_is_equal(content.payload.data, tg_buf_view(&s->change.envelope))) {
        err = sent(s, answer, s->token.is_push_supported);
    } else if (err == TG_OK) {
        err = tg_messages_is_foreign(&is_foreign, s, &content.payload, answer->version);
        if (err == TG_OK && is_foreign) {
            pause_as_lie(s);
        } else if (err == TG_OK) {
            fail_as_copy(s);
        }
    } else if (err != TG_E_NOMEM) {
        tg_session_retry_later(
            s, TIGRESS_E_PROTOCOL,
            tg_session_say(s, "The relay's answer is not a message: %s", fault.text), 0);
        err = TG_OK;
    }
    tg_json_free(&doc);
    return err;
}

enum tg_err tg_turns_on_read(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_content = answer->status == 200 || answer->status == 204;

    return s->read_mode == TG_READ_VERIFY && is_content ? answer_verify(s, answer)
                                                        : answer_look(s, answer);
}

enum tg_err tg_turns_on_send(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_push_supported = false;
    bool is_done = answer->status == 200 || answer->status == 201;

    /* Only a valid answer to an update proves that the relay has it. A page of a proxy proves
       nothing. Repeating an update that the relay has does no harm. */
    if (answer->status == 201 && s->change.is_first) {
        s->read_mode = TG_READ_VERIFY;
        tg_session_enter(s, TG_S_READ);
    } else if (is_done && tg_msg_updated_decode(&is_push_supported, answer->body, NULL) == TG_OK) {
        return sent(s, answer, is_push_supported);
    } else if (answer->status == 401 && tg_good_standing_is_demanded(answer)) {
        tg_session_fail(s, TIGRESS_E_STANDING,
                        "The relay refused this device's attestation of the message.");
    } else if (answer->status == 412 && s->change.conflicts >= CONFLICTS_MAX) {
        tg_session_fail(s, TIGRESS_E_CONFLICT, NULL);
    } else if (answer->status == 412) {
        s->change.conflicts++;
        s->read_mode = TG_READ_CONFLICT;
        tg_session_enter(s, TG_S_READ);
        s->change.is_fresh =
            s->change.is_first; /* refused, so it is sent again if there is nothing new */
    } else {
        return tg_turns_refused(s, answer);
    }
    return TG_OK;
}

enum tg_err tg_turns_on_delete(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_refused = answer->status == 401 || answer->status == 403;

    if (answer->status == 200 || answer->status == 201 || answer->status == 204) {
        tg_ending_deleted(s, answer);
    } else if (is_refused && s->change.is_cancelling && s->role == TIGRESS_RECIPIENT) {
        /* A claim whose answer was lost may not have been bound: then there is nothing to end. */
        tg_ending_unconfirmed(s);
    } else {
        return tg_turns_refused(s, answer);
    }
    return TG_OK;
}

enum tg_err tg_turns_on_relinquish(struct tigress_session *s, const struct tg_client_answer *answer)
{
    if (answer->status == 200 || answer->status == 201 || answer->status == 204) {
        tg_session_enter(s, TG_S_DONE);
    } else {
        return tg_turns_refused(s, answer);
    }
    return TG_OK;
}
