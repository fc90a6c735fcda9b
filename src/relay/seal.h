/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/seal.h - what makes the store blind: keyed index, identifiers, sealed records.
 * Layer: L2 (base, crypto).   Threads: a keyring is read-only once loaded.   Blocks: no.
 * Secrets: the relay's keys.
 * spec: protocol.md section 3, Identifier; design.md section 3, property 2.
 * spec: protocol/3#blind-at-rest
 *
 * The index key never changes: it derives identifiers, index keys and the hashes of claims and
 * request ids. Seal keys rotate: each has an id that every record names, the last one seals, all of
 * them open.
 */
#ifndef TG_RELAY_SEAL_H
#define TG_RELAY_SEAL_H

#include "base/fault.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "mailbox/mailbox.h"
#include "store/store.h"

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
 * TG_E_SYNTAX, TG_E_LIMIT   fault names the line and what was expected, never what it holds
 */
TG_NODISCARD enum tg_err tg_keyring_parse(struct tg_keyring *out, struct tg_bytes text,
                                          struct tg_fault *fault);
/* Appends that text. */
TG_NODISCARD enum tg_err tg_keyring_format(struct tg_buf *out, const struct tg_keyring *keyring);
void tg_keyring_wipe(struct tg_keyring *keyring);

/* The one that seals now, NULL: the keyring is empty. The one with an id, NULL: there is none. */
const struct tg_seal_key *tg_keyring_current(const struct tg_keyring *keyring);
const struct tg_seal_key *tg_keyring_find(const struct tg_keyring *keyring, uint32_t id);

/* HMAC-SHA-256 under the index key, each with its own label. TG_E_CRYPTO when the library fails. */
TG_NODISCARD enum tg_err tg_seal_mailbox_id(struct tg_uuid *out, const struct tg_keyring *keyring,
                                            const struct tg_uuid *claim,
                                            struct tg_bytes request_id);
TG_NODISCARD enum tg_err tg_seal_store_key(struct tg_store_key *out,
                                           const struct tg_keyring *keyring,
                                           const struct tg_uuid *mailbox);
TG_NODISCARD enum tg_err tg_seal_claim_hash(struct tg_claim_hash *out,
                                            const struct tg_keyring *keyring,
                                            const struct tg_uuid *mailbox,
                                            const struct tg_uuid *claim);
/* Where it is kept that a token was spent, and for what: the mailbox's store key and the request's
   attestation challenge. Nothing of either can be found out from the two. */
#define TG_SPENT_MARK_LEN 32u
TG_NODISCARD enum tg_err tg_seal_spent_key(struct tg_store_key *out,
                                           const struct tg_keyring *keyring,
                                           const uint8_t spent_key[32]);
TG_NODISCARD enum tg_err tg_seal_spent_mark(uint8_t out[TG_SPENT_MARK_LEN],
                                            const struct tg_keyring *keyring,
                                            const uint8_t spent_key[32],
                                            const struct tg_store_key *mailbox_key,
                                            const uint8_t challenge[32]);
TG_NODISCARD enum tg_err tg_seal_request_hash(struct tg_request_hash *out,
                                              const struct tg_keyring *keyring,
                                              const struct tg_uuid *mailbox,
                                              struct tg_bytes request_id);

/* The key of one mailbox's record under one seal key: HKDF-SHA-256(seal key, mailbox). Whoever
   derives one wipes it. */
struct tg_record_key {
    uint32_t id; /* of the seal key; 0: not derived */
    struct tg_secret key;
};

/* Under the key that seals now. *out is zero on failure. */
TG_NODISCARD enum tg_err tg_record_key_derive(struct tg_record_key *out,
                                              const struct tg_keyring *keyring,
                                              const struct tg_uuid *mailbox);
void tg_record_key_wipe(struct tg_record_key *key);

/*
 * Appends key id, nonce, ciphertext and tag: AES-256-GCM with a fresh random nonce, additional data
 * store key || version || expires_s, so that a record cannot be moved or rolled to other metadata.
 * TG_E_LIMIT, TG_E_NOMEM, TG_E_CRYPTO; out is then as long as before
 */
TG_NODISCARD enum tg_err tg_record_seal(struct tg_buf *out, const struct tg_record_key *record_key,
                                        const struct tg_store_key *key, uint64_t version,
                                        int64_t expires_s, struct tg_bytes plain,
                                        const struct tg_rng *rng);
/*
 * Appends the plaintext to out.
 *   record_key   the current key; a record that names an older one has it derived from keyring
 * TG_E_CRYPTO    unknown key id, or it does not verify; nothing appended
 */
TG_NODISCARD enum tg_err tg_record_open(struct tg_buf *out, const struct tg_keyring *keyring,
                                        const struct tg_uuid *mailbox,
                                        const struct tg_record_key *record_key,
                                        const struct tg_store_key *key,
                                        const struct tg_store_record *record);

#endif
