/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/key_audit.h - whether the key file belongs to the store.
 * Layer: L4 (base, relay, store).      Threads: start only.      Blocks: reads the store.
 * Secrets: uses the relay's keys.
 *
 * The store keeps a check value of the index key and of each seal key (relay/key_check.h). The
 * first start writes them. A later start is refused with another index key, with another key under
 * the id of a seal key, and without a seal key that something in the store is sealed with: that
 * key may be removed from the key file when nothing is left. A seal key with a new id is added.
 */
#ifndef TG_SERVER_STORAGE_KEY_AUDIT_H
#define TG_SERVER_STORAGE_KEY_AUDIT_H

#include "base/fault.h"
#include "relay/key_check.h"
#include "store/store.h"

/* What a survey of the store found. Filled by tg_key_audit_see. */
struct tg_key_audit {
    struct tg_key_checks file; /* of the key file */
    uint64_t version;          /* of the fact; 0: absent */
    bool is_damaged;
    bool has_content; /* a record, an entry of the outbox, or a series of spent keys */
    struct tg_key_difference difference;
    uint64_t use_count[TG_SEAL_KEYS_MAX]; /* for each missing id: what is sealed with it, ... */
    int64_t last_use_s[TG_SEAL_KEYS_MAX]; /* ... and the latest expiration of that */
};

TG_NODISCARD enum tg_err tg_key_audit_init(struct tg_key_audit *audit,
                                           const struct tg_keyring *keyring);
/* A tg_store_see_fn; ctx is the audit. Ends the survey when the rest is not needed. */
bool tg_key_audit_see(void *ctx, const struct tg_store_seen *seen);
/* What the key file must have: every key that the store needs, or only no other key than the
   store's, because what is sealed will be removed. */
enum tg_key_audit_need { TG_KEY_AUDIT_ALL, TG_KEY_AUDIT_NO_OTHER };

/*
 * After the survey. TG_E_DENIED: the relay must not start; fault has the sentence, and *advice the
 * lines on what to do.
 */
TG_NODISCARD enum tg_err tg_key_audit_judge(const struct tg_key_audit *audit,
                                            enum tg_key_audit_need need, struct tg_fault *fault,
                                            const char **advice);

/* Surveys and judges, and writes nothing. TG_E_DENIED as above; TG_E_STORE, TG_E_NOMEM,
   TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_key_audit_verify(struct tg_store *store,
                                             const struct tg_keyring *keyring,
                                             enum tg_key_audit_need need, struct tg_fault *fault,
                                             const char **advice);
/*
 * At the start: the same with TG_KEY_AUDIT_ALL, and then writes the check values if they are absent
 * or differ. Call it after the store's counter was judged: a write makes an older copy newer.
 * In addition TG_E_FULL
 */
TG_NODISCARD enum tg_err tg_key_audit_run(struct tg_store *store, const struct tg_keyring *keyring,
                                          struct tg_fault *fault, const char **advice);
/* Writes the check values of the audit over the version it saw. TG_E_CONFLICT: the store has
   others meanwhile. */
TG_NODISCARD enum tg_err tg_key_audit_save(struct tg_store *store,
                                           const struct tg_key_audit *audit);

#endif
