/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/bare.h - bare messages: the library sends them for itself, where an initiator requires
 * envelope v2. Its offer and the answer have no content; the application's messages begin with the
 * third one.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: none.
 * spec: docs/protocol.md section 7, Envelope v2; docs/envelope-v2.md section 1.
 */
#ifndef TG_CLIENT_BARE_H
#define TG_CLIENT_BARE_H

#include "base/fault.h"
#include "client/session.h"

/*
 * A received message, whose member is in *next already: may it be bare, or not, at its place?
 *   format     of the message
 *   *is_bare   the application gets nothing of it
 * TG_E_SYNTAX        a bare message at another place, or another message in its place
 * TG_E_UNSUPPORTED   the sender requires envelope v2, which this session has disabled
 */
TG_NODISCARD enum tg_err tg_bare_check(bool *is_bare, const struct tigress_session *s,
                                       struct tg_chain *next, struct tg_bytes format,
                                       struct tg_fault *fault);
/* Is it the library's turn to send: the bare answer, or the application's first message? */
bool tg_bare_is_turn(const struct tigress_session *s);
/* Does the library wait for a message that the application has not asked for? */
bool tg_bare_is_waiting(const struct tigress_session *s);
/* Does this initiator still have the application's first message to send, after the offer? */
bool tg_bare_has_draft(const struct tigress_session *s);

#endif
