/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/v2.h - envelope v2 of a session: forward secrecy, and no replay
 *
 * A session offers envelope v2 and uses it when the other side knows it.
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
