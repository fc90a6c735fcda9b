/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/preflight.h - what a relay needs besides valid settings: a certificate and its key,
 * descriptors, folders. --check-config, the start and SIGHUP use the same functions.
 * Layer: L4.      Threads: the main thread.      Blocks: reads files.      Clock: an argument.
 * Secrets: the private key passes through to the TLS context.
 */
#ifndef TG_SERVER_PREFLIGHT_H
#define TG_SERVER_PREFLIGHT_H

#include "server/net/tls.h"
#include "server/ops/findings.h"
#include "server/settings/config.h"

/* Loads the certificate and its key, and examines both. *out is written on TG_OK: then *findings
   has at most warnings. Not with plain HTTP; a development certificate must have been made. */
TG_NODISCARD enum tg_err tg_preflight_tls(struct tg_tls_context **out,
                                          const struct tg_config *config,
                                          struct tg_tls_tickets *tickets, int64_t now_s,
                                          struct tg_findings *findings);

/* Compares the limit of descriptors with max-connections. If it is too low, the default of
   max-connections is lowered, with a warning; another value is an error. */
void tg_preflight_descriptors(struct tg_config *config, struct tg_findings *findings);

/* Whether the socket of attestation-verifier is one that the relay may use and that no other user
   can put in its place. If it is not there yet: a warning, because the verifier may start later. */
void tg_preflight_verifier(const struct tg_config *config, struct tg_findings *findings);

/* Whether the folders of data, store and relay-key are there, or can be made. Makes none. */
void tg_preflight_folders(const struct tg_config *config, struct tg_findings *findings);

#endif
