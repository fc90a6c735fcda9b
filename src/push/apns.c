/* SPDX-License-Identifier: Apache-2.0 */
/* Apple Push Notification service: a background push, with a provider token signed by ES256. */
#include "base/b64.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/uuid.h"
#include "crypto/jws.h"
#include "push/keyfile.h"
#include "push/provider.h"
#include "push/verdict.h"
#include "wire/json.h"
#include "wire/json_text.h"

#include <string.h>

#define ID_LEN 10u     /* characters of a key id and a team id */
#define TOPIC_MAX 255u /* bytes */
#define TOKEN_MIN 16u  /* bytes of a device token; Apple promises no length */
#define TOKEN_MAX 256u
#define JWT_MAX 1024u                 /* bytes */
#define JWT_RENEW_S (50 * 60)         /* Apple refuses one that is an hour old */
#define JWT_EARLY_S (20 * 60)         /* if it is replaced earlier, Apple answers 429 */
#define EXPIRATION_MAX_S (30 * 86400) /* the longest time for which Apple stores a push */
#define REASON_MAX 64u
#define URL_MAX 512u

struct tg_push_provider {
    const struct tg_rng *rng;
    const struct tg_push_settings *settings;
    struct tg_jws_key *key;
    struct tg_buf jwt;
    int64_t jwt_made_s;
    uint32_t jwt_count;     /* how many were made; also the number of the last */
    bool is_jwt_refused;    /* Apple reported it as expired: make a new one before the next push */
    int64_t refused_s;      /* when it was last replaced for that; 0: never */
    struct tg_bytes origin; /* apns_url without a final slash */
};

/* ---- opening -------------------------------------------------------------------------------- */

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_id(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.ptr[i])) {
            return false;
        }
    }
    return text.len == ID_LEN;
}

static bool is_topic(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.ptr[i]) && text.ptr[i] != '.' && text.ptr[i] != '-') {
            return false;
        }
    }
    return text.len > 0 && text.len <= TOPIC_MAX;
}

static enum tg_err check_settings(const struct tg_push_settings *s, struct tg_fault *fault)
{
    struct tg_bytes url = tg_bytes_str(s->apns_url);

    if (!is_id(tg_bytes_str(s->apns_key_id))) {
        tg_fault_set(fault, "push-apns-key-id: expected the key's %u characters", ID_LEN);
        return TG_E_SYNTAX;
    }
    if (!is_id(tg_bytes_str(s->apns_team_id))) {
        tg_fault_set(fault, "push-apns-team-id: expected the team's %u characters", ID_LEN);
        return TG_E_SYNTAX;
    }
    if (!is_topic(tg_bytes_str(s->apns_topic))) {
        tg_fault_set(fault, "push-apns-topic: expected the wallet's bundle identifier");
        return TG_E_SYNTAX;
    }
    if (!tg_bytes_has_prefix(url, TG_LIT("https://")) || url.len <= 8 || url.len > URL_MAX) {
        tg_fault_set(fault, "push-apns-url: expected https://HOST[:PORT]");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static enum tg_err load_key(struct tg_push_provider *p, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_fault inner = { "" };
    struct tg_buf pem;

    tg_buf_init(&pem, TG_PUSH_KEYFILE_MAX + 1);
    TG_TRY(tg_push_keyfile_read(&pem, "push-apns-key", p->settings->apns_key, fault));
    err = tg_jws_key_load(&p->key, TG_JWS_ES256, tg_buf_view(&pem), &inner);
    if (err != TG_OK) {
        tg_fault_set(fault, "push-apns-key: %s", inner.text);
    }
out:
    tg_buf_deinit(&pem);
    return err;
}

static void close_provider(struct tg_push_provider **p)
{
    if (p != NULL && *p != NULL) {
        tg_jws_key_free(&(*p)->key);
        tg_buf_deinit(&(*p)->jwt);
        tg_mem_free(*p);
        *p = NULL;
    }
}

/* Also checks that the key can sign. */
static enum tg_err make_jwt(struct tg_push_provider *p, int64_t now_s)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf header;
    struct tg_buf claims;

    tg_buf_init(&header, JWT_MAX);
    tg_buf_init(&claims, JWT_MAX);
    tg_buf_append_str(&header, "{\"alg\":\"ES256\",\"kid\":\"");
    tg_buf_append_str(&header, p->settings->apns_key_id);
    tg_buf_append_str(&header, "\"}");
    tg_buf_append_str(&claims, "{\"iss\":\"");
    tg_buf_append_str(&claims, p->settings->apns_team_id);
    tg_buf_append_str(&claims, "\",\"iat\":");
    tg_buf_append_dec(&claims, now_s < 0 ? 0 : (uint64_t)now_s);
    tg_buf_append_str(&claims, "}");
    TG_TRY(tg_buf_status(&header));
    TG_TRY(tg_buf_status(&claims));
    tg_buf_clear(&p->jwt);
    TG_TRY(tg_jws_sign(&p->jwt, p->key, tg_buf_view(&header), tg_buf_view(&claims)));
    p->jwt_made_s = now_s;
    p->jwt_count++;
    p->is_jwt_refused = false;
out:
    tg_buf_deinit(&claims);
    tg_buf_deinit(&header);
    return err;
}

static enum tg_err open_provider(struct tg_push_provider **out,
                                 const struct tg_push_settings *settings, const struct tg_rng *rng,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_provider *p = tg_mem_calloc(1, sizeof(*p));

    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    p->settings = settings;
    p->rng = rng;
    tg_buf_init(&p->jwt, JWT_MAX);
    TG_TRY(check_settings(settings, fault));
    p->origin = tg_bytes_str(settings->apns_url);
    while (p->origin.ptr[p->origin.len - 1] == '/') {
        p->origin.len--;
    }
    TG_TRY(load_key(p, fault));
    *out = p;
    p = NULL;
    err = TG_OK;
out:
    close_provider(&p);
    return err;
}

/* ---- the token ------------------------------------------------------------------------------ */

static bool is_hex(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (tg_hex_digit(text.ptr[i]) < 0) {
            return false;
        }
    }
    return text.len % 2 == 0;
}

/* Appends the device token in lower-case hexadecimal. Wallets register it as hexadecimal or base64;
   a text of only hexadecimal digits is hexadecimal. A lack of memory is never reported as a
   malformed token. */
static enum tg_err put_token(struct tg_buf *out, struct tg_bytes data)
{
    enum tg_err err = TG_E_SYNTAX;
    struct tg_buf raw;
    uint8_t *at = NULL;

    tg_buf_init(&raw, TOKEN_MAX);
    if (is_hex(data)) {
        at = tg_buf_extend(&raw, data.len / 2);
        err = at == NULL ? tg_buf_status(&raw) : tg_hex_decode(at, data.len / 2, data);
    } else {
        err = tg_b64_decode(&raw, data, TG_B64_ANY);
    }
    if (err == TG_OK && raw.len >= TOKEN_MIN) {
        tg_hex_encode(out, tg_buf_view(&raw));
    } else if (err != TG_E_NOMEM) {
        err = TG_E_SYNTAX;
    }
    tg_buf_deinit(&raw);
    return err;
}

static bool takes_token(struct tg_bytes token_data)
{
    struct tg_buf hex;
    bool is_taken = false;

    tg_buf_init(&hex, 2 * TOKEN_MAX);
    is_taken = put_token(&hex, token_data) == TG_OK && tg_buf_status(&hex) == TG_OK;
    tg_buf_deinit(&hex);
    return is_taken;
}

/* ---- a push --------------------------------------------------------------------------------- */

static bool needs_jwt(const struct tg_push_provider *p, int64_t now_s)
{
    return p->jwt_count == 0 || p->is_jwt_refused || now_s - p->jwt_made_s >= JWT_RENEW_S ||
           now_s < p->jwt_made_s; /* the clock was set back: the time of issue is in the future */
}

static enum tg_err put_id(struct tg_push_provider *p, struct tg_push_request *out)
{
    struct tg_uuid id;
    char text[TG_UUID_TEXT_LEN + 1];
    enum tg_err err = tg_rng_fill(p->rng, id.bytes, sizeof(id.bytes));

    if (err == TG_OK) {
        tg_uuid_set_v4(&id);
        tg_uuid_format(text, &id);
        tg_push_request_text(out, "apns-id", text);
    }
    return err;
}

static uint64_t expiration_of(const struct tg_push_job *job, int64_t now_s)
{
    int64_t latest = now_s + EXPIRATION_MAX_S;

    return (uint64_t)(job->expires_s < latest ? job->expires_s : latest);
}

/* Headers that are the same in every push come in the same order, so that HPACK compresses them. */
static enum tg_err build(struct tg_push_provider *p, const struct tg_push_job *job, int64_t now_s,
                         struct tg_push_request *out)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf *line = NULL;

    TG_REQUIRE(job->expires_s > now_s, TG_E_EXPIRED);
    if (needs_jwt(p, now_s)) {
        TG_TRY(make_jwt(p, now_s));
    }
    tg_buf_append(&out->url, p->origin);
    tg_buf_append_str(&out->url, "/3/device/");
    TG_TRY(put_token(&out->url, job->token_data));
    line = tg_push_request_header(out, "authorization");
    tg_buf_append_str(line, "bearer ");
    tg_buf_append(line, tg_buf_view(&p->jwt));
    tg_push_request_text(out, "content-type", "application/json");
    tg_push_request_text(out, "apns-topic", p->settings->apns_topic);
    tg_push_request_text(out, "apns-push-type", "background");
    tg_push_request_text(out, "apns-priority", "5");
    tg_buf_append_dec(tg_push_request_header(out, "apns-expiration"), expiration_of(job, now_s));
    tg_b64_encode(tg_push_request_header(out, "apns-collapse-id"), job->collapse, TG_B64_URL);
    TG_TRY(put_id(p, out));
    tg_buf_append_str(&out->body, "{\"aps\":{\"content-available\":1}}");
    out->credential = p->jwt_count;
    out->is_http2_only = true;
    TG_TRY(tg_push_request_status(out));
out:
    return err;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* docs/push.md, "What Apple documents". If a reason comes with another status than documented, the
   reason decides. Only 410 always means that the token is no longer valid. */
static const struct tg_push_word words[] = {
    { "BadCollapseId", 0, TG_PUSH_BLAME_REQUEST, "bad_collapse_id" },
    { "BadDeviceToken", 0, TG_PUSH_SUSPECT_TOKEN, "bad_device_token" },
    { "BadExpirationDate", 0, TG_PUSH_BLAME_REQUEST, "bad_expiration_date" },
    { "BadMessageId", 0, TG_PUSH_BLAME_REQUEST, "bad_message_id" },
    { "BadPriority", 0, TG_PUSH_BLAME_REQUEST, "bad_priority" },
    { "BadTopic", 0, TG_PUSH_BLAME_CONFIG, "bad_topic" },
    { "DeviceTokenNotForTopic", 0, TG_PUSH_SUSPECT_TOKEN, "device_token_not_for_topic" },
    { "DuplicateHeaders", 0, TG_PUSH_BLAME_REQUEST, "duplicate_headers" },
    { "IdleTimeout", 0, TG_PUSH_RECONNECT, "idle_timeout" },
    { "InvalidPushType", 0, TG_PUSH_BLAME_REQUEST, "invalid_push_type" },
    { "MissingDeviceToken", 0, TG_PUSH_BLAME_REQUEST, "missing_device_token" },
    { "MissingTopic", 0, TG_PUSH_BLAME_CONFIG, "missing_topic" },
    { "PayloadEmpty", 0, TG_PUSH_BLAME_REQUEST, "payload_empty" },
    { "TopicDisallowed", 0, TG_PUSH_BLAME_CONFIG, "topic_disallowed" },
    { "BadCertificate", 0, TG_PUSH_BLAME_CONFIG, "bad_certificate" },
    { "BadCertificateEnvironment", 0, TG_PUSH_BLAME_CONFIG, "bad_certificate_environment" },
    { "ExpiredProviderToken", 0, TG_PUSH_RENEW, "expired_provider_token" },
    { "Forbidden", 0, TG_PUSH_BLAME_CONFIG, "forbidden" },
    { "InvalidProviderToken", 0, TG_PUSH_BLAME_CONFIG, "invalid_provider_token" },
    { "MissingProviderToken", 0, TG_PUSH_BLAME_CONFIG, "missing_provider_token" },
    { "UnrelatedKeyIdInToken", 0, TG_PUSH_RECONNECT, "unrelated_key_id" },
    { "BadEnvironmentKeyIdInToken", 0, TG_PUSH_BLAME_CONFIG, "bad_environment_key_id" },
    { "BadEnvironmentKeyInToken", 0, TG_PUSH_BLAME_CONFIG, "bad_environment_key_id" },
    { "BadPath", 0, TG_PUSH_BLAME_REQUEST, "bad_path" },
    { "MethodNotAllowed", 0, TG_PUSH_BLAME_REQUEST, "method_not_allowed" },
    { "ExpiredToken", 410, TG_PUSH_DROP_TOKEN, "expired_token" },
    { "Unregistered", 410, TG_PUSH_DROP_TOKEN, "unregistered" },
    { "PayloadTooLarge", 0, TG_PUSH_BLAME_REQUEST, "payload_too_large" },
    { "TooManyProviderTokenUpdates", 0, TG_PUSH_WAIT_PROVIDER, "too_many_provider_tokens" },
    { "TooManyRequests", 0, TG_PUSH_WAIT_TOKEN, "too_many_requests" },
    { "InternalServerError", 0, TG_PUSH_WAIT_PROVIDER, "internal_server_error" },
    { "ServiceUnavailable", 0, TG_PUSH_WAIT_PROVIDER, "service_unavailable" },
    { "Shutdown", 0, TG_PUSH_RECONNECT, "shutdown" },
};

/* Apple's time of the 410: a token that is left later is another registration. Without it, the time
   of the answer. */
static int64_t gone_since_s(const struct tg_push_answer *answer, int64_t now_s)
{
    uint64_t ms = 0;

    if (tg_num_parse_u64(&ms, tg_json_text_find(answer->body, "timestamp"), INT64_MAX) != TG_OK ||
        ms < 1000) {
        return now_s;
    }
    return (int64_t)(ms / 1000);
}

static void judge(struct tg_push_provider *p, const struct tg_push_answer *answer, int64_t now_s,
                  struct tg_push_verdict *out)
{
    struct tg_json *doc = NULL;
    struct tg_bytes reason = { NULL, 0 };
    const struct tg_push_word *word = NULL;

    (void)p;
    tg_push_verdict_set(out, TG_PUSH_WAIT_PROVIDER, "", answer);
    tg_push_verdict_by_status(out, answer->status);
    out->good_after_s = now_s;
    if (answer->status < 400 || tg_json_parse(&doc, answer->body, NULL) != TG_OK) {
        return;
    }
    out->good_after_s = gone_since_s(answer, now_s);
    if (tg_json_get_string(&reason, tg_json_top(doc), "reason", TG_JSON_REQUIRED, 1, REASON_MAX,
                           NULL) == TG_OK) {
        word = tg_push_word_find(words, TG_COUNT(words), reason, answer->status);
    }
    if (word != NULL) {
        out->action = word->action;
        out->reason = word->reason;
    }
    tg_json_free(&doc);
}

/* A provider token that Apple reports as expired is replaced immediately, but at most once in 20
   minutes: if the clock of this machine is wrong, Apple refuses the next one too. */
static void renew(struct tg_push_provider *p, uint32_t credential, int64_t now_s)
{
    if (credential != p->jwt_count ||
        (p->refused_s != 0 && now_s - p->refused_s < JWT_EARLY_S && now_s >= p->refused_s)) {
        return;
    }
    p->is_jwt_refused = true;
    p->refused_s = now_s;
}

const struct tg_push_provider_ops tg_push_apns_ops = {
    .is_one_stream_first = true,
    .open = open_provider,
    .close = close_provider,
    .takes_token = takes_token,
    .build = build,
    .judge = judge,
    .renew = renew,
};
