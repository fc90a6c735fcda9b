/* SPDX-License-Identifier: Apache-2.0 */
/* What a session knows. */
#include <tigress/session.h>

#include "client/api/share_url.h"
#include "client/compare.h"
#include "client/engine.h"
#include "client/text.h"

const struct tigress_http_request *tigress_session_request(const struct tigress_session *s)
{
    return s != NULL && s->request.is_in_flight && s->request.is_built ? &s->request.http : NULL;
}

int64_t tigress_session_deadline_s(const struct tigress_session *s)
{
    return s != NULL && tg_engine_want(s) == TIGRESS_WANT_WAIT ? s->backoff.wait_until_s : 0;
}

enum tigress_role tigress_session_role(const struct tigress_session *s)
{
    return s != NULL ? s->role : TIGRESS_INITIATOR;
}

const char *tigress_session_message(const struct tigress_session *s, size_t *len)
{
    if (len != NULL) {
        *len = s != NULL ? s->messages.last.len : 0;
    }
    return s != NULL ? tg_text_cstr(&s->messages.last) : "";
}

const char *tigress_session_message_format(const struct tigress_session *s)
{
    return s != NULL ? tg_text_cstr(&s->messages.format) : "";
}

enum tigress_error tigress_session_share_url(const struct tigress_session *s,
                                             enum tigress_share_form form, char *out, size_t cap)
{
    if (s == NULL || out == NULL || (unsigned)form > TIGRESS_FORM_SECRET) {
        return TIGRESS_E_ARGUMENT;
    }
    return s->mailbox.is_known ? tg_share_url_put(&s->url, form, out, cap) : TIGRESS_E_STATE;
}

const char *tigress_session_mailbox_id(const struct tigress_session *s)
{
    return s != NULL ? s->mailbox.id_text : "";
}

const char *tigress_session_relay_host(const struct tigress_session *s)
{
    return s != NULL ? s->url.host : "";
}

const char *tigress_session_vertical(const struct tigress_session *s)
{
    return s != NULL ? s->url.vertical : "";
}

const char *tigress_session_title(const struct tigress_session *s)
{
    return s != NULL ? tg_text_cstr(&s->display.title) : "";
}

const char *tigress_session_description(const struct tigress_session *s)
{
    return s != NULL ? tg_text_cstr(&s->display.description) : "";
}

int tigress_session_was_secret_exposed(const struct tigress_session *s)
{
    return s != NULL && s->is_secret_exposed;
}

const char *tigress_session_image_url(const struct tigress_session *s)
{
    return s != NULL ? tg_text_cstr(&s->display.image_url) : "";
}

int64_t tigress_session_expires_at_s(const struct tigress_session *s)
{
    return s != NULL ? s->mailbox.expires_at_s : 0;
}

uint64_t tigress_session_version(const struct tigress_session *s)
{
    return s != NULL ? s->mailbox.version : 0;
}

int tigress_session_is_push_supported(const struct tigress_session *s)
{
    return s != NULL && s->token.is_push_supported;
}

unsigned tigress_session_envelope_version(const struct tigress_session *s)
{
    return s != NULL && s->chain.stage == TG_CHAIN_V2 ? 2 : 1;
}

enum tigress_v2 tigress_session_v2(const struct tigress_session *s)
{
    if (s == NULL || (s->chain.stage != TG_CHAIN_V1 && s->chain.stage != TG_CHAIN_V2)) {
        return TIGRESS_V2_OPEN;
    }
    return s->chain.stage == TG_CHAIN_V2 ? TIGRESS_V2_AGREED
           : s->v2.is_disabled           ? TIGRESS_V2_DISABLED
                                         : TIGRESS_V2_GIVEN_UP;
}

enum tigress_v2 tigress_session_take_v2_event(struct tigress_session *s)
{
    if (s == NULL || !s->v2.is_event_due) {
        return TIGRESS_V2_OPEN;
    }
    s->v2.is_event_due = false;
    return tigress_session_v2(s);
}

enum tigress_sas tigress_session_sas_state(const struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_SAS_NONE;
    }
    if (tg_compare_is_shown(s)) {
        return s->chain.sas.is_confirmed ? TIGRESS_SAS_CONFIRMED : TIGRESS_SAS_READY;
    }
    return tg_compare_is_open(s) ? TIGRESS_SAS_LATER : TIGRESS_SAS_NONE;
}

enum tigress_error tigress_session_sas(const struct tigress_session *s, char *out, size_t cap)
{
    if (s == NULL || out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_text_copy(out, cap, "");
    if (!tg_compare_is_shown(s)) {
        return TIGRESS_E_STATE;
    }
    return tg_text_copy_whole(out, cap, tg_bytes_str(s->chain.sas.digits));
}

enum tigress_opened tigress_session_opened(const struct tigress_session *s)
{
    return s != NULL ? s->mailbox.opened : TIGRESS_OPENED_UNKNOWN;
}

enum tigress_end tigress_session_end(const struct tigress_session *s)
{
    return s != NULL ? s->ending.end : TIGRESS_END_NONE;
}

enum tigress_proof tigress_session_end_proof(const struct tigress_session *s)
{
    return s != NULL ? s->ending.proof : TIGRESS_PROOF_NONE;
}

enum tigress_error tigress_session_error(const struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    return tg_engine_want(s) == TIGRESS_FAILED ? s->failure.error : TIGRESS_OK;
}

const char *tigress_session_error_text(const struct tigress_session *s)
{
    if (s != NULL && s->failure.refusal.text[0] != '\0') {
        return s->failure.refusal.text;
    }
    if (s == NULL || tg_engine_want(s) != TIGRESS_FAILED) {
        return "";
    }
    return s->failure.text != NULL ? s->failure.text : tigress_error_text(s->failure.error);
}

enum tigress_error tigress_session_wait_reason(const struct tigress_session *s)
{
    return s != NULL ? s->backoff.cause : TIGRESS_E_ARGUMENT;
}

const char *tigress_session_wait_text(const struct tigress_session *s)
{
    if (s == NULL || s->backoff.cause == TIGRESS_OK) {
        return "";
    }
    return s->backoff.cause_text != NULL ? s->backoff.cause_text
                                         : tigress_error_text(s->backoff.cause);
}

const char *tigress_session_relay_detail(const struct tigress_session *s)
{
    return s != NULL ? s->failure.detail : "";
}

unsigned tigress_session_failures(const struct tigress_session *s)
{
    return s != NULL ? s->backoff.failures : 0;
}
