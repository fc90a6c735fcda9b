/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/v2.h - envelope v2 of a session: forward secrecy, and no replay
 *
 * A session offers envelope v2 and uses it when the other side knows it. A wallet that must not
 * send under the secret alone requires it:
 *
 *     initiator                                recipient
 *     tigress_session_require_v2(s)            // knows v2; may require it too
 *     tigress_session_set_rights(s, "RWD")
 *     tigress_session_confirm_intent_by(s, ...)
 *     TIGRESS_INPUT_CREATED: wait              reads the offer, and answers it by itself
 *     TIGRESS_INPUT_SENT                       TIGRESS_INPUT_MESSAGE: the initiator's message
 *
 * Messages 1 and 2 are then the library's own, without content. The message of
 * tigress_initiator_new() is the third one, under keys that a later owner of the secret does not
 * have.
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Secrets: none.
 * spec: docs/protocol.md section 7.10
 */
#ifndef TIGRESS_V2_H
#define TIGRESS_V2_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque: <tigress/session.h> */

/* What became of envelope v2 in a transfer. Later versions may add values. */
enum tigress_v2 {
    TIGRESS_V2_OPEN = 0,     /* not decided yet */
    TIGRESS_V2_AGREED = 1,   /* only v2 is sent and accepted from here on */
    TIGRESS_V2_GIVEN_UP = 2, /* the other side does not know it: the transfer has v1 */
    TIGRESS_V2_DISABLED = 3  /* tigress_session_disable_envelope_v2() */
};

/* The most bytes of a session's first message of each side, unless v2 is disabled: the rest of
   TIGRESS_MESSAGE_MAX is for the key of envelope v2. A longer one is TIGRESS_E_LIMIT. */
#define TIGRESS_MESSAGE_FIRST_MAX 38912u

/*
 * Both, before the first step. Nothing of the application is sent, received or completed without
 * envelope v2, or the session stops with TIGRESS_E_NO_V2.
 * Initiator: the offer has no content, and the message of tigress_initiator_new() is sent as the
 * third one, as soon as a wait or check finds the answer; it may have TIGRESS_MESSAGE_MAX bytes.
 * The rights need W: without it, tigress_session_confirm_intent_by() returns TIGRESS_E_ARGUMENT. A
 * recipient of an earlier version, which does not name its role, is refused.
 * Recipient: a first message without an offer is refused before anything of it is shown. A sender
 * that does not require v2 may offer it with content in its first message; this content is shown,
 * and was sealed under the secret alone. tigress_session_finish() is possible from the third
 * message on, because an end before cannot be proved.
 * TIGRESS_E_STATE   after the first step, or v2 is disabled
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_require_v2(struct tigress_session *s);
/* TIGRESS_V2_OPEN for NULL. */
TIGRESS_API enum tigress_v2 tigress_session_v2(const struct tigress_session *s);
/* The event: TIGRESS_V2_AGREED or TIGRESS_V2_GIVEN_UP once after that was decided, otherwise
   TIGRESS_V2_OPEN. Ask after each tigress_session_reply(). Saved state keeps an event that was not
   taken. */
TIGRESS_API enum tigress_v2 tigress_session_take_v2_event(struct tigress_session *s);
/* Both. The session neither offers nor accepts envelope v2: it seals each message under the secret
   only, as a wallet that does not know v2. For tests, and for a peer that fails with v2. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_disable_envelope_v2(struct tigress_session *s);
/* 2 after both sides have agreed on envelope v2 (the recipient with its first message, the
   initiator when it has received that): from then on only v2 is sent and accepted. 1 before, and
   always with a peer that does not know v2. */
TIGRESS_API unsigned tigress_session_envelope_version(const struct tigress_session *s);

#ifdef __cplusplus
}
#endif

#endif
