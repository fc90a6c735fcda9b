/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/chain.h - certificate chains to configured roots.
 * Layer: L2.
 * Threads: roots are read-only once made, issuers have a lock, a chain belongs to one call.
 * Blocks: verifying has one public-key operation for each certificate, a refusal up to twice that.
 * Clock: an argument.      Secrets: none.      spec: RFC 5280 section 6.
 *
 * The rules are OpenSSL's with its default flags. X509_V_FLAG_X509_STRICT is off, because the
 * leaves of Apple, Android and Yubico have no Authority Key Identifier. Security level 2 requires
 * RSA of 2048 bits or a curve of 224 bits, and refuses SHA-1. The purpose of the leaf is not
 * checked here: each format has its own rules. docs/attestation.md, "Chains".
 */
#ifndef TG_ATTEST_CHAIN_H
#define TG_ATTEST_CHAIN_H

#include "attest/attest.h"
#include "attest/cert.h"
#include "attest/issuers.h"
#include "attest/key.h"

#include <openssl/x509.h>

#define TG_ATTEST_CHAIN_ROOTS_MAX 64u

struct tg_attest_chain_roots;

/* PEM certificates, at least one. An anchor need not be self-issued. *out is not written on
   failure; fault states what was expected. */
TG_NODISCARD enum tg_err tg_attest_chain_roots_new(struct tg_attest_chain_roots **out,
                                                   struct tg_bytes pem, struct tg_fault *fault);
/* Accepts *roots == NULL. */
void tg_attest_chain_roots_free(struct tg_attest_chain_roots **roots);

struct tg_attest_chain {
    X509 *certs[TG_ATTEST_CHAIN_MAX];
    size_t count;
};

/* Whose dates count. "Not yet valid", revocation and the root are strict in every rule. */
enum tg_attest_chain_times {
    TG_ATTEST_TIMES_ALL, /* every certificate is valid now */
    /* The leaf's dates do not count: the device made it by its own clock. In a chain put in at the
       factory the end of an intermediate does not count: its phones cannot get another. It is such
       a chain if the subject of its topmost certificate below the root has a serialNumber. */
    TG_ATTEST_TIMES_ANDROID
};

struct tg_attest_chain_request { /* borrowed for the call */
    const struct tg_cert *certs; /* the leaf first */
    size_t count;                /* 1 to TG_ATTEST_CHAIN_MAX */
    const struct tg_key_templates *templates;
    struct tg_attest_issuers *issuers; /* the cache of intermediate certificates */
    const struct tg_attest_chain_roots *roots;
    int64_t now_s;
    enum tg_attest_chain_times times;
};

/* Verifies certs up to one of the roots. *chain is empty before and holds the certificates after.
   Free it with tg_attest_chain_deinit after success and failure. */
enum tg_attest_step tg_attest_chain_verify(struct tg_attest_chain *chain,
                                           const struct tg_attest_chain_request *request,
                                           struct tg_fault *fault);
/* The leaf's key, valid as long as the chain. NULL: OpenSSL could not make one. */
EVP_PKEY *tg_attest_chain_leaf_key(const struct tg_attest_chain *chain);
void tg_attest_chain_deinit(struct tg_attest_chain *chain);

#endif
