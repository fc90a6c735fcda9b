/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x25519.h - Diffie-Hellman on Curve25519.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the private key, borrowed for the call; the shared secret, which the caller wipes.
 * spec: RFC 7748 sections 5 and 6.1.
 */
#ifndef TG_CRYPTO_X25519_H
#define TG_CRYPTO_X25519_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/secret.h"

#define TG_X25519_LEN 32u /* bytes of a private key, a public key and a shared secret */

/*
 * The public key of a private key: any TG_X25519_LEN random bytes.
 * TG_E_CRYPTO   a key of another length, or the library failed; out is untouched
 */
TG_NODISCARD enum tg_err tg_x25519_public(uint8_t out[TG_X25519_LEN],
                                          const struct tg_secret *private_key);

/*
 * The shared secret of a private key and the other side's public key: the same on both sides.
 * TG_E_SYNTAX   an invalid public key: another length, or one of the few that give zeros with every
 *               private key
 * TG_E_CRYPTO   a private key of another length, or the library failed
 * out is untouched on failure.
 */
TG_NODISCARD enum tg_err tg_x25519_shared(struct tg_secret *out,
                                          const struct tg_secret *private_key,
                                          struct tg_bytes public_key);

/* TG_OK if tg_x25519_shared() accepts this public key; else the error of tg_x25519_shared(). */
TG_NODISCARD enum tg_err tg_x25519_check(struct tg_bytes public_key);

#endif
