/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/hkdf.h - HKDF-SHA-256 of RFC 5869.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: in and out; the caller wipes out.
 */
#ifndef TG_CRYPTO_HKDF_H
#define TG_CRYPTO_HKDF_H

#include "base/secret.h"

/* Extract and expand. salt may be empty. out_len is 1 to TG_SECRET_MAX bytes, else TG_E_LIMIT. */
TG_NODISCARD enum tg_err tg_hkdf_sha256(struct tg_secret *out, size_t out_len, struct tg_bytes ikm,
                                        struct tg_bytes salt, struct tg_bytes info);

#endif
