/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/session.h>

#include "base/utf8.h"
#include "client/api/share_url.h"
#include "client/policy.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/limits.h"
#include "wire/msg_create.h"

#include <string.h>

enum tigress_error tigress_initiator_new(struct tigress_session **out, const char *relay_url,
                                         const char *message, size_t message_len, char *why,
                                         size_t why_cap)
{
    struct tigress_session *s = NULL;
    struct tg_fault fault = { "" };
    enum tg_err err = TG_E_BUG;
    enum tigress_error error = TIGRESS_E_ARGUMENT;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || relay_url == NULL || message == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    error = tigress_message_check(message, message_len, why, why_cap);
    if (error != TIGRESS_OK) {
        return error;
    }
    err = tg_session_new(&s, TIGRESS_INITIATOR);
    if (err == TG_OK) {
        err = tg_relay_url_parse(&s->url, tg_text_view(relay_url, TG_SHARE_URL_MAX), &fault);
    }
    if (err == TG_OK) {
        err = tg_text_set(&s->messages.draft, tg_bytes(message, message_len));
    }
    tg_text_copy(why, why_cap, fault.text);
    if (err != TG_OK) {
        tigress_session_free(&s);
        return err == TG_E_SYNTAX ? TIGRESS_E_URL : tg_public_error(err);
    }
    *out = s;
    return TIGRESS_OK;
}

enum tigress_error tigress_recipient_new(struct tigress_session **out, const char *share_url,
                                         const char *secret, char *why, size_t why_cap)
{
    struct tigress_session *s = NULL;
    struct tg_fault fault = { "" };
    enum tigress_error error = TIGRESS_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || share_url == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (tg_session_new(&s, TIGRESS_RECIPIENT) != TG_OK) {
        return TIGRESS_E_NOMEM;
    }
    error = tg_share_url_read(&s->url, tg_text_view(share_url, TG_SHARE_URL_MAX), &fault);
    if (error == TIGRESS_OK && secret != NULL &&
        tg_share_secret_parse(&s->url.secret, tg_text_view(secret, TIGRESS_SECRET_TEXT_MAX),
                              &fault) != TG_OK) {
        error = TIGRESS_E_SECRET;
    }
    tg_text_copy(why, why_cap, fault.text);
    if (error != TIGRESS_OK) {
        tigress_session_free(&s);
        return error;
    }
    s->mailbox.is_known = true;
    tg_uuid_format(s->mailbox.id_text, &s->url.mailbox);
    *out = s;
    return TIGRESS_OK;
}

/* Settings are closed by the first step, and some are of one role. */
static enum tigress_error may_set(const struct tigress_session *s, unsigned roles)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    return s->settings.is_closed || (roles & (unsigned)s->role) == 0 ? TIGRESS_E_STATE : TIGRESS_OK;
}

enum tigress_error tigress_session_set_secret_len(struct tigress_session *s, size_t secret_len)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);

    if (error == TIGRESS_OK && secret_len != 16 && secret_len != 32) {
        error = TIGRESS_E_ARGUMENT;
    }
    if (error == TIGRESS_OK) {
        s->settings.secret_len = secret_len;
    }
    return error;
}

static enum tigress_error check_text(struct tg_bytes text, size_t min, size_t max)
{
    if (text.len > max) {
        return TIGRESS_E_LIMIT;
    }
    return text.len < min || !tg_utf8_is_valid(text) ? TIGRESS_E_ARGUMENT : TIGRESS_OK;
}

struct setting {
    struct tg_buf *text;
    struct tg_bytes value;
    size_t min; /* bytes */
    size_t max;
};

/* All are checked before any is set. */
static enum tigress_error set_texts(const struct setting *settings, size_t count)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; i < count; i++) {
        enum tigress_error error = check_text(settings[i].value, settings[i].min, settings[i].max);

        if (error != TIGRESS_OK) {
            return error;
        }
    }
    for (size_t i = 0; i < count && err == TG_OK; i++) {
        err = tg_text_set(settings[i].text, settings[i].value);
    }
    return tg_public_error(err);
}

enum tigress_error tigress_session_set_display(struct tigress_session *s, const char *title,
                                               const char *description, const char *image_url)
{
    static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);

    if (error != TIGRESS_OK) {
        return error;
    }
    const struct setting settings[] = {
        { &s->display.title, tg_text_view(title, limits.title_max), 0, limits.title_max },
        { &s->display.description, tg_text_view(description, limits.description_max), 0,
          limits.description_max },
        { &s->display.image_url, tg_text_view(image_url, limits.image_url_max), 0,
          limits.image_url_max },
    };

    return set_texts(settings, TG_COUNT(settings));
}

/* At any time but while a request is under way, and as long as one is to come that could tell. */
static enum tigress_error may_set_token(const struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    return s->request.is_in_flight || s->state >= TG_S_DELETE ? TIGRESS_E_STATE : TIGRESS_OK;
}

static void take_text(struct tg_buf *text, struct tg_buf *fresh)
{
    tg_buf_deinit(text);
    *text = *fresh;
    tg_buf_init(fresh, text->max);
}

/* Both or none. */
static enum tg_err replace_token(struct tigress_session *s, struct tg_bytes type,
                                 struct tg_bytes token_data)
{
    struct tg_buf fresh_type;
    struct tg_buf fresh_data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&fresh_type, s->token.type.max);
    tg_buf_init(&fresh_data, s->token.data.max);
    TG_TRY(tg_text_set(&fresh_type, type));
    TG_TRY(tg_text_set(&fresh_data, token_data));
    take_text(&s->token.type, &fresh_type);
    take_text(&s->token.data, &fresh_data);
    s->token.is_due = true;
    s->token.is_carried = false;
    s->token.is_push_supported = false;
    tg_session_drop_request(s); /* an interrupted one may hold the other token */
out:
    tg_buf_deinit(&fresh_data);
    tg_buf_deinit(&fresh_type);
    return err;
}

enum tigress_error tigress_session_set_notification_token(struct tigress_session *s,
                                                          const char *type, const char *token_data)
{
    static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;
    const struct tg_bytes type_text = tg_text_view(type, limits.token_type_max);
    const struct tg_bytes data_text = tg_text_view(token_data, limits.token_data_max);
    enum tigress_error error = may_set_token(s);

    if (error == TIGRESS_OK) {
        error = check_text(type_text, 1, limits.token_type_max);
    }
    if (error == TIGRESS_OK) {
        error = check_text(data_text, 1, limits.token_data_max);
    }
    return error == TIGRESS_OK ? tg_public_error(replace_token(s, type_text, data_text)) : error;
}

enum tigress_error tigress_session_set_expiration(struct tigress_session *s, int64_t expires_at_s)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);

    if (error == TIGRESS_OK && (expires_at_s < 0 || expires_at_s > INT64_C(253402300799))) {
        error = TIGRESS_E_ARGUMENT;
    }
    if (error == TIGRESS_OK) {
        s->mailbox.expires_at_s = expires_at_s;
    }
    return error;
}

enum tigress_error tigress_session_set_rights(struct tigress_session *s, const char *rights)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);
    unsigned set = 0;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (tg_rights_parse(&set, tg_text_view(rights, 8), NULL) != TG_OK) {
        return TIGRESS_E_ARGUMENT;
    }
    s->settings.rights = set;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_vertical(struct tigress_session *s, const char *vertical)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);
    struct tg_bytes text = tg_text_view(vertical, TG_VERTICAL_MAX);

    if (error != TIGRESS_OK) {
        return error;
    }
    if (text.len > TG_VERTICAL_MAX) {
        return TIGRESS_E_LIMIT;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && strchr("-._~", c) == NULL) {
            return TIGRESS_E_ARGUMENT;
        }
    }
    memset(s->url.vertical, 0, sizeof(s->url.vertical));
    if (text.len > 0) {
        memcpy(s->url.vertical, text.ptr, text.len);
    }
    return TIGRESS_OK;
}

enum tigress_error tigress_session_require_proof(struct tigress_session *s)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR);

    if (error == TIGRESS_OK) {
        s->settings.must_prove = true;
    }
    return error;
}

enum tigress_error tigress_session_disable_envelope_v2(struct tigress_session *s)
{
    enum tigress_error error = may_set(s, TIGRESS_INITIATOR | TIGRESS_RECIPIENT);

    if (error == TIGRESS_OK) {
        tg_chain_reset(&s->chain, TG_CHAIN_V1);
    }
    return error;
}

enum tigress_error tigress_session_allow_relay(struct tigress_session *s, const char *host)
{
    enum tigress_error error = may_set(s, TIGRESS_RECIPIENT);
    struct tg_bytes text = tg_text_view(host, TG_SHARE_HOST_MAX + 6);
    size_t count = 0;
    size_t before = 0;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (text.len <= TG_SHARE_HOST_MAX + 6 && tg_client_policy_entry_check(text) != TG_OK) {
        return TIGRESS_E_ARGUMENT;
    }
    for (size_t i = 0; i < s->settings.allowed.len; i++) {
        count += s->settings.allowed.ptr[i] == 0 ? 1 : 0;
    }
    if (count >= TG_ALLOWED_RELAYS_MAX || text.len > TG_SHARE_HOST_MAX + 6) {
        return TIGRESS_E_LIMIT;
    }
    before = s->settings.allowed.len;
    tg_buf_append(&s->settings.allowed, text);
    tg_buf_append_u8(&s->settings.allowed, 0);
    if (tg_buf_status(&s->settings.allowed) != TG_OK) {
        s->settings.allowed.err = TG_OK;
        tg_buf_truncate(&s->settings.allowed, before);
        return TIGRESS_E_NOMEM;
    }
    return TIGRESS_OK;
}

enum tigress_error tigress_session_want_preview(struct tigress_session *s)
{
    enum tigress_error error = may_set(s, TIGRESS_RECIPIENT);

    if (error == TIGRESS_OK) {
        s->settings.wants_preview = true;
    }
    return error;
}

enum tigress_error tigress_session_set_poll_s(struct tigress_session *s, unsigned poll_s)
{
    if (s == NULL || poll_s < 1 || poll_s > TG_POLL_S_MAX) {
        return TIGRESS_E_ARGUMENT;
    }
    s->settings.poll_s = poll_s;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_tries(struct tigress_session *s, unsigned tries)
{
    if (s == NULL || tries < 1 || tries > TG_TRIES_MAX) {
        return TIGRESS_E_ARGUMENT;
    }
    s->settings.tries = tries;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_random(struct tigress_session *s, tigress_random_fn *random,
                                              void *ctx)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    s->settings.random = random;
    s->settings.random_ctx = ctx;
    return TIGRESS_OK;
}
