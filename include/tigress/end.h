/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/end.h - how a transfer ends, and whether its invitation was opened
 *
 * Anybody who has a link can bind and delete its mailbox, and a relay can report what it likes. So
 * a deleted mailbox does not show that a key was taken. The device that deletes leaves an end note,
 * which the two devices seal. A session reports an end only as far as something proves it.
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Secrets: none.
 * spec: docs/protocol.md sections 2.6 and 7.15
 */
#ifndef TIGRESS_END_H
#define TIGRESS_END_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque: <tigress/session.h> */

/* How a transfer ended. */
enum tigress_end {
    TIGRESS_END_NONE = 0,      /* it is not over, or this side gave it back or was refused */
    TIGRESS_END_COMPLETED = 1, /* this side finished, or the end note of the other side says so */
    TIGRESS_END_DECLINED = 2,  /* the recipient declined: this side, or the other side's end note */
    TIGRESS_END_CANCELLED = 3, /* recipient: the end note of the initiator says that it cancelled */
    TIGRESS_END_WITHDRAWN = 4, /* initiator: this side cancelled, and the relay reports that no
                                  device had opened the invitation */
    TIGRESS_END_WITHDRAWN_OPENED = 5, /* initiator: this side cancelled, but a device had opened the
                                         invitation, or may have; it may have used what it read */
    TIGRESS_END_UNCONFIRMED = 6,      /* the relay reports an end, and no end note proves which.
                                         Wallets that leave no end note end every transfer so. */
    TIGRESS_END_EXPIRED = 7           /* the relay reports that it expired */
};

/* What shows the end of a transfer. */
enum tigress_proof {
    TIGRESS_PROOF_NONE = 0,  /* only the relay says so */
    TIGRESS_PROOF_OWN = 1,   /* this device ended it */
    TIGRESS_PROOF_LINK = 2,  /* a holder of the link says so, which may be anybody who has it: only
                                the vertical's own last message proves that a key was taken */
    TIGRESS_PROOF_DEVICE = 3 /* the device that took part in this transfer says so (envelope v2) */
};

/* Does the relay report that a device has opened the invitation? */
enum tigress_opened {
    TIGRESS_OPENED_UNKNOWN = 0, /* not known, or the relay does not report it */
    TIGRESS_OPENED_NO = 1,
    TIGRESS_OPENED_YES = 2
};

/* The name of the constant without "TIGRESS_", such as "END_DECLINED"; "UNKNOWN" for an unknown
   value. A literal, never NULL. Any thread. */
TIGRESS_API const char *tigress_end_name(enum tigress_end end);
/* One English sentence about an end and what shows it, for a person; "" for TIGRESS_END_NONE and
   where the two do not occur together. A literal, never NULL. Any thread. */
TIGRESS_API const char *tigress_end_text(enum tigress_end end, enum tigress_proof proof);
/*
 * This side has all that it needs: deletes the mailbox with an end note "completed". TIGRESS_DONE
 * follows here, and at the other side when it reads the note. If the other side ended the transfer
 * first, its end follows. The note is final: from here on the session only repeats this delete,
 * also after tigress_session_resume(). Save before the request (the loops of
 * <tigress/transport_curl.h> and <tigress/direct.h> do). TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_finish(struct tigress_session *s);
/*
 * Stops the transfer: deletes the mailbox, if there is one, with an end note: "cancelled" by the
 * initiator, "declined" by the recipient. The note is final, as that of tigress_session_finish().
 * TIGRESS_DONE follows; tigress_session_end() tells the initiator whether a device had opened the
 * invitation. If the other side had finished before, TIGRESS_E_COMPLETED follows. Possible until
 * the transfer is over. If nothing was sent, nothing is sent now. If the answer to the create was
 * lost, the create is repeated first, so that the mailbox is found and deleted. TIGRESS_E_RANDOM,
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_cancel(struct tigress_session *s);

/* Initiator: what the relay last reported. Recipient: what the preview reported about another
   device. It proves nothing; a relay can say what it likes. */
TIGRESS_API enum tigress_opened tigress_session_opened(const struct tigress_session *s);

/* How the transfer ended, and what shows it; TIGRESS_END_NONE and TIGRESS_PROOF_NONE before. Tell a
   user that a key was taken only for TIGRESS_END_COMPLETED, and say by whose word. */
TIGRESS_API enum tigress_end tigress_session_end(const struct tigress_session *s);
TIGRESS_API enum tigress_proof tigress_session_end_proof(const struct tigress_session *s);

/* Initiator. A wait also ends with TIGRESS_INPUT_OPENED when a device opens the invitation. Not
   saved. TIGRESS_E_STATE: another role */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_opened(struct tigress_session *s);

#ifdef __cplusplus
}
#endif

#endif
