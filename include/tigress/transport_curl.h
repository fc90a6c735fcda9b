/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/transport_curl.h - perform a session's requests with libcurl
 *
 * A ready transport, in a separate library: libtigress_curl.
 *
 * It verifies the certificate and the host name (TLS 1.2 or 1.3; plain http to loopback only), uses
 * HTTP/2 where the relay supports it, and uses a connection that no other session shares. It keeps
 * no cookie and no TLS session, sends no user agent, follows no redirect, and bounds sizes and
 * times of answers.
 *
 * It obeys nothing of the environment unless it is told to: no proxy, no .netrc, no SSLKEYLOGFILE.
 *
 * There are two forms. tigress_transport_run() blocks. tigress_transport_start() works on the event
 * loop of the application, which watches descriptors and keeps a timer for it; then neither form
 * starts a thread but the one of libcurl that resolves a name.
 *
 * Threads: one transport, one thread at a time; tigress_transport_cancel() and
 *          tigress_transport_wake() from any thread. Call curl_global_init() before you start
 *          threads: libcurl requires it. A thread that resolves a name may outlive its transport,
 *          until the system's resolver returns.
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
 * Whether this libcurl can be used: with OpenSSL as its TLS library, and a resolver that does not
 * block. With another TLS library the keys of a connection could be logged without notice.
 *   why   cap bytes of room for a sentence that names what was found; TIGRESS_TEXT_MAX suffices.
 *         May be NULL.
 * TIGRESS_E_UNSUPPORTED
 */
TIGRESS_API enum tigress_error tigress_transport_check_libcurl(char *why, size_t why_cap);
/*
 * Makes a transport for one session.
 *   *out   freed with tigress_transport_free(). Written on TIGRESS_OK only.
 *   s      borrowed until tigress_transport_free()
 * TIGRESS_E_UNSUPPORTED   see tigress_transport_check_libcurl()
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_new(struct tigress_transport **out, struct tigress_session *s);
/* Closes the connection and frees; sets *t to NULL. Accepts NULL and a NULL handle. Call it before
   tigress_session_free(). A transport that is started first forgets its descriptors and its timer;
   its done function is not called. Also possible in that function, but in no other of its own. */
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
/*
 * The proxy for the connection to the relay. It learns the host of the relay, nothing else: the
 * connection through it is TLS. Plain http to loopback never uses it. By default there is none.
 *   url   http://, https://, socks5:// or socks5h://, a host, and a port; copied. NULL: none.
 * TIGRESS_E_ARGUMENT   another scheme
 * TIGRESS_E_LIMIT      longer than 1023 bytes
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_proxy(struct tigress_transport *t, const char *url);
/* The proxy that https_proxy, all_proxy and no_proxy of the environment name. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_use_environment_proxy(struct tigress_transport *t);
/* Why the last of these setters failed: the value that was wrong, and what was expected. "" when
   it succeeded. One English sentence; a literal, never NULL. */
TIGRESS_API const char *tigress_transport_error_text(const struct tigress_transport *t);

/* Saves the session: called before each request that changes something, and after each answer. A
   value other than 0 stops tigress_transport_run() before the request is made. */
typedef int tigress_save_fn(void *ctx, struct tigress_session *s);
/* Sets the function that saves; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_save(struct tigress_transport *t, tigress_save_fn *save, void *ctx);

/* Called at least once a second while tigress_transport_run() works or waits, not in the form on
   the application's loop. A value other than 0 stops it. The function may call only functions that
   take a const session, and tigress_transport_cancel() and tigress_transport_wake(). */
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

/* ---- the form that blocks ------------------------------------------------------------------- */

/*
 * Steps the session and performs its requests and waits. Returns when the session wants input, is
 * done or has failed, with that value. Returns TIGRESS_WANT_HTTP or TIGRESS_WANT_WAIT when a
 * callback or tigress_transport_cancel() stopped it, or the time is until_s: the session is intact,
 * and the function may be called again. TIGRESS_FAILED while the transport is started.
 *   until_s   UTC seconds; 0: no limit
 */
TIGRESS_API enum tigress_want tigress_transport_run(struct tigress_transport *t, int64_t until_s);

/*
 * Stops the run of either form, in at most 100 ms, also while a name resolves. The session is
 * intact. Without a run it stops the next one at once. From any thread; it must have returned
 * before tigress_transport_free() is called, so wait for the thread that cancels. Accepts NULL.
 */
TIGRESS_API void tigress_transport_cancel(struct tigress_transport *t);
/* Ends a wait of the session, because a push was received or the network is available; as
   tigress_session_wake(), but from any thread; as with tigress_transport_cancel() it must have
   returned before tigress_transport_free(). Accepts NULL. */
TIGRESS_API void tigress_transport_wake(struct tigress_transport *t);

/* The Date of the last answer, in UTC seconds: what the clock of the relay shows. 0: there was no
   answer, or its Date is missing or not of the form "Sun, 06 Nov 1994 08:49:37 GMT". */
TIGRESS_API int64_t tigress_transport_date_s(const struct tigress_transport *t);

/*
 * Performs the one request of TIGRESS_WANT_HTTP and passes the answer to the session. For
 * applications that step the session themselves.
 * TIGRESS_E_STATE     the session has no request, or the transport is started
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_perform(struct tigress_transport *t);

/* ---- the form on the loop of the application ------------------------------------------------ */

/* What to watch a descriptor for, and what it is ready for. */
#define TIGRESS_FD_READ 1u
#define TIGRESS_FD_WRITE 2u

/* Watch fd for these events from now on, until it is called again for fd, and call
   tigress_transport_ready() when one occurs. 0: forget fd; it may be closed afterwards. */
typedef void tigress_watch_fn(void *ctx, struct tigress_transport *t, int fd, unsigned events);
/* Call tigress_transport_timeout() once, in in_ms milliseconds (0: soon). It replaces the timer of
   this transport that was set before. -1: remove it. */
typedef void tigress_timer_fn(void *ctx, struct tigress_transport *t, int64_t in_ms);
/* The run is over: want is what tigress_transport_run() would return. The function may start the
   transport again, or free it. */
typedef void tigress_done_fn(void *ctx, struct tigress_transport *t, enum tigress_want want);
/*
 * Sets the functions of the application's loop. They are called on its thread, only from within
 * tigress_transport_start(), _ready(), _timeout() and _free(), and must not call those, except
 * done. The transport opens a pipe of two descriptors, so that other threads can cancel. ctx passed
 * to each TIGRESS_E_STATE         the transport is started TIGRESS_E_UNAVAILABLE   no descriptor is
 * left TIGRESS_E_ARGUMENT      a function is NULL
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_set_loop(struct tigress_transport *t, tigress_watch_fn *watch,
                           tigress_timer_fn *timer, tigress_done_fn *done, void *ctx);
/*
 * Begins what tigress_transport_run() does, and returns at once. done is called later, never from
 * within this function. Until then, call only functions that take a const session.
 *   until_s   UTC seconds; 0: no limit
 * TIGRESS_E_STATE      it is started already, or it has no loop
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_transport_start(struct tigress_transport *t, int64_t until_s);
/* A descriptor is ready for these events; after an error or a hang-up of it, for both. Not started
   any more: does nothing. */
TIGRESS_API void tigress_transport_ready(struct tigress_transport *t, int fd, unsigned events);
/* The timer has expired. Not started any more: does nothing. */
TIGRESS_API void tigress_transport_timeout(struct tigress_transport *t);

#ifdef __cplusplus
}
#endif

#endif
