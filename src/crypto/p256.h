/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/p256.h - Diffie-Hellman on the curve P-256, with uncompressed points.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the private key, borrowed for the call; the shared secret, which the caller wipes.
 * spec: SEC 1 sections 2.3 and 3.3.1, NIST SP 800-186.
 */
#ifndef TG_CRYPTO_P256_H
#define TG_CRYPTO_P256_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/secret.h"

#define TG_P256_PRIVATE_LEN 32u /* bytes of a private key, big-endian, and of a shared secret */
#define TG_P256_PUBLIC_LEN 65u  /* 04, x, y */

/*
 * A private key from the random source, and its public key.
 * TG_E_CRYPTO   the source or the library failed; both are untouched. The caller wipes the key.
 */
TG_NODISCARD enum tg_err tg_p256_generate(struct tg_secret *private_key,
                                          uint8_t public_key[TG_P256_PUBLIC_LEN],
                                          const struct tg_rng *rng);

/*
 * The public key of a private key, which is a number from 1 to the order of the curve minus 1.
 * TG_E_CRYPTO   a key of another length or out of range, or the library failed; out is untouched
 */
TG_NODISCARD enum tg_err tg_p256_public(uint8_t out[TG_P256_PUBLIC_LEN],
                                        const struct tg_secret *private_key);

/*
 * The shared secret, the x coordinate of private key times public key: the same on both sides.
 * TG_E_SYNTAX   tg_p256_check() refuses the public key
 * TG_E_CRYPTO   the private key is invalid, as above, or the library failed
 * out is untouched on failure.
 */
TG_NODISCARD enum tg_err tg_p256_shared(struct tg_secret *out, const struct tg_secret *private_key,
                                        struct tg_bytes public_key);

/* TG_OK for an uncompressed point of the curve. TG_E_SYNTAX: another length or form, coordinates
   out of range or not on the curve. TG_E_CRYPTO: the library failed. */
TG_NODISCARD enum tg_err tg_p256_check(struct tg_bytes public_key);

#endif
