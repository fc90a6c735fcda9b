/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/seal.h - keyed hashes and sealed records: the store holds nothing that it can read.
 * Layer: L2 (base, crypto).   Threads: any.   Blocks: no.
 * Secrets: uses the relay's keys; derives a key for each mailbox.
 * spec: docs/protocol.md section 3, Identifier; docs/architecture.md, property 2.
 * spec: protocol/3#blind-at-rest
 */
#ifndef TG_RELAY_SEAL_H
#define TG_RELAY_SEAL_H

#include "base/rng.h"
#include "base/uuid.h"
#include "mailbox/mailbox.h"
#include "relay/keyring.h"
#include "store/store.h"

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
TG_NODISCARD enum tg_err tg_seal_request_hash(struct tg_request_hash *out,
                                              const struct tg_keyring *keyring,
                                              const struct tg_uuid *mailbox,
                                              struct tg_bytes request_id);

/* The key of one mailbox's record under one seal key: HKDF-SHA-256(seal key, mailbox). The
   caller that derives one wipes it. */
struct tg_seal_record_key {
    uint32_t id; /* of the seal key; 0: not derived */
    struct tg_secret key;
};

/* Derived from the last seal key. *out is zero on failure. */
TG_NODISCARD enum tg_err tg_seal_record_key_derive(struct tg_seal_record_key *out,
                                                   const struct tg_keyring *keyring,
                                                   const struct tg_uuid *mailbox);
void tg_seal_record_key_wipe(struct tg_seal_record_key *key);

/*
 * Appends key id, nonce, ciphertext and tag: AES-256-GCM with a fresh random nonce, additional data
 * store key || version || expires_s, so that a record cannot be moved to another key or given other
 * metadata. TG_E_LIMIT, TG_E_NOMEM, TG_E_CRYPTO; out is then as long as before
 */
TG_NODISCARD enum tg_err tg_seal_record(struct tg_buf *out,
                                        const struct tg_seal_record_key *record_key,
                                        const struct tg_store_key *key, uint64_t version,
                                        int64_t expires_s, struct tg_bytes plain,
                                        const struct tg_rng *rng);
/*
 * Appends the plaintext to out.
 *   record_key   of the last seal key; for a record that names an older one it is derived here
 * TG_E_CRYPTO    unknown key id, or it does not verify; nothing appended
 */
TG_NODISCARD enum tg_err tg_seal_record_open(struct tg_buf *out, const struct tg_keyring *keyring,
                                             const struct tg_uuid *mailbox,
                                             const struct tg_seal_record_key *record_key,
                                             const struct tg_store_key *key,
                                             const struct tg_store_record *record);
/* The id of the seal key of a sealed record or entry of the outbox; 0: nothing is sealed in it, as
   in the record of a spent private token. */
uint32_t tg_seal_key_id(struct tg_bytes sealed);

#endif
