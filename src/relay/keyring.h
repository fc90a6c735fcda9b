/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/keyring.h - the relay's keys and the text of its key file.
 * Layer: L2 (base).   Threads: a keyring is read-only once loaded.   Blocks: no.
 * Secrets: the relay's keys.
 *
 * The index key never changes: it derives identifiers, index keys and the hashes of claims and
 * request ids. Seal keys rotate. Each has an id that every record names. The last one seals; all of
 * them open.
 */
#ifndef TG_RELAY_KEYRING_H
#define TG_RELAY_KEYRING_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/rng.h"
#include "base/secret.h"

#define TG_RELAY_KEY_LEN 32u
#define TG_SEAL_KEYS_MAX 16u
#define TG_KEYRING_TEXT_MAX 8192u /* bytes of a key file */

struct tg_seal_key {
    uint32_t id; /* not 0 */
    struct tg_secret key;
};

struct tg_keyring {
    struct tg_secret index_key;
    size_t seal_key_count; /* 1 to TG_SEAL_KEYS_MAX */
    struct tg_seal_key seal_keys[TG_SEAL_KEYS_MAX];
};

/* A fresh index key and one seal key with id 1. *out is zero on failure. */
TG_NODISCARD enum tg_err tg_keyring_generate(struct tg_keyring *out, const struct tg_rng *rng);
/*
 * Text form of the key file: a line "index <64 hex>", then lines "seal <id> <64 hex>", '#'
 * comments and empty lines. *out is zero on failure.
 * TG_E_SYNTAX, TG_E_LIMIT   fault names the line and what was expected, never a key
 */
TG_NODISCARD enum tg_err tg_keyring_parse(struct tg_keyring *out, struct tg_bytes text,
                                          struct tg_fault *fault);
/* Appends that text. */
TG_NODISCARD enum tg_err tg_keyring_format(struct tg_buf *out, const struct tg_keyring *keyring);
void tg_keyring_wipe(struct tg_keyring *keyring);

/* The last seal key; NULL: the keyring is empty. The seal key with an id; NULL: there is none. */
const struct tg_seal_key *tg_keyring_current(const struct tg_keyring *keyring);
const struct tg_seal_key *tg_keyring_find(const struct tg_keyring *keyring, uint32_t id);

#endif
