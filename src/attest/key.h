/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/key.h - a public key for OpenSSL from a SubjectPublicKeyInfo of a known kind.
 * Layer: L2, for attest/ alone.      Threads: templates are read-only once made.
 * Blocks: no.      Secrets: none.
 *
 * d2i_PUBKEY is not used: OpenSSL 3 tries all its decoders there, which takes longer than verifying
 * a signature on P-256, and does not report whether the bytes were bad or memory was short.
 */
#ifndef TG_ATTEST_KEY_H
#define TG_ATTEST_KEY_H

#include "attest/attest.h"
#include "attest/cose.h"

#include <openssl/evp.h>

#define TG_KEY_CURVES 3u

struct tg_key_templates { /* the parameters of each curve, by enum tg_key_kind */
    EVP_PKEY *curves[TG_KEY_CURVES];
};

/* TG_E_CRYPTO. Must be deinitialised after success and failure. */
TG_NODISCARD enum tg_err tg_key_templates_init(struct tg_key_templates *templates);
void tg_key_templates_deinit(struct tg_key_templates *templates);

/*
 * spki is a key for which tg_spki_kind() gave this kind. *out is written only on TG_ATTEST_OK.
 * TG_ATTEST_STEP_FORMAT      the point is not on the curve
 * TG_ATTEST_STEP_INTERNAL    OpenSSL failed
 */
enum tg_attest_step tg_key_make(EVP_PKEY **out, const struct tg_key_templates *templates,
                                enum tg_key_kind kind, struct tg_bytes spki,
                                struct tg_fault *fault);

#endif
