/* SPDX-License-Identifier: Apache-2.0 */
#include "client/pake.h"

#include "base/mem.h"
#include "client/session.h"
#include "wire/pake.h"

#include <string.h>

#define AGREED_SEQ 2u /* the first try follows it */

/* ---- the agreement -------------------------------------------------------------------------- */

/* spec: protocol/7#pake-offer */
void tg_pake_put_first(struct tg_chain *next, const struct tigress_session *s,
                       struct tg_envelope2_member *member)
{
    if (s->role == TIGRESS_INITIATOR && s->pake.pin.len > 0) {
        next->pake.stage = TG_PAKE_OFFERED;
    }
    if (next->pake.stage == TG_PAKE_OFFERED) {
        member->pake = TG_PAKE_CPACE;
    }
}

/* spec: protocol/7#pake-required
   spec: protocol/7#pake-component */
static enum tg_err take_offer(struct tg_chain *next, const struct tigress_session *s,
                              const struct tg_envelope2_member *member, struct tg_fault *fault)
{
    if (member->pake == TG_PAKE_NONE && s->pake.use == TIGRESS_PAKE_REQUIRED) {
        tg_fault_set(fault, "The sender does not ask for the PIN, which this device requires.");
        return TG_E_NOTFOUND;
    }
    if (member->pake == TG_PAKE_NONE) {
        return TG_OK;
    }
    if (!tg_cpace_is_built()) {
        tg_fault_set(fault, "The sender asks for a PIN, and this build of the library does not "
                            "have the component for it (libsodium).");
        return TG_E_NOTFOUND;
    }
    if (member->pake != TG_PAKE_CPACE || s->pake.use == TIGRESS_PAKE_REFUSED) {
        tg_fault_set(fault, "The sender asks for a PIN in a way that this application does not "
                            "offer.");
        return TG_E_NOTFOUND;
    }
    next->pake.stage = TG_PAKE_OFFERED;
    return TG_OK;
}

/* spec: protocol/7#pake-required */
enum tg_err tg_pake_take_first(struct tg_chain *next, const struct tigress_session *s,
                               const struct tg_envelope2_member *member, struct tg_fault *fault)
{
    if (s->role == TIGRESS_RECIPIENT) {
        return take_offer(next, s, member, fault);
    }
    if (next->pake.stage == TG_PAKE_OFFERED && member->pake != TG_PAKE_CPACE) {
        tg_fault_set(fault, "The other device does not ask its user for the PIN, which this "
                            "transfer requires: it has an older version, or lacks the component.");
        return TG_E_NOTFOUND;
    }
    return TG_OK;
}

void tg_pake_agreed(struct tg_chain *next)
{
    if (next->pake.stage == TG_PAKE_OFFERED) {
        memcpy(next->pake.agreement, next->transcript, sizeof(next->pake.agreement));
        next->pake.stage = TG_PAKE_AGREED;
    }
}

/* ---- sending -------------------------------------------------------------------------------- */

static struct tg_pake_place place_of(const struct tg_chain *next, const struct tigress_session *s)
{
    struct tg_pake_place place = { .mailbox = s->url.mailbox, .attempt = next->pake.tries };

    memcpy(place.agreement, next->pake.agreement, sizeof(place.agreement));
    return place;
}

static void set_value(struct tg_envelope2_value *value, const uint8_t bytes[TG_CPACE_LEN])
{
    memcpy(value->bytes, bytes, sizeof(value->bytes));
    value->is_set = true;
}

/* spec: protocol/7#pake-tries */
static enum tg_err put_try(struct tg_chain *next, const struct tigress_session *s,
                           struct tg_envelope2_member *member)
{
    struct tg_pake_place place = { .attempt = 0 };
    enum tg_err err = TG_E_BUG;

    next->pake.tries++;
    place = place_of(next, s);
    TG_TRY(tg_pake_begin(next->pake.share, &next->pake.scalar, &s->pake.pin, &place, &s->rng));
    set_value(&member->pake_share, next->pake.share);
    next->pake.stage = TG_PAKE_ASKED;
out:
    return err;
}

/* spec: protocol/7#pake-tries
   The recipient needs its scalar only here. */
static enum tg_err put_answer(struct tg_chain *next, const struct tigress_session *s,
                              struct tg_envelope2_member *member)
{
    struct tg_pake_result result = { .key = { .len = 0 } };
    struct tg_pake_place place = { .attempt = 0 };
    struct tg_secret scalar = { .len = 0 };
    struct tg_pake_shares shares = { .initiator = TG_ARRAY_BYTES(next->pake.share) };
    enum tg_err err = TG_E_BUG;

    next->pake.tries++;
    place = place_of(next, s);
    TG_TRY(tg_pake_begin(member->pake_share.bytes, &scalar, &s->pake.pin, &place, &s->rng));
    member->pake_share.is_set = true;
    shares.recipient = TG_ARRAY_BYTES(member->pake_share.bytes);
    TG_TRY(tg_pake_finish(&result, TG_ENVELOPE2_RECIPIENT, &scalar, &place, &shares));
    set_value(&member->pake_confirm, result.tag_recipient);
    memcpy(next->pake.tag, result.tag_initiator, sizeof(next->pake.tag));
    next->pake.key = result.key;
    next->pake.stage = TG_PAKE_ANSWERED;
out:
    tg_mem_wipe(&result, sizeof(result));
    tg_secret_wipe(&scalar);
    return err;
}

enum tg_err tg_pake_put(struct tg_chain *next, const struct tigress_session *s,
                        struct tg_envelope2_member *member)
{
    if (s->role == TIGRESS_INITIATOR && next->pake.stage == TG_PAKE_AGREED) {
        return put_try(next, s, member);
    }
    if (s->role == TIGRESS_RECIPIENT && next->pake.stage == TG_PAKE_ASKED) {
        return put_answer(next, s, member);
    }
    if (next->pake.stage == TG_PAKE_VERIFIED) {
        set_value(&member->pake_confirm, next->pake.tag);
        tg_mem_wipe(next->pake.tag, sizeof(next->pake.tag));
        next->pake.stage = TG_PAKE_PROVED;
    }
    return TG_OK;
}

/* The keys after this try, beside those before it, and no ISK any more. */
static enum tg_err mix(struct tg_envelope2_keys *keys, struct tg_chain *next)
{
    enum tg_err err = tg_pake_keys(keys, &next->keys, &next->pake.key, next->transcript);

    tg_secret_wipe(&next->pake.key);
    return err;
}

enum tg_err tg_pake_sealed(struct tg_chain *next, const struct tigress_session *s)
{
    bool is_answer = s->role == TIGRESS_RECIPIENT && next->pake.key.len > 0;

    return is_answer ? mix(&next->pake.other, next) : TG_OK;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static enum tg_err need_share(const struct tg_envelope2_member *member, struct tg_fault *fault)
{
    enum tg_err err = TG_E_SYNTAX;

    if (member->pake_share.is_set) {
        err = tg_cpace_check(TG_ARRAY_BYTES(member->pake_share.bytes));
    }
    if (err == TG_E_SYNTAX) {
        tg_fault_set(fault, "%s",
                     member->wrong != NULL ? member->wrong
                                           : TG_ENVELOPE2_MEMBER
                         ".pakeShare: expected an element of ristretto255 "
                         "that is not the identity");
    }
    return err;
}

/* spec: protocol/7#pake-verdict
   The verdict on the recipient's tag. */
static enum tg_err judge(struct tg_chain *next, const struct tg_pake_result *result,
                         const struct tg_envelope2_member *member)
{
    struct tg_envelope2_keys keys = { .to_recipient = { .len = 0 } };
    enum tg_err err = TG_E_BUG;

    if (!tg_ct_equal(TG_ARRAY_BYTES(result->tag_recipient),
                     TG_ARRAY_BYTES(member->pake_confirm.bytes))) {
        next->pake.stage = next->pake.tries < TG_PAKE_TRIES_MAX ? TG_PAKE_AGREED : TG_PAKE_DEAD;
        return TG_OK;
    }
    next->pake.key = result->key;
    TG_TRY(mix(&keys, next));
    next->pake.other = next->keys;
    next->keys = keys;
    memcpy(next->pake.tag, result->tag_initiator, sizeof(next->pake.tag));
    next->pake.stage = TG_PAKE_VERIFIED;
out:
    tg_envelope2_keys_wipe(&keys);
    return err;
}

static enum tg_err take_answer(struct tg_chain *next, const struct tigress_session *s,
                               const struct tg_envelope2_member *member, struct tg_fault *fault)
{
    const struct tg_pake_shares shares = { TG_ARRAY_BYTES(next->pake.share),
                                           TG_ARRAY_BYTES(member->pake_share.bytes) };
    struct tg_pake_place place = place_of(next, s);
    struct tg_pake_result result = { .key = { .len = 0 } };
    enum tg_err err = TG_E_BUG;

    TG_TRY(need_share(member, fault));
    if (!member->pake_confirm.is_set) {
        tg_fault_set(fault, TG_ENVELOPE2_MEMBER ".pakeConfirm: expected base64url of 32 bytes");
        err = TG_E_SYNTAX;
        goto out;
    }
    TG_TRY(tg_pake_finish(&result, TG_ENVELOPE2_INITIATOR, &next->pake.scalar, &place, &shares));
    tg_secret_wipe(&next->pake.scalar);
    TG_TRY(judge(next, &result, member));
out:
    tg_mem_wipe(&result, sizeof(result));
    return err;
}

/* spec: protocol/7#pake-tries */
static enum tg_err take_try(struct tg_chain *next, const struct tg_envelope2_member *member,
                            struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    if (next->pake.tries >= TG_PAKE_TRIES_MAX) {
        tg_fault_set(fault, "The sender asks for the PIN once more than is possible.");
        return TG_E_SYNTAX;
    }
    TG_TRY(need_share(member, fault));
    memcpy(next->pake.share, member->pake_share.bytes, sizeof(next->pake.share));
    tg_mem_wipe(next->pake.tag, sizeof(next->pake.tag));
    tg_envelope2_keys_wipe(&next->pake.other);
    next->pake.stage = TG_PAKE_ASKED;
out:
    return err;
}

/* spec: protocol/7#pake-nothing-before-proof */
static enum tg_err take_proof(struct tg_chain *next, const struct tg_envelope2_member *member)
{
    if (!member->pake_confirm.is_set ||
        !tg_ct_equal(TG_ARRAY_BYTES(next->pake.tag), TG_ARRAY_BYTES(member->pake_confirm.bytes))) {
        return TG_E_CONFLICT;
    }
    next->keys = next->pake.other;
    tg_envelope2_keys_wipe(&next->pake.other);
    tg_mem_wipe(next->pake.tag, sizeof(next->pake.tag));
    next->pake.stage = TG_PAKE_PROVED;
    return TG_OK;
}

enum tg_err tg_pake_take(struct tg_chain *next, const struct tigress_session *s,
                         const struct tg_envelope2_member *member, enum tg_chain_key key,
                         struct tg_fault *fault)
{
    bool is_initiator = s->role == TIGRESS_INITIATOR;

    if (key == TG_CHAIN_KEY_PROVED) {
        return take_proof(next, member);
    }
    if (is_initiator && next->pake.stage == TG_PAKE_ASKED) {
        return take_answer(next, s, member, fault);
    }
    if (is_initiator && next->pake.stage == TG_PAKE_PROVED) {
        tg_envelope2_keys_wipe(&next->pake.other); /* the recipient has the proof */
    }
    if (!is_initiator &&
        (next->pake.stage == TG_PAKE_AGREED || next->pake.stage == TG_PAKE_ANSWERED)) {
        return take_try(next, member, fault);
    }
    return TG_OK;
}

/* ---- whose turn it is ----------------------------------------------------------------------- */

static bool is_at(const struct tigress_session *s, enum tigress_role role, enum tg_pake_stage stage)
{
    return s->role == role && s->chain.pake.stage == stage;
}

bool tg_pake_is_proof_due(const struct tigress_session *s)
{
    return is_at(s, TIGRESS_INITIATOR, TG_PAKE_VERIFIED);
}

bool tg_pake_is_turn(const struct tigress_session *s)
{
    return s->messages.is_our_turn &&
           (is_at(s, TIGRESS_INITIATOR, TG_PAKE_AGREED) || tg_pake_is_proof_due(s));
}

bool tg_pake_is_waiting(const struct tigress_session *s)
{
    return is_at(s, TIGRESS_INITIATOR, TG_PAKE_ASKED) ||
           is_at(s, TIGRESS_RECIPIENT, TG_PAKE_ANSWERED);
}

bool tg_pake_is_asked(const struct tigress_session *s)
{
    return is_at(s, TIGRESS_RECIPIENT, TG_PAKE_ASKED);
}

bool tg_pake_is_dead(const struct tigress_session *s)
{
    return s->chain.pake.stage == TG_PAKE_DEAD;
}

bool tg_pake_is_bare(const struct tigress_session *s, const struct tg_chain *next)
{
    return s->role == TIGRESS_INITIATOR ? s->chain.pake.stage == TG_PAKE_ASKED
                                        : next->pake.stage == TG_PAKE_ASKED;
}

bool tg_pake_has_draft(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR && !tg_pake_is_settled(s);
}

/* spec: protocol/7#pake-nothing-before-proof */
bool tg_pake_is_settled(const struct tigress_session *s)
{
    return s->chain.pake.stage == TG_PAKE_UNUSED || s->chain.pake.stage == TG_PAKE_PROVED;
}

/* ---- consistency ---------------------------------------------------------------------------- */

static bool has_keys(const struct tg_envelope2_keys *keys, size_t len)
{
    return keys->to_recipient.len == len && keys->to_initiator.len == len;
}

/* Which of the lengths each stage has, and after which message. try_seq: of the last share. */
static bool is_stage_whole(const struct tigress_session *s)
{
    const struct tg_chain_pake *p = &s->chain.pake;
    bool is_initiator = s->role == TIGRESS_INITIATOR;
    uint64_t after = AGREED_SEQ + (uint64_t)2 * p->tries; /* after the last answer */
    size_t len = s->url.secret.len;

    switch (p->stage) {
    case TG_PAKE_UNUSED:
    case TG_PAKE_OFFERED:
        return p->tries == 0 && has_keys(&p->other, 0);
    case TG_PAKE_AGREED:
        return s->chain.seq == after && p->tries < TG_PAKE_TRIES_MAX &&
               (is_initiator || p->tries == 0) && has_keys(&p->other, 0);
    case TG_PAKE_ASKED:
        return is_initiator ? p->tries > 0 && s->chain.seq + 1 == after && has_keys(&p->other, 0)
                            : p->tries < TG_PAKE_TRIES_MAX && s->chain.seq == after + 1 &&
                                  has_keys(&p->other, 0);
    case TG_PAKE_ANSWERED:
        return !is_initiator && p->tries > 0 && s->chain.seq == after && has_keys(&p->other, len);
    case TG_PAKE_VERIFIED:
        return is_initiator && p->tries > 0 && s->chain.seq == after && has_keys(&p->other, len);
    case TG_PAKE_PROVED:
        return p->tries > 0 && s->chain.seq > after &&
               (has_keys(&p->other, 0) || (is_initiator && has_keys(&p->other, len)));
    case TG_PAKE_DEAD:
        return is_initiator && p->tries == TG_PAKE_TRIES_MAX && s->chain.seq == after &&
               has_keys(&p->other, 0);
    }
    return false;
}

static bool is_at_its_chain(const struct tigress_session *s)
{
    switch (s->chain.pake.stage) {
    case TG_PAKE_UNUSED:
        return true;
    case TG_PAKE_OFFERED:
        return s->chain.is_bare &&
               (s->chain.stage == TG_CHAIN_OFFERED || s->chain.stage == TG_CHAIN_ANSWERING);
    case TG_PAKE_AGREED:
    case TG_PAKE_ASKED:
    case TG_PAKE_ANSWERED:
    case TG_PAKE_VERIFIED:
    case TG_PAKE_PROVED:
    case TG_PAKE_DEAD:
        break;
    }
    return s->chain.is_bare && s->chain.stage == TG_CHAIN_V2;
}

bool tg_pake_is_consistent(const struct tigress_session *s)
{
    const struct tg_chain_pake *p = &s->chain.pake;
    bool has_scalar = p->scalar.len == TG_CPACE_LEN;
    bool needs_pin =
        s->role == TIGRESS_INITIATOR &&
        (p->stage == TG_PAKE_OFFERED || p->stage == TG_PAKE_AGREED || p->stage == TG_PAKE_ASKED);
    bool is_pin_valid = s->pake.pin.len == 0 || (s->pake.pin.len >= TIGRESS_PIN_DIGITS_MIN &&
                                                 s->pake.pin.len <= TIGRESS_PIN_DIGITS_MAX);

    return is_stage_whole(s) && is_at_its_chain(s) && is_pin_valid &&
           has_scalar == is_at(s, TIGRESS_INITIATOR, TG_PAKE_ASKED) &&
           (has_scalar || p->scalar.len == 0) && (s->pake.pin.len > 0 || !needs_pin) &&
           (s->state != TG_S_PIN || tg_pake_is_asked(s)) && s->pake.use <= TIGRESS_PAKE_REQUIRED &&
           (tg_pake_is_settled(s) || tg_cpace_is_built());
}
