/* SPDX-License-Identifier: Apache-2.0 */
#include "client/bare.h"

#include "client/pake.h"

#define OFFER_SEQ 1u
#define ANSWER_SEQ 2u

/* Does the session wait for the answer to its own bare offer? */
static bool is_answer_due(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR && s->chain.is_bare && s->chain.stage == TG_CHAIN_OFFERED;
}

/* An offer with the exchange of a PIN has no content either. */
static bool must_be_bare(const struct tigress_session *s, const struct tg_chain *next)
{
    bool is_offer_with_pin = s->role == TIGRESS_RECIPIENT && next->pake.stage == TG_PAKE_OFFERED;

    return is_answer_due(s) || is_offer_with_pin || tg_pake_is_bare(s, next);
}

/* spec: protocol/7#envelope-v2-bare */
enum tg_err tg_bare_check(bool *is_bare, const struct tigress_session *s, struct tg_chain *next,
                          struct tg_bytes format, struct tg_fault *fault)
{
    bool is_ours = tg_bytes_is_equal(format, TG_LIT(TG_ENVELOPE2_BARE_FORMAT));
    bool is_offer = s->role == TIGRESS_RECIPIENT && next->stage == TG_CHAIN_ANSWERING;

    if (is_ours && s->v2.is_disabled && s->role == TIGRESS_RECIPIENT) {
        tg_fault_set(fault, "The sender requires envelope v2, which this device has switched off.");
        return TG_E_UNSUPPORTED;
    }
    if (must_be_bare(s, next) && !is_ours) {
        tg_fault_set(fault, "format: expected \"" TG_ENVELOPE2_BARE_FORMAT
                            "\", a message without content");
        return TG_E_SYNTAX;
    }
    if (is_ours && !must_be_bare(s, next) && !is_offer) {
        tg_fault_set(fault, "format: \"" TG_ENVELOPE2_BARE_FORMAT
                            "\" is only for the first message of each side, with a key, and for a "
                            "PIN");
        return TG_E_SYNTAX;
    }
    next->is_bare = is_ours || next->is_bare;
    *is_bare = is_ours;
    return TG_OK;
}

bool tg_bare_is_turn(const struct tigress_session *s)
{
    uint64_t seq = s->role == TIGRESS_INITIATOR ? ANSWER_SEQ : OFFER_SEQ;

    return tg_pake_is_turn(s) ||
           (s->chain.is_bare && s->messages.is_our_turn && s->chain.seq == seq);
}

bool tg_bare_is_waiting(const struct tigress_session *s)
{
    return tg_pake_is_waiting(s) ||
           (s->chain.is_bare && s->role == TIGRESS_RECIPIENT && s->chain.seq == ANSWER_SEQ);
}

bool tg_bare_has_draft(const struct tigress_session *s)
{
    return tg_pake_has_draft(s) ||
           (s->chain.is_bare && s->role == TIGRESS_INITIATOR && s->chain.seq <= ANSWER_SEQ);
}
