/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/attestation.h - the challenge that a device attestation covers, its header, and the
 * challenges of a 401; the same for relay and library.
 * Layer: L1 (base, crypto).      Threads: any.      Blocks: no.
 * Secrets: device claims pass through; none is kept.
 * spec: docs/protocol.md section 6; RFC 9110 section 11 for WWW-Authenticate.
 */
#ifndef TG_WIRE_ATTESTATION_H
#define TG_WIRE_ATTESTATION_H

#include "base/buf.h"
#include "base/err.h"

#define TG_ATTESTATION_CHALLENGE_LEN 32u
#define TG_ATTESTATION_HEADER_MAX 16384u /* bytes of the header's value */
#define TG_ATTESTATION_DECODED_MAX 12288u

/* Names of the schemes in WWW-Authenticate. */
#define TG_SCHEME_ATTESTATION "DeviceAttestation"
#define TG_SCHEME_PRIVATE_TOKEN "PrivateToken"
/* Slug of the problem type of a refusal for good standing. */
#define TG_PROBLEM_STANDING "standing"

/* All as sent: also the claim is its text, not its 16 bytes. */
struct tg_attestation_cover {
    struct tg_bytes claim;
    struct tg_bytes request_id;
    struct tg_bytes payload_type;
    struct tg_bytes payload_data;
};

/* SHA-256 over "tigress-attestation-v1" and the four members, each preceded by its length in 4
   bytes, big-endian. TG_E_CRYPTO, TG_E_NOMEM; TG_E_LIMIT: a length does not fit into 4 bytes. */
TG_NODISCARD enum tg_err tg_attestation_challenge(uint8_t out[TG_ATTESTATION_CHALLENGE_LEN],
                                                  const struct tg_attestation_cover *cover);

/* Appends the object of a header value: base64url with complete padding or without any.
   TG_E_SYNTAX; TG_E_LIMIT: longer than TG_ATTESTATION_HEADER_MAX. On failure nothing is appended.
 */
TG_NODISCARD enum tg_err tg_attestation_decode(struct tg_buf *out, struct tg_bytes value);
/* Appends the header value of an object. */
void tg_attestation_encode(struct tg_buf *out, struct tg_bytes object);

/*
 * Whether a WWW-Authenticate value has a challenge of the scheme. It may have others.
 *   out   NULL, or the buffer that the challenges are appended to, separated by ", "
 */
bool tg_challenge_find(struct tg_buf *out, struct tg_bytes value, const char *scheme);

#endif
