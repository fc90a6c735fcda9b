/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/turns.h - what the answer to a read, update, delete or relinquish means, for both roles.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLIENT_TURNS_H
#define TG_CLIENT_TURNS_H

#include "client/answer.h"

/* Statuses with the same meaning in every state. */
TG_NODISCARD enum tg_err tg_turns_refused(struct tigress_session *s,
                                          const struct tg_client_answer *answer);

/* Seals the message and enters TG_S_SEND. Nothing changes on failure. */
TG_NODISCARD enum tg_err tg_turns_begin_send(struct tigress_session *s, struct tg_bytes message);
/* Is there something that the library does when a message was received, before the application? */
bool tg_turns_is_due(const struct tigress_session *s);
/* A message was received: it is the application's turn, or the library answers for it. After a
   failure the same call does what is left. */
TG_NODISCARD enum tg_err tg_turns_delivered(struct tigress_session *s);

tg_client_answer_fn tg_turns_on_read, tg_turns_on_send, tg_turns_on_delete, tg_turns_on_relinquish;

#endif
