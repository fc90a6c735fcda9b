/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/aead.h - AES-GCM with a 12-byte nonce and a 16-byte tag.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: the key, borrowed for the call.
 * spec: RFC 5116 section 5.1 and 5.2.
 */
#ifndef TG_CRYPTO_AEAD_H
#define TG_CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/secret.h"

#define TG_AEAD_NONCE_LEN 12u
#define TG_AEAD_TAG_LEN 16u

/* The algorithm follows from the key's length: 16 bytes is AES-128-GCM, 32 bytes is AES-256-GCM. */

/*
 * Appends ciphertext and tag (plain.len + TG_AEAD_TAG_LEN bytes) to out.
 *   nonce   TG_AEAD_NONCE_LEN bytes; the caller must never repeat it under this key
 * TG_E_LIMIT / TG_E_NOMEM   out's maximum, or memory
 * TG_E_CRYPTO               a key of another length, or the library failed
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_aead_seal(struct tg_buf *out, const struct tg_secret *key,
                                      struct tg_bytes nonce, struct tg_bytes aad,
                                      struct tg_bytes plain);

/* The same for a plaintext that is in out already, from start on: it is replaced. On failure out
   ends at start. */
TG_NODISCARD enum tg_err tg_aead_seal_in_place(struct tg_buf *out, size_t start,
                                               const struct tg_secret *key, struct tg_bytes nonce,
                                               struct tg_bytes aad);

/*
 * Appends the plaintext of box (ciphertext and tag) to out, only if the tag verifies.
 * TG_E_CRYPTO   does not verify, box is shorter than a tag, or a key of another length
 * Nothing is appended on failure.
 */
TG_NODISCARD enum tg_err tg_aead_open(struct tg_buf *out, const struct tg_secret *key,
                                      struct tg_bytes nonce, struct tg_bytes aad,
                                      struct tg_bytes box);

/* The same for a box that is in out, from start on: the plaintext replaces it. On failure out ends
   at start. */
TG_NODISCARD enum tg_err tg_aead_open_in_place(struct tg_buf *out, size_t start,
                                               const struct tg_secret *key, struct tg_bytes nonce,
                                               struct tg_bytes aad);

#endif
