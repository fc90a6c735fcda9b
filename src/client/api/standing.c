/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/session.h>

#include "base/mem.h"
#include "client/api/refusal.h"
#include "client/engine.h"
#include "client/good_standing.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/attestation.h"
#include "wire/envelope.h"

#include <string.h>

#define TOKEN_TEXT_MAX 2048u
#define TOKEN_SIGNS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

enum tigress_error tigress_session_want_attestation(struct tigress_session *s,
                                                    enum tigress_attestation_when when)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if ((unsigned)when > TIGRESS_ATTEST_ALWAYS) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "when: expected a value of enum tigress_attestation_when, 0 to %u, "
                              "got %u",
                              (unsigned)TIGRESS_ATTEST_ALWAYS, (unsigned)when);
    }
    if (s->settings.is_closed) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "when: expected before the first tigress_session_step()");
    }
    s->standing.attest_when = when;
    s->standing.is_used = true;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_want_private_token(struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (s->settings.is_closed || s->role != TIGRESS_INITIATOR) {
        return tg_refusal_set(s, TIGRESS_E_STATE, "want_private_token: expected %s",
                              s->settings.is_closed ? "before the first tigress_session_step()"
                                                    : "a session of an initiator");
    }
    s->standing.wants_token = true;
    s->standing.is_used = true;
    return TIGRESS_OK;
}

/* ---- attestation ---------------------------------------------------------------------------- */

enum tigress_error
tigress_session_attestation_challenge(const struct tigress_session *s,
                                      unsigned char out[TIGRESS_ATTESTATION_CHALLENGE_LEN])
{
    char claim[TG_UUID_TEXT_LEN + 1];
    char request_id[TG_UUID_TEXT_LEN + 1];
    struct tg_attestation_cover cover;
    enum tg_err err = TG_E_BUG;

    if (s == NULL || out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (s->state != TG_S_ATTEST) {
        return TIGRESS_E_STATE;
    }
    tg_uuid_format(claim, &s->claim);
    tg_uuid_format(request_id, &s->change.request_id);
    cover = (struct tg_attestation_cover){ .claim = tg_bytes_str(claim),
                                           .request_id = tg_bytes_str(request_id),
                                           .payload_type = tg_envelope_type(&s->url.secret),
                                           .payload_data = tg_buf_view(&s->change.envelope) };
    err = tg_attestation_challenge(out, &cover);
    tg_mem_wipe(claim, sizeof(claim));
    return tg_public_error(err);
}

/* The text of the header that carries the object. */
static enum tg_err keep_attestation(struct tigress_session *s, struct tg_bytes object)
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TG_ATTESTATION_HEADER_MAX);
    tg_attestation_encode(&text, object);
    TG_TRY(tg_buf_status(&text));
    err = tg_text_set(&s->standing.attestation, tg_buf_view(&text));
out:
    tg_buf_deinit(&text);
    return err;
}

enum tigress_error tigress_session_set_attestation(struct tigress_session *s,
                                                   const unsigned char *object, size_t len)
{
    enum tg_err err = TG_E_BUG;

    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if ((object == NULL) != (len == 0)) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "attestation: expected an object and its length, or NULL and 0");
    }
    if (!tg_engine_accepts(s, TG_ACT_ATTEST)) {
        return tg_refusal_set(s, TIGRESS_E_STATE, "attestation: expected at INPUT_ATTESTATION");
    }
    if (len > TG_ATTESTATION_DECODED_MAX) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "attestation: expected at most %u bytes, got %zu",
                              (unsigned)TG_ATTESTATION_DECODED_MAX, len);
    }
    if (object == NULL) {
        s->standing.is_attest_tried = true;
        tg_good_standing_declined(s);
        return TIGRESS_OK;
    }
    err = keep_attestation(s, tg_bytes(object, len));
    if (err == TG_OK) {
        s->standing.is_attest_tried = true;
        tg_good_standing_proceed(s);
    }
    return tg_refusal_end(s, tg_public_error(err));
}

/* ---- tokens --------------------------------------------------------------------------------- */

const char *tigress_session_private_token_challenge(const struct tigress_session *s)
{
    return s == NULL || s->state != TG_S_TOKEN ? "" : tg_text_cstr(&s->standing.token_challenge);
}

static enum tigress_error check_token(struct tigress_session *s, const char *text, bool is_asked)
{
    struct tg_bytes token = tg_text_view(text, TOKEN_TEXT_MAX);
    size_t len = 0;

    if (text == NULL) {
        return is_asked ? TIGRESS_OK
                        : tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                                         "token: NULL is expected only at INPUT_PRIVATE_TOKEN");
    }
    if (token.len > TOKEN_TEXT_MAX) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "token: expected at most %u bytes",
                              TOKEN_TEXT_MAX);
    }
    len = strspn(text, TOKEN_SIGNS);
    if (len == 0 || len + strspn(text + len, "=") != token.len) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "token: expected base64url text");
    }
    return TIGRESS_OK;
}

static enum tg_err keep_token(struct tigress_session *s, struct tg_bytes token)
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TG_AUTHORIZATION_MAX - 1);
    tg_buf_append_str(&text, TG_SCHEME_PRIVATE_TOKEN " token=\"");
    tg_buf_append(&text, token);
    tg_buf_append_str(&text, "\"");
    TG_TRY(tg_buf_status(&text));
    err = tg_text_set(&s->standing.authorization, tg_buf_view(&text));
out:
    tg_buf_deinit(&text);
    return err;
}

enum tigress_error tigress_session_set_private_token(struct tigress_session *s, const char *token)
{
    bool is_asked = s != NULL && tg_engine_accepts(s, TG_ACT_TOKEN);
    enum tigress_error error = TIGRESS_OK;

    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (!is_asked && s->state != TG_S_INTENT) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "token: expected before confirm_intent, or at INPUT_PRIVATE_TOKEN");
    }
    error = check_token(s, token, is_asked);
    if (error == TIGRESS_OK && token != NULL) {
        error = tg_refusal_end(s, tg_public_error(keep_token(s, tg_bytes_str(token))));
    }
    if (error != TIGRESS_OK) {
        return error;
    }
    s->standing.is_used = true;
    s->standing.is_token_tried = is_asked;
    if (is_asked && token == NULL) {
        tg_good_standing_declined(s);
    } else if (is_asked) {
        tg_good_standing_proceed(s);
    }
    return TIGRESS_OK;
}
