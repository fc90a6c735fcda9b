/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/revoked.h - the list of revoked certificates and keys.
 * Layer: L2, for attest/ alone.      Threads: any; read-only once made.      Blocks: no.
 * Secrets: none.
 */
#ifndef TG_ATTEST_REVOKED_H
#define TG_ATTEST_REVOKED_H

#include "attest/cert.h"
#include "base/fault.h"

#define TG_ATTEST_REVOKED_MAX 65536u

struct tg_attest_revoked;

/* Lines `serial <hex>` or `key <hex of SHA-256 of the SubjectPublicKeyInfo>`; `#` begins a comment.
   Empty text is an empty list. TG_E_SYNTAX with the line in fault. */
TG_NODISCARD enum tg_err tg_attest_revoked_new(struct tg_attest_revoked **out, struct tg_bytes text,
                                               struct tg_fault *fault);
void tg_attest_revoked_free(struct tg_attest_revoked **revoked);
/* TG_E_DENIED: it is on the list. TG_E_NOMEM, TG_E_CRYPTO: unknown. */
TG_NODISCARD enum tg_err tg_attest_revoked_check(const struct tg_attest_revoked *revoked,
                                                 const struct tg_cert *cert);

#endif
