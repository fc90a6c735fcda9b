/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing_case.h - the proof of good standing of one exchange; private to this folder.
 * Layer: L2.   Threads: the worker's, but tg_standing_verify() may run on another while the worker
 * touches nothing of the case, and tg_standing_spend() runs on the store's.
 * Secrets: a token is a bearer proof, an attestation may identify; both end with the exchange.
 */
#ifndef TG_RELAY_STANDING_CASE_H
#define TG_RELAY_STANDING_CASE_H

#include "relay/reply.h"
#include "relay/standing.h"
#include "wire/attestation.h"

struct tg_exchange;

struct tg_standing_case {
    bool has_attestation, has_token;
    bool is_cleared; /* nothing is missing: only then is anything stored */
    bool is_asking;  /* the answer is a 401 for want of good standing */
    struct tg_buf object;
    uint8_t token[TG_PRIVATE_TOKEN_LEN];
    uint8_t challenge[TG_ATTESTATION_CHALLENGE_LEN];
    enum tg_standing_step attestation_step, token_step; /* the first that failed, so far */
    struct tg_attest_verdict attest;
    struct tg_private_token_verdict verdict;
    struct tg_store_key spent_key;
    uint8_t spent_mark[TG_SPENT_MARK_LEN];
    struct tg_buf formats; /* the challenge for attestation, as text */
    struct tg_buf asked;   /* those for tokens */
};

/* Accepts *c == NULL. */
void tg_standing_case_free(struct tg_standing_case **c);

/* What follows. */
enum tg_standing_ruling {
    TG_RULING_GO_ON,   /* nothing is missing */
    TG_RULING_VERIFY,  /* tg_standing_verify, off the loop, then tg_standing_verified */
    TG_RULING_SPEND,   /* tg_standing_spend under spent_key, then tg_standing_spent */
    TG_RULING_REFUSED, /* ex->result is the 401 */
    TG_RULING_TROUBLE  /* our own: 503 */
};

/* Makes ex->standing where the request has something to show, or must have. TG_E_NOMEM,
   TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_standing_take(struct tg_exchange *ex,
                                          const struct tg_request_headers *headers);
enum tg_standing_ruling tg_standing_begin(struct tg_exchange *ex);
/* Takes milliseconds. */
void tg_standing_verify(struct tg_exchange *ex);
enum tg_standing_ruling tg_standing_verified(struct tg_exchange *ex);
/* A tg_store_change_fn; ctx is the exchange. */
enum tg_store_verdict tg_standing_spend(void *ctx, const struct tg_store_record *old,
                                        struct tg_store_next *next);
enum tg_standing_ruling tg_standing_spent(struct tg_exchange *ex);
/* The challenges of a 401; the case must live as long as the reply. */
void tg_standing_ask(struct tg_exchange *ex, struct tg_reply *reply);

#endif
