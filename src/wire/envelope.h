/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/envelope.h - envelope v1: one message, sealed under the transfer's secret.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: key and plaintext.
 * spec: docs/protocol.md section 7, Envelope.
 */
#ifndef TG_WIRE_ENVELOPE_H
#define TG_WIRE_ENVELOPE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/rng.h"
#include "base/secret.h"
#include "wire/types.h"

#define TG_ENVELOPE_AES128 "AEAD_AES_128_GCM"
#define TG_ENVELOPE_AES256 "AEAD_AES_256_GCM"
/* Bytes after padding. The base64 of a message of this size fits into the default body. */
#define TG_ENVELOPE_PLAIN_MAX 40960u

/* The payload type for a secret of 16 or 32 bytes; empty for another length. */
struct tg_bytes tg_envelope_type(const struct tg_secret *secret);

/* The smallest padding bucket that holds len bytes: 512, then doubling to 32768, then
   TG_ENVELOPE_PLAIN_MAX; 0 when none does. */
size_t tg_envelope_bucket(size_t len);

/*
 * Appends base64( IV || ciphertext || tag ) of json padded with spaces to its bucket.
 * TG_E_LIMIT   longer than TG_ENVELOPE_PLAIN_MAX, or out's maximum
 * TG_E_CRYPTO  a secret of another length, no random bytes
 */
TG_NODISCARD enum tg_err tg_envelope_seal(struct tg_buf *out, const struct tg_secret *secret,
                                          struct tg_bytes json, const struct tg_rng *rng);

/*
 * Appends the padded JSON text. Does not parse it.
 * TG_E_UNSUPPORTED  payload.type is neither algorithm
 * TG_E_SYNTAX       data is not base64, or too short
 * TG_E_LIMIT        data is longer than the largest message makes it
 * TG_E_CRYPTO       type does not fit the secret's length, or data does not decrypt
 */
TG_NODISCARD enum tg_err tg_envelope_open(struct tg_buf *out, const struct tg_secret *secret,
                                          const struct tg_payload *payload, struct tg_fault *fault);

/* The same with additional data, which must be equal on both sides. v1 has none. */
TG_NODISCARD enum tg_err tg_envelope_seal_bound(struct tg_buf *out, const struct tg_secret *key,
                                                struct tg_bytes bound, struct tg_bytes json,
                                                const struct tg_rng *rng);
TG_NODISCARD enum tg_err tg_envelope_open_bound(struct tg_buf *out, const struct tg_secret *key,
                                                struct tg_bytes bound,
                                                const struct tg_payload *payload,
                                                struct tg_fault *fault);

#endif
