/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/jws.h - signed tokens in the compact form of JWS, with a key from a PEM file.
 * Layer: L1.      Threads: any; a key is read-only once loaded.      Blocks: no.
 * Secrets: the private key, which its free() wipes; a signed token is a credential too.
 * spec: RFC 7515 sections 3.1 and 7.1, RFC 7518 sections 3.3 and 3.4.
 */
#ifndef TG_CRYPTO_JWS_H
#define TG_CRYPTO_JWS_H

#include "base/buf.h"
#include "base/fault.h"

#define TG_JWS_PEM_MAX 16384u /* bytes of a key's text */
#define TG_JWS_RSA_BITS_MIN 2048u
#define TG_JWS_RSA_BITS_MAX 8192u
#define TG_JWS_P256_PUBLIC_LEN 65u /* 04, x, y */

enum tg_jws_alg { TG_JWS_ES256, TG_JWS_RS256 };

struct tg_jws_key;

/*
 * A private key for alg: P-256 for ES256, RSA for RS256.
 *   pem   PKCS #8, or the older form of one algorithm, without a passphrase
 * TG_E_LIMIT        longer than TG_JWS_PEM_MAX
 * TG_E_SYNTAX       no key, an encrypted key, only a public key, another curve, another algorithm,
 *                   RSA of too few or too many bits, or a private key that does not match its
 *                   public key; fault names the error and what was expected
 * TG_E_NOMEM
 * *out is written only on TG_OK.
 */
TG_NODISCARD enum tg_err tg_jws_key_load(struct tg_jws_key **out, enum tg_jws_alg alg,
                                         struct tg_bytes pem, struct tg_fault *fault);
/* Accepts NULL and *key == NULL; sets *key to NULL. */
void tg_jws_key_free(struct tg_jws_key **key);

/* The public half of an ES256 key, as an uncompressed point. TG_E_CRYPTO: an RSA key, or the
   library failed; out is untouched. */
TG_NODISCARD enum tg_err tg_jws_key_public(uint8_t out[TG_JWS_P256_PUBLIC_LEN],
                                           const struct tg_jws_key *key);

/*
 * Appends base64url(header) "." base64url(payload) "." base64url(signature), all without padding.
 * Both are JSON as the caller wrote it; the caller names the key's algorithm in the header.
 * TG_E_LIMIT / TG_E_NOMEM   out's maximum, or memory
 * TG_E_CRYPTO               the library failed
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_jws_sign(struct tg_buf *out, const struct tg_jws_key *key,
                                     struct tg_bytes header, struct tg_bytes payload);

#endif
