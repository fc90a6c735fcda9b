/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/wait.h - why a session waits, and how long it may
 *
 * After a failure a session is at TIGRESS_WANT_WAIT until tigress_session_deadline_s().
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Secrets: none.
 * spec: docs/protocol.md section 2.2
 */
#ifndef TIGRESS_WAIT_H
#define TIGRESS_WAIT_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque: <tigress/session.h> */

/* How long one pause after a failure may be: 1 to 3600 seconds, default 3600. The session pauses as
   long as the relay asks for (Retry-After, seconds or a date), but no longer than this.
   tigress_session_deadline_s() is its end. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_wait_max_s(struct tigress_session *s, unsigned wait_max_s);
/* What TIGRESS_WANT_WAIT is for: the last failure, which the session repeats the request after.
   TIGRESS_OK: nothing has failed, or a long poll ended early. TIGRESS_E_ARGUMENT for NULL. */
TIGRESS_API enum tigress_error tigress_session_wait_reason(const struct tigress_session *s);
/* The same as one English sentence, with the status or the value that was wrong; "" for TIGRESS_OK.
   Valid until the next call with a session that is not const. */
TIGRESS_API const char *tigress_session_wait_text(const struct tigress_session *s);

#ifdef __cplusplus
}
#endif

#endif
