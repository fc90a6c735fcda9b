/* SPDX-License-Identifier: Apache-2.0 */
#include "client/session.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "client/text.h"
#include "wire/json_text.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"
#include "wire/problem.h"

#include <string.h>

/* ---- messages ------------------------------------------------------------------------------- */

/* spec: protocol/7#provisioning-information */
enum tg_err tg_message_check(struct tg_bytes json, struct tg_buf *format, struct tg_fault *fault)
{
    struct tg_json *doc = NULL;
    struct tg_json_object content = { .node = NULL };
    struct tg_bytes name = { NULL, 0 };
    enum tg_err err = TG_E_BUG;

    if (json.len > TG_ENVELOPE_PLAIN_MAX) {
        tg_fault_set(fault, "message: expected at most %u bytes", TG_ENVELOPE_PLAIN_MAX);
        return TG_E_LIMIT;
    }
    TG_TRY(tg_json_parse(&doc, json, fault));
    if (tg_json_text_find(json, TG_V2_MEMBER).ptr != NULL) {
        tg_fault_set(fault, "message: expected no member " TG_V2_MEMBER ", which the library adds");
        err = TG_E_SYNTAX;
        goto out;
    }
    TG_TRY(tg_json_get_string(&name, tg_json_top(doc), "format", TG_JSON_REQUIRED, 1,
                              TG_ENVELOPE_PLAIN_MAX, fault));
    TG_TRY(tg_json_get_object(&content, tg_json_top(doc), "content", TG_JSON_REQUIRED, fault));
    if (format != NULL) {
        TG_TRY(tg_text_set(format, name));
    }
out:
    tg_json_free(&doc);
    return err;
}

/* *index: which of those seen it is. */
static bool is_seen(const struct tigress_session *s, const uint8_t hash[TG_SHA256_LEN],
                    size_t *index)
{
    struct tg_bytes rest = tg_buf_view(&s->seen);

    for (size_t i = 0; rest.len >= TG_SHA256_LEN; i++) {
        if (tg_bytes_is_equal(tg_bytes_first(rest, TG_SHA256_LEN), tg_bytes(hash, TG_SHA256_LEN))) {
            *index = i;
            return true;
        }
        rest = tg_bytes_from(rest, TG_SHA256_LEN);
    }
    return false;
}

static enum tg_err remember(struct tigress_session *s, const uint8_t hash[TG_SHA256_LEN])
{
    size_t before = s->seen.len;
    enum tg_err err = TG_E_BUG;

    tg_buf_append(&s->seen, tg_bytes(hash, TG_SHA256_LEN));
    err = tg_buf_status(&s->seen);
    if (err != TG_OK) {
        s->seen.err = TG_OK;
        tg_buf_truncate(&s->seen, before);
    }
    return err;
}

/* spec: protocol/7#never-two-messages-under-one-iv */
enum tg_err tg_turn_seal(struct tigress_session *s, struct tg_bytes message)
{
    struct tg_buf box;
    struct tg_chain next;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&box, s->pending.max);
    tg_chain_reset(&next, TG_CHAIN_V1);
    TG_TRY(tg_chain_seal(&next, s, &box, message));
    TG_TRY(tg_sha256(hash, tg_buf_view(&box)));
    TG_TRY(remember(s, hash));
    tg_buf_deinit(&s->pending);
    s->pending = box;
    tg_buf_init(&box, 0);
    s->chain = next;
    /* spec: protocol/7#envelope-v2-strict-turns
       The other side has to follow: what is sealed is never taken back for something else. */
    if (s->chain.stage == TG_CHAIN_V2) {
        s->is_our_turn = false;
    }
out:
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&box);
    return err;
}

/* ---- reading -------------------------------------------------------------------------------- */

static const struct end_row {
    const char *slug;
    enum tigress_error error;
    const char *text;
} ends[] = {
    { "withdrawn", TIGRESS_E_WITHDRAWN, "The sender has withdrawn this transfer." },
    { "completed", TIGRESS_E_COMPLETED, "The recipient has ended this transfer." },
    { "expired", TIGRESS_E_EXPIRED, "The time of this transfer is over." },
};

/* *found stays NULL when the body names none of them. */
static enum tg_err find_end(const struct end_row **found, struct tg_bytes body)
{
    struct tg_problem problem = { .type = { NULL, 0 } };
    struct tg_json *doc = NULL;
    enum tg_err err = tg_problem_decode(&problem, &doc, body);

    if (err == TG_OK && tg_bytes_has_prefix(problem.type, TG_LIT(TG_PROBLEM_TYPE_PREFIX))) {
        struct tg_bytes slug = tg_bytes_from(problem.type, sizeof(TG_PROBLEM_TYPE_PREFIX) - 1);

        for (size_t i = 0; i < TG_COUNT(ends); i++) {
            if (tg_bytes_is_equal(slug, tg_bytes_str(ends[i].slug))) {
                *found = &ends[i];
            }
        }
    }
    tg_json_free(&doc);
    return err;
}

/* What the relay calls it when this side ends a transfer. */
static enum tigress_error end_of(enum tigress_role role)
{
    return role == TIGRESS_INITIATOR ? TIGRESS_E_WITHDRAWN : TIGRESS_E_COMPLETED;
}

/* spec: protocol/3#tombstone-tells-who-ended */
void tg_turn_ended(struct tigress_session *s, const struct tg_answer *answer)
{
    const struct end_row *end = NULL;

    if (find_end(&end, answer->body) == TG_E_NOMEM) {
        tg_session_pause(s, TIGRESS_E_NOMEM, tigress_error_text(TIGRESS_E_NOMEM));
    } else if (end == NULL) {
        tg_session_fail(s, TIGRESS_E_GONE,
                        "The relay has no such transfer: it is over, or never was.");
    } else if (end->error == TIGRESS_E_COMPLETED && s->role == TIGRESS_INITIATOR) {
        /* The recipient has what it came for. */
        tg_session_enter(s, TG_S_DONE);
    } else if (end->error == end_of(s->role)) {
        tg_session_fail(s, end->error,
                        "This side has ended this transfer already: this device did, or another "
                        "copy of its saved state.");
    } else {
        tg_session_fail(s, end->error, end->text);
    }
}

static struct tg_bytes without_padding(struct tg_bytes text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

static enum tg_err keep_message(struct tigress_session *s, struct tg_bytes plain,
                                const uint8_t hash[TG_SHA256_LEN])
{
    struct tg_buf format;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&format, s->format.max);
    TG_TRY(tg_message_check(plain, &format, NULL));
    TG_TRY(remember(s, hash));
    err = tg_text_set(&s->message, plain);
    if (err != TG_OK) {
        tg_buf_truncate(&s->seen, s->seen.len - TG_SHA256_LEN);
        goto out;
    }
    tg_buf_deinit(&s->format);
    s->format = format;
    return TG_OK;
out:
    tg_buf_deinit(&format);
    return err;
}

static const struct refusal {
    enum tg_err err;
    enum tigress_error error;
    const char *text;
} refusals[] = {
    { TG_E_DENIED, TIGRESS_E_TAMPERED,
      "The message is sealed in the old way, after both sides agreed on the new one." },
    { TG_E_CONFLICT, TIGRESS_E_TAMPERED,
      "The message is not the next one of this transfer: it was changed, put in the wrong place, "
      "or is not the other side's." },
    { TG_E_CRYPTO, TIGRESS_E_RANDOM, "This device's random source or crypto library failed." },
};

/* The words for what tg_chain_open or tg_chain_take said, or else the caller's. */
static void refuse(struct tigress_session *s, enum tg_err err, enum tigress_error error,
                   const char *text)
{
    for (size_t i = 0; i < TG_COUNT(refusals); i++) {
        /* A message that does not open, and a library that does not work, look the same there. */
        if (refusals[i].err == err && (err != TG_E_CRYPTO || error != TIGRESS_E_DECRYPT)) {
            error = refusals[i].error;
            text = refusals[i].text;
        }
    }
    tg_session_pause(s, error, text);
}

/* Opens and keeps a payload that was not seen before. Trouble with it stops the session for now. */
static enum tg_err deliver(struct tigress_session *s, const struct tg_payload *payload,
                           const uint8_t hash[TG_SHA256_LEN], bool *is_new)
{
    struct tg_buf plain;
    struct tg_buf text;
    struct tg_chain next;
    enum tg_err err = TG_E_BUG;

    if (s->seen.len / TG_SHA256_LEN >= TIGRESS_TURNS_MAX) {
        tg_session_fail(s, TIGRESS_E_LIMIT, "This transfer has had too many messages.");
        return TG_OK;
    }
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&text, TG_ENVELOPE_PLAIN_MAX);
    tg_chain_reset(&next, TG_CHAIN_V1);
    err = tg_chain_open(s, &plain, payload);
    if (err != TG_OK) {
        if (err != TG_E_NOMEM) {
            refuse(s, err, TIGRESS_E_DECRYPT,
                   "The message does not open: the secret is not the right one, or the message "
                   "was damaged.");
            err = TG_OK;
        }
        goto out;
    }
    s->has_opened = true;
    err = tg_chain_take(&next, s, &text, without_padding(tg_buf_view(&plain)), payload);
    if (err == TG_OK) {
        err = keep_message(s, tg_buf_view(&text), hash);
    }
    if (err == TG_OK) {
        s->chain = next;
        *is_new = true;
        s->is_our_turn = true;
    } else if (err != TG_E_NOMEM) {
        refuse(s, err, TIGRESS_E_BAD_MESSAGE,
               "The message opened, but is no provisioning information.");
        err = TG_OK;
    }
out:
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
    return err;
}

static enum tg_err keep_display(struct tigress_session *s, const struct tg_msg_content *content)
{
    enum tg_err err = TG_OK;

    if (s->role == TIGRESS_RECIPIENT) {
        TG_TRY(tg_text_set(&s->title, content->display.title));
        TG_TRY(tg_text_set(&s->description, content->display.description));
        TG_TRY(tg_text_set(&s->image_url, content->display.image_url));
    }
    s->expires_at_s = content->expiration_s;
out:
    return err;
}

/* Something that we know already. False: it has no business being in the mailbox. */
static bool take_repeat(struct tigress_session *s, size_t index, uint64_t version)
{
    enum tg_repeat repeat = tg_chain_judge(s, index, version);

    if (repeat == TG_REPEAT_OLDER) {
        tg_session_pause(s, TIGRESS_E_TAMPERED,
                         "The relay shows an older message again, which the transfer has left "
                         "behind.");
    } else if (repeat == TG_REPEAT_REFLECTED) {
        tg_session_pause(s, TIGRESS_E_TAMPERED,
                         "The relay shows our own message as if the other side had written it.");
    }
    return repeat == TG_REPEAT_NOTHING_NEW;
}

enum tg_err tg_turn_take_content(struct tigress_session *s, const struct tg_answer *answer,
                                 bool *is_new, bool *is_handled)
{
    struct tg_msg_content content = { .expiration_s = 0 };
    struct tg_json *doc = NULL;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    size_t index = 0;
    enum tg_err err = TG_E_BUG;

    *is_new = false;
    *is_handled = false;
    TG_TRY(tg_msg_content_decode(&content, &doc, answer->body, NULL));
    TG_REQUIRE(answer->version == 0 || answer->version >= s->version, TG_E_SYNTAX);
    TG_TRY(keep_display(s, &content));
    TG_TRY(tg_sha256(hash, content.payload.data));
    /* spec: protocol/7#replay-and-reflection */
    if (is_seen(s, hash, &index)) {
        *is_handled = !take_repeat(s, index, answer->version);
    } else {
        TG_TRY(deliver(s, &content.payload, hash, is_new));
        *is_handled = !*is_new;
    }
    if (!*is_handled) {
        s->version = answer->version > 0 ? answer->version : s->version;
        if (s->is_token_carried) {
            tg_session_token_answered(s, content.has_push_supported && content.is_push_supported);
        }
        tg_session_went_well(s);
    }
out:
    tg_json_free(&doc);
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_session_again(s, TIGRESS_E_PROTOCOL,
                         "The relay's answer is not what was asked for: it is cut, or no message.",
                         0);
        *is_handled = true;
        err = TG_OK;
    }
    return err;
}

/* Nothing new in the mailbox. */
static void read_nothing(struct tigress_session *s, enum tg_idle why)
{
    if (s->read_mode == TG_READ_ONCE) {
        tg_session_enter(s, TG_S_UNCHANGED);
    } else if (s->read_mode == TG_READ_WAIT) {
        tg_session_idle(s, why);
    } else {
        struct tg_uuid same = s->request_id;

        /* The version moved with nothing new to read: our update again, as it was. */
        tg_session_enter(s, TG_S_SEND);
        s->request_id = same;
        s->is_fresh = s->is_first;
    }
}

static enum tg_err answer_look(struct tigress_session *s, const struct tg_answer *answer)
{
    bool is_new = false;
    bool is_handled = false;
    bool has_left_token = s->is_token_carried;
    enum tg_err err = TG_OK;

    if (answer->status == 204 && s->version > 0) {
        tg_session_went_well(s);
        read_nothing(s, TG_IDLE_ENDED);
        return TG_OK;
    }
    if (answer->status != 200) {
        tg_session_refused(s, answer);
        return TG_OK;
    }
    err = tg_turn_take_content(s, answer, &is_new, &is_handled);
    if (err != TG_OK || is_handled) {
        return err;
    }
    if (is_new) {
        tg_session_enter(s, TG_S_MESSAGE);
        tg_buf_deinit(&s->pending);
    } else {
        read_nothing(s, has_left_token ? TG_IDLE_NONE : TG_IDLE_REPEATED);
    }
    return TG_OK;
}

/* ---- sending and stopping ------------------------------------------------------------------- */

static void sent(struct tigress_session *s, const struct tg_answer *answer, bool is_push_supported)
{
    bool is_behind = answer->status == 201 && s->version > 0 && answer->version > s->version;

    tg_session_token_answered(s, is_push_supported);
    /* To a repetition some relay may say its version of now. Ours was the next: what came after is
       still to be read. */
    if (is_behind) {
        s->version++;
    } else if (answer->version > s->version) {
        s->version = answer->version;
    }
    s->conflicts = 0;
    s->is_our_turn = false;
    tg_session_went_well(s);
    tg_session_enter(s, TG_S_SENT);
    tg_buf_deinit(&s->pending);
}

static void went_on_elsewhere(struct tigress_session *s)
{
    tg_session_fail(s, TIGRESS_E_ELSEWHERE,
                    "Another copy of this device's saved state has gone on with this transfer; "
                    "this one's message was not sent.");
}

/*
 * The relay had this request id before we ever used it. A machine in between may have sent our
 * request twice: then our message is in the mailbox. Otherwise somebody else has our claim.
 * spec: protocol/7#saved-state-twice
 */
static enum tg_err answer_verify(struct tigress_session *s, const struct tg_answer *answer)
{
    struct tg_msg_content content = { .expiration_s = 0 };
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    if (answer->status == 204) {
        went_on_elsewhere(s);
        return TG_OK;
    }
    err = tg_msg_content_decode(&content, &doc, answer->body, NULL);
    if (err == TG_OK && tg_bytes_is_equal(content.payload.data, tg_buf_view(&s->pending))) {
        sent(s, answer, s->is_push_supported);
    } else if (err == TG_OK) {
        went_on_elsewhere(s);
    } else if (err != TG_E_NOMEM) {
        tg_session_again(s, TIGRESS_E_PROTOCOL, "The relay's answer is not what was asked for.", 0);
        err = TG_OK;
    }
    tg_json_free(&doc);
    return err;
}

enum tg_err tg_answer_read(struct tigress_session *s, const struct tg_answer *answer)
{
    bool is_content = answer->status == 200 || answer->status == 204;

    return s->read_mode == TG_READ_VERIFY && is_content ? answer_verify(s, answer)
                                                        : answer_look(s, answer);
}

enum tg_err tg_answer_send(struct tigress_session *s, const struct tg_answer *answer)
{
    bool is_push_supported = false;
    bool is_done = answer->status == 200 || answer->status == 201;

    /* Only what a relay answers to an update proves that there was one: a page of somebody in
       between does not. The repetition does no harm where it was done already. */
    if (answer->status == 201 && s->is_first) {
        s->read_mode = TG_READ_VERIFY;
        tg_session_enter(s, TG_S_READ);
    } else if (is_done && tg_msg_updated_decode(&is_push_supported, answer->body, NULL) == TG_OK) {
        sent(s, answer, is_push_supported);
    } else if (answer->status == 401 && tg_standing_is_asked(answer)) {
        tg_session_fail(s, TIGRESS_E_STANDING,
                        "The relay did not take this device's attestation of the message.");
    } else if (answer->status == 412 && s->conflicts >= TG_CONFLICTS_MAX) {
        tg_session_fail(s, TIGRESS_E_CONFLICT,
                        "Both sides keep writing at the same time; nothing was overwritten.");
    } else if (answer->status == 412) {
        s->conflicts++;
        s->read_mode = TG_READ_CONFLICT;
        tg_session_enter(s, TG_S_READ);
        s->is_fresh = s->is_first; /* it was not taken, and goes out again if there is no news */
    } else {
        tg_session_refused(s, answer);
    }
    return TG_OK;
}

/* Deleting what is gone is done; being told that it was never ours is no news when we stop. */
enum tg_err tg_answer_delete(struct tigress_session *s, const struct tg_answer *answer)
{
    bool is_refused = answer->status == 401 || answer->status == 403;

    if (answer->status == 200 || answer->status == 201 || answer->status == 204 ||
        answer->status == 404 || answer->status == 410 || (is_refused && s->is_cancelling)) {
        tg_session_enter(s, TG_S_DONE);
    } else {
        tg_session_refused(s, answer);
    }
    return TG_OK;
}

enum tg_err tg_answer_relinquish(struct tigress_session *s, const struct tg_answer *answer)
{
    if (answer->status == 200 || answer->status == 201 || answer->status == 204) {
        tg_session_enter(s, TG_S_DONE);
    } else {
        tg_session_refused(s, answer);
    }
    return TG_OK;
}
