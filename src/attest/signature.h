/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/signature.h - the signature of a statement, by its COSE algorithm.
 * Layer: L2.      Threads: any.      Blocks: one public-key operation.      Secrets: none.
 * spec: RFC 9053 section 2, RFC 8812; WebAuthn Level 3 section 6.5.5: ECDSA signatures are DER.
 */
#ifndef TG_ATTEST_SIGNATURE_H
#define TG_ATTEST_SIGNATURE_H

#include "attest/attest.h"
#include "attest/cose.h"

#include <openssl/evp.h>

#define TG_SIGNATURE_HASH_MAX 64u

/* Looks at everything but the arithmetic: the algorithm is known and goes with the key, and sig has
   the form it gives. For before any public-key operation. */
enum tg_attest_step tg_signature_check_form(enum tg_key_kind kind, int64_t alg, struct tg_bytes sig,
                                            struct tg_fault *fault);
/* key is of the kind that was checked. */
enum tg_attest_step tg_signature_verify(EVP_PKEY *key, int64_t alg, struct tg_bytes message,
                                        struct tg_bytes sig, struct tg_fault *fault);

/* The hash that alg is defined with, over data. TG_E_UNSUPPORTED: it is defined with none. */
TG_NODISCARD enum tg_err tg_signature_hash(uint8_t out[TG_SIGNATURE_HASH_MAX], size_t *len,
                                           int64_t alg, struct tg_bytes data);

#endif
