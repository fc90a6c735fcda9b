/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/seal.h - what makes the store blind: keyed index, identifiers, sealed records.
 * Layer: L2 (base, crypto).   Threads: a keyring is read-only once loaded.   Blocks: no.
 * Secrets: the relay's keys.
 * spec: protocol.md section 3, Identifier; design.md section 3, property 2.
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
#include "relay/mailbox.h"
#include "store/store.h"

#define TG_RELAY_KEY_LEN 32u
#define TG_SEAL_KEYS_MAX 16u

struct tg_seal_key {
    uint32_t id;
    struct tg_secret key;
};

struct tg_keyring {
    struct tg_secret index_key;
    size_t seal_key_count; /* 1 to TG_SEAL_KEYS_MAX */
    struct tg_seal_key seal_keys[TG_SEAL_KEYS_MAX];
};

/* A fresh index key and one seal key with id 1. */
TG_NODISCARD enum tg_err tg_keyring_generate(struct tg_keyring *out, const struct tg_rng *rng);
/* Text form of the key file: a line "index <64 hex>", then lines "seal <id> <64 hex>", '#'
 * comments. */
TG_NODISCARD enum tg_err tg_keyring_parse(struct tg_keyring *out, struct tg_bytes text,
                                          struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_keyring_format(struct tg_buf *out, const struct tg_keyring *keyring);
void tg_keyring_wipe(struct tg_keyring *keyring);

/* HMAC-SHA-256 under the index key, each with its own label. */
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
TG_NODISCARD enum tg_err tg_seal_request_hash(struct tg_request_hash *out,
                                              const struct tg_keyring *keyring,
                                              const struct tg_uuid *mailbox,
                                              struct tg_bytes request_id);

/*
 * Appends key id, nonce, ciphertext and tag: AES-256-GCM under HKDF(seal key, mailbox), additional
 * data store key || version || expires_s, so that a record cannot be moved or rolled to other
 * metadata.
 */
TG_NODISCARD enum tg_err tg_seal_record(struct tg_buf *out, const struct tg_keyring *keyring,
                                        const struct tg_uuid *mailbox,
                                        const struct tg_store_key *key, uint64_t version,
                                        int64_t expires_s, struct tg_bytes plain,
                                        const struct tg_rng *rng);
/* TG_E_CRYPTO: unknown key id, or it does not verify. Appends the plaintext to out. */
TG_NODISCARD enum tg_err tg_open_record(struct tg_buf *out, const struct tg_keyring *keyring,
                                        const struct tg_uuid *mailbox,
                                        const struct tg_store_key *key,
                                        const struct tg_store_record *record);

#endif
