/* SPDX-License-Identifier: Apache-2.0 */
#include "client/saved_check.h"

#include "client/bare.h"
#include "client/compare.h"
#include "client/engine.h"
#include "client/pake.h"
#include "crypto/ecdsa.h"
#include "crypto/p256.h"

static bool is_in_range(const struct tigress_session *s)
{
    const struct tg_session_settings *settings = &s->settings;

    return tg_engine_is_state(s->role, s->state) && s->read_mode <= TG_READ_VERIFY &&
           (settings->secret_len == 16 || settings->secret_len == 32) &&
           settings->rights <= (TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE) &&
           settings->poll_s >= 1 && settings->poll_s <= TG_POLL_S_MAX && settings->tries >= 1 &&
           settings->tries <= TG_TRIES_MAX && settings->wait_max_s >= 1 &&
           settings->wait_max_s <= TG_RETRY_AFTER_MAX_S && s->mailbox.expires_at_s >= 0 &&
           s->mailbox.version <= UINT64_MAX / 2 && s->messages.seen.len % TG_SHA256_LEN == 0 &&
           s->standing.attest_when <= TIGRESS_ATTEST_ALWAYS;
}

static bool is_ending_valid(const struct tigress_session *s)
{
    const struct tg_session_ending *e = &s->ending;
    bool may_be_decided =
        s->state == TG_S_DELETE || s->state == TG_S_DONE || s->state == TG_S_FAILED;

    return s->mailbox.opened <= TIGRESS_OPENED_YES && s->history.count <= TIGRESS_TURNS_MAX + 1 &&
           e->decided <= TG_END_NOTE_CANCELLED && (e->decided == 0 || may_be_decided) &&
           (e->decided != 0 || s->state != TG_S_DELETE) && e->end <= TIGRESS_END_EXPIRED &&
           e->proof <= TIGRESS_PROOF_DEVICE &&
           (e->note.len == 0 || (e->note.len == TG_END_NOTE_TEXT_LEN && e->decided != 0));
}

static bool is_over(const struct tigress_session *s)
{
    return s->state == TG_S_DONE || s->state == TG_S_FAILED;
}

static bool is_gated(const struct tigress_session *s)
{
    return s->state == TG_S_ATTEST || s->state == TG_S_TOKEN;
}

static bool needs_secret(const struct tigress_session *s)
{
    return s->state != TG_S_INTENT && !is_over(s) &&
           !(s->role == TIGRESS_RECIPIENT &&
             (s->state <= TG_S_PREVIEWED || s->state == TG_S_DELETE));
}

static bool needs_mailbox(const struct tigress_session *s)
{
    return s->state != TG_S_INTENT && s->state != TG_S_CREATE && !is_over(s) &&
           !(is_gated(s) && s->standing.gate == TG_S_CREATE);
}

static bool needs_envelope(const struct tigress_session *s)
{
    return s->state == TG_S_CREATE || s->state == TG_S_SEND || is_gated(s) ||
           (s->state == TG_S_READ && s->read_mode >= TG_READ_CONFLICT);
}

static bool is_gate_valid(const struct tigress_session *s)
{
    return s->standing.gate == TG_S_SEND ||
           (s->standing.gate == TG_S_CREATE && s->role == TIGRESS_INITIATOR);
}

static bool is_token_valid(const struct tg_session_token *token)
{
    bool is_set = token->type.len > 0;

    return is_set == (token->data.len > 0) && token->topic.len <= TG_TOKEN_TOPIC_MAX &&
           (is_set || !(token->is_due || token->is_carried || token->topic.len > 0));
}

static bool is_draft_valid(const struct tigress_session *s)
{
    return s->messages.draft.len > 0 || !(s->state == TG_S_INTENT || tg_bare_has_draft(s));
}

static bool is_v2_valid(const struct tigress_session *s)
{
    bool is_bare_valid = !s->chain.is_bare || s->role == TIGRESS_RECIPIENT || s->v2.is_required;

    bool is_pin_valid = s->pake.pin.len == 0 || s->role == TIGRESS_RECIPIENT || s->v2.is_required;

    return !(s->v2.is_required && s->v2.is_disabled) && is_bare_valid && is_pin_valid;
}

static bool has_key_task(const struct tg_session_key *key)
{
    bool is_sign = key->use == TIGRESS_KEY_SIGN;
    size_t answer_len = is_sign ? TG_ECDSA_RAW_LEN : TIGRESS_KEY_SHARED_LEN;

    return (is_sign || key->use == TIGRESS_KEY_AGREE) && key->name.len > 0 &&
           key->name.len <= TIGRESS_KEY_NAME_MAX && (key->data.len > 0) == is_sign &&
           key->data.len <= TIGRESS_KEY_DATA_MAX &&
           tg_p256_check(TG_ARRAY_BYTES(key->public_key)) == TG_OK &&
           key->answer.len == (key->outcome == TIGRESS_KEY_ANSWERED ? answer_len : 0);
}

static bool is_key_valid(const struct tigress_session *s)
{
    const struct tg_session_key *key = &s->key;
    bool is_asked = key->outcome == TIGRESS_KEY_ASKED;

    if (is_asked != (s->state == TG_S_KEY) || key->outcome > TIGRESS_KEY_CANNOT_BE_USED) {
        return false;
    }
    if (key->outcome == TIGRESS_KEY_NONE) {
        return key->use == 0 && key->name.len == 0 && key->data.len == 0 && key->answer.len == 0;
    }
    return s->messages.is_our_turn && has_key_task(key);
}

bool tg_saved_is_consistent(const struct tigress_session *s)
{
    return is_in_range(s) && (s->url.secret.len > 0 || !needs_secret(s)) &&
           (s->mailbox.is_known || !needs_mailbox(s)) &&
           (s->change.envelope.len > 0 || !needs_envelope(s)) && is_draft_valid(s) &&
           is_v2_valid(s) && is_key_valid(s) && (is_gate_valid(s) || !is_gated(s)) &&
           is_token_valid(&s->token) &&
           (s->failure.error != TIGRESS_OK || s->state != TG_S_FAILED) && is_ending_valid(s) &&
           tg_chain_is_consistent(s) && tg_compare_is_consistent(s) && tg_pake_is_consistent(s);
}
