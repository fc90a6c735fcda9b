/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/session.h>

#include "client/api/refusal.h"
#include "client/api/share_url.h"
#include "client/policy.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/image_url.h"
#include "wire/limits.h"
#include "wire/msg_create.h"

#include <inttypes.h>
#include <string.h>

#define EXPIRES_AT_S_MAX INT64_C(253402300799)   /* the end of the year 9999 */
#define RELAY_ENTRY_MAX (TG_SHARE_HOST_MAX + 6u) /* "host:65535" */

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
    struct tg_link link;
    enum tigress_error error = TIGRESS_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || share_url == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (tg_session_new(&s, TIGRESS_RECIPIENT) != TG_OK) {
        return TIGRESS_E_NOMEM;
    }
    error = tg_share_url_read(&link, tg_text_view(share_url, TG_LINK_TEXT_MAX), &fault);
    s->url = link.url;
    s->is_secret_exposed = link.is_exposed && secret == NULL;
    tg_link_wipe(&link);
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

enum tigress_error tigress_session_set_secret_len(struct tigress_session *s, size_t secret_len)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "secret_len");

    if (error == TIGRESS_OK && secret_len != 16 && secret_len != 32) {
        error = tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                               "secret_len: expected 16 or 32 bytes, got %zu", secret_len);
    }
    if (error == TIGRESS_OK) {
        s->settings.secret_len = secret_len;
    }
    return error;
}

struct setting {
    const char *name;
    struct tg_buf *text;
    struct tg_bytes value;
    size_t max; /* bytes */
};

/* All are checked before any is set. */
static enum tigress_error set_texts(struct tigress_session *s, const struct setting *settings,
                                    size_t count)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; i < count; i++) {
        enum tigress_error error =
            tg_refusal_check_text(s, settings[i].name, settings[i].value, 0, settings[i].max);

        if (error != TIGRESS_OK) {
            return error;
        }
    }
    for (size_t i = 0; i < count && err == TG_OK; i++) {
        err = tg_text_set(settings[i].text, settings[i].value);
    }
    return tg_refusal_end(s, tg_public_error(err));
}

enum tigress_error tigress_session_set_display(struct tigress_session *s, const char *title,
                                               const char *description, const char *image_url)
{
    static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "display information");

    if (error != TIGRESS_OK) {
        return error;
    }
    const struct tg_bytes image = tg_text_view(image_url, limits.image_url_max);

    if (image.len > 0 && image.len <= limits.image_url_max && !tg_image_url_is_https(image)) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "image_url: expected an https URL without spaces, or nothing");
    }
    const struct setting settings[] = {
        { "title", &s->display.title, tg_text_view(title, limits.title_max), limits.title_max },
        { "description", &s->display.description, tg_text_view(description, limits.description_max),
          limits.description_max },
        { "image_url", &s->display.image_url, image, limits.image_url_max },
    };

    return set_texts(s, settings, TG_COUNT(settings));
}

/* At any time except while a request is under way, and as long as a later request can carry it. */
static enum tigress_error may_set_token(struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (s->request.is_in_flight) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "notification token: not possible while a request is under way");
    }
    return s->state >= TG_S_DELETE
               ? tg_refusal_set(s, TIGRESS_E_STATE, "notification token: the transfer is over")
               : TIGRESS_OK;
}

static void take_text(struct tg_buf *text, struct tg_buf *fresh)
{
    tg_buf_deinit(text);
    *text = *fresh;
    tg_buf_init(fresh, text->max);
}

/* All or nothing. */
static enum tg_err replace_token(struct tigress_session *s, const struct tg_notification_token *new)
{
    struct tg_buf type;
    struct tg_buf topic;
    struct tg_buf data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&type, s->token.type.max);
    tg_buf_init(&topic, s->token.topic.max);
    tg_buf_init(&data, s->token.data.max);
    TG_TRY(tg_text_set(&type, new->type));
    TG_TRY(tg_text_set(&topic, new->topic));
    TG_TRY(tg_text_set(&data, new->token_data));
    take_text(&s->token.type, &type);
    take_text(&s->token.topic, &topic);
    take_text(&s->token.data, &data);
    s->token.is_due = true;
    s->token.is_carried = false;
    s->token.is_push_supported = false;
    tg_session_drop_request(s); /* an interrupted request may hold the previous token */
out:
    tg_buf_deinit(&data);
    tg_buf_deinit(&topic);
    tg_buf_deinit(&type);
    return err;
}

/* spec: protocol/4#push-topic */
enum tigress_error tigress_session_set_notification_token_for(struct tigress_session *s,
                                                              const char *type, const char *topic,
                                                              const char *token_data)
{
    static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;
    const struct tg_notification_token token = {
        .type = tg_text_view(type, limits.token_type_max),
        .topic = topic == NULL ? tg_bytes(NULL, 0) : tg_text_view(topic, TG_TOKEN_TOPIC_MAX),
        .token_data = tg_text_view(token_data, limits.token_data_max),
    };
    enum tigress_error error = may_set_token(s);

    if (error == TIGRESS_OK) {
        error = tg_refusal_check_text(s, "type", token.type, 1, limits.token_type_max);
    }
    if (error == TIGRESS_OK && topic != NULL) {
        error = tg_refusal_check_text(s, "topic", token.topic, 1, TG_TOKEN_TOPIC_MAX);
    }
    if (error == TIGRESS_OK) {
        error = tg_refusal_check_text(s, "token_data", token.token_data, 1, limits.token_data_max);
    }
    if (error == TIGRESS_OK) {
        error = tg_refusal_end(s, tg_public_error(replace_token(s, &token)));
    }
    return error;
}

enum tigress_error tigress_session_set_notification_token(struct tigress_session *s,
                                                          const char *type, const char *token_data)
{
    return tigress_session_set_notification_token_for(s, type, NULL, token_data);
}

enum tigress_error tigress_session_set_expiration(struct tigress_session *s, int64_t expires_at_s)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "expires_at_s");

    if (error == TIGRESS_OK && (expires_at_s < 0 || expires_at_s > EXPIRES_AT_S_MAX)) {
        error = tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                               "expires_at_s: expected UTC seconds of the years 1970 to 9999, 0 to "
                               "%" PRId64 ", got %" PRId64,
                               EXPIRES_AT_S_MAX, expires_at_s);
    }
    if (error == TIGRESS_OK) {
        s->mailbox.expires_at_s = expires_at_s;
    }
    return error;
}

enum tigress_error tigress_session_set_rights(struct tigress_session *s, const char *rights)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "rights");
    unsigned set = 0;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (tg_rights_parse(&set, tg_text_view(rights, 8), NULL) != TG_OK) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "rights: expected one or more of the letters R, W and D, each at "
                              "most once");
    }
    s->settings.rights = set;
    return TIGRESS_OK;
}

static bool is_vertical(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && strchr("-._~", c) == NULL) {
            return false;
        }
    }
    return true;
}

enum tigress_error tigress_session_set_vertical(struct tigress_session *s, const char *vertical)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "vertical");
    struct tg_bytes text = tg_text_view(vertical, TG_VERTICAL_MAX);

    if (error != TIGRESS_OK) {
        return error;
    }
    if (text.len > TG_VERTICAL_MAX) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "vertical: expected at most %u bytes",
                              (unsigned)TG_VERTICAL_MAX);
    }
    if (!is_vertical(text)) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "vertical: expected ASCII letters, digits, '-', '.', '_' and '~'");
    }
    memset(s->url.vertical, 0, sizeof(s->url.vertical));
    if (text.len > 0) {
        memcpy(s->url.vertical, text.ptr, text.len);
    }
    return TIGRESS_OK;
}

enum tigress_error tigress_session_require_proof(struct tigress_session *s)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_INITIATOR, "require_proof");

    if (error == TIGRESS_OK) {
        s->settings.must_prove = true;
    }
    return error;
}

enum tigress_error tigress_session_disable_envelope_v2(struct tigress_session *s)
{
    enum tigress_error error =
        tg_refusal_may_set(s, TIGRESS_INITIATOR | TIGRESS_RECIPIENT, "disable_envelope_v2");

    if (error == TIGRESS_OK && s->v2.is_required) {
        error = tg_refusal_set(s, TIGRESS_E_STATE, "disable_envelope_v2: v2 is required");
    }
    if (error == TIGRESS_OK) {
        tg_chain_reset(&s->chain, TG_CHAIN_V1);
        s->v2.is_disabled = true;
    }
    return error;
}

/* spec: protocol/7#envelope-v2-required */
enum tigress_error tigress_session_require_v2(struct tigress_session *s)
{
    enum tigress_error error =
        tg_refusal_may_set(s, TIGRESS_INITIATOR | TIGRESS_RECIPIENT, "require_v2");

    if (error == TIGRESS_OK && s->v2.is_disabled) {
        error = tg_refusal_set(s, TIGRESS_E_STATE, "require_v2: v2 is disabled");
    }
    if (error == TIGRESS_OK) {
        s->v2.is_required = true;
    }
    return error;
}

static enum tg_err add_relay(struct tigress_session *s, struct tg_bytes host)
{
    size_t before = s->settings.allowed.len;

    tg_buf_append(&s->settings.allowed, host);
    tg_buf_append_u8(&s->settings.allowed, 0);
    if (tg_buf_status(&s->settings.allowed) != TG_OK) {
        s->settings.allowed.err = TG_OK;
        tg_buf_truncate(&s->settings.allowed, before);
        return TG_E_NOMEM;
    }
    return TG_OK;
}

enum tigress_error tigress_session_allow_relay(struct tigress_session *s, const char *host)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_RECIPIENT, "host");
    struct tg_bytes text = tg_text_view(host, RELAY_ENTRY_MAX);
    size_t count = 0;

    if (error != TIGRESS_OK) {
        return error;
    }
    if (text.len > RELAY_ENTRY_MAX) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "host: expected at most %u bytes",
                              (unsigned)RELAY_ENTRY_MAX);
    }
    if (tg_client_policy_entry_check(text) != TG_OK) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "host: expected host or host:port as in a URL: no scheme, no path, "
                              "no wildcard, no dot at the end, ASCII, IPv6 in brackets");
    }
    for (size_t i = 0; i < s->settings.allowed.len; i++) {
        count += s->settings.allowed.ptr[i] == 0 ? 1 : 0;
    }
    if (count >= TG_ALLOWED_RELAYS_MAX) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "host: expected at most %u relays",
                              TG_ALLOWED_RELAYS_MAX);
    }
    return tg_refusal_end(s, tg_public_error(add_relay(s, text)));
}

enum tigress_error tigress_session_want_preview(struct tigress_session *s)
{
    enum tigress_error error = tg_refusal_may_set(s, TIGRESS_RECIPIENT, "want_preview");

    if (error == TIGRESS_OK) {
        s->settings.wants_preview = true;
    }
    return error;
}

/* ---- at any time ---------------------------------------------------------------------------- */

static enum tigress_error check_number(struct tigress_session *s, const char *name, unsigned value,
                                       unsigned max)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    return value >= 1 && value <= max
               ? TIGRESS_OK
               : tg_refusal_set(s, TIGRESS_E_ARGUMENT, "%s: expected 1 to %u, got %u", name, max,
                                value);
}

enum tigress_error tigress_session_set_poll_s(struct tigress_session *s, unsigned poll_s)
{
    enum tigress_error error = check_number(s, "poll_s", poll_s, TG_POLL_S_MAX);

    if (error == TIGRESS_OK) {
        s->settings.poll_s = poll_s;
    }
    return error;
}

enum tigress_error tigress_session_want_opened(struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (s->role != TIGRESS_INITIATOR) {
        return tg_refusal_set(s, TIGRESS_E_STATE, "want_opened: expected an initiator");
    }
    s->mailbox.wants_opened = true;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_tries(struct tigress_session *s, unsigned tries)
{
    enum tigress_error error = check_number(s, "tries", tries, TG_TRIES_MAX);

    if (error == TIGRESS_OK) {
        s->settings.tries = tries;
    }
    return error;
}

enum tigress_error tigress_session_allow_old_proof(struct tigress_session *s)
{
    enum tigress_error error =
        tg_refusal_may_set(s, TIGRESS_INITIATOR | TIGRESS_RECIPIENT, "old form of the proof");

    if (error == TIGRESS_OK) {
        s->settings.allows_old_proof = true;
    }
    return error;
}

enum tigress_error tigress_session_set_wait_max_s(struct tigress_session *s, unsigned wait_max_s)
{
    enum tigress_error error = check_number(s, "wait_max_s", wait_max_s, TG_RETRY_AFTER_MAX_S);

    if (error == TIGRESS_OK) {
        s->settings.wait_max_s = wait_max_s;
    }
    return error;
}

enum tigress_error tigress_session_set_random(struct tigress_session *s, tigress_random_fn *random,
                                              void *ctx)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    s->settings.random = random;
    s->settings.random_ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_relay_policy(struct tigress_session *s,
                                                    tigress_relay_policy_fn *policy, void *ctx)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (s->request.is_in_flight) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "policy: not possible while a request is under way");
    }
    s->settings.policy = policy;
    s->settings.policy_ctx = ctx;
    s->is_permitted = false;
    return TIGRESS_OK;
}
