/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/key_proof.h - proof that a key file belongs to a store without check values, from
 * what is sealed in the store.
 * Layer: L4 (base, relay, store).      Threads: one at a time.      Blocks: no.
 * Secrets: uses the relay's keys; holds identifiers of mailboxes, which tg_key_proof_deinit wipes.
 *
 * An entry of the outbox opens with the relay's keys alone, and its key is a hash under the index
 * key. A record opens only with the identifier of its mailbox, which the store does not have: an
 * operator who has a link to a live mailbox gives it. A wrong key opens nothing, so it proves
 * nothing.
 */
#ifndef TG_SERVER_STORAGE_KEY_PROOF_H
#define TG_SERVER_STORAGE_KEY_PROOF_H

#include "base/fault.h"
#include "relay/keyring.h"
#include "relay/seal.h"

#define TG_KEY_PROOF_LINKS_MAX 64u
#define TG_KEY_PROOF_LINK_MAX 4096u /* bytes of a line */

struct tg_key_proof {
    const struct tg_keyring *keyring;
    size_t link_count;
    struct tg_uuid mailboxes[TG_KEY_PROOF_LINKS_MAX];
    struct tg_store_key keys[TG_KEY_PROOF_LINKS_MAX];
    uint64_t found_count; /* links whose record was found */

    bool is_index_proven;
    bool is_wrong; /* something did not open under the key that it names */
    struct {
        bool is_used;
        bool is_proven;
    } seals[TG_SEAL_KEYS_MAX]; /* in the order of the keyring */
    uint32_t unknown_id;       /* a seal key that the store needs and the keyring lacks; 0: none */
    uint64_t unknown_count;    /* what is sealed with that one */
    size_t tried_count;        /* entries of the outbox that were opened */
};

void tg_key_proof_init(struct tg_key_proof *proof, const struct tg_keyring *keyring);
void tg_key_proof_deinit(struct tg_key_proof *proof);

/* Adds the mailbox that a line names: a link, or its identifier alone. TG_E_SYNTAX: neither;
   TG_E_LIMIT: more than TG_KEY_PROOF_LINKS_MAX; TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_key_proof_add_link(struct tg_key_proof *proof, struct tg_bytes line);

/* A tg_store_see_fn; ctx is the proof. */
bool tg_key_proof_see(void *ctx, const struct tg_store_seen *seen);

/*
 * After a survey.
 * TG_OK          the index key and each seal key in use are proven
 * TG_E_NOTFOUND  something is not proven yet, and nothing speaks against the keys: fault names it
 * TG_E_DENIED    the key file does not belong to the store: fault has the sentence
 */
TG_NODISCARD enum tg_err tg_key_proof_judge(const struct tg_key_proof *proof,
                                            struct tg_fault *fault);

#endif
