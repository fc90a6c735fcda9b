/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing_case.h - judges the proof of good standing of one exchange; private to this
 * folder.
 * Layer: L2.   Threads: the owner's, which is the worker, or who verifies or spends the proof; the
 * worker then touches only `errand` until its callback.
 * Blocks: no.
 * Secrets: a token is a bearer proof, an attestation may identify a device; both are wiped when the
 * case ends.
 */
#ifndef TG_RELAY_STANDING_CASE_H
#define TG_RELAY_STANDING_CASE_H

#include "relay/api.h"
#include "relay/errand.h"
#include "relay/spent.h"
#include "relay/standing.h"
#include "wire/attestation.h"

struct tg_exchange;
struct tg_reply;
struct tg_request_headers;

struct tg_standing_case {
    struct tg_errand errand; /* the worker's, also while the case is lent */
    const struct tg_standing *settings;
    struct tg_moment now; /* when the proof is judged */

    bool has_attestation, has_token;
    bool is_known;        /* the attestation is of a form that the relay verifies itself */
    bool has_strength;    /* a valid proof shows that the device is genuine */
    bool is_cleared;      /* the proof is complete; required before the change is stored */
    bool is_challenged;   /* the answer is a 401 that carries the challenges */
    struct tg_buf object; /* the attestation, decoded; empty if the form is unknown */
    struct tg_buf text;   /* the attestation as sent, for the operator's verifier; or empty */
    uint8_t token[TG_PRIVATE_TOKEN_LEN];
    uint8_t challenge[TG_ATTESTATION_CHALLENGE_LEN];
    enum tg_standing_step attestation_step, token_step; /* the first step that failed */
    struct tg_attest_verdict attest;
    struct tg_private_token_verdict verdict;
    struct tg_spend spend;      /* what the store is asked to spend */
    struct tg_buf spent_sealed; /* spend.sealed views it */
    struct tg_spent_purpose purpose;
    struct tg_buf attestation_challenge; /* text of a WWW-Authenticate header */
    struct tg_buf token_challenges;      /* text of a WWW-Authenticate header */
};

/* Accepts *c == NULL. */
void tg_standing_case_free(struct tg_standing_case **c);

/* The next step of the exchange. */
enum tg_standing_ruling {
    TG_RULING_PASS,    /* the proof is complete: make the change */
    TG_RULING_VERIFY,  /* tg_standing_verify, off the loop, then tg_standing_verified */
    TG_RULING_ASK,     /* the operator's verifier, then tg_standing_asked */
    TG_RULING_SPEND,   /* the store spends case->spend, then tg_standing_spent */
    TG_RULING_REFUSED, /* the result of the change is the answer */
    TG_RULING_ERROR    /* on the relay's side: 503 */
};

/* Makes ex->standing if the request carries a proof or needs one. TG_E_NOMEM, TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_standing_take(struct tg_exchange *ex,
                                          const struct tg_request_headers *headers);
enum tg_standing_ruling tg_standing_begin(struct tg_exchange *ex);
/* Verifies the attestation, which takes milliseconds. Any thread that owns the case. */
void tg_standing_verify(struct tg_standing_case *c);
enum tg_standing_ruling tg_standing_verified(struct tg_exchange *ex);
enum tg_standing_ruling tg_standing_asked(struct tg_exchange *ex,
                                          const struct tg_ask_answer *answer);
/* The attestation could not be judged, by a failure or a limit of the relay. True: it is only
   reported, and tg_standing_verified() continues. False: the request fails. */
bool tg_standing_gives_up(struct tg_exchange *ex);
/* Whether attestations are only reported: they cause no refusal. */
bool tg_standing_is_report(const struct tg_exchange *ex);
/* sealed: what the store kept with a known key. */
enum tg_standing_ruling tg_standing_spent(struct tg_exchange *ex, enum tg_spend_outcome outcome,
                                          struct tg_bytes sealed);
/* Whether the change may be stored: the last check, which depends on no step before it. */
bool tg_standing_is_cleared(const struct tg_exchange *ex);
/* Adds the challenges of a 401 to reply; the case must live as long as the reply. */
void tg_standing_add_challenges(struct tg_exchange *ex, struct tg_reply *reply);

#endif
