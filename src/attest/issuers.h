/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/issuers.h - a cache of parsed issuer certificates.
 * Layer: L2, for attest/ alone.      Threads: any; one lock, held for a table look-up.
 * Blocks: no.
 * Secrets: none: only certificates on a path to a root are kept, never a leaf.
 *
 * All devices of a kind send the same issuers, and parsing one takes longer than verifying a
 * signature on P-256. Only the parsing is saved: each chain is verified completely, with every
 * signature and at its own time.
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

/* The certificate with exactly these bytes; the caller frees it. NULL: it is not in the cache. */
X509 *tg_attest_issuers_find(struct tg_attest_issuers *issuers, struct tg_bytes der);
/* Adds a certificate of a chain that verified; replaces the oldest one if the cache is full. Does
   nothing if memory is short. */
void tg_attest_issuers_keep(struct tg_attest_issuers *issuers, struct tg_bytes der, X509 *cert);

#endif
