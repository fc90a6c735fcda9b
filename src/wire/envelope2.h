/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/envelope2.h - envelope v2: each direction of a transfer has its own key, and each message is
 * bound to its position in the transfer. docs/envelope-v2.md has the construction and the reasons.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: keys, shared secret and plaintext, borrowed for the call.
 * spec: docs/protocol.md section 7, Envelope v2.
 *
 * Every function here is pure. The session decides who may send and what is refused.
 */
#ifndef TG_WIRE_ENVELOPE2_H
#define TG_WIRE_ENVELOPE2_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "crypto/x25519.h"
#include "wire/types.h"

/* The values are part of additional data and transcript. */
enum tg_envelope2_role { TG_ENVELOPE2_INITIATOR = 1, TG_ENVELOPE2_RECIPIENT = 2 };

/* ---- the transcript: a hash over all messages of the transfer so far, v1 ones included ------ */

/* The digest of a payload for the transcript: SHA-256( type || 0 || data ). */
TG_NODISCARD enum tg_err tg_envelope2_digest(uint8_t out[TG_SHA256_LEN],
                                             const struct tg_payload *payload);
/* The transcript before the first message. */
TG_NODISCARD enum tg_err tg_envelope2_transcript_begin(uint8_t out[TG_SHA256_LEN],
                                                       const struct tg_uuid *mailbox);
/* The transcript after message number seq (from 1) of sender. in and out may be the same. */
TG_NODISCARD enum tg_err tg_envelope2_transcript_add(uint8_t out[TG_SHA256_LEN],
                                                     const uint8_t in[TG_SHA256_LEN],
                                                     enum tg_envelope2_role sender, uint64_t seq,
                                                     const uint8_t digest[TG_SHA256_LEN]);

/* ---- keys ----------------------------------------------------------------------------------- */

struct tg_envelope2_keys {
    struct tg_secret to_recipient; /* the initiator seals with it */
    struct tg_secret to_initiator; /* the recipient seals with it */
};

/*
 * HKDF-SHA-256 of the X25519 shared secret and the transfer's secret, salted with the transcript
 * after the second message. Each key is as long as the transfer's secret.
 * TG_E_CRYPTO   the secret is not 16 or 32 bytes long, or the shared secret not 32
 * keys are untouched on failure; the caller wipes them with tg_envelope2_keys_wipe().
 */
TG_NODISCARD enum tg_err tg_envelope2_derive(struct tg_envelope2_keys *keys,
                                             const struct tg_secret *shared,
                                             const struct tg_secret *secret,
                                             const uint8_t transcript[TG_SHA256_LEN]);
void tg_envelope2_keys_wipe(struct tg_envelope2_keys *keys);

/* ---- messages ------------------------------------------------------------------------------- */

/* The position of a message. All of it is authenticated with the message. */
struct tg_envelope2_place {
    struct tg_uuid mailbox;
    enum tg_envelope2_role sender;
    uint64_t seq;                      /* of all messages of the transfer, from 1 */
    uint8_t transcript[TG_SHA256_LEN]; /* of all messages before this one */
};

/* As tg_envelope_seal(), under the key of the sender's direction. */
TG_NODISCARD enum tg_err tg_envelope2_seal(struct tg_buf *out, const struct tg_secret *key,
                                           const struct tg_envelope2_place *place,
                                           struct tg_bytes json, const struct tg_rng *rng);
/* As tg_envelope_open(). TG_E_CRYPTO also for a message that was sealed for another position. */
TG_NODISCARD enum tg_err tg_envelope2_open(struct tg_buf *out, const struct tg_secret *key,
                                           const struct tg_envelope2_place *place,
                                           const struct tg_payload *payload,
                                           struct tg_fault *fault);

#endif
