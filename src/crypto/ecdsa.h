/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/ecdsa.h - ECDSA signatures of P-256 with SHA-256: their two forms, and verification.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: FIPS 186-5 section 6.4.2, RFC 3279 section 2.2.3, RFC 7518 section 3.4.
 */
#ifndef TG_CRYPTO_ECDSA_H
#define TG_CRYPTO_ECDSA_H

#include "base/buf.h"

#define TG_ECDSA_PART_LEN 32u /* bytes of r and of s */
#define TG_ECDSA_RAW_LEN (2 * TG_ECDSA_PART_LEN)
#define TG_ECDSA_DER_MAX 72u

/* r and s of a signature in DER. TG_E_SYNTAX: not exactly one, or a number is too long; raw is
   untouched. */
TG_NODISCARD enum tg_err tg_ecdsa_from_der(uint8_t raw[TG_ECDSA_RAW_LEN], struct tg_bytes der);
/* Appends the signature in DER. TG_E_NOMEM, TG_E_LIMIT: out is as before. */
TG_NODISCARD enum tg_err tg_ecdsa_to_der(struct tg_buf *out, const uint8_t raw[TG_ECDSA_RAW_LEN]);

/*
 * TG_OK         the key has signed the message
 * TG_E_DENIED   it has not
 * TG_E_SYNTAX   public_key is not an uncompressed point of the curve
 * TG_E_CRYPTO   the library failed
 */
TG_NODISCARD enum tg_err tg_ecdsa_verify(struct tg_bytes public_key, struct tg_bytes message,
                                         const uint8_t raw[TG_ECDSA_RAW_LEN]);

#endif
