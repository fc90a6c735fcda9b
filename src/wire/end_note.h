/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/end_note.h - the sealed note in which a device tells the other one how it ended a transfer.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the key and the note, borrowed for the call.
 * spec: docs/protocol.md section 7, End note.
 *
 * Every function here is pure. The session decides which key is used and which note is believed.
 */
#ifndef TG_WIRE_END_NOTE_H
#define TG_WIRE_END_NOTE_H

#include "base/buf.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "wire/envelope2.h"

/* The end, two numbers, the transcript: one length, so that a note does not show which end it is.
 */
#define TG_END_NOTE_PLAIN_LEN (1u + 8u + 8u + TG_SHA256_LEN)
#define TG_END_NOTE_LEN (TG_AEAD_NONCE_LEN + TG_END_NOTE_PLAIN_LEN + TG_AEAD_TAG_LEN)
#define TG_END_NOTE_TEXT_LEN 103u /* TG_END_NOTE_LEN bytes as base64url */

/* The values are part of the note. */
enum tg_end_note_end {
    TG_END_NOTE_COMPLETED = 1,
    TG_END_NOTE_DECLINED = 2,
    TG_END_NOTE_CANCELLED = 3
};

struct tg_end_note {
    enum tg_end_note_end end;
    uint64_t sent;                     /* number of the last message sent; 0: none */
    uint64_t received;                 /* number of the last message received; 0: none */
    uint8_t transcript[TG_SHA256_LEN]; /* after the message with the number `received` */
};

/*
 * Seals a note and appends it to out as base64url.
 *   base      the transfer's secret, or with envelope v2 the key of the maker's direction
 *   mailbox   of the transfer
 *   maker     the role of the device that ends the transfer
 * TG_E_CRYPTO               a base of another length, no randomness, or the library failed
 * TG_E_LIMIT / TG_E_NOMEM   out's maximum, or memory
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_end_note_seal(struct tg_buf *out, const struct tg_secret *base,
                                          const struct tg_uuid *mailbox,
                                          enum tg_envelope2_role maker,
                                          const struct tg_end_note *note, const struct tg_rng *rng);

/*
 * Opens the note of maker.
 * TG_E_SYNTAX    not base64url of TG_END_NOTE_LEN bytes, or a sealed note without meaning
 * TG_E_CRYPTO    another key, mailbox or maker, or a changed note
 * TG_E_NOMEM
 * *note is untouched on failure.
 */
TG_NODISCARD enum tg_err tg_end_note_open(struct tg_end_note *note, const struct tg_secret *base,
                                          const struct tg_uuid *mailbox,
                                          enum tg_envelope2_role maker, struct tg_bytes text);

#endif
