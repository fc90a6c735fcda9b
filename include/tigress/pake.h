/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/pake.h - a PIN by PAKE: two devices prove to each other that they know the same PIN
 *
 * The PIN is in no message, and nothing that travels can be searched for it. Somebody who has the
 * invitation, or is in between, has five guesses with each device, and no more. <tigress/pin.h> has
 * the PIN in a message, which proves less: everybody who opens that message has the PIN, and can
 * pass it on.
 *
 *     initiator                                 recipient
 *     tigress_pin_generate()                    tigress_session_set_pake_use(s, ...ALLOWED)
 *     tigress_session_set_pake_pin(s, pin)
 *     tigress_session_set_rights(s, "RWD")
 *     tigress_session_confirm_intent_by(s, ...)
 *     the person tells the PIN to the other one, over another channel than the invitation
 *     TIGRESS_INPUT_CREATED: wait               reads the offer, and answers it by itself
 *     the library sends its share               TIGRESS_INPUT_PIN: ask the user,
 *                                                   tigress_session_enter_pin(s, typed)
 *     TIGRESS_INPUT_SENT                        TIGRESS_INPUT_MESSAGE: the initiator's message
 *
 * After a wrong PIN the recipient gets TIGRESS_INPUT_PIN once more. After the fifth the initiator
 * ends the transfer: TIGRESS_DONE, with the state TIGRESS_PAKE_FAILED; the recipient's session ends
 * as with every cancelled transfer.
 *
 * It requires envelope v2, and messages of the application begin with the proof. Save as always
 * between TIGRESS_WANT_HTTP and the request: a try is counted there, before the other side can know
 * anything of it. Never restore an older state, which would give tries back.
 *
 * It is an optional component of the library, on libsodium: tigress_pake_is_built().
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Secrets: the PIN. The session keeps the initiator's until it was proved, and saves it; the caller
 *          wipes its own text.
 * spec: docs/protocol.md section 7.17
 */
#ifndef TIGRESS_PAKE_H
#define TIGRESS_PAKE_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque: <tigress/session.h> */

#define TIGRESS_PAKE_TRIES_MAX 5u /* tries in a transfer */

/* 1: this build has the component. 0: the calls below return TIGRESS_E_UNSUPPORTED, and a recipient
   refuses a transfer that asks for a PIN with TIGRESS_E_NO_PAKE. */
TIGRESS_API int tigress_pake_is_built(void);

/*
 * Initiator, before the first step. Nothing of the application is sent before the recipient has
 * proved that it knows the PIN. It sets tigress_session_require_v2() too.
 *   pin   digits from tigress_pin_generate() or tigress_pin_normalise(); copied. Make another one
 *         for each transfer.
 * TIGRESS_E_UNSUPPORTED   this build does not have the component
 * TIGRESS_E_ARGUMENT      not 6 to 12 digits
 * TIGRESS_E_STATE         after the first step, or v2 is disabled
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_pake_pin(struct tigress_session *s, const char *pin);

/* What a recipient does when a sender asks for a PIN. */
enum tigress_pake_use {
    TIGRESS_PAKE_REFUSED = 0, /* the default: TIGRESS_E_NO_PAKE, and nothing is answered */
    TIGRESS_PAKE_ALLOWED = 1, /* the application handles TIGRESS_INPUT_PIN */
    TIGRESS_PAKE_REQUIRED = 2 /* and the user was told a PIN: a sender that does not ask for it is
                                 refused with TIGRESS_E_NO_PAKE before anything of it is shown. Sets
                                 tigress_session_require_v2() too. */
};
/*
 * Recipient, before the first step.
 * TIGRESS_E_UNSUPPORTED   this build does not have the component
 * TIGRESS_E_ARGUMENT      another value
 * TIGRESS_E_STATE         after the first step, or v2 is disabled
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_pake_use(struct tigress_session *s, enum tigress_pake_use use);

/*
 * Recipient, at TIGRESS_INPUT_PIN: a try with what the user typed.
 *   typed   as in tigress_pin_normalise()
 * TIGRESS_E_ARGUMENT   not a PIN: this is no try
 * TIGRESS_E_LIMIT      longer than TIGRESS_PIN_TYPED_MAX: this is no try
 * TIGRESS_E_STATE, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_enter_pin(struct tigress_session *s, const char *typed);

enum tigress_pake {
    TIGRESS_PAKE_NONE = 0,   /* this transfer has no PIN by PAKE, or it is not known yet */
    TIGRESS_PAKE_OPEN = 1,   /* it has one, and nothing is proved */
    TIGRESS_PAKE_PROVED = 2, /* the other device knows the PIN, and nobody is in between */
    TIGRESS_PAKE_FAILED = 3  /* initiator: it was wrong in all tries; the transfer is ended */
};
/* TIGRESS_PAKE_NONE for NULL. */
TIGRESS_API enum tigress_pake tigress_session_pake(const struct tigress_session *s);
/* The tries that are left, without one that is under way; 0 without a PIN by PAKE and for NULL. */
TIGRESS_API unsigned tigress_session_pake_tries_left(const struct tigress_session *s);

#ifdef __cplusplus
}
#endif

#endif
