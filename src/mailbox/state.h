/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/state.h - compares, finds and adds what a mailbox remembers; has no rule of its own.
 * Layer: L2 (base, crypto).   Threads: any.   Blocks: no.
 * Secrets: hashes of claims and request ids are compared in constant time.
 */
#ifndef TG_MAILBOX_STATE_H
#define TG_MAILBOX_STATE_H

#include "mailbox/mailbox.h"

bool tg_state_is_same_claim(const struct tg_claim_hash *a, const struct tg_claim_hash *b);
bool tg_state_is_same_token(const struct tg_notification_token *a,
                            const struct tg_notification_token *b);
/* Whether the proof is present and its SHA-256 is the mailbox's verifier. False also when the hash
   fails. */
bool tg_state_is_proved(const struct tg_mailbox *box, const struct tg_secret_proof *proof);
/* Keeps the verifier of a create, if there is one. */
void tg_state_take_verifier(struct tg_mailbox *box, const struct tg_secret_proof *proof);

/* Whether a device is bound as the recipient now. */
enum tg_recipient tg_state_recipient(const struct tg_mailbox *box);

/* The request that this side has done; NULL: not among those it keeps. */
const struct tg_request_done *tg_state_find_done(const struct tg_mailbox_side *side,
                                                 enum tg_mailbox_call call,
                                                 const struct tg_request_hash *id);
/* Adds a request. When TG_REQUESTS_KEPT are kept, the oldest is dropped. */
void tg_state_add_done(struct tg_mailbox_side *side, const struct tg_request_done *done);

/* Whether a recipient with this claim has relinquished the mailbox. Compares every entry, so that
   the time does not reveal which one it was. */
bool tg_state_has_relinquished(const struct tg_mailbox *box, const struct tg_claim_hash *claim);
/* The relinquish of this claim by this request; NULL: not among those that are kept. */
const struct tg_relinquished *tg_state_find_relinquished(const struct tg_mailbox *box,
                                                         const struct tg_claim_hash *claim,
                                                         const struct tg_request_hash *id);
/* Adds a relinquish. When TG_REQUESTS_KEPT are kept, the oldest is dropped. */
void tg_state_add_relinquished(struct tg_mailbox *box, const struct tg_relinquished *gone);

#endif
