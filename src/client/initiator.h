/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/initiator.h - the steps that only an initiator has: intent, create.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: makes the claim and the share secret; both are the session's.
 */
#ifndef TG_CLIENT_INITIATOR_H
#define TG_CLIENT_INITIATOR_H

#include "client/answer.h"

/* The user has confirmed the intent: makes claim and secret, seals the first message. Nothing
   changes on failure. */
TG_NODISCARD enum tg_err tg_initiator_confirm(struct tigress_session *s);

tg_client_answer_fn tg_initiator_on_create;

#endif
