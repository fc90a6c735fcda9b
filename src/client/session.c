/* SPDX-License-Identifier: Apache-2.0 */
#include "client/session.h"

#include "base/mem.h"
#include "crypto/ecdsa.h"
#include "wire/envelope.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_MAX_S 60u
#define POLL_S_DEFAULT 55u
#define TRIES_DEFAULT 8u
#define SETTING_TEXT_MAX 4096u

/* ---- new and free --------------------------------------------------------------------------- */

static enum tg_err random_fill(void *ctx, uint8_t *out, size_t len)
{
    struct tigress_session *s = ctx;

    if (s->settings.random == NULL) {
        return tg_rng_fill(&tg_rng_system, out, len);
    }
    return s->settings.random(s->settings.random_ctx, out, len) == 0 ? TG_OK : TG_E_CRYPTO;
}

enum tg_err tg_session_new(struct tigress_session **out, enum tigress_role role)
{
    struct tigress_session *s = tg_mem_calloc(1, sizeof(*s));

    if (s == NULL) {
        return TG_E_NOMEM;
    }
    s->role = role;
    s->state = role == TIGRESS_INITIATOR ? TG_S_INTENT : TG_S_CHECK;
    s->settings.secret_len = 16;
    s->chain.stage = TG_CHAIN_FRESH;
    tg_buf_init(&s->standing.attestation, TG_ATTESTATION_TEXT_MAX);
    tg_buf_init(&s->standing.authorization, TG_AUTHORIZATION_MAX);
    tg_buf_init(&s->standing.token_challenge, TG_TOKEN_CHALLENGE_MAX);
    s->settings.poll_s = POLL_S_DEFAULT;
    s->settings.tries = TRIES_DEFAULT;
    s->settings.wait_max_s = TG_RETRY_AFTER_MAX_S;
    s->rng = (struct tg_rng){ .fill = random_fill, .ctx = s };
    tg_buf_init(&s->display.title, SETTING_TEXT_MAX);
    tg_buf_init(&s->display.description, SETTING_TEXT_MAX);
    tg_buf_init(&s->display.image_url, SETTING_TEXT_MAX);
    tg_buf_init(&s->token.type, SETTING_TEXT_MAX);
    tg_buf_init(&s->token.topic, SETTING_TEXT_MAX);
    tg_buf_init(&s->token.data, SETTING_TEXT_MAX);
    tg_buf_init(&s->settings.allowed, TG_ALLOWED_RELAYS_MAX * (TG_SHARE_HOST_MAX + 8));
    tg_buf_init(&s->messages.draft, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->change.envelope, 2 * TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->messages.seen, (size_t)TIGRESS_TURNS_MAX * TG_SHA256_LEN);
    tg_buf_init(&s->messages.last, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->messages.format, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->ending.note, TG_END_NOTE_TEXT_LEN + 1);
    tg_session_key_init(&s->key);
    tg_buf_init(&s->request.url, TG_SHARE_URL_MAX);
    tg_buf_init(&s->request.body, 2 * TG_ENVELOPE_PLAIN_MAX + 65536);
    *out = s;
    return TG_OK;
}

void tigress_session_free(struct tigress_session **s)
{
    if (s == NULL || *s == NULL) {
        return;
    }
    struct tg_buf *bufs[] = {
        &(*s)->display.title,
        &(*s)->display.description,
        &(*s)->display.image_url,
        &(*s)->token.type,
        &(*s)->settings.allowed,
        &(*s)->messages.draft,
        &(*s)->change.envelope,
        &(*s)->token.topic,
        &(*s)->token.data,
        &(*s)->messages.seen,
        &(*s)->messages.last,
        &(*s)->messages.format,
        &(*s)->request.url,
        &(*s)->request.body,
        &(*s)->standing.attestation,
        &(*s)->standing.authorization,
        &(*s)->standing.token_challenge,
        &(*s)->ending.note,
        &(*s)->key.name,
        &(*s)->key.data,
        &(*s)->key.answer,
    };

    for (size_t i = 0; i < TG_COUNT(bufs); i++) {
        tg_buf_deinit(bufs[i]);
    }
    tg_mem_free_secret(*s, sizeof(**s));
    *s = NULL;
}

void tg_session_key_init(struct tg_session_key *key)
{
    tg_buf_init(&key->name, TIGRESS_KEY_NAME_MAX + 1);
    tg_buf_init(&key->data, TIGRESS_KEY_DATA_MAX + 1);
    tg_buf_init(&key->answer, TG_ECDSA_RAW_LEN + 1);
}

void tg_session_key_forget(struct tg_session_key *key)
{
    tg_buf_deinit(&key->name);
    tg_buf_deinit(&key->data);
    tg_buf_deinit(&key->answer);
    tg_mem_wipe(key->public_key, sizeof(key->public_key));
    key->use = (enum tigress_key_use)0;
    key->outcome = TIGRESS_KEY_NONE;
}

/* ---- transitions ---------------------------------------------------------------------------- */

void tg_session_drop_request(struct tigress_session *s)
{
    tg_mem_wipe(s->request.values, sizeof(s->request.values));
    tg_mem_wipe(&s->request.http, sizeof(s->request.http));
    tg_buf_deinit(&s->request.url);
    tg_buf_deinit(&s->request.body);
    s->request.is_built = false;
}

static bool ends_turn(enum tg_state state)
{
    return state == TG_S_SEND || state == TG_S_DELETE || state == TG_S_RELINQUISH ||
           state == TG_S_DONE || state == TG_S_FAILED;
}

void tg_session_enter(struct tigress_session *s, enum tg_state state)
{
    tg_session_drop_request(s);
    if (ends_turn(state)) {
        tg_session_key_forget(&s->key);
    }
    s->state = state;
    s->request.is_in_flight = false;
    s->change.is_attempted = false;
    s->change.is_fresh = false;
    s->failure.is_paused = false;
    s->failure.error = TIGRESS_OK;
    s->failure.text = NULL;
    s->backoff.failures = 0;
    s->backoff.cause = TIGRESS_OK;
    s->backoff.cause_text = NULL;
    s->backoff.is_waiting = false;
    s->backoff.delay_s = 0;
    s->backoff.idle_count = 0;
    s->backoff.idle_why = TG_IDLE_NONE;
}

/* spec: protocol/7#saved-state-twice */
enum tg_err tg_session_new_id(const struct tigress_session *s, enum tg_state state,
                              struct tg_uuid *id)
{
    /* Two bytes are enough: a transfer has at most 2 * TIGRESS_TURNS_MAX messages. */
    const size_t count = s->messages.seen.len / TG_SHA256_LEN;
    const uint8_t place[] = { (uint8_t)state, (uint8_t)(count >> 8), (uint8_t)count };
    const struct tg_bytes parts[] = { TG_LIT("tigress-request-id-v1"), TG_ARRAY_BYTES(place) };
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    enum tg_err err = tg_hmac_sha256(hash, TG_ARRAY_BYTES(s->claim.bytes), parts, TG_COUNT(parts));

    if (err == TG_OK) {
        memcpy(id->bytes, hash, sizeof(id->bytes));
        tg_uuid_set_v4(id);
    }
    return err;
}

enum tg_err tg_session_enter_change(struct tigress_session *s, enum tg_state state)
{
    struct tg_uuid id;
    enum tg_err err = tg_session_new_id(s, state, &id);

    if (err == TG_OK) {
        tg_session_enter(s, state);
        s->change.request_id = id;
    }
    return err;
}

const char *tg_session_say(struct tigress_session *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(s->failure.why.text, sizeof(s->failure.why.text), fmt, args);
    va_end(args);
    return s->failure.why.text;
}

void tg_session_fail(struct tigress_session *s, enum tigress_error error, const char *text)
{
    tg_session_enter(s, TG_S_FAILED);
    s->failure.error = error;
    s->failure.text = text;
}

void tg_session_pause(struct tigress_session *s, enum tigress_error error, const char *text)
{
    s->failure.is_paused = true;
    s->failure.error = error;
    s->failure.text = text;
}

void tg_session_retry_later(struct tigress_session *s, enum tigress_error error, const char *text,
                            uint32_t retry_after_s)
{
    uint32_t delay_s = BACKOFF_MAX_S;

    s->backoff.failures++;
    s->backoff.cause = error;
    s->backoff.cause_text = text;
    if (s->backoff.failures >= s->settings.tries) {
        tg_session_pause(s, error, text);
        return;
    }
    if (s->backoff.failures <= 6) {
        delay_s = 1u << (s->backoff.failures - 1);
    }
    delay_s = retry_after_s > delay_s ? retry_after_s : delay_s;
    s->backoff.delay_s = delay_s < s->settings.wait_max_s ? delay_s : s->settings.wait_max_s;
}

void tg_session_succeeded(struct tigress_session *s)
{
    s->backoff.failures = 0;
    s->backoff.cause = TIGRESS_OK;
    s->failure.detail[0] = '\0';
}

void tg_session_token_answered(struct tigress_session *s, bool is_push_supported)
{
    s->token.is_due = s->token.is_due && !s->token.is_carried;
    s->token.is_carried = false;
    s->token.is_push_supported = is_push_supported && !s->token.is_due;
}

void tg_session_idle(struct tigress_session *s, enum tg_idle why)
{
    s->backoff.idle_why = why;
}
