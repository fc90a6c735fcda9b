/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/messages.h - seals the messages of a session, and receives those of the other side.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: messages; wiped with the session.
 */
#ifndef TG_CLIENT_MESSAGES_H
#define TG_CLIENT_MESSAGES_H

#include "base/fault.h"
#include "client/answer.h"
#include "client/session.h"

/* Is it provisioning information? format is optional: receives the message's format. */
TG_NODISCARD enum tg_err tg_messages_check(struct tg_bytes json, struct tg_buf *format,
                                           struct tg_fault *fault);
/* Seals message into the session's pending envelope, and remembers the envelope. Nothing changes on
   failure. */
TG_NODISCARD enum tg_err tg_messages_seal(struct tigress_session *s, struct tg_bytes message);
/*
 * Receives the content of a 200 to a claim or a read.
 *   *is_new       the message is new, and is now the session's message
 *   *is_handled   the content had a fault, and the session has already reacted to it
 * TG_OK, TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_messages_receive(struct tigress_session *s,
                                             const struct tg_client_answer *answer, bool *is_new,
                                             bool *is_handled);

/*
 * The relay says that it has our update, and holds this other payload.
 *   *is_foreign   no copy of this session, nor the answer to one, can have put it there: it is
 * known, or the version is that of our own next message and no key of ours has sealed it TG_OK,
 * TG_E_NOMEM, TG_E_CRYPTO
 */
TG_NODISCARD enum tg_err tg_messages_is_foreign(bool *is_foreign, const struct tigress_session *s,
                                                const struct tg_payload *payload, uint64_t version);

#endif
