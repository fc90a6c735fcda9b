/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/refusals.h - the tokens that their provider refused, so that a device that leaves
 * one again learns that no push can reach it.
 * Layer: L4.      Threads: any.      Blocks: for the lock.
 * Secrets: none. A token is known by the key of its outbox entry, a hash under the index key.
 */
#ifndef TG_SERVER_PUSHLINK_REFUSALS_H
#define TG_SERVER_PUSHLINK_REFUSALS_H

#include "relay/outbox_entry.h"

#define TG_REFUSALS_MAX 4096u /* tokens; one more replaces one that ends sooner */

struct tg_refusals;

enum tg_refusal_state {
    TG_REFUSAL_NONE,  /* not known as refused */
    TG_REFUSAL_HOLDS, /* refused: leaving it again changes nothing */
    TG_REFUSAL_OVER   /* refused, but left now it is good again */
};

/* NULL: no memory. */
struct tg_refusals *tg_refusals_new(void);
/* Adds the blocked entries of the store. Their tokens are good again when they are left, because
   the settings may have changed since. At the start; blocks. TG_E_STORE */
TG_NODISCARD enum tg_err tg_refusals_load(struct tg_refusals *refusals, struct tg_store *store);
/* Accepts *refusals == NULL. */
void tg_refusals_free(struct tg_refusals **refusals);

/* Nothing, here and below, for refusals == NULL.
     good_after_s   the token is good again when it is left after this time; 0: not before the
                    settings change
     expires_s      what is known of the token is forgotten then */
void tg_refusals_add(struct tg_refusals *refusals, const struct tg_store_key *key,
                     int64_t good_after_s, int64_t expires_s);
/* now_s: when the token is left. */
enum tg_refusal_state tg_refusals_look(struct tg_refusals *refusals, const struct tg_store_key *key,
                                       int64_t now_s);
/* False: every look finds none. */
bool tg_refusals_has_any(const struct tg_refusals *refusals);
/* The token was left again, and pushes to it may be sent. */
void tg_refusals_forget(struct tg_refusals *refusals, const struct tg_store_key *key);
/* The providers' keys were read again: a refusal of before may have been their fault. */
void tg_refusals_settings_changed(struct tg_refusals *refusals);

#endif
