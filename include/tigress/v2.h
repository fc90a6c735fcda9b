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

#include <stddef.h>

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
   TIGRESS_MESSAGE_MAX is for what the library adds. The same holds for the third message, which is
   the initiator's. A longer one is TIGRESS_E_LIMIT. */
#define TIGRESS_MESSAGE_FIRST_MAX 38912u

/*
 * Both, before the first step. Nothing of the application is sent, received or completed without
 * envelope v2, or the session stops with TIGRESS_E_NO_V2.
 * Initiator: the offer has no content, and the message of tigress_initiator_new() is sent as the
 * third one, as soon as a wait or check finds the answer.
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

/* ---- six digits for two persons ------------------------------------------------------------- */

/*
 * Somebody who has the invitation and controls the relay can be the other side for each of two
 * devices. Two persons who speak to each other find that out: they compare six digits, which differ
 * then, except with a probability of one in a million. Nobody in between can improve that by
 * trying.
 *
 *     both       TIGRESS_SAS_READY after the third message: show tigress_session_sas()
 *     both       the persons compare, for example on the phone
 *     both       tigress_session_compare_sas(s, TIGRESS_SAS_SAME or TIGRESS_SAS_DIFFERENT)
 *     initiator  sends what provisions only then, in the fifth message
 *
 * It needs envelope v2 and nothing else: every session takes part.
 */
enum tigress_sas {
    TIGRESS_SAS_NONE = 0,     /* not possible: no envelope v2, or an older version over there */
    TIGRESS_SAS_LATER = 1,    /* not yet: after the third message */
    TIGRESS_SAS_READY = 2,    /* tigress_session_sas() has the digits */
    TIGRESS_SAS_CONFIRMED = 3 /* the persons see the same digits */
};

#define TIGRESS_SAS_TEXT_MAX 7u /* bytes of the digits and a NUL */

/* TIGRESS_SAS_NONE for NULL. */
TIGRESS_API enum tigress_sas tigress_session_sas_state(const struct tigress_session *s);
/*
 * The digits. They are not a secret, but they must travel over another channel than the invitation:
 * a voice that the other person knows, or the two screens side by side.
 *   out   cap bytes of room; TIGRESS_SAS_TEXT_MAX suffices. "" on failure.
 * TIGRESS_E_STATE      the state is not TIGRESS_SAS_READY or TIGRESS_SAS_CONFIRMED
 * TIGRESS_E_LIMIT      cap is too small
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_sas(const struct tigress_session *s, char *out, size_t cap);

enum tigress_sas_verdict { TIGRESS_SAS_SAME = 1, TIGRESS_SAS_DIFFERENT = 2 };
/*
 * What the persons saw. TIGRESS_SAS_DIFFERENT ends the transfer, as tigress_session_cancel() does,
 * with its errors: if a read is under way, end it with TIGRESS_NET_INTERRUPTED first.
 * TIGRESS_E_STATE      there are no digits yet
 * TIGRESS_E_ARGUMENT   another verdict
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_compare_sas(struct tigress_session *s, enum tigress_sas_verdict verdict);

#ifdef __cplusplus
}
#endif

#endif
