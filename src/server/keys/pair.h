/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/pair.h - the TLS certificate with its chain and its private key: read from their
 * files once, and examined. --check-config, the start and SIGHUP use this, so they find the same.
 * Layer: L4 (base).      Threads: one at a time.      Blocks: reads files.      Clock: an argument.
 * Secrets: the private key, in OpenSSL's memory; the bytes of its file are wiped.
 */
#ifndef TG_SERVER_KEYS_PAIR_H
#define TG_SERVER_KEYS_PAIR_H

#include "server/ops/findings.h"

#include <openssl/x509.h>

#define TG_PAIR_SOON_S (14 * 24 * 3600) /* a certificate that expires earlier is reported */
#define TG_PAIR_FILE_MAX (256u * 1024u) /* bytes of a file */
#define TG_PAIR_CHAIN_MAX 16u           /* certificates in a file */

struct tg_pair {
    X509 *cert;
    STACK_OF(X509) * issuers; /* what follows the certificate in its file; may be empty */
    EVP_PKEY *key;
};

struct tg_pair_request { /* borrowed for the call; the paths until the findings are printed */
    const char *cert_path;
    const char *key_path;
    const char *host; /* the name or address that the certificate must be for; NULL: not checked */
    int64_t now_s;
};

/*
 * Errors: a file that cannot be read, no certificate or key in it, a key that is not the
 * certificate's, one that other users may read or that belongs to one of them, a certificate that
 * is not valid now or not for the host. Warnings: it expires soon, or its chain is out of order,
 * incomplete or expired. All of them are in *findings; the result is TG_OK if none is an error.
 *   *out   written on TG_OK; the caller frees it with tg_pair_deinit
 */
TG_NODISCARD enum tg_err tg_pair_load(struct tg_pair *out, const struct tg_pair_request *request,
                                      struct tg_findings *findings);
/* Accepts a pair of zeros. */
void tg_pair_deinit(struct tg_pair *pair);

#endif
