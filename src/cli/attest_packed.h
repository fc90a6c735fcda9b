/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/attest_packed.h - a device that attests, for tests of relays that require it. It does what a
 * security key does, with the key in a file.
 * Layer: L4.      Threads: one.      Blocks: reads files.
 * Secrets: the key file; wiped.
 */
#ifndef TG_CLI_ATTEST_PACKED_H
#define TG_CLI_ATTEST_PACKED_H

#include <tigress/tigress.h>

#include "cli/ui.h"

#include <stddef.h>

/*
 * A WebAuthn attestation object of format packed over challenge, signed with the P-256 key of
 * key_path for the certificates of cert_path, both PEM, the leaf first. *out is for cli_free.
 *   rp_id   the relay's host
 * CLI_REFUSED   a file cannot be used; reported
 */
enum cli_exit attest_packed(struct ui *ui, unsigned char **out, size_t *len, const char *key_path,
                            const char *cert_path, const char *rp_id,
                            const unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN]);

#endif
