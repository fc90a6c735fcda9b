/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/direct.h - a transfer between two devices without a relay
 *
 * In a separate library: libtigress_direct. It uses the sessions of <tigress/session.h>. The
 * initiator is made with "tigress-direct://host:port" in place of a relay URL. Its invitation is
 * tigress-direct://host:port/{id}?v=x#secret, and a recipient is made from it.
 *
 * The sender's device hosts the one mailbox, under the rules of a relay. The receiver's device
 * connects to it over TLS 1.3, with the secret of the invitation as external pre-shared key and an
 * ephemeral key exchange. The first device that proves the secret and reads becomes the recipient.
 * Later devices are refused and counted.
 *
 * Host and link do no I/O: they take the bytes of any byte stream and the time as arguments, and
 * return bytes to send. For TCP there is a ready transport at the end of this header.
 *
 *     sender
 *         tigress_direct_listen(&l, NULL, why, sizeof(why));
 *         tigress_initiator_new(&s, tigress_direct_listener_url(l), ...);
 *         tigress_session_confirm_intent(s);
 *         tigress_direct_host_new(&h);
 *         tigress_direct_serve(l, h, s, 0);
 *     receiver
 *         tigress_recipient_new(&s, url, NULL, why, sizeof(why));
 *         tigress_direct_link_new(&k, s);
 *         tigress_direct_run(k, 0);
 *
 * All times named now_ms are UTC milliseconds since 1970. A clock that jumps does not end a
 * transfer, but it can end a mailbox early: give a host a time that runs on with the clock since
 * boot, as tigress_direct_serve() does.
 *
 * Threads: one handle, one thread at a time.
 * Blocks: tigress_direct_serve() and tigress_direct_run().
 * Memory: bounded for each connection, for at most TIGRESS_DIRECT_CONNECTIONS_MAX of them.
 * Secrets: host and link contain the share secret and a key derived from it; they are wiped when
 *          freed.
 * spec: docs/protocol.md section 7.13, docs/direct.md
 */
#ifndef TIGRESS_DIRECT_H
#define TIGRESS_DIRECT_H

#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/session.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_DIRECT_CONNECTIONS_MAX 8u /* at the same time; further ones are refused */
#define TIGRESS_DIRECT_STALL_MS 10000     /* for a handshake, a request or an answer */
#define TIGRESS_DIRECT_IDLE_MS 120000     /* for a connection without a request */
#define TIGRESS_DIRECT_URL_MAX 300u       /* bytes of a listener's URL with its NUL */

/* ---- the sender's side ---------------------------------------------------------------------- */

struct tigress_direct_host; /* opaque: one mailbox and its connections */

/*
 * Makes a host with an empty mailbox.
 *   *out   freed with tigress_direct_host_free(). Written on TIGRESS_OK only.
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_new(struct tigress_direct_host **out);
/* Wipes and frees; sets *host to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_direct_host_free(struct tigress_direct_host **host);

/*
 * Answers the initiator's request of TIGRESS_WANT_HTTP: immediately, or, for a long poll, when
 * something has changed. Until *is_answered is 1, call it again after bytes were received or time
 * has passed. When the mailbox is created, the host takes the secret from the session.
 *   is_answered   1 or 0; may be NULL
 * TIGRESS_E_STATE     the session has no request
 * TIGRESS_E_ARGUMENT  NULL, or the session is a recipient's
 * TIGRESS_E_NOMEM, TIGRESS_E_RANDOM   call it again; with *is_answered 1 the host has no key yet,
 *                                     and accepts no connection until it has one
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_perform(struct tigress_direct_host *host, struct tigress_session *s,
                            int64_t now_ms, int *is_answered);

/*
 * A peer has connected.
 *   *conn   the number of the connection in further calls; never 0
 * TIGRESS_E_STATE   nothing is shared yet: close the stream
 * TIGRESS_E_LIMIT   too many connections: close the stream
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_open(struct tigress_direct_host *host, int64_t now_ms, unsigned *conn);
/*
 * The peer has sent len bytes, in pieces of any size. Bytes that are not valid end the connection.
 * TIGRESS_E_STATE     there is no such connection, or no longer
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API enum tigress_error tigress_direct_host_received(struct tigress_direct_host *host,
                                                            unsigned conn,
                                                            const unsigned char *data, size_t len,
                                                            int64_t now_ms);
/* *len bytes to send to the peer; NULL and 0 when there are none. Valid until the next call with a
   host that is not const. */
TIGRESS_API const unsigned char *tigress_direct_host_output(const struct tigress_direct_host *host,
                                                            unsigned conn, size_t *len);
/* The first len of these bytes were written to the stream. */
TIGRESS_API void tigress_direct_host_sent(struct tigress_direct_host *host, unsigned conn,
                                          size_t len, int64_t now_ms);
/* 1 while the connection is open. 0: send what tigress_direct_host_output() still returns, then
   close the stream and call tigress_direct_host_close(). */
TIGRESS_API int tigress_direct_host_is_open(const struct tigress_direct_host *host, unsigned conn);
/* The stream is closed. The recipient may connect again. */
TIGRESS_API void tigress_direct_host_close(struct tigress_direct_host *host, unsigned conn);
/* Time has passed: ends connections that stall, and answers long polls that are over. */
TIGRESS_API void tigress_direct_host_tick(struct tigress_direct_host *host, int64_t now_ms);
/* When to call tigress_direct_host_tick(), in UTC milliseconds; 0: no time is due. */
TIGRESS_API int64_t tigress_direct_host_deadline_ms(const struct tigress_direct_host *host);

/* What happened to connections, to show to the sender. Later versions may add values. */
enum tigress_direct_event {
    TIGRESS_DIRECT_OPENED = 0,      /* connections that were accepted */
    TIGRESS_DIRECT_PROVED = 1,      /* peers that proved the secret */
    TIGRESS_DIRECT_NOT_PROVED = 2,  /* peers that did not: another secret, or no TLS */
    TIGRESS_DIRECT_SECOND = 3,      /* requests of another device when there was a recipient */
    TIGRESS_DIRECT_MALFORMED = 4,   /* peers that proved the secret and sent bytes that are not
                                       valid */
    TIGRESS_DIRECT_STALLED = 5,     /* peers that were too slow */
    TIGRESS_DIRECT_TURNED_AWAY = 6, /* connections over the maximum */
    TIGRESS_DIRECT_EVENT_COUNT = 7
};
/* The name of the constant without "TIGRESS_", such as "DIRECT_PROVED"; "UNKNOWN" for an unknown
   value. A literal. Any thread. */
TIGRESS_API const char *tigress_direct_event_name(enum tigress_direct_event event);
/* How often it happened since the host was made; 0 for an unknown value. */
TIGRESS_API uint64_t tigress_direct_host_count(const struct tigress_direct_host *host,
                                               enum tigress_direct_event event);
/* 1 when a recipient is bound, else 0. */
TIGRESS_API int tigress_direct_host_has_recipient(const struct tigress_direct_host *host);

/* 1 when the mailbox has changed since the last save. Save it before you send output or save the
   session, so that no change with an answer is lost. */
TIGRESS_API int tigress_direct_host_is_changed(const struct tigress_direct_host *host);
/*
 * Saves everything except the connections. As secret as the saved state of a session.
 *   *out   *len bytes, freed with tigress_free(*out, *len). Written on TIGRESS_OK only.
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_save(struct tigress_direct_host *host, unsigned char **out, size_t *len);
/*
 * Restores a host from what tigress_direct_host_save() wrote.
 *   *out   as in tigress_direct_host_new()
 *   why    as in tigress_share_url_parse()
 * TIGRESS_E_SAVED_STATE   damaged, truncated or of another version
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_resume(struct tigress_direct_host **out, const unsigned char *data, size_t len,
                           char *why, size_t why_cap);

/* ---- the receiver's side -------------------------------------------------------------------- */

struct tigress_direct_link; /* opaque: carries one recipient session */

/*
 * Makes a link for a recipient's session.
 *   *out   freed with tigress_direct_link_free(). Written on TIGRESS_OK only.
 *   s      borrowed until tigress_direct_link_free()
 * TIGRESS_E_ARGUMENT   NULL, or the session is an initiator's
 * TIGRESS_E_URL        its invitation is not tigress-direct://
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_new(struct tigress_direct_link **out, struct tigress_session *s);
/* Wipes and frees; sets *link to NULL. Accepts NULL and a NULL handle. Call it before
   tigress_session_free(). */
TIGRESS_API void tigress_direct_link_free(struct tigress_direct_link **link);

/* Where the other device listens. The host is usually a numeric address; IPv6 is in brackets. Both
   are valid as long as the link. */
TIGRESS_API const char *tigress_direct_link_host(const struct tigress_direct_link *link);
TIGRESS_API unsigned tigress_direct_link_port(const struct tigress_direct_link *link);

/*
 * Starts the session's request of TIGRESS_WANT_HTTP. A later call on the link passes the answer, or
 * the failure, to the session.
 * TIGRESS_E_STATE     the session has no request, or one was started
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_start(struct tigress_direct_link *link, int64_t now_ms);
/* 1 while a request waits for its answer, else 0. */
TIGRESS_API int tigress_direct_link_is_busy(const struct tigress_direct_link *link);
/* 1: close the previous stream, open a new one to the other device, then call
   tigress_direct_link_opened() or tigress_direct_link_failed(). Else 0. */
TIGRESS_API int tigress_direct_link_needs_stream(const struct tigress_direct_link *link);
/* The stream is open. */
TIGRESS_API void tigress_direct_link_opened(struct tigress_direct_link *link, int64_t now_ms);
/* The stream could not be opened, or it is closed. A session that waits for an answer learns it. */
TIGRESS_API void tigress_direct_link_failed(struct tigress_direct_link *link,
                                            enum tigress_net_failure failure);
/* These work as the functions of a host with the same endings. */
TIGRESS_API void tigress_direct_link_received(struct tigress_direct_link *link,
                                              const unsigned char *data, size_t len,
                                              int64_t now_ms);
TIGRESS_API const unsigned char *tigress_direct_link_output(const struct tigress_direct_link *link,
                                                            size_t *len);
TIGRESS_API void tigress_direct_link_sent(struct tigress_direct_link *link, size_t len);
TIGRESS_API int tigress_direct_link_is_open(const struct tigress_direct_link *link);
TIGRESS_API void tigress_direct_link_tick(struct tigress_direct_link *link, int64_t now_ms);
TIGRESS_API int64_t tigress_direct_link_deadline_ms(const struct tigress_direct_link *link);

/* ---- TCP, ready to use ---------------------------------------------------------------------- */

struct tigress_direct_listener; /* opaque */

/*
 * Listens for the receiver's device.
 *   *out      freed with tigress_direct_listener_free(). Written on TIGRESS_OK only.
 *   address   "ADDRESS:PORT" with a numeric address, IPv6 in brackets; port 0: any. NULL: any port
 *             of the first address of this device on a local network, or else of loopback. A
 *             wildcard address is refused, because the invitation must name an address.
 *   why       as in tigress_share_url_parse()
 * TIGRESS_E_NETWORK   cannot listen on this address
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listen(struct tigress_direct_listener **out, const char *address, char *why,
                      size_t why_cap);
/* Closes every connection and frees; sets *l to NULL. Accepts NULL and a NULL handle. Call it
   before tigress_direct_host_free(). */
TIGRESS_API void tigress_direct_listener_free(struct tigress_direct_listener **l);
/* "tigress-direct://192.0.2.7:4711", for tigress_initiator_new(). Valid as long as the listener. */
TIGRESS_API const char *tigress_direct_listener_url(const struct tigress_direct_listener *l);

/* Saves host and session: called when one of them has changed, before another device learns of it.
   A value other than 0 stops tigress_direct_serve(). session is NULL when that was called without
   one. */
typedef int tigress_direct_save_fn(void *ctx, struct tigress_direct_host *host,
                                   struct tigress_session *session);
/* Sets the function that saves; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listener_set_save(struct tigress_direct_listener *l, tigress_direct_save_fn *save,
                                 void *ctx);
/* Called about once a second while tigress_direct_serve() or tigress_direct_run() works or waits. A
   value other than 0 stops it. */
typedef int tigress_direct_progress_fn(void *ctx);
/* Sets the function that observes progress; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listener_set_progress(struct tigress_direct_listener *l,
                                     tigress_direct_progress_fn *progress, void *ctx);

/*
 * Steps the initiator's session, and answers it and every peer. Returns when the session wants
 * input, is done or has failed, with that value. Returns TIGRESS_WANT_HTTP or TIGRESS_WANT_WAIT
 * when a callback stopped it or the time is until_s.
 *   s         NULL: serves only the peers until it is stopped, for example while the user decides
 *   until_s   UTC seconds; 0: no limit
 */
TIGRESS_API enum tigress_want tigress_direct_serve(struct tigress_direct_listener *l,
                                                   struct tigress_direct_host *host,
                                                   struct tigress_session *s, int64_t until_s);

/* Saves the recipient's session, like tigress_save_fn of <tigress/transport_curl.h>. */
typedef int tigress_direct_link_save_fn(void *ctx, struct tigress_session *s);
/* Sets the function that saves; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_set_save(struct tigress_direct_link *link, tigress_direct_link_save_fn *save,
                             void *ctx);
/* Sets the function that observes progress; NULL: none. ctx is passed to it. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_set_progress(struct tigress_direct_link *link,
                                 tigress_direct_progress_fn *progress, void *ctx);
/* Works as tigress_transport_run(), for the recipient: connects as often as needed, and only to
   numeric addresses. */
TIGRESS_API enum tigress_want tigress_direct_run(struct tigress_direct_link *link, int64_t until_s);

#ifdef __cplusplus
}
#endif

#endif
