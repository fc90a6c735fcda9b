/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/recipient.h - the steps that only a recipient has: checks, preview, claim.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: makes the claim, which is the session's.
 */
#ifndef TG_CLIENT_RECIPIENT_H
#define TG_CLIENT_RECIPIENT_H

#include "client/answer.h"

/* Leaves TG_S_CHECK. */
void tg_recipient_check(struct tigress_session *s);
/* Enters the next state before the claim: secret, preview, or the claim itself. */
void tg_recipient_proceed(struct tigress_session *s);

tg_client_answer_fn tg_recipient_on_preview, tg_recipient_on_claim;

#endif
