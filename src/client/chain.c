/* SPDX-License-Identifier: Apache-2.0 */
#include "client/chain.h"

#include "base/mem.h"
#include "client/compare.h"
#include "client/pake.h"
#include "client/session.h"
#include "wire/envelope.h"

#include <string.h>

#define OFFER_SEQ 1u
#define ANSWER_SEQ 2u
#define MEMBER_USUAL 256u /* bytes of the member as it is written today */

static enum tg_envelope2_role role_of(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR ? TG_ENVELOPE2_INITIATOR : TG_ENVELOPE2_RECIPIENT;
}

static enum tg_envelope2_role peer_of(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR ? TG_ENVELOPE2_RECIPIENT : TG_ENVELOPE2_INITIATOR;
}

void tg_chain_reset(struct tg_chain *chain, enum tg_chain_stage stage)
{
    tg_mem_wipe(chain, sizeof(*chain));
    chain->stage = stage;
}

static bool is_decided(enum tg_chain_stage stage)
{
    return stage == TG_CHAIN_V1 || stage == TG_CHAIN_V2;
}

/* spec: protocol/7#envelope-v2-event */
void tg_chain_commit(struct tigress_session *s, const struct tg_chain *next)
{
    if (!is_decided(s->chain.stage) && is_decided(next->stage)) {
        s->v2.is_event_due = true;
    }
    s->chain = *next;
    /* spec: protocol/7#pake-wiped */
    if (next->pake.stage >= TG_PAKE_ANSWERED) {
        tg_secret_wipe(&s->pake.pin);
    }
}

/* Does the next message carry the library's key? */
static bool is_first(const struct tigress_session *s)
{
    return s->chain.stage == TG_CHAIN_ANSWERING ||
           (s->chain.stage == TG_CHAIN_FRESH && s->role == TIGRESS_INITIATOR);
}

size_t tg_chain_room(const struct tigress_session *s)
{
    bool has_member = is_first(s) || tg_compare_is_reveal_due(s) || tg_pake_is_proof_due(s);

    return TG_ENVELOPE_PLAIN_MAX - (has_member ? TG_ENVELOPE2_MEMBER_ROOM : 0);
}

/* ---- steps of the negotiation --------------------------------------------------------------- */

static enum tg_err append(struct tg_chain *chain, enum tg_envelope2_role sender,
                          const struct tg_payload *payload)
{
    uint8_t digest[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_envelope2_digest(digest, payload));
    TG_TRY(tg_envelope2_transcript_add(chain->transcript, chain->transcript, sender, chain->seq + 1,
                                       digest));
    chain->seq++;
out:
    return err;
}

/* Starts the transcript and adds the first message, given by its digest. */
static enum tg_err begin(struct tg_chain *chain, const struct tigress_session *s,
                         const uint8_t digest[TG_SHA256_LEN])
{
    uint8_t start[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_envelope2_transcript_begin(start, &s->url.mailbox));
    TG_TRY(tg_envelope2_transcript_add(chain->transcript, start, TG_ENVELOPE2_INITIATOR, OFFER_SEQ,
                                       digest));
    chain->seq = OFFER_SEQ;
out:
    return err;
}

/* spec: protocol/7#envelope-v2-private-key-ends
   Derives the keys once both first messages are in the transcript, and wipes the private key. */
static enum tg_err agree(struct tg_chain *chain, const struct tigress_session *s,
                         const struct tg_secret *private_key, const uint8_t peer_key[TG_X25519_LEN])
{
    struct tg_secret shared = { .len = 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_x25519_shared(&shared, private_key, tg_bytes(peer_key, TG_X25519_LEN)));
    TG_TRY(tg_envelope2_derive(&chain->keys, &shared, &s->url.secret, chain->transcript));
    tg_secret_wipe(&chain->private_key);
    tg_mem_wipe(chain->peer_key, sizeof(chain->peer_key));
    chain->stage = TG_CHAIN_V2;
out:
    tg_secret_wipe(&shared);
    return err;
}

/* ---- sealing -------------------------------------------------------------------------------- */

/* Appends the message with the member in it. */
static enum tg_err put_member(struct tg_buf *text, struct tg_bytes message,
                              const struct tg_envelope2_member *member)
{
    /* Room for all of it at once: a buffer that grows by a byte doubles. */
    (void)tg_buf_extend(text, message.len + MEMBER_USUAL);
    tg_buf_truncate(text, 0);
    tg_envelope2_member_put(text, message, member);
    return tg_buf_status(text);
}

/* Appends the message with a new public key of ours in it. */
static enum tg_err put_key(struct tg_buf *text, struct tg_chain *next,
                           struct tg_secret *private_key, struct tigress_session *s,
                           struct tg_bytes message)
{
    struct tg_envelope2_member member = { .role = role_of(s), .public_key = { .is_set = true } };
    enum tg_err err = TG_E_BUG;

    private_key->len = TG_X25519_LEN;
    TG_TRY(tg_rng_fill(&s->rng, private_key->bytes, private_key->len));
    TG_TRY(tg_x25519_public(member.public_key.bytes, private_key));
    TG_TRY(next->stage == TG_CHAIN_ANSWERING ? tg_compare_answer(next, &member, &s->rng)
                                             : tg_compare_commit(next, &member, &s->rng));
    tg_pake_put_first(next, s, &member);
    TG_TRY(put_member(text, message, &member));
out:
    return err;
}

static struct tg_payload payload_in(const struct tigress_session *s, const struct tg_buf *box,
                                    size_t start)
{
    return (struct tg_payload){ .type = tg_envelope_type(&s->url.secret),
                                .data = tg_bytes_from(tg_buf_view(box), start) };
}

/* spec: protocol/7#envelope-v2-offer
   spec: protocol/7#envelope-v2-answer */
static enum tg_err seal_first(struct tg_chain *next, struct tigress_session *s, struct tg_buf *box,
                              struct tg_bytes message)
{
    struct tg_secret private_key = { .len = 0 };
    struct tg_payload payload = { .type = { NULL, 0 } };
    size_t start = box->len;
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TG_ENVELOPE_PLAIN_MAX);
    TG_REQUIRE(message.len <= tg_chain_room(s), TG_E_LIMIT);
    TG_TRY(put_key(&text, next, &private_key, s, message));
    TG_TRY(tg_envelope_seal(box, &s->url.secret, tg_buf_view(&text), &s->rng));
    payload = payload_in(s, box, start);
    if (next->stage == TG_CHAIN_ANSWERING) {
        TG_TRY(append(next, TG_ENVELOPE2_RECIPIENT, &payload));
        TG_TRY(agree(next, s, &private_key, next->peer_key));
        tg_pake_agreed(next);
    } else {
        TG_TRY(tg_envelope2_digest(next->transcript, &payload));
        next->private_key = private_key;
        next->seq = OFFER_SEQ;
        next->stage = TG_CHAIN_OFFERED;
    }
out:
    tg_buf_deinit(&text);
    tg_secret_wipe(&private_key);
    return err;
}

static struct tg_envelope2_place place_of(const struct tigress_session *s,
                                          enum tg_envelope2_role sender)
{
    struct tg_envelope2_place place = {
        .mailbox = s->url.mailbox,
        .sender = sender,
        .seq = s->chain.seq + 1,
    };

    memcpy(place.transcript, s->chain.transcript, sizeof(place.transcript));
    return place;
}

static const struct tg_secret *key_of(const struct tg_envelope2_keys *keys,
                                      enum tg_envelope2_role sender)
{
    return sender == TG_ENVELOPE2_INITIATOR ? &keys->to_recipient : &keys->to_initiator;
}

/* What the library adds to a message after the first two. */
static enum tg_err put_later(struct tg_chain *next, const struct tigress_session *s,
                             struct tg_envelope2_member *member)
{
    enum tg_err err = TG_E_BUG;

    if (tg_compare_is_reveal_due(s)) {
        TG_TRY(tg_compare_reveal(next, member));
    }
    TG_TRY(tg_pake_put(next, s, member));
out:
    return err;
}

static enum tg_err seal_next(struct tg_chain *next, struct tigress_session *s, struct tg_buf *box,
                             struct tg_bytes message)
{
    struct tg_envelope2_place place = place_of(s, role_of(s));
    struct tg_payload payload = { .type = { NULL, 0 } };
    struct tg_envelope2_member member = { .is_present = true };
    size_t start = box->len;
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TG_ENVELOPE_PLAIN_MAX);
    TG_REQUIRE(message.len <= tg_chain_room(s), TG_E_LIMIT);
    TG_TRY(put_later(next, s, &member));
    if (member.reveal.is_set || member.pake_share.is_set || member.pake_confirm.is_set) {
        TG_TRY(put_member(&text, message, &member));
        message = tg_buf_view(&text);
    }
    TG_TRY(tg_envelope2_seal(box, key_of(&s->chain.keys, place.sender), &place, message, &s->rng));
    payload = payload_in(s, box, start);
    TG_TRY(append(next, place.sender, &payload));
    TG_TRY(tg_pake_sealed(next, s));
out:
    tg_buf_deinit(&text);
    tg_mem_wipe(&member, sizeof(member));
    return err;
}

enum tg_err tg_chain_seal(struct tg_chain *next, struct tigress_session *s, struct tg_buf *box,
                          struct tg_bytes message)
{
    enum tg_err err = TG_E_BUG;

    *next = s->chain;
    if (is_first(s)) {
        err = seal_first(next, s, box, message);
    } else if (s->chain.stage == TG_CHAIN_V2) {
        err = seal_next(next, s, box, message);
    } else if (s->chain.stage == TG_CHAIN_V1) {
        err = tg_envelope_seal(box, &s->url.secret, message, &s->rng);
    }
    if (err != TG_OK) {
        tg_chain_reset(next, TG_CHAIN_V1);
    }
    return err;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* spec: protocol/7#pake-keys
   A recipient that has sent its tag does not know whether it was right. */
static enum tg_err open_next(const struct tigress_session *s, struct tg_buf *plain,
                             enum tg_chain_key *key, const struct tg_payload *payload,
                             struct tg_fault *fault)
{
    struct tg_envelope2_place place = place_of(s, peer_of(s));
    enum tg_err err =
        tg_envelope2_open(plain, key_of(&s->chain.keys, place.sender), &place, payload, fault);

    *key = TG_CHAIN_KEY_CURRENT;
    if (err == TG_E_CRYPTO && s->chain.pake.stage == TG_PAKE_ANSWERED) {
        *key = TG_CHAIN_KEY_PROVED;
        err = tg_envelope2_open(plain, key_of(&s->chain.pake.other, place.sender), &place, payload,
                                fault);
    }
    return err;
}

/* spec: protocol/7#envelope-v2-no-downgrade */
enum tg_err tg_chain_open(const struct tigress_session *s, struct tg_buf *plain,
                          enum tg_chain_key *key, const struct tg_payload *payload,
                          struct tg_fault *fault)
{
    struct tg_fault shape = { "" };
    size_t start = plain->len;
    enum tg_err err = TG_E_BUG;

    *key = TG_CHAIN_KEY_CURRENT;
    if (s->chain.stage != TG_CHAIN_V2) {
        return tg_envelope_open(plain, &s->url.secret, payload, fault);
    }
    err = open_next(s, plain, key, payload, &shape);
    if (err == TG_OK || err == TG_E_NOMEM) {
        return err;
    }
    if (err != TG_E_CRYPTO) {
        *fault = shape;
        return TG_E_CONFLICT;
    }
    /* Only to tell apart the two errors: the text is not used. */
    err = tg_envelope_open(plain, &s->url.secret, payload, NULL);
    tg_buf_truncate(plain, start);
    return err == TG_E_NOMEM ? err : err == TG_OK ? TG_E_DENIED : TG_E_CONFLICT;
}

enum tg_err tg_chain_open_copy(const struct tigress_session *s, struct tg_buf *plain,
                               const struct tg_payload *payload)
{
    struct tg_envelope2_place place = place_of(s, role_of(s));

    if (s->chain.stage != TG_CHAIN_V2 || s->chain.seq <= ANSWER_SEQ) {
        return tg_envelope_open(plain, &s->url.secret, payload, NULL);
    }
    if (s->history.is_unknown || s->history.count + 1 != s->chain.seq) {
        return TG_OK;
    }
    place.seq = s->chain.seq;
    memcpy(place.transcript, s->history.last, sizeof(place.transcript));
    return tg_envelope2_open(plain, key_of(&s->chain.keys, place.sender), &place, payload, NULL);
}

/* The initiator's first message, with its key. */
static enum tg_err take_offer(struct tg_chain *next, const struct tigress_session *s,
                              const struct tg_envelope2_member *member,
                              const struct tg_payload *payload)
{
    uint8_t digest[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_envelope2_digest(digest, payload));
    TG_TRY(begin(next, s, digest));
    memcpy(next->peer_key, member->public_key.bytes, sizeof(next->peer_key));
    tg_compare_take_commitment(next, member);
    next->stage = TG_CHAIN_ANSWERING;
out:
    return err;
}

static enum tg_err take_answer(struct tg_chain *next, const struct tigress_session *s,
                               const struct tg_envelope2_member *member,
                               const struct tg_payload *payload)
{
    enum tg_err err = TG_E_BUG;

    tg_compare_take_answer(next, member);
    TG_TRY(begin(next, s, s->chain.transcript));
    TG_TRY(append(next, TG_ENVELOPE2_RECIPIENT, payload));
    TG_TRY(agree(next, s, &s->chain.private_key, member->public_key.bytes));
    tg_pake_agreed(next);
out:
    return err;
}

static const char *name_of(enum tg_envelope2_role role)
{
    return role == TG_ENVELOPE2_INITIATOR ? "initiator" : "recipient";
}

/* spec: protocol/7#envelope-v2-roles
   spec: protocol/7#envelope-v2-required */
static enum tg_err check_first(const struct tigress_session *s,
                               const struct tg_envelope2_member *member, struct tg_fault *fault)
{
    if (!member->is_present && s->v2.is_required) {
        tg_fault_set(fault, "The message has no key of envelope v2, which this device requires.");
        return TG_E_UNSUPPORTED;
    }
    if (member->wrong != NULL) {
        tg_fault_set(fault, "%s", member->wrong);
        return TG_E_SYNTAX;
    }
    if (member->is_present && !member->public_key.is_set) {
        tg_fault_set(fault, TG_ENVELOPE2_MEMBER ".publicKey: expected base64url of an X25519 key "
                                                "of 32 bytes");
        return TG_E_SYNTAX;
    }
    if (member->role != 0 && member->role != peer_of(s)) {
        tg_fault_set(fault, TG_ENVELOPE2_MEMBER ".role: expected \"%s\"", name_of(peer_of(s)));
        return TG_E_SYNTAX;
    }
    if (member->role == 0 && s->v2.is_required) {
        tg_fault_set(fault, "The message does not name the role of its sender, which this device "
                            "requires: the other device has an older version.");
        return TG_E_UNSUPPORTED;
    }
    return TG_OK;
}

/* spec: protocol/7#envelope-v2-falls-back-to-v1 */
static enum tg_err take_first(struct tg_chain *next, const struct tigress_session *s,
                              const struct tg_envelope2_member *member,
                              const struct tg_payload *payload, struct tg_fault *fault)
{
    enum tg_err err = check_first(s, member, fault);

    if (err == TG_OK) {
        err = tg_pake_take_first(next, s, member, fault);
    }
    if (err != TG_OK) {
        return err;
    }
    if (!member->is_present) {
        tg_chain_reset(next, TG_CHAIN_V1);
        return TG_OK;
    }
    return s->role == TIGRESS_RECIPIENT ? take_offer(next, s, member, payload)
                                        : take_answer(next, s, member, payload);
}

enum tg_err tg_chain_receive(struct tg_chain *next, const struct tigress_session *s,
                             struct tg_buf *text, struct tg_bytes plain, enum tg_chain_key key,
                             const struct tg_payload *payload, struct tg_fault *fault)
{
    struct tg_envelope2_member member = { .is_present = false };
    enum tg_err err = TG_E_BUG;

    *next = s->chain;
    TG_TRY(tg_envelope2_member_take(text, &member, plain));
    switch (s->chain.stage) {
    case TG_CHAIN_V1:
        break;
    case TG_CHAIN_FRESH:
    case TG_CHAIN_OFFERED:
        TG_TRY(take_first(next, s, &member, payload, fault));
        break;
    case TG_CHAIN_ANSWERING:
        /* spec: protocol/7#envelope-v2-strict-turns */
        err = TG_E_CONFLICT;
        goto out;
    case TG_CHAIN_V2:
        if (s->role == TIGRESS_RECIPIENT) {
            TG_TRY(tg_compare_take_reveal(next, &member, s->chain.transcript));
        }
        TG_TRY(append(next, peer_of(s), payload));
        TG_TRY(tg_pake_take(next, s, &member, key, fault));
        break;
    }
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_chain_reset(next, TG_CHAIN_V1);
    }
    return err;
}

/* ---- repeated envelopes --------------------------------------------------------------------- */

/* spec: protocol/7#envelope-v2-reflection-and-rollback
   With v2 every message seen has a number. The mailbox must hold the last one, or the one before
   while the relay has not confirmed ours. */
enum tg_repeat tg_chain_check_repeat(const struct tigress_session *s, size_t index,
                                     uint64_t version)
{
    size_t seq = index + 1;
    bool is_unconfirmed = s->state == TG_S_READ && s->read_mode == TG_READ_CONFLICT;
    bool is_ours = (seq % 2 == 1) == (s->role == TIGRESS_INITIATOR);

    if (s->chain.stage != TG_CHAIN_V2 || (is_unconfirmed && seq + 1 >= s->chain.seq)) {
        return TG_REPEAT_EXPECTED;
    }
    if (is_ours &&
        (seq < s->chain.seq || (s->mailbox.version > 0 && version > s->mailbox.version))) {
        return TG_REPEAT_REFLECTED;
    }
    return seq < s->chain.seq ? TG_REPEAT_OLDER : TG_REPEAT_EXPECTED;
}

/* ---- consistency ---------------------------------------------------------------------------- */

bool tg_chain_is_consistent(const struct tigress_session *s)
{
    const struct tg_chain *chain = &s->chain;
    size_t seen_count = s->messages.seen.len / TG_SHA256_LEN;
    bool is_initiator = s->role == TIGRESS_INITIATOR;
    bool has_keys = chain->keys.to_recipient.len + chain->keys.to_initiator.len > 0;
    bool is_keyless = chain->private_key.len == 0 && !has_keys;

    switch (chain->stage) {
    case TG_CHAIN_V1:
        return is_keyless && chain->seq == 0 && !chain->is_bare && !s->v2.is_required;
    case TG_CHAIN_FRESH:
        return is_keyless && chain->seq == 0 && !chain->is_bare && seen_count == 0;
    case TG_CHAIN_OFFERED:
        return is_initiator && chain->private_key.len == TG_X25519_LEN && !has_keys &&
               chain->seq == OFFER_SEQ && seen_count == OFFER_SEQ;
    case TG_CHAIN_ANSWERING:
        return !is_initiator && is_keyless && chain->seq == OFFER_SEQ && seen_count == OFFER_SEQ;
    case TG_CHAIN_V2:
        return chain->private_key.len == 0 && chain->keys.to_recipient.len == s->url.secret.len &&
               chain->keys.to_initiator.len == s->url.secret.len && chain->seq >= ANSWER_SEQ &&
               chain->seq == seen_count &&
               s->messages.is_our_turn == ((chain->seq % 2 == 0) == is_initiator);
    }
    return false;
}
