/* SPDX-License-Identifier: Apache-2.0 */
#include "client/compare.h"

#include "base/mem.h"
#include "client/session.h"

#include <string.h>

#define REVEAL_SEQ 3u

/* ---- the three messages --------------------------------------------------------------------- */

enum tg_err tg_compare_commit(struct tg_chain *next, struct tg_envelope2_member *member,
                              const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_rng_fill(rng, next->sas.value, sizeof(next->sas.value)));
    TG_TRY(tg_sas_commit(member->commitment.bytes, next->sas.value));
    member->commitment.is_set = true;
    next->sas.stage = TG_SAS_COMMITTED;
out:
    return err;
}

void tg_compare_take_commitment(struct tg_chain *next, const struct tg_envelope2_member *member)
{
    if (member->commitment.is_set) {
        memcpy(next->sas.value, member->commitment.bytes, sizeof(next->sas.value));
        next->sas.stage = TG_SAS_COMMITTED;
    }
}

enum tg_err tg_compare_answer(struct tg_chain *next, struct tg_envelope2_member *member,
                              const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;

    if (next->sas.stage != TG_SAS_COMMITTED) {
        return TG_OK;
    }
    TG_TRY(tg_rng_fill(rng, next->sas.nonce, sizeof(next->sas.nonce)));
    memcpy(member->nonce.bytes, next->sas.nonce, sizeof(next->sas.nonce));
    member->nonce.is_set = true;
    next->sas.stage = TG_SAS_ANSWERED;
out:
    return err;
}

void tg_compare_take_answer(struct tg_chain *next, const struct tg_envelope2_member *member)
{
    if (!member->nonce.is_set) {
        tg_mem_wipe(&next->sas, sizeof(next->sas));
    } else if (next->sas.stage == TG_SAS_COMMITTED) {
        memcpy(next->sas.nonce, member->nonce.bytes, sizeof(next->sas.nonce));
        next->sas.stage = TG_SAS_ANSWERED;
    }
}

bool tg_compare_is_reveal_due(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR && s->chain.sas.stage == TG_SAS_ANSWERED;
}

/* spec: protocol/7#sas-shown-after-message-3 */
enum tg_err tg_compare_reveal(struct tg_chain *next, struct tg_envelope2_member *member)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_sas_digits(next->sas.digits, next->sas.value, next->transcript, next->sas.nonce));
    memcpy(member->reveal.bytes, next->sas.value, sizeof(next->sas.value));
    member->reveal.is_set = true;
    tg_mem_wipe(next->sas.value, sizeof(next->sas.value));
    next->sas.stage = TG_SAS_KNOWN;
out:
    return err;
}

/* spec: protocol/7#sas-commitment
   A side that answered with a nonce gets the value of the commitment, or ends the transfer. */
enum tg_err tg_compare_take_reveal(struct tg_chain *next, const struct tg_envelope2_member *member,
                                   const uint8_t before[TG_SHA256_LEN])
{
    uint8_t commitment[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    if (next->sas.stage != TG_SAS_ANSWERED) {
        return TG_OK;
    }
    next->sas.stage = TG_SAS_WRONG;
    TG_TRY(tg_sas_commit(commitment, member->reveal.bytes));
    if (member->reveal.is_set &&
        tg_ct_equal(TG_ARRAY_BYTES(commitment), TG_ARRAY_BYTES(next->sas.value))) {
        TG_TRY(tg_sas_digits(next->sas.digits, member->reveal.bytes, before, next->sas.nonce));
        tg_mem_wipe(next->sas.value, sizeof(next->sas.value));
        next->sas.stage = TG_SAS_KNOWN;
    }
out:
    return err;
}

/* ---- what the persons may see --------------------------------------------------------------- */

/* spec: protocol/7#sas-shown-after-message-3
   The initiator's own message 3 must be in the mailbox, because only then every value is fixed. */
bool tg_compare_is_shown(const struct tigress_session *s)
{
    return s->chain.sas.stage == TG_SAS_KNOWN &&
           (s->role == TIGRESS_RECIPIENT || s->history.count >= REVEAL_SEQ);
}

bool tg_compare_is_open(const struct tigress_session *s)
{
    bool is_before = s->chain.stage == TG_CHAIN_FRESH || s->chain.stage == TG_CHAIN_OFFERED;

    return !tg_compare_is_shown(s) && (is_before || s->chain.sas.stage != TG_SAS_NONE);
}

/* ---- consistency ---------------------------------------------------------------------------- */

static bool are_digits(const char digits[TG_SAS_DIGITS + 1])
{
    bool are = digits[TG_SAS_DIGITS] == '\0';

    for (size_t i = 0; i < TG_SAS_DIGITS; i++) {
        are = are && digits[i] >= '0' && digits[i] <= '9';
    }
    return are;
}

bool tg_compare_is_consistent(const struct tigress_session *s)
{
    const struct tg_chain *chain = &s->chain;

    switch (chain->sas.stage) {
    case TG_SAS_NONE:
        return !chain->sas.is_confirmed;
    case TG_SAS_COMMITTED:
        return !chain->sas.is_confirmed &&
               (chain->stage == TG_CHAIN_OFFERED || chain->stage == TG_CHAIN_ANSWERING);
    case TG_SAS_ANSWERED:
        return !chain->sas.is_confirmed && chain->stage == TG_CHAIN_V2 &&
               chain->seq == REVEAL_SEQ - 1;
    case TG_SAS_KNOWN:
        return chain->stage == TG_CHAIN_V2 && chain->seq >= REVEAL_SEQ &&
               are_digits(chain->sas.digits);
    case TG_SAS_WRONG:
        break;
    }
    return false;
}
