/* SPDX-License-Identifier: Apache-2.0 */
/* How a session begins and ends. */
#include "client/session.h"

#include "base/mem.h"

static enum tg_err random_fill(void *ctx, uint8_t *out, size_t len)
{
    struct tigress_session *s = ctx;

    if (s->random == NULL) {
        return tg_rng_fill(&tg_rng_system, out, len);
    }
    return s->random(s->random_ctx, out, len) == 0 ? TG_OK : TG_E_CRYPTO;
}

enum tg_err tg_session_new(struct tigress_session **out, enum tigress_role role)
{
    struct tigress_session *s = tg_mem_calloc(1, sizeof(*s));

    if (s == NULL) {
        return TG_E_NOMEM;
    }
    s->role = role;
    s->state = role == TIGRESS_INITIATOR ? TG_S_INTENT : TG_S_CHECK;
    s->secret_len = 16;
    s->chain.stage = TG_CHAIN_FRESH;
    tg_buf_init(&s->standing.attestation, TG_ATTESTATION_TEXT_MAX);
    tg_buf_init(&s->standing.authorization, TG_AUTHORIZATION_MAX);
    tg_buf_init(&s->standing.token_challenge, TG_TOKEN_CHALLENGE_MAX);
    s->poll_s = TG_POLL_S_DEFAULT;
    s->tries = TG_TRIES_DEFAULT;
    s->error_text = "";
    s->rng = (struct tg_rng){ .fill = random_fill, .ctx = s };
    tg_buf_init(&s->title, TG_TEXT_SMALL_MAX);
    tg_buf_init(&s->description, TG_TEXT_SMALL_MAX);
    tg_buf_init(&s->image_url, TG_TEXT_SMALL_MAX);
    tg_buf_init(&s->token_type, TG_TEXT_SMALL_MAX);
    tg_buf_init(&s->token_data, TG_TEXT_SMALL_MAX);
    tg_buf_init(&s->allowed, TG_ALLOWED_RELAYS_MAX * (TG_SHARE_HOST_MAX + 8));
    tg_buf_init(&s->draft, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->pending, 2 * TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->seen, (size_t)TIGRESS_TURNS_MAX * TG_SHA256_LEN);
    tg_buf_init(&s->message, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->format, TG_ENVELOPE_PLAIN_MAX);
    tg_buf_init(&s->request_url, TG_SHARE_URL_MAX);
    tg_buf_init(&s->request_body, 2 * TG_ENVELOPE_PLAIN_MAX + 65536);
    *out = s;
    return TG_OK;
}

void tigress_session_free(struct tigress_session **s)
{
    if (s == NULL || *s == NULL) {
        return;
    }
    struct tg_buf *bufs[] = {
        &(*s)->title,
        &(*s)->description,
        &(*s)->image_url,
        &(*s)->token_type,
        &(*s)->allowed,
        &(*s)->draft,
        &(*s)->pending,
        &(*s)->token_data,
        &(*s)->seen,
        &(*s)->message,
        &(*s)->format,
        &(*s)->request_url,
        &(*s)->request_body,
        &(*s)->standing.attestation,
        &(*s)->standing.authorization,
        &(*s)->standing.token_challenge,
    };

    for (size_t i = 0; i < TG_COUNT(bufs); i++) {
        tg_buf_deinit(bufs[i]);
    }
    tg_mem_free_secret(*s, sizeof(**s));
    *s = NULL;
}
