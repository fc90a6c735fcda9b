/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/pake.h - the PIN by PAKE: what goes into CPace, the tags, and the keys that follow.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: PIN, scalar, ISK and keys; borrowed for the call, or wiped by the caller.
 * spec: docs/protocol.md section 7, PIN by PAKE.
 *
 * Every function here is pure. Without the component each returns TG_E_UNSUPPORTED.
 */
#ifndef TG_WIRE_PAKE_H
#define TG_WIRE_PAKE_H

#include "crypto/cpace.h"
#include "wire/envelope2.h"

#define TG_PAKE_NAME "CPACE-RISTR255-SHA512"
#define TG_PAKE_TRIES_MAX 5u

/* Which run it is. */
struct tg_pake_place {
    struct tg_uuid mailbox;
    uint8_t agreement[TG_SHA256_LEN]; /* the transcript after message 2 */
    uint64_t attempt;                 /* from 1 */
};

/* Makes the scalar and the share of one side. TG_E_CRYPTO, TG_E_NOMEM, TG_E_UNSUPPORTED */
TG_NODISCARD enum tg_err tg_pake_begin(uint8_t share[TG_CPACE_LEN], struct tg_secret *scalar,
                                       const struct tg_secret *pin,
                                       const struct tg_pake_place *place, const struct tg_rng *rng);

/* The shares of a run. */
struct tg_pake_shares {
    struct tg_bytes initiator, recipient;
};

struct tg_pake_result {
    struct tg_secret key; /* ISK */
    uint8_t tag_initiator[TG_SHA256_LEN];
    uint8_t tag_recipient[TG_SHA256_LEN];
};

/*
 * What both sides have if they used the same PIN.
 *   own   whose scalar it is
 * TG_E_SYNTAX   the other side's share is not a group element, is the identity, or gives it
 * TG_E_CRYPTO, TG_E_NOMEM, TG_E_UNSUPPORTED
 * The caller wipes *out, which is untouched on failure.
 */
TG_NODISCARD enum tg_err tg_pake_finish(struct tg_pake_result *out, enum tg_envelope2_role own,
                                        const struct tg_secret *scalar,
                                        const struct tg_pake_place *place,
                                        const struct tg_pake_shares *shares);

/*
 * The keys after a run.
 *   before       the keys under which its messages were sealed
 *   transcript   after the message that has the recipient's tag
 * TG_E_CRYPTO, TG_E_NOMEM. keys are untouched on failure.
 */
TG_NODISCARD enum tg_err tg_pake_keys(struct tg_envelope2_keys *keys,
                                      const struct tg_envelope2_keys *before,
                                      const struct tg_secret *key,
                                      const uint8_t transcript[TG_SHA256_LEN]);

#endif
