/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/transport_curl.h - perform a session's requests with libcurl
 *
 * A ready transport, in a separate library: libtigress_curl.
 *
 * It verifies the certificate (TLS 1.2 or 1.3; plain http to loopback only), uses HTTP/2 where the
 * relay supports it, and uses a connection that no other session shares. It keeps no cookie and no
 * TLS session, sends no user agent and no proxy credentials, follows no redirect, and bounds sizes
 * and times of answers.
 *
 * Threads: one transport, one thread at a time. Call curl_global_init() before you start threads:
 *          libcurl requires it.
 * Blocks: tigress_transport_run() and tigress_transport_perform().
 * Secrets: requests contain the claim and proofs. Never log them.
 * spec: docs/protocol.md sections 1.1 and 7.8
 */
#ifndef TIGRESS_TRANSPORT_CURL_H
#define TIGRESS_TRANSPORT_CURL_H

#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/session.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_transport; /* opaque */

/*
 * Makes a transport for one session.
 *   *out   freed with tigress_transport_free(). Written on TIGRESS_OK only.
 *   s      borrowed until tigress_transport_free()
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_new(struct tigress_transport **out, struct tigress_session *s);
/* Closes the connection and frees; sets *t to NULL. Accepts NULL and a NULL handle. Call it before
   tigress_session_free(). */
TIGRESS_API void tigress_transport_free(struct tigress_transport **t);

/*
 * The certificate authorities to trust instead of the system's.
 *   path   a PEM file; copied. NULL: the system's.
 * TIGRESS_E_LIMIT     longer than 4095 bytes
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_ca_file(struct tigress_transport *t, const char *path);
/*
 * The time limit for a connection, including TLS.
 *   timeout_ms   milliseconds, 100 to 600000; default 15000
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_connect_timeout_ms(struct tigress_transport *t, unsigned timeout_ms);
/* Why the last call of these two failed: the value that was wrong, and what was expected. "" when
   it succeeded. One English sentence; a literal, never NULL. */
TIGRESS_API const char *tigress_transport_error_text(const struct tigress_transport *t);

/* Saves the session: called before each request that changes something, and after each answer. A
   value other than 0 stops tigress_transport_run() before the request is made. */
typedef int tigress_save_fn(void *ctx, struct tigress_session *s);
/* Sets the function that saves; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_save(struct tigress_transport *t, tigress_save_fn *save, void *ctx);

/* Called at least once a second while tigress_transport_run() works or waits. A value other than 0
   stops it. The function may call only functions that take a const session. */
typedef int tigress_progress_fn(void *ctx, const struct tigress_session *s,
                                enum tigress_want doing);
/* Sets the function that observes progress; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_progress(struct tigress_transport *t, tigress_progress_fn *progress,
                               void *ctx);

/*
 * Called after each exchange, so that an application can show what the relay saw. Everything is
 * borrowed for the call. The function must not call the session.
 *   request   as it was sent; its claim and proof headers are secrets
 *   status    of the answer; 0 when there was none
 *   body      body_len bytes of the answer; NULL when 0
 */
typedef void tigress_observe_fn(void *ctx, const struct tigress_http_request *request,
                                unsigned status, const char *body, size_t body_len);
/* Sets the function that observes exchanges; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_observe(struct tigress_transport *t, tigress_observe_fn *observe, void *ctx);

/*
 * Steps the session and performs its requests and waits. Returns when the session wants input, is
 * done or has failed, with that value. Returns TIGRESS_WANT_HTTP or TIGRESS_WANT_WAIT when a
 * callback stopped it or the time is until_s: the session is intact, and the function may be called
 * again.
 *   until_s   UTC seconds; 0: no limit
 */
TIGRESS_API enum tigress_want tigress_transport_run(struct tigress_transport *t, int64_t until_s);

/* The Date of the last answer, in UTC seconds: what the clock of the relay shows. 0: there was no
   answer, or its Date is missing or not of the form "Sun, 06 Nov 1994 08:49:37 GMT". */
TIGRESS_API int64_t tigress_transport_date_s(const struct tigress_transport *t);

/*
 * Performs the one request of TIGRESS_WANT_HTTP and passes the answer to the session. For
 * applications with their own event loop.
 * TIGRESS_E_STATE     the session has no request
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_perform(struct tigress_transport *t);

#ifdef __cplusplus
}
#endif

#endif
