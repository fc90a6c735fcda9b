/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/keyfile.h - the relay's keys on disk (format: relay/seal.h).
 * Layer: L4.      Threads: start only.      Blocks: reads and writes files, fsync.
 * Secrets: the relay's keys; every copy made here is wiped.
 */
#ifndef TG_SERVER_KEYS_KEYFILE_H
#define TG_SERVER_KEYS_KEYFILE_H

#include "relay/seal.h"

#define TG_KEYFILE_MAX 8192u /* bytes */

/* What the store held when it was opened. */
enum tg_keyfile_store { TG_KEYFILE_STORE_EMPTY, TG_KEYFILE_STORE_HAS_RECORDS };

/*
 * Loads the keyring in path, or, where there is no such file and the store is empty, creates it:
 * mode 0600, never over an existing file, whole or not at all, durable (file and folder) before
 * this returns.
 *   *out         written on TG_OK; the caller wipes it (tg_keyring_wipe)
 *   *is_created  written on TG_OK; may be NULL
 *   fault        what was wrong and what is expected, without the path and without any content
 * TG_E_DENIED    the file is not a plain file of ours, or group or others have any right on it
 * TG_E_NOTFOUND  no file, but the store has records: a new key could not open them
 * TG_E_SYNTAX    not the format
 * TG_E_LIMIT     over TG_KEYFILE_MAX
 * TG_E_IO, TG_E_NOMEM, TG_E_CRYPTO
 */
TG_NODISCARD enum tg_err tg_keyfile_open(struct tg_keyring *out, bool *is_created, const char *path,
                                         enum tg_keyfile_store store, const struct tg_rng *rng,
                                         struct tg_fault *fault);

#endif
