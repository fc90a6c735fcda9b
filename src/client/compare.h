/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/compare.h - the short authentication string of a session: what its first three messages
 * add to it, and whether two persons may compare it. Layer: L2 (base, crypto, wire).      Threads:
 * one session, one thread at a time.      Blocks: no. Secrets: the initiator's nonce until
 * message 3. spec: docs/protocol.md section 7, Short authentication string.
 *
 * As in chain.h, each step writes into *next only.
 */
#ifndef TG_CLIENT_COMPARE_H
#define TG_CLIENT_COMPARE_H

#include "base/rng.h"
#include "client/chain.h"

/* Message 1, initiator: makes the nonce and puts the commitment into member. TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_compare_commit(struct tg_chain *next,
                                           struct tg_envelope2_member *member,
                                           const struct tg_rng *rng);
/* Message 1, recipient: takes the commitment, if there is one. */
void tg_compare_take_commitment(struct tg_chain *next, const struct tg_envelope2_member *member);
/* Message 2, recipient: answers a commitment with a nonce in member. TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_compare_answer(struct tg_chain *next,
                                           struct tg_envelope2_member *member,
                                           const struct tg_rng *rng);
/* Message 2, initiator: takes the nonce, if there is one. */
void tg_compare_take_answer(struct tg_chain *next, const struct tg_envelope2_member *member);
/* Is the initiator's next message the one that reveals? */
bool tg_compare_is_reveal_due(const struct tigress_session *s);
/* Message 3, initiator: puts the nonce into member. TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_compare_reveal(struct tg_chain *next,
                                           struct tg_envelope2_member *member);
/* Message 3, recipient. TG_OK with TG_SAS_WRONG: it does not fit. TG_E_CRYPTO
   before: the transcript after message 2 */
TG_NODISCARD enum tg_err tg_compare_take_reveal(struct tg_chain *next,
                                                const struct tg_envelope2_member *member,
                                                const uint8_t before[TG_SHA256_LEN]);

/* May the persons see the digits? */
bool tg_compare_is_shown(const struct tigress_session *s);
/* Can it still come to that? */
bool tg_compare_is_open(const struct tigress_session *s);
/* Can a session be in this stage? For a saved state that was read. */
bool tg_compare_is_consistent(const struct tigress_session *s);

#endif
