/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/key_proof.h"

#include "base/mem.h"
#include "relay/outbox_entry.h"

#define ENTRIES_TRIED_MAX 1024u /* of the outbox */
#define RECORD_PLAIN_MAX TG_STORE_VALUE_MAX

void tg_key_proof_init(struct tg_key_proof *proof, const struct tg_keyring *keyring)
{
    *proof = (struct tg_key_proof){ .keyring = keyring };
}

void tg_key_proof_deinit(struct tg_key_proof *proof)
{
    tg_mem_wipe(proof, sizeof(*proof));
}

enum tg_err tg_key_proof_add_link(struct tg_key_proof *proof, struct tg_bytes line)
{
    enum tg_err err = TG_E_BUG;
    size_t i = proof->link_count;

    line = tg_bytes_trim(tg_bytes_first(line, tg_bytes_find(line, '\r')));
    line = tg_bytes_first(line, tg_bytes_find(line, '#'));
    line = tg_bytes_first(line, tg_bytes_find(line, '?'));
    TG_REQUIRE(i < TG_KEY_PROOF_LINKS_MAX, TG_E_LIMIT);
    TG_REQUIRE(line.len >= TG_UUID_TEXT_LEN, TG_E_SYNTAX);
    TG_TRY(tg_uuid_parse(&proof->mailboxes[i], tg_bytes_from(line, line.len - TG_UUID_TEXT_LEN)));
    TG_TRY(tg_seal_store_key(&proof->keys[i], proof->keyring, &proof->mailboxes[i]));
    proof->link_count++;
    err = TG_OK;
out:
    return err;
}

/* TG_SEAL_KEYS_MAX: the keyring lacks it. */
static size_t place_of(const struct tg_keyring *keyring, uint32_t id)
{
    for (size_t i = 0; i < keyring->seal_key_count; i++) {
        if (keyring->seal_keys[i].id == id) {
            return i;
        }
    }
    return TG_SEAL_KEYS_MAX;
}

/* Opens the entry, and derives its key from what is in it. */
static enum tg_err try_entry(const struct tg_key_proof *proof, const struct tg_store_seen *seen)
{
    enum tg_err err = TG_E_BUG;
    struct tg_notification_token token = { .is_present = false };
    struct tg_store_key key;
    struct tg_buf plain;

    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    TG_TRY(tg_outbox_entry_open(&plain, &token, proof->keyring, &seen->key, seen->bytes));
    TG_TRY(tg_outbox_entry_key(&key, proof->keyring, &token));
    TG_REQUIRE(tg_ct_equal(TG_ARRAY_BYTES(key.bytes), TG_ARRAY_BYTES(seen->key.bytes)),
               TG_E_CRYPTO);
    err = TG_OK;
out:
    tg_buf_deinit(&plain);
    return err;
}

static enum tg_err try_record(const struct tg_key_proof *proof, size_t link,
                              const struct tg_store_seen *seen)
{
    enum tg_err err = TG_E_BUG;
    struct tg_seal_record_key record_key = { .id = 0 };
    struct tg_buf plain;
    const struct tg_store_record record = { .version = seen->version,
                                            .expires_s = seen->expires_s,
                                            .sealed = seen->bytes };

    tg_buf_init(&plain, RECORD_PLAIN_MAX);
    TG_TRY(tg_seal_record_key_derive(&record_key, proof->keyring, &proof->mailboxes[link]));
    TG_TRY(tg_seal_record_open(&plain, proof->keyring, &proof->mailboxes[link], &record_key,
                               &seen->key, &record));
    err = TG_OK;
out:
    tg_seal_record_key_wipe(&record_key);
    tg_buf_deinit(&plain);
    return err;
}

static void note_trial(struct tg_key_proof *proof, size_t place, enum tg_err err)
{
    if (err == TG_OK) {
        proof->is_index_proven = true;
        proof->seals[place].is_proven = true;
    } else {
        proof->is_wrong = true;
    }
}

static void see_sealed(struct tg_key_proof *proof, size_t place, const struct tg_store_seen *seen)
{
    proof->seals[place].is_used = true;
    if (seen->kind == TG_STORE_SEEN_ENTRY && proof->tried_count < ENTRIES_TRIED_MAX) {
        proof->tried_count++;
        note_trial(proof, place, try_entry(proof, seen));
    }
    for (size_t i = 0; seen->kind == TG_STORE_SEEN_RECORD && i < proof->link_count; i++) {
        if (tg_ct_equal(TG_ARRAY_BYTES(proof->keys[i].bytes), TG_ARRAY_BYTES(seen->key.bytes))) {
            proof->found_count++;
            note_trial(proof, place, try_record(proof, i, seen));
        }
    }
}

bool tg_key_proof_see(void *ctx, const struct tg_store_seen *seen)
{
    struct tg_key_proof *proof = ctx;
    bool is_sealed = seen->kind == TG_STORE_SEEN_RECORD || seen->kind == TG_STORE_SEEN_ENTRY;
    uint32_t id = is_sealed ? tg_seal_key_id(seen->bytes) : 0;
    size_t place = place_of(proof->keyring, id);

    if (id == 0) {
        return true;
    }
    if (place < TG_SEAL_KEYS_MAX) {
        see_sealed(proof, place, seen);
    } else {
        proof->unknown_id = proof->unknown_id == 0 ? id : proof->unknown_id;
        proof->unknown_count += proof->unknown_id == id ? 1 : 0;
    }
    return true;
}

/* The number of the first seal key that is used and not proven; 0: none. */
static uint32_t unproven_id(const struct tg_key_proof *proof)
{
    for (size_t i = 0; i < proof->keyring->seal_key_count; i++) {
        if (proof->seals[i].is_used && !proof->seals[i].is_proven) {
            return proof->keyring->seal_keys[i].id;
        }
    }
    return 0;
}

enum tg_err tg_key_proof_judge(const struct tg_key_proof *proof, struct tg_fault *fault)
{
    if (proof->is_wrong) {
        tg_fault_set(fault, "the key file does not open what it should open in the store: a key "
                            "in it is another key than the one of this store");
        return TG_E_DENIED;
    }
    if (proof->unknown_id != 0) {
        tg_fault_set(fault,
                     "seal key %u is not in the key file, but %llu records or pushes in the store "
                     "are sealed with it",
                     proof->unknown_id, (unsigned long long)proof->unknown_count);
        return TG_E_DENIED;
    }
    if (proof->link_count > 0 && proof->found_count == 0) {
        tg_fault_set(fault,
                     "none of the %zu links names a mailbox in the store: the mailboxes are gone, "
                     "or the index key is another key than the one of this store",
                     proof->link_count);
        return TG_E_NOTFOUND;
    }
    if (unproven_id(proof) != 0) {
        tg_fault_set(fault,
                     "nothing proves yet that seal key %u in the key file is the one of this store",
                     unproven_id(proof));
        return TG_E_NOTFOUND;
    }
    if (!proof->is_index_proven) {
        tg_fault_set(fault, "nothing proves yet that the index key in the key file is the one of "
                            "this store");
        return TG_E_NOTFOUND;
    }
    return TG_OK;
}
