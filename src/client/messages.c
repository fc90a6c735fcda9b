/* SPDX-License-Identifier: Apache-2.0 */
#include "client/messages.h"

#include "client/bare.h"
#include "client/display.h"
#include "client/ending.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/envelope.h"
#include "wire/json_text.h"
#include "wire/msg_read.h"

#include <inttypes.h>
#include <string.h>

/* ---- messages ------------------------------------------------------------------------------- */

/* spec: protocol/7#provisioning-information */
enum tg_err tg_messages_check(struct tg_bytes json, struct tg_buf *format, struct tg_fault *fault)
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
    if (tg_json_text_find(json, TG_ENVELOPE2_MEMBER).ptr != NULL) {
        tg_fault_set(fault,
                     "message: expected no member " TG_ENVELOPE2_MEMBER ", which the library adds");
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

/* *index: its place in messages.seen. */
static bool is_seen(const struct tigress_session *s, const uint8_t hash[TG_SHA256_LEN],
                    size_t *index)
{
    struct tg_bytes rest = tg_buf_view(&s->messages.seen);

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
    size_t before = s->messages.seen.len;
    enum tg_err err = TG_E_BUG;

    tg_buf_append(&s->messages.seen, tg_bytes(hash, TG_SHA256_LEN));
    err = tg_buf_status(&s->messages.seen);
    if (err != TG_OK) {
        s->messages.seen.err = TG_OK;
        tg_buf_truncate(&s->messages.seen, before);
    }
    return err;
}

/* spec: protocol/7#never-two-messages-under-one-iv */
enum tg_err tg_messages_seal(struct tigress_session *s, struct tg_bytes message)
{
    struct tg_buf box;
    struct tg_chain next;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&box, s->change.envelope.max);
    tg_chain_reset(&next, TG_CHAIN_V1);
    TG_TRY(tg_chain_seal(&next, s, &box, message));
    TG_TRY(tg_sha256(hash, tg_buf_view(&box)));
    TG_TRY(remember(s, hash));
    tg_buf_deinit(&s->change.envelope);
    s->change.envelope = box;
    tg_buf_init(&box, 0);
    tg_chain_commit(s, &next);
    /* spec: protocol/7#envelope-v2-strict-turns
       The sealed message is now part of the chain, so it is never replaced by another one. */
    if (s->chain.stage == TG_CHAIN_V2) {
        s->messages.is_our_turn = false;
    }
out:
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&box);
    return err;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static struct tg_bytes without_padding(struct tg_bytes text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

/* next: the chain with the message. Only a bare message changes it. */
static enum tg_err keep_message(struct tigress_session *s, struct tg_chain *next,
                                struct tg_bytes plain, const uint8_t hash[TG_SHA256_LEN],
                                struct tg_fault *fault)
{
    struct tg_buf format;
    bool is_bare = false;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&format, s->messages.format.max);
    TG_TRY(tg_messages_check(plain, &format, fault));
    TG_TRY(tg_bare_check(&is_bare, s, next, tg_buf_view(&format), fault));
    TG_TRY(remember(s, hash));
    if (is_bare) {
        goto out; /* nothing of it is for the application */
    }
    err = tg_text_set(&s->messages.last, plain);
    if (err != TG_OK) {
        tg_buf_truncate(&s->messages.seen, s->messages.seen.len - TG_SHA256_LEN);
        goto out;
    }
    tg_buf_deinit(&s->messages.format);
    s->messages.format = format;
    return TG_OK;
out:
    tg_buf_deinit(&format);
    return err;
}

/* After an envelope was opened. */
static const struct refusal {
    enum tg_err err;
    enum tigress_error error;
    const char *text;
} refusals[] = {
    { TG_E_DENIED, TIGRESS_E_TAMPERED,
      "The message has the old envelope format, although both sides agreed on the new one." },
    { TG_E_CONFLICT, TIGRESS_E_TAMPERED,
      "The message is not the next one of this transfer: it was changed, reordered, or not sent "
      "by the other side." },
    { TG_E_UNSUPPORTED, TIGRESS_E_NO_V2, NULL },
    { TG_E_NOTFOUND, TIGRESS_E_NO_PAKE, NULL },
    { TG_E_CRYPTO, TIGRESS_E_RANDOM, NULL },
};

/* fault: what was wrong; "": the sentence of the row, or of the error. error: without a row. */
static void refuse(struct tigress_session *s, enum tg_err err, enum tigress_error error,
                   const struct tg_fault *fault)
{
    const char *text = NULL;

    for (size_t i = 0; i < TG_COUNT(refusals); i++) {
        if (refusals[i].err == err) {
            error = refusals[i].error;
            text = refusals[i].text;
        }
    }
    if (fault->text[0] != '\0') {
        text = tg_session_say(s, "%s", fault->text);
    }
    tg_session_pause(s, error, text);
}

#define ALGORITHM_MAX 32u

/* The name of an algorithm has capital letters, digits and '_'. Only such a text is repeated: an
   identifier, a claim or a secret has another form. */
static bool is_algorithm_like(struct tg_bytes type)
{
    bool is_like = type.len > 0 && type.len <= ALGORITHM_MAX;

    for (size_t i = 0; i < type.len && is_like; i++) {
        uint8_t c = type.ptr[i];

        is_like = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return is_like;
}

/* spec: protocol/7#own-error
   The envelope did not open. */
static void refuse_envelope(struct tigress_session *s, enum tg_err err,
                            const struct tg_payload *payload, const struct tg_fault *fault)
{
    if (err == TG_E_DENIED || err == TG_E_CONFLICT) {
        refuse(s, err, TIGRESS_E_TAMPERED, fault);
    } else if (err == TG_E_UNSUPPORTED && is_algorithm_like(payload->type)) {
        tg_session_pause(s, TIGRESS_E_ALGORITHM,
                         tg_session_say(s, "%s, got %.*s", fault->text, (int)payload->type.len,
                                        (const char *)payload->type.ptr));
    } else if (err == TG_E_UNSUPPORTED) {
        tg_session_pause(
            s, TIGRESS_E_ALGORITHM,
            tg_session_say(s, "%s, got a text of %zu bytes", fault->text, payload->type.len));
    } else {
        tg_session_pause(s, tg_public_open_error(err), tg_session_say(s, "%s", fault->text));
    }
}

/* Opens and keeps a payload that was not seen before. If that fails, the session is paused. */
static enum tg_err deliver(struct tigress_session *s, const struct tg_payload *payload,
                           const uint8_t hash[TG_SHA256_LEN], bool *is_new)
{
    struct tg_buf plain;
    struct tg_buf text;
    struct tg_chain next;
    struct tg_fault fault = { "" };
    enum tg_chain_key key = TG_CHAIN_KEY_CURRENT;
    struct tg_session_history history = { .is_unknown = true };
    enum tigress_role peer = s->role == TIGRESS_INITIATOR ? TIGRESS_RECIPIENT : TIGRESS_INITIATOR;
    enum tg_err err = TG_E_BUG;

    if (s->messages.seen.len / TG_SHA256_LEN >= TIGRESS_TURNS_MAX) {
        tg_session_fail(s, TIGRESS_E_LIMIT, "This transfer has too many messages.");
        return TG_OK;
    }
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&text, TG_ENVELOPE_PLAIN_MAX);
    tg_chain_reset(&next, TG_CHAIN_V1);
    err = tg_chain_open(s, &plain, &key, payload, &fault);
    if (err != TG_OK) {
        if (err != TG_E_NOMEM) {
            refuse_envelope(s, err, payload, &fault);
            err = TG_OK;
        }
        goto out;
    }
    s->messages.has_opened = true;
    err = tg_chain_receive(&next, s, &text, without_padding(tg_buf_view(&plain)), key, payload,
                           &fault);
    tg_buf_deinit(&plain); /* text is the only copy that is needed while it is parsed */
    if (err == TG_OK && next.sas.stage == TG_SAS_WRONG) {
        tg_session_fail(s, TIGRESS_E_SAS, NULL);
        goto out;
    }
    if (err == TG_OK) {
        err = tg_ending_next(&history, s, peer, payload->data);
    }
    if (err == TG_OK) {
        err = keep_message(s, &next, tg_buf_view(&text), hash, &fault);
    }
    if (err == TG_OK) {
        tg_chain_commit(s, &next);
        *is_new = true;
        s->messages.is_our_turn = true;
        s->history = history;
        tg_ending_take_opened(s, TIGRESS_OPENED_YES);
    } else if (err != TG_E_NOMEM) {
        refuse(s, err, TIGRESS_E_BAD_MESSAGE, &fault);
        err = TG_OK;
    }
out:
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
    return err;
}

/* For an envelope seen before. false: the mailbox must not hold it; the session is paused. */
static bool accept_repeat(struct tigress_session *s, size_t index, uint64_t version)
{
    enum tg_repeat repeat = tg_chain_check_repeat(s, index, version);

    if (repeat == TG_REPEAT_OLDER) {
        tg_session_pause(s, TIGRESS_E_TAMPERED, "The relay returned an older message again.");
    } else if (repeat == TG_REPEAT_REFLECTED) {
        tg_session_pause(s, TIGRESS_E_TAMPERED,
                         "The relay returned this device's own message as one of the other side.");
    }
    return repeat == TG_REPEAT_EXPECTED;
}

/* The answer is accepted. */
static void take_content(struct tigress_session *s, const struct tg_client_answer *answer,
                         const struct tg_msg_content *content, struct tg_session_display *display)
{
    if (s->role == TIGRESS_RECIPIENT) {
        tg_display_take(s, display);
    }
    s->mailbox.expires_at_s = content->expiration_s;
    s->mailbox.version = answer->version > 0 ? answer->version : s->mailbox.version;
    if (s->token.is_carried) {
        tg_session_token_answered(s, content->has_push_supported && content->is_push_supported);
    }
    tg_session_succeeded(s);
}

static enum tg_err check_version(const struct tigress_session *s,
                                 const struct tg_client_answer *answer, struct tg_fault *fault)
{
    if (answer->version > 0 && answer->version < s->mailbox.version) {
        tg_fault_set(fault, "Mailbox-Version: expected at least %" PRIu64 ", got %" PRIu64,
                     s->mailbox.version, answer->version);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

enum tg_err tg_messages_receive(struct tigress_session *s, const struct tg_client_answer *answer,
                                bool *is_new, bool *is_handled)
{
    struct tg_msg_content content = { .expiration_s = 0 };
    struct tg_session_display display = { .title = { .max = 0 } };
    struct tg_fault fault = { "" };
    struct tg_json *doc = NULL;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    size_t index = 0;
    enum tg_err err = TG_E_BUG;

    *is_new = false;
    *is_handled = false;
    TG_TRY(tg_msg_content_decode(&content, &doc, answer->body, &fault));
    TG_TRY(check_version(s, answer, &fault));
    TG_TRY(tg_display_init(&display, s, &content.display));
    TG_TRY(tg_sha256(hash, content.payload.data));
    /* spec: protocol/7#replay-and-reflection */
    if (is_seen(s, hash, &index)) {
        *is_handled = !accept_repeat(s, index, answer->version);
    } else {
        TG_TRY(deliver(s, &content.payload, hash, is_new));
        *is_handled = !*is_new;
    }
    if (!*is_handled) {
        take_content(s, answer, &content, &display);
    }
out:
    tg_display_deinit(&display);
    tg_json_free(&doc);
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_session_retry_later(s, TIGRESS_E_PROTOCOL,
                               tg_session_say(s, "The relay's answer is not a message: %s",
                                              fault.text[0] != '\0' ? fault.text : "it is damaged"),
                               0);
        *is_handled = true;
        err = TG_OK;
    }
    return err;
}

enum tg_err tg_messages_is_foreign(bool *is_foreign, const struct tigress_session *s,
                                   const struct tg_payload *payload, uint64_t version)
{
    bool is_answered = version == 0 || version > s->mailbox.version + 1;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_buf plain;
    size_t index = 0;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    TG_TRY(tg_sha256(hash, payload->data));
    *is_foreign = true;
    if (is_seen(s, hash, &index)) {
        goto out;
    }
    err = tg_chain_open_copy(s, &plain, payload);
    if (err == TG_E_NOMEM) {
        goto out;
    }
    /* Under envelope v2 we cannot open the answer to a message that we do not have. */
    *is_foreign = err != TG_OK && (!is_answered || s->chain.stage == TG_CHAIN_V1);
    err = TG_OK;
out:
    tg_buf_deinit(&plain);
    return err;
}
