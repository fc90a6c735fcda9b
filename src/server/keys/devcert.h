/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/devcert.h - a certificate for `tigressd --dev`, not for a public relay.
 * Layer: L4; includes OpenSSL.
 * Threads: start only.      Blocks: files, key generation.
 * Secrets: the leaf's key goes to a file of mode 0600. The CA's key is never written: it signs one
 * certificate and is then wiped, so that it cannot sign another certificate that the user's curl
 * would trust.
 */
#ifndef TG_SERVER_KEYS_DEVCERT_H
#define TG_SERVER_KEYS_DEVCERT_H

#include "base/err.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

#define TG_DEVCERT_CA "dev-ca.pem"
#define TG_DEVCERT_CERT "dev-cert.pem"
#define TG_DEVCERT_KEY "dev-key.pem"
#define TG_DEVCERT_DAYS 90

/*
 * Ensures that dir contains a CA certificate, a P-256 certificate signed by it for localhost,
 * 127.0.0.1, ::1 and host, and its key. Existing files are kept if they match, cover host and are
 * valid for another day. Otherwise all three are made again.
 *   dir         exists and belongs to the relay
 *   host        a numeric address or a DNS name; NULL or "": no fourth name
 *   now_s       UTC seconds
 *   *is_created written on TG_OK; may be NULL
 * TG_E_SYNTAX (host is neither), TG_E_IO, TG_E_CRYPTO, TG_E_NOMEM, TG_E_LIMIT (a path too long);
 * fault has the reason.
 */
TG_NODISCARD enum tg_err tg_devcert_ensure(const char *dir, const char *host, int64_t now_s,
                                           bool *is_created, struct tg_fault *fault);

#endif
