/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/good_standing.h - good standing from the sender's side: an attestation or a token that
 * goes with a create or an update. Layer: L2.      Threads: one session, one thread at a time.
 * Blocks: no. Secrets: attestation and token, in the session.
 */
#ifndef TG_CLIENT_GOOD_STANDING_H
#define TG_CLIENT_GOOD_STANDING_H

#include "client/answer.h"
#include "client/session.h"

/* Before the request of gate: asks the application for an attestation, if the wallet wants one. */
void tg_good_standing_enter(struct tigress_session *s, enum tg_state gate);
/* Continues with the request that waited for the attestation or token. */
void tg_good_standing_proceed(struct tigress_session *s);
/* The challenges of a 401 ask for good standing. */
bool tg_good_standing_is_demanded(const struct tg_client_answer *answer);
/* A create was refused because good standing is missing: asks the application, or fails.
   TG_E_NOMEM: nothing changed. */
TG_NODISCARD enum tg_err tg_good_standing_refused(struct tigress_session *s,
                                                  const struct tg_client_answer *answer);
/* The application has no attestation or token. */
void tg_good_standing_declined(struct tigress_session *s);
/* Wipes attestation, token and challenge: the request they were for is over. */
void tg_good_standing_forget(struct tigress_session *s);

#endif
