/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/keyfile.h - the relay's keys on disk (format: relay/keyring.h).
 * Layer: L4.      Threads: start only.      Blocks: reads and writes files, fsync.
 * Secrets: the relay's keys; each copy made here is wiped.
 */
#ifndef TG_SERVER_KEYS_KEYFILE_H
#define TG_SERVER_KEYS_KEYFILE_H

#include "relay/keyring.h"

#define TG_KEYFILE_MAX 8192u /* bytes */

/* The store when it was opened. A used one has records, or the check of a key. */
enum tg_keyfile_store { TG_KEYFILE_STORE_IS_NEW, TG_KEYFILE_STORE_IS_USED };

/*
 * Loads the keyring in path. If the file is missing and the store is new, creates it: with mode
 * 0600, complete or not at all, never over an existing file, and durable (file and folder) on
 * return.
 *   *out         written on TG_OK; the caller wipes it (tg_keyring_wipe)
 *   *is_created  written on TG_OK; may be NULL
 *   fault        what was wrong and what is expected, without the path and the content
 * TG_E_DENIED    not a regular file of the relay's user, or another user has a right on it
 * TG_E_NOTFOUND  the file is missing, but the store was used with one
 * TG_E_SYNTAX    the format is wrong
 * TG_E_LIMIT     larger than TG_KEYFILE_MAX
 * TG_E_IO, TG_E_NOMEM, TG_E_CRYPTO
 */
TG_NODISCARD enum tg_err tg_keyfile_open(struct tg_keyring *out, bool *is_created, const char *path,
                                         enum tg_keyfile_store store, const struct tg_rng *rng,
                                         struct tg_fault *fault);
/* Only loads it; root may load the file of another user. TG_E_NOTFOUND: the file is missing; fault
 * is untouched. */
TG_NODISCARD enum tg_err tg_keyfile_read(struct tg_keyring *out, const char *path,
                                         struct tg_fault *fault);

#endif
