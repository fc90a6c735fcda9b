/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/issuers.h - certificates of issuers, kept as OpenSSL reads them: every device of a kind
 * brings the same ones, and reading one takes longer than verifying a signature on P-256.
 * Layer: L2, for attest/ alone.      Threads: any; one lock, held for a look at a table.
 * Blocks: no.      Secrets: none: only what led to a root is kept, and never a leaf.
 *
 * What is kept is the reading alone. Each chain is verified anew, with every signature and at its
 * own time.
 */
#ifndef TG_ATTEST_ISSUERS_H
#define TG_ATTEST_ISSUERS_H

#include "base/bytes.h"
#include "base/err.h"

#include <openssl/x509.h>

#define TG_ATTEST_ISSUERS_MAX 64u

struct tg_attest_issuers;

TG_NODISCARD enum tg_err tg_attest_issuers_new(struct tg_attest_issuers **out);
/* Accepts *issuers == NULL. */
void tg_attest_issuers_free(struct tg_attest_issuers **issuers);

/* The certificate with these very bytes, for the caller to free; NULL when it is not kept. */
X509 *tg_attest_issuers_find(struct tg_attest_issuers *issuers, struct tg_bytes der);
/* Keeps it, in place of the oldest when all places are taken. For certificates of a chain that
   verified. Failing to keep it is no failure. */
void tg_attest_issuers_keep(struct tg_attest_issuers *issuers, struct tg_bytes der, X509 *cert);

#endif
