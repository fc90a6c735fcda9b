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

/* Why there is no answer. */
enum tigress_net_failure {
    TIGRESS_NET_UNREACHABLE = 1, /* no connection, for another reason than 8 to 10 */
    TIGRESS_NET_LOST = 2,        /* the connection broke: the relay may have received the request */
    TIGRESS_NET_TIMEOUT = 3,     /* no answer in time */
    TIGRESS_NET_TLS = 4,         /* the relay's certificate is not valid */
    TIGRESS_NET_TOO_LARGE = 5,   /* the answer is longer than answer_max, or announces it */
    TIGRESS_NET_INTERRUPTED = 6, /* the application stopped it: not a failure, no back-off */
    TIGRESS_NET_NOT_HTTP = 7,    /* the answer is not HTTP */
    TIGRESS_NET_NO_NAME = 8,     /* the host name was not found */
    TIGRESS_NET_NO_ROUTE = 9,    /* there is no route to the host, or no network */
    TIGRESS_NET_NO_SERVICE = 10  /* the host refuses connections to the port */
};

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

/*
 * tigress_session_reply_failed() with the sentence of a transport, such as what is wrong with a
 * certificate, for tigress_session_error_text() and tigress_session_wait_text().
 *   why   without a secret; copied, and cut at 191 bytes. NULL: the library's sentence, which names
 *         the relay's host and port
 * TIGRESS_E_STATE     no request is under way
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API enum tigress_error
tigress_session_reply_failed_because(struct tigress_session *s, enum tigress_net_failure failure,
                                     const char *why);

#ifdef __cplusplus
}
#endif

#endif
