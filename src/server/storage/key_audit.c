/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/key_audit.h"

#include "base/time3339.h"
#include "relay/seal.h"

#define TRIES_MAX 8u /* of relays that start on one store at the same time */

enum tg_err tg_key_audit_init(struct tg_key_audit *audit, const struct tg_keyring *keyring)
{
    *audit = (struct tg_key_audit){ .version = 0 };
    return tg_key_checks_of(&audit->file, keyring);
}

static void see_checks(struct tg_key_audit *audit, const struct tg_store_seen *seen)
{
    struct tg_key_checks stored;

    audit->version = seen->version;
    audit->is_damaged = tg_key_checks_decode(&stored, seen->bytes) != TG_OK;
    if (!audit->is_damaged) {
        tg_key_checks_compare(&audit->difference, &stored, &audit->file);
    }
}

static void see_content(struct tg_key_audit *audit, const struct tg_store_seen *seen)
{
    uint32_t id = tg_seal_key_id(seen->bytes);

    audit->has_content = true;
    for (size_t i = 0; i < audit->difference.missing_count; i++) {
        if (audit->difference.missing_ids[i] == id) {
            audit->use_count[i]++;
            if (seen->expires_s > audit->last_use_s[i]) {
                audit->last_use_s[i] = seen->expires_s;
            }
        }
    }
}

/* Spent keys are hashes under the index key, but a series says only that there may be some. Without
   a missing key the first record ends the survey. */
bool tg_key_audit_see(void *ctx, const struct tg_store_seen *seen)
{
    struct tg_key_audit *audit = ctx;

    switch (seen->kind) {
    case TG_STORE_SEEN_FACT:
        if (seen->fact == TG_FACT_KEY_CHECKS) {
            see_checks(audit, seen);
        }
        return true;
    case TG_STORE_SEEN_SERIES:
    case TG_STORE_SEEN_SPENT:
        audit->has_content = true;
        return true;
    case TG_STORE_SEEN_RECORD:
    case TG_STORE_SEEN_ENTRY:
        see_content(audit, seen);
        return audit->difference.missing_count > 0;
    }
    return false;
}

static bool judge_missing(const struct tg_key_audit *audit, struct tg_fault *fault)
{
    for (size_t i = 0; i < audit->difference.missing_count; i++) {
        char until[TG_TIME3339_LEN + 1];

        if (audit->use_count[i] > 0) {
            tg_time3339_format(until, audit->last_use_s[i]);
            tg_fault_set(fault,
                         "seal key %u is not in the key file, but %llu records or pushes in the "
                         "store are sealed with it; the last of them expires at %s",
                         audit->difference.missing_ids[i], (unsigned long long)audit->use_count[i],
                         until);
            return false;
        }
    }
    return true;
}

enum tg_err tg_key_audit_judge(const struct tg_key_audit *audit, enum tg_key_audit_need need,
                               struct tg_fault *fault, const char **advice)
{
    const struct tg_key_difference *d = &audit->difference;

    if (audit->is_damaged) {
        tg_fault_set(fault, "the check of the keys in the store is damaged, or of a newer version");
        *advice = "Use the version that ran last on this store, or an empty store folder.\n";
    } else if (audit->version == 0 && audit->has_content) {
        tg_fault_set(fault, "the store holds mailboxes but no check of its keys, so a wrong key "
                            "file would not be noticed");
        *advice = "Run once: tigressd --config FILE --upgrade-store (see tigressd(8)).\n";
    } else if (d->has_other_index) {
        tg_fault_set(fault, "the index key in the key file is another key than the one of this "
                            "store, so no mailbox would be found");
        *advice = "Put back the key file of this store, for example from its backup. For a relay "
                  "without\nthese mailboxes use an empty store folder.\n";
    } else if (d->other_seal_id != 0) {
        tg_fault_set(fault,
                     "seal key %u in the key file is another key than the one that this store "
                     "knows by that number",
                     d->other_seal_id);
        *advice = "Put back the earlier line of that number. A new key needs a number that was "
                  "not used.\n";
    } else if (need == TG_KEY_AUDIT_ALL && !judge_missing(audit, fault)) {
        *advice = "Put its line back into the key file. It can be deleted after that time, when "
                  "the relay\nhas removed what expired.\n";
    } else {
        return TG_OK;
    }
    return TG_E_DENIED;
}

enum tg_err tg_key_audit_save(struct tg_store *store, const struct tg_key_audit *audit)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf value;

    tg_buf_init(&value, TG_STORE_FACT_MAX);
    TG_TRY(tg_key_checks_encode(&value, &audit->file));
    TG_TRY(tg_store_fact_save(store, TG_FACT_KEY_CHECKS, audit->version, tg_buf_view(&value)));
    err = TG_OK;
out:
    tg_buf_deinit(&value);
    return err;
}

static enum tg_err verify(struct tg_key_audit *audit, struct tg_store *store,
                          const struct tg_keyring *keyring, enum tg_key_audit_need need,
                          struct tg_fault *fault, const char **advice)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_key_audit_init(audit, keyring));
    TG_TRY(store->ops->survey(store, TG_STORE_SURVEY_ALL, tg_key_audit_see, audit));
    TG_TRY(tg_key_audit_judge(audit, need, fault, advice));
    err = TG_OK;
out:
    return err;
}

/* tg_fault_set() keeps an earlier sentence. */
static enum tg_err explain(enum tg_err err, struct tg_fault *fault)
{
    if (err != TG_OK) {
        tg_fault_set(fault, "the check of the keys cannot be read from or written to the store");
    }
    return err;
}

enum tg_err tg_key_audit_verify(struct tg_store *store, const struct tg_keyring *keyring,
                                enum tg_key_audit_need need, struct tg_fault *fault,
                                const char **advice)
{
    struct tg_key_audit audit;

    return explain(verify(&audit, store, keyring, need, fault, advice), fault);
}

static enum tg_err run_once(struct tg_store *store, const struct tg_keyring *keyring,
                            struct tg_fault *fault, const char **advice)
{
    enum tg_err err = TG_E_BUG;
    struct tg_key_audit audit;

    TG_TRY(verify(&audit, store, keyring, TG_KEY_AUDIT_ALL, fault, advice));
    if (audit.version == 0 || audit.difference.has_new_seal || audit.difference.missing_count > 0) {
        TG_TRY(tg_key_audit_save(store, &audit));
    }
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_key_audit_run(struct tg_store *store, const struct tg_keyring *keyring,
                             struct tg_fault *fault, const char **advice)
{
    enum tg_err err = TG_E_CONFLICT;

    for (unsigned i = 0; err == TG_E_CONFLICT && i < TRIES_MAX; i++) {
        err = run_once(store, keyring, fault, advice);
    }
    return explain(err, fault);
}
