/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/cpace.h - CPace, a password-authenticated key exchange: cipher suite CPACE-RISTR255-SHA512
 * with roles. An optional component on libsodium; without it every function here returns
 * TG_E_UNSUPPORTED.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the password and the scalar, borrowed for the call; the key, which the caller wipes.
 * spec: draft-irtf-cfrg-cpace, section "CPace group objects G_Ristretto255".
 */
#ifndef TG_CRYPTO_CPACE_H
#define TG_CRYPTO_CPACE_H

#include "base/buf.h"
#include "base/rng.h"
#include "base/secret.h"

#define TG_CPACE_LEN 32u     /* bytes of a scalar and of a public share */
#define TG_CPACE_KEY_LEN 64u /* bytes of the intermediate session key, ISK */

/* What both sides know. None of it is longer than TG_CPACE_INPUT_MAX, else TG_E_LIMIT. */
struct tg_cpace_inputs {
    struct tg_bytes password; /* PRS */
    struct tg_bytes channel;  /* CI */
    struct tg_bytes id;       /* sid */
};
#define TG_CPACE_INPUT_MAX 255u

/* What one side sends: its public share and its associated data. */
struct tg_cpace_part {
    struct tg_bytes share;
    struct tg_bytes data; /* ADa or ADb */
};

/* Is the component in this build? */
bool tg_cpace_is_built(void);

/*
 * Makes a scalar and its public share.
 * TG_E_LIMIT, TG_E_CRYPTO, TG_E_UNSUPPORTED; the outputs are untouched then.
 */
TG_NODISCARD enum tg_err tg_cpace_begin(uint8_t share[TG_CPACE_LEN], struct tg_secret *scalar,
                                        const struct tg_cpace_inputs *inputs,
                                        const struct tg_rng *rng);

/* TG_E_SYNTAX: another length, not the encoding of a group element, or the identity. */
TG_NODISCARD enum tg_err tg_cpace_check(struct tg_bytes share);

/*
 * The ISK of a run.
 *   peer   the share of the other side: initiator's or recipient's
 * TG_E_SYNTAX      peer is no share, or gives the identity
 * TG_E_LIMIT, TG_E_CRYPTO, TG_E_UNSUPPORTED
 * key is untouched on failure.
 */
TG_NODISCARD enum tg_err tg_cpace_finish(struct tg_secret *key, const struct tg_secret *scalar,
                                         struct tg_bytes id, struct tg_bytes peer,
                                         const struct tg_cpace_part *initiator,
                                         const struct tg_cpace_part *recipient);

/* The key of the tags that confirm a run: SHA-512( "CPaceMac" || sid || ISK ).
   TG_E_LIMIT, TG_E_UNSUPPORTED */
TG_NODISCARD enum tg_err tg_cpace_tag_key(struct tg_secret *out, struct tg_bytes id,
                                          const struct tg_secret *key);
/* Appends the length of data in LEB128, and data. More than TG_CPACE_INPUT_MAX bytes: an error of
   out. */
void tg_cpace_put(struct tg_buf *out, struct tg_bytes data);

#endif
