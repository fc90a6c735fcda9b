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

/* Checks before any public-key operation: the algorithm is known and belongs to the kind of key,
   and sig has the form of the algorithm. */
enum tg_attest_step tg_signature_check_form(enum tg_key_kind kind, int64_t alg, struct tg_bytes sig,
                                            struct tg_fault *fault);
/* key has the kind that tg_signature_check_form checked. */
enum tg_attest_step tg_signature_verify(EVP_PKEY *key, int64_t alg, struct tg_bytes message,
                                        struct tg_bytes sig, struct tg_fault *fault);

/* The hash of data with the hash function of alg. TG_E_UNSUPPORTED: alg has none. */
TG_NODISCARD enum tg_err tg_signature_hash(uint8_t out[TG_SIGNATURE_HASH_MAX], size_t *len,
                                           int64_t alg, struct tg_bytes data);

#endif
