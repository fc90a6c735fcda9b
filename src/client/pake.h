/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/pake.h - the PIN by PAKE of a session: what its messages from the third on add to it, and
 * which of them are bare.
 * Layer: L2 (base, crypto, wire).      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: the PIN, the scalar of the open try, the tag that is expected or owed, and keys.
 * spec: docs/protocol.md section 7, PIN by PAKE.
 *
 * As in chain.h, each step writes into *next only. A try is counted with the message that has the
 * share of the initiator or the tag of the recipient. The application saves it before it is sent,
 * and a sealed message is never replaced: so a crash neither counts a try twice nor gives one back.
 */
#ifndef TG_CLIENT_PAKE_H
#define TG_CLIENT_PAKE_H

#include "base/fault.h"
#include "base/rng.h"
#include "client/chain.h"

/* ---- the agreement, in messages 1 and 2 ----------------------------------------------------- */

/* Puts what our first message says about the exchange into member. */
void tg_pake_put_first(struct tg_chain *next, const struct tigress_session *s,
                       struct tg_envelope2_member *member);
/*
 * The other side's first message. is_v2: it has the member with a key.
 * TG_E_NOTFOUND   one of the two devices requires the exchange, and the other does not offer it
 */
TG_NODISCARD enum tg_err tg_pake_take_first(struct tg_chain *next, const struct tigress_session *s,
                                            const struct tg_envelope2_member *member,
                                            struct tg_fault *fault);
/* Messages 1 and 2 are in the transcript of next. */
void tg_pake_agreed(struct tg_chain *next);

/* ---- tries ---------------------------------------------------------------------------------- */

/* Puts what our next message adds into member: a share, a share with a tag, or a tag.
   TG_E_CRYPTO, TG_E_NOMEM, TG_E_UNSUPPORTED; TG_E_SYNTAX: the share that we answer is invalid */
TG_NODISCARD enum tg_err tg_pake_put(struct tg_chain *next, const struct tigress_session *s,
                                     struct tg_envelope2_member *member);
/* The message is in the transcript of next: makes the keys that follow it. TG_E_CRYPTO, TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_pake_sealed(struct tg_chain *next, const struct tigress_session *s);

/*
 * Takes what the other side's next message adds. It is in the transcript of next.
 *   key   what it was opened with
 * TG_E_SYNTAX     a share or a tag is missing, or is invalid
 * TG_E_CONFLICT   a tag of the initiator that is wrong, or does not belong to the keys
 * TG_E_CRYPTO, TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_pake_take(struct tg_chain *next, const struct tigress_session *s,
                                      const struct tg_envelope2_member *member,
                                      enum tg_chain_key key, struct tg_fault *fault);

/* ---- whose turn it is ----------------------------------------------------------------------- */

/* The library sends the next message: a try, or the application's first message with the tag. */
bool tg_pake_is_turn(const struct tigress_session *s);
/* Is the next message the application's, with our tag? */
bool tg_pake_is_proof_due(const struct tigress_session *s);
/* The library waits for a message that the application has not asked for. */
bool tg_pake_is_waiting(const struct tigress_session *s);
/* The recipient's user must enter the PIN. */
bool tg_pake_is_asked(const struct tigress_session *s);
/* The initiator's tries are used up. */
bool tg_pake_is_dead(const struct tigress_session *s);
/* Must the message be bare that was received, and is in *next? */
bool tg_pake_is_bare(const struct tigress_session *s, const struct tg_chain *next);
/* The initiator has not yet sent its application's first message. */
bool tg_pake_has_draft(const struct tigress_session *s);
/* Nothing of the exchange is open: the application may send, show and complete. */
bool tg_pake_is_settled(const struct tigress_session *s);
/* Can a session be in this stage? For a saved state that was read. */
bool tg_pake_is_consistent(const struct tigress_session *s);

#endif
