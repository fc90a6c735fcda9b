/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/devcert.h - a certificate for `tigressd --dev`, never for anything public.
 * Layer: L4; with tls.c the only files outside crypto/ that include OpenSSL.
 * Threads: start only.      Blocks: files, key generation.
 * Secrets: the leaf's key goes to a file of mode 0600. The CA's key is never written: it signs one
 * certificate and is forgotten, so that nobody can make another one the user's curl would trust.
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
 * Sees to it that dir holds a CA certificate, a P-256 certificate signed by it for localhost,
 * 127.0.0.1, ::1 and host, and its key. What is there is kept while it belongs together, covers
 * host and is valid for another day; otherwise all three are made anew.
 *   dir         exists; ours
 *   host        a numeric address or a DNS name; NULL or "": none besides the three
 *   now_s       UTC seconds
 *   *is_created written on TG_OK; may be NULL
 * TG_E_SYNTAX (host is neither), TG_E_IO, TG_E_CRYPTO, TG_E_NOMEM, TG_E_LIMIT (a path too long);
 * fault says what.
 */
TG_NODISCARD enum tg_err tg_devcert_ensure(const char *dir, const char *host, int64_t now_s,
                                           bool *is_created, struct tg_fault *fault);

#endif
