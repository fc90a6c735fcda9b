/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/transport_curl.h - a ready transport on libcurl: performs a session's requests.
 * A library of its own: link tigress_curl.
 *
 * What it promises beyond HTTP: TLS 1.2 or 1.3 with the certificate verified (plain http to
 * loopback alone), HTTP/2 where the relay has it, one connection that no other session shares, no
 * cookies, no TLS session kept, no user agent, no redirect, no proxy credentials, bounded answers
 * and times.
 *
 * Threads: one transport, one thread at a time; as the application's use of libcurl requires, call
 * curl_global_init() before starting threads.      Blocks: yes, in run.
 * spec: protocol.md sections 1 and 7, "Privacy of the client".
 */
#ifndef TIGRESS_TRANSPORT_CURL_H
#define TIGRESS_TRANSPORT_CURL_H

#include <stddef.h>
#include <stdint.h>

#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_transport; /* opaque */

/* A transport for one session, which is borrowed until tigress_transport_free(). TIGRESS_E_NOMEM,
   TIGRESS_E_ARGUMENT. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_new(struct tigress_transport **out, struct tigress_session *s);
/* Closes the connection. Accepts NULL and a NULL handle; sets *t to NULL. Before the session's. */
TIGRESS_API void tigress_transport_free(struct tigress_transport **t);

/* PEM file of certificate authorities to trust instead of the system's; copied. NULL: the system's.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_ca_file(struct tigress_transport *t, const char *path);
/* Milliseconds to connect, TLS included, 100 to 600000; default 15000. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_connect_timeout_ms(struct tigress_transport *t, unsigned timeout_ms);
/* Which value the last of these two calls refused and what was expected, one English sentence; ""
   when it succeeded. A literal, never NULL. */
TIGRESS_API const char *tigress_transport_error_text(const struct tigress_transport *t);

/*
 * Called before each request that changes something and after each answer: the place to save the
 * session. Anything but 0 stops run before the request is made.
 */
typedef int tigress_save_fn(void *ctx, struct tigress_session *s);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_save(struct tigress_transport *t, tigress_save_fn *save, void *ctx);

/*
 * Called at least once a second while run works or waits. Anything but 0 stops run. It may look at
 * the session (const calls alone).
 */
typedef int tigress_progress_fn(void *ctx, const struct tigress_session *s,
                                enum tigress_want doing);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_progress(struct tigress_transport *t, tigress_progress_fn *progress,
                               void *ctx);

/*
 * Called after each exchange, to tell the user what the relay saw.
 *   request   as it was sent; its claim and proof headers are secrets
 *   status    the answer's, 0 when there was none
 *   body      body_len bytes of the answer, NULL when 0
 * All borrowed for the call, which may look at nothing else.
 */
typedef void tigress_observe_fn(void *ctx, const struct tigress_http_request *request,
                                unsigned status, const char *body, size_t body_len);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_observe(struct tigress_transport *t, tigress_observe_fn *observe, void *ctx);

/*
 * Steps the session and performs what it wants until it wants input, is done or has failed: that is
 * what is returned. TIGRESS_WANT_HTTP or TIGRESS_WANT_WAIT is returned when a callback stopped it
 * or until_s (UTC seconds; 0: never) has come: the session is whole, and run may be called again.
 */
TIGRESS_API enum tigress_want tigress_transport_run(struct tigress_transport *t, int64_t until_s);

/* Performs the one request of TIGRESS_WANT_HTTP and hands the answer to the session, for
   applications with a loop of their own. TIGRESS_E_STATE when there is none. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_perform(struct tigress_transport *t);

#ifdef __cplusplus
}
#endif

#endif
