/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/answer.h - sends the response of an exchange; private to this folder.
 * Layer: L2.   Threads: the worker's.   Blocks: no.
 * Secrets: a response may hold a mailbox's content; it is wiped once it is sent.
 *
 * Each function ends the exchange. A caller that reads it afterwards holds it (tg_exchange_hold).
 */
#ifndef TG_RELAY_ANSWER_H
#define TG_RELAY_ANSWER_H

#include "relay/exchange.h"

/* The answer to a request whose route is not a call. */
void tg_answer_route(struct tg_exchange *ex);
/* The answer to a request for a file or the front page. False: there is no such file. */
TG_NODISCARD bool tg_answer_file(struct tg_exchange *ex, const struct tg_http_request *request);
/* The answer of the result of the change. */
void tg_answer_result(struct tg_exchange *ex);
/* The 204 of a long poll that waits. */
void tg_answer_no_news(struct tg_exchange *ex);
/* Refuses the request for a reason that the relay core does not know. */
void tg_answer_refusal(struct tg_exchange *ex, const struct tg_refusal *refusal);
/* The answer to an error on the relay's side. */
void tg_answer_error(struct tg_exchange *ex, enum tg_err err);

#endif
