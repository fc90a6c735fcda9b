/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/state.h"

#include "base/mem.h"
#include "crypto/digest.h"

#include <string.h>

/* ---- equality ------------------------------------------------------------------------------- */

bool tg_state_is_same_claim(const struct tg_claim_hash *a, const struct tg_claim_hash *b)
{
    return tg_ct_equal(TG_ARRAY_BYTES(a->bytes), TG_ARRAY_BYTES(b->bytes));
}

static bool is_same_request(const struct tg_request_hash *a, const struct tg_request_hash *b)
{
    return tg_ct_equal(TG_ARRAY_BYTES(a->bytes), TG_ARRAY_BYTES(b->bytes));
}

bool tg_state_is_same_token(const struct tg_notification_token *a,
                            const struct tg_notification_token *b)
{
    return a->is_present == b->is_present && tg_ct_equal(a->type, b->type) &&
           tg_ct_equal(a->topic, b->topic) && tg_ct_equal(a->token_data, b->token_data);
}

bool tg_state_is_proved(const struct tg_mailbox *box, const struct tg_secret_proof *proof)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    bool is_equal = false;

    if (proof->presence == TG_PRESENT && !proof->is_verifier &&
        tg_sha256(hash, TG_ARRAY_BYTES(proof->value)) == TG_OK) {
        is_equal = tg_ct_equal(TG_ARRAY_BYTES(hash), TG_ARRAY_BYTES(box->verifier));
    }
    tg_mem_wipe(hash, sizeof(hash));
    return is_equal;
}

void tg_state_take_verifier(struct tg_mailbox *box, const struct tg_secret_proof *proof)
{
    box->has_verifier = proof->presence == TG_PRESENT && proof->is_verifier;
    if (box->has_verifier) {
        memcpy(box->verifier, proof->value, TG_PROOF_LEN);
    }
}

enum tg_recipient tg_state_recipient(const struct tg_mailbox *box)
{
    return box->recipient.is_bound ? TG_RECIPIENT_BOUND : TG_RECIPIENT_NONE;
}

/* ---- requests done -------------------------------------------------------------------------- */

const struct tg_request_done *tg_state_find_done(const struct tg_mailbox_side *side,
                                                 enum tg_mailbox_call call,
                                                 const struct tg_request_hash *id)
{
    for (size_t i = 0; i < side->done_count; i++) {
        if (side->done[i].call == call && is_same_request(&side->done[i].id, id)) {
            return &side->done[i];
        }
    }
    return NULL;
}

void tg_state_add_done(struct tg_mailbox_side *side, const struct tg_request_done *done)
{
    if (side->done_count == TG_REQUESTS_KEPT) {
        for (size_t i = 1; i < TG_REQUESTS_KEPT; i++) {
            side->done[i - 1] = side->done[i];
        }
        side->done_count--;
    }
    side->done[side->done_count++] = *done;
}

/* ---- devices that relinquished -------------------------------------------------------------- */

bool tg_state_has_relinquished(const struct tg_mailbox *box, const struct tg_claim_hash *claim)
{
    bool is_found = false;

    for (size_t i = 0; i < box->relinquished_count; i++) {
        is_found |= tg_state_is_same_claim(&box->relinquished[i].claim, claim);
    }
    return is_found;
}

const struct tg_relinquished *tg_state_find_relinquished(const struct tg_mailbox *box,
                                                         const struct tg_claim_hash *claim,
                                                         const struct tg_request_hash *id)
{
    for (size_t i = 0; i < box->relinquished_count; i++) {
        const struct tg_relinquished *gone = &box->relinquished[i];

        if (tg_state_is_same_claim(&gone->claim, claim) && is_same_request(&gone->id, id)) {
            return gone;
        }
    }
    return NULL;
}

void tg_state_add_relinquished(struct tg_mailbox *box, const struct tg_relinquished *gone)
{
    if (box->relinquished_count == TG_REQUESTS_KEPT) {
        for (size_t i = 1; i < TG_REQUESTS_KEPT; i++) {
            box->relinquished[i - 1] = box->relinquished[i];
        }
        box->relinquished_count--;
    }
    box->relinquished[box->relinquished_count++] = *gone;
}
