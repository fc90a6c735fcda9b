/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/change.h - one change of a mailbox: what it needs and what it makes; private to this
 * folder.
 * Layer: L2.   Threads: its owner's. From apply() to done() the store owns it, and tg_change_run()
 * may run on any thread; nobody else reads or writes it then, but for `errand`, which the store
 * does not touch.
 * Blocks: no.
 * Secrets: hashes of claims, decoded bodies, the record in the clear; wiped when it ends.
 *
 * A read of the mailbox uses a change too: the same rules show whether anything must be stored.
 */
#ifndef TG_RELAY_CHANGE_H
#define TG_RELAY_CHANGE_H

#include "mailbox/mailbox.h"
#include "mailbox/record.h"
#include "relay/errand.h"
#include "relay/seal.h"
#include "wire/json.h"

/* What a long poll does not need while it waits. */
struct tg_change_contents {
    /* What the command views. */
    struct tg_fault fault, claim_fault;
    struct tg_buf end_note; /* of a delete, decoded */
    struct tg_json *doc;    /* owned: what the messages view */
    struct tg_msg_create create;
    struct tg_msg_update update;

    /* What the last run made. */
    struct tg_buf plain; /* the record that box views, decoded; empty: there was none */
    struct tg_buf fresh; /* the new record, encoded */
    struct tg_buf sealed;
    struct tg_buf push_entry; /* the outbox entry of a push, sealed */
    struct tg_mailbox box;
    struct tg_mailbox_result result;
    enum tg_err err;          /* of a run inside the store */
    bool has_queued_push;     /* it added a TG_OUTBOX_NOTIFY */
    bool has_left_good_token; /* it added a TG_OUTBOX_UNBLOCK of left_key */
    struct tg_store_key left_key;
};

struct tg_change {
    struct tg_errand errand; /* the worker's, also while the store has the change */

    /* What a run needs and does not change. */
    const struct tg_keyring *keyring;
    const struct tg_rng *rng;
    struct tg_moment now;
    struct tg_mailbox_command cmd;
    struct tg_uuid mailbox;
    struct tg_store_key key;
    struct tg_seal_record_key record_key;
    bool is_cleared; /* good standing: false refuses to store anything */

    struct tg_change_contents *contents; /* owned; NULL while a long poll waits */
};

/* NULL: no memory. keyring and rng are borrowed until tg_change_free. */
struct tg_change *tg_change_new(const struct tg_keyring *keyring, const struct tg_rng *rng);
/* Accepts *change == NULL. */
void tg_change_free(struct tg_change **change);
/* Keeps the command of a long poll, and no more. */
void tg_change_drop_contents(struct tg_change *change);

/*
 * Opens record, NULL if there is none, and applies the command to it: box and result. Starts over,
 * whatever an earlier run has left: gives the same result each time it runs on the same record.
 * TG_E_NOMEM
 * TG_E_CRYPTO   the record cannot be opened or decoded
 */
TG_NODISCARD enum tg_err tg_change_apply(struct tg_change *change,
                                         const struct tg_store_record *record);
/* A tg_store_change_fn; ctx is the change. An error goes to contents->err and changes nothing in
   the store. */
enum tg_store_verdict tg_change_run(void *ctx, const struct tg_store_record *old,
                                    struct tg_store_next *next);

#endif
