/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/digest.h - SHA-256 and HMAC-SHA-256.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: the key, borrowed for the call.
 */
#ifndef TG_CRYPTO_DIGEST_H
#define TG_CRYPTO_DIGEST_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_SHA256_LEN 32u

TG_NODISCARD enum tg_err tg_sha256(uint8_t out[TG_SHA256_LEN], struct tg_bytes data);

/* SHA-256 over the concatenated parts; the caller makes the split unambiguous. */
TG_NODISCARD enum tg_err tg_sha256_parts(uint8_t out[TG_SHA256_LEN], const struct tg_bytes *parts,
                                         size_t part_count);

/* HMAC-SHA-256 (RFC 2104) over the concatenated parts; the caller makes the split unambiguous. */
TG_NODISCARD enum tg_err tg_hmac_sha256(uint8_t out[TG_SHA256_LEN], struct tg_bytes key,
                                        const struct tg_bytes *parts, size_t part_count);

#endif
