/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/ending.h - how a transfer ends: the end note that this device leaves, and what the answers
 * of the relay prove about the other device.
 * Layer: L2 (base, crypto, wire).      Threads: as the session.      Blocks: no.
 * Secrets: the session's keys; what is derived from them is wiped.
 * spec: docs/protocol.md section 7, How a transfer ends.
 */
#ifndef TG_CLIENT_ENDING_H
#define TG_CLIENT_ENDING_H

#include "client/answer.h"
#include "client/session.h"

/*
 * *next: the history with one more message, which the relay has accepted or the other side has
 * sealed. Where the sides do not take turns, it is unknown: the session then neither makes nor
 * believes a note.
 * TG_E_CRYPTO, TG_E_NOMEM   *next is untouched
 */
TG_NODISCARD enum tg_err tg_ending_next(struct tg_session_history *next,
                                        const struct tigress_session *s, enum tigress_role sender,
                                        struct tg_bytes data);

/* May this side say that the transfer is complete? Where v2 is required only under its keys.
   spec: protocol/7#envelope-v2-end */
bool tg_ending_may_complete(const struct tigress_session *s);

/*
 * Decides the end of the transfer: makes the note and enters TG_S_DELETE, which no call leaves. A
 * session without a secret or a history leaves no note.
 * TG_E_CRYPTO, TG_E_NOMEM   nothing changed
 */
TG_NODISCARD enum tg_err tg_ending_begin(struct tigress_session *s, enum tg_end_note_end decided);
/* The end of a transfer that the relay does not know. */
void tg_ending_unsent(struct tigress_session *s, enum tg_end_note_end decided);

/* What the relay says about the recipient, for an application. */
enum tigress_opened tg_ending_opened(enum tg_recipient recipient);
/* Takes it. An answer without it takes back the "no" of an earlier answer. */
void tg_ending_take_opened(struct tigress_session *s, enum tigress_opened opened);
/* Our end could not be delivered, and nothing is left to end. */
void tg_ending_unconfirmed(struct tigress_session *s);
/* The relay did our delete. */
void tg_ending_deleted(struct tigress_session *s, const struct tg_client_answer *answer);
/* The relay has no such mailbox: 404 or 410. TG_E_NOMEM: nothing changed */
TG_NODISCARD enum tg_err tg_ending_gone(struct tigress_session *s,
                                        const struct tg_client_answer *answer);

#endif
