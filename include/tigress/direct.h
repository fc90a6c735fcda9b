/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/direct.h - a transfer between two devices without a relay. A library of its own: link
 * tigress_direct.
 *
 * The sessions are those of session.h, and cannot tell the difference: the initiator is made with
 * "tigress-direct://host:port" where a relay would be, its invitation is
 * tigress-direct://host:port/{id}?v=x#secret, and a recipient is made from that. The sender's
 * device hosts the one mailbox itself, under the relay's own rules; the receiver's device connects
 * to it over TLS 1.3 with the invitation's secret as external pre-shared key and an ephemeral key
 * exchange. The first device that proves the secret and reads is the recipient; later ones are
 * refused and counted.
 *
 * Host and link have no I/O: bytes of any byte stream in, bytes out, the time as an argument. For
 * TCP there is a ready transport at the end of this file.
 *
 *     sender                                       receiver
 *     tigress_direct_listen(&l, NULL, ...)         tigress_recipient_new(&s, url, NULL, ...)
 *     tigress_initiator_new(&s, url of l, ...)     tigress_direct_link_new(&k, s)
 *     tigress_session_confirm_intent(s)            tigress_direct_run(k, 0)
 *     tigress_direct_host_new(&h)
 *     tigress_direct_serve(l, h, s, 0)
 *
 * Threads: one handle, one thread at a time.      Memory: bounded for each connection, and at most
 * TIGRESS_DIRECT_CONNECTIONS_MAX of them.
 * Secrets: host and link hold the share secret and a key made of it, wiped when freed.
 * spec: protocol.md section 7, "Direct transfer"; docs/direct.md.
 */
#ifndef TIGRESS_DIRECT_H
#define TIGRESS_DIRECT_H

#include <stddef.h>
#include <stdint.h>

#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_DIRECT_CONNECTIONS_MAX 8u /* at once; more are turned away */
#define TIGRESS_DIRECT_STALL_MS 10000     /* a handshake, a request or an answer takes no longer */
#define TIGRESS_DIRECT_IDLE_MS 120000     /* a connection without a request is kept no longer */
#define TIGRESS_DIRECT_URL_MAX 300u       /* of a listener, with its NUL */

/* All times named now_ms are UTC milliseconds since 1970; a clock that jumps ends no transfer. */

/* ---- the sender's side ---------------------------------------------------------------------- */

struct tigress_direct_host; /* opaque: one mailbox and its connections */

/* TIGRESS_E_NOMEM, TIGRESS_E_RANDOM, TIGRESS_E_ARGUMENT; freed with tigress_direct_host_free(). */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_new(struct tigress_direct_host **out);
/* Wipes and frees; sets *host to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_direct_host_free(struct tigress_direct_host **host);

/*
 * Answers the request of the initiator's TIGRESS_WANT_HTTP, at once or, a long poll, once there is
 * something new: call it again, after bytes were received or time has passed, until it is
 * answered. It learns the secret from the session when the mailbox is made.
 *   is_answered   1 or 0; may be NULL
 * TIGRESS_E_STATE     the session has no request under way
 * TIGRESS_E_ARGUMENT  NULL, or the session is a recipient's
 * TIGRESS_E_NOMEM, TIGRESS_E_RANDOM   call it again; when *is_answered is 1 the host still lacks
 * its key, and opens no connection before it has one
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_perform(struct tigress_direct_host *host, struct tigress_session *s,
                            int64_t now_ms, int *is_answered);

/*
 * A peer has connected; *conn names the connection from now on, 0 is none.
 * TIGRESS_E_STATE  nothing is shared yet: close the stream
 * TIGRESS_E_LIMIT  too many at once: close the stream
 * TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_open(struct tigress_direct_host *host, int64_t now_ms, unsigned *conn);
/* len bytes came from the peer, in any pieces. Whatever they are: the connection ends if they are
   none of ours. TIGRESS_E_STATE: no such connection (any more). */
TIGRESS_API enum tigress_error tigress_direct_host_received(struct tigress_direct_host *host,
                                                            unsigned conn,
                                                            const unsigned char *data, size_t len,
                                                            int64_t now_ms);
/* Bytes for the peer, *len of them; ends with the next call that is not const. NULL and 0: none. */
TIGRESS_API const unsigned char *tigress_direct_host_output(const struct tigress_direct_host *host,
                                                            unsigned conn, size_t *len);
/* len of them were written to the stream. */
TIGRESS_API void tigress_direct_host_sent(struct tigress_direct_host *host, unsigned conn,
                                          size_t len, int64_t now_ms);
/* 0: write what output still gives, then close the stream and call tigress_direct_host_close(). */
TIGRESS_API int tigress_direct_host_is_open(const struct tigress_direct_host *host, unsigned conn);
/* The stream is closed. The recipient may come back on another one. */
TIGRESS_API void tigress_direct_host_close(struct tigress_direct_host *host, unsigned conn);
/* Time has passed: ends what stalls, answers long polls that are over. */
TIGRESS_API void tigress_direct_host_tick(struct tigress_direct_host *host, int64_t now_ms);
/* When the next tick is due; 0: not before something happens. */
TIGRESS_API int64_t tigress_direct_host_deadline_ms(const struct tigress_direct_host *host);

/* What happened to connections, for the sender to see. Later versions may add some. */
enum tigress_direct_event {
    TIGRESS_DIRECT_OPENED = 0,      /* connections taken */
    TIGRESS_DIRECT_PROVED = 1,      /* peers that proved the secret */
    TIGRESS_DIRECT_NOT_PROVED = 2,  /* peers that did not: wrong secret, or no TLS at all */
    TIGRESS_DIRECT_SECOND = 3,      /* requests of another device, after there was a recipient */
    TIGRESS_DIRECT_MALFORMED = 4,   /* peers that proved the secret and then sent nonsense */
    TIGRESS_DIRECT_STALLED = 5,     /* peers that took too long */
    TIGRESS_DIRECT_TURNED_AWAY = 6, /* connections over the maximum */
    TIGRESS_DIRECT_EVENT_COUNT = 7
};
/* How often, since the host was made; 0 for another value. */
TIGRESS_API uint64_t tigress_direct_host_count(const struct tigress_direct_host *host,
                                               enum tigress_direct_event event);
/* 1 when a recipient is bound, else 0. */
TIGRESS_API int tigress_direct_host_has_recipient(const struct tigress_direct_host *host);

/* 1 when the mailbox has changed since the last save: save it, and only then write output or save
   the session, so that nothing that was answered is ever forgotten. */
TIGRESS_API int tigress_direct_host_is_changed(const struct tigress_direct_host *host);
/* Everything but the connections; as tigress_session_save(), and as secret. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_save(struct tigress_direct_host *host, unsigned char **out, size_t *len);
/* A host from what was saved; as tigress_session_resume(). */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_host_resume(struct tigress_direct_host **out, const unsigned char *data, size_t len,
                           char *why, size_t why_cap);

/* ---- the receiver's side -------------------------------------------------------------------- */

struct tigress_direct_link; /* opaque: carries one recipient session */

/* s is borrowed until tigress_direct_link_free(). TIGRESS_E_ARGUMENT (NULL, or an initiator),
   TIGRESS_E_URL (its invitation is not a direct one), TIGRESS_E_NOMEM */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_new(struct tigress_direct_link **out, struct tigress_session *s);
/* Accepts NULL and a NULL handle; sets *link to NULL. Before the session's. */
TIGRESS_API void tigress_direct_link_free(struct tigress_direct_link **link);

/* Where the other device listens. The host is a numeric address as a rule; IPv6 in brackets. Both
   end with the link. */
TIGRESS_API const char *tigress_direct_link_host(const struct tigress_direct_link *link);
TIGRESS_API unsigned tigress_direct_link_port(const struct tigress_direct_link *link);

/* Takes the session's request of TIGRESS_WANT_HTTP; the session gets the answer, or the failure,
   from one of the calls below. TIGRESS_E_STATE: there is none, or one is under way. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_start(struct tigress_direct_link *link, int64_t now_ms);
/* 1 while a request waits for its answer. */
TIGRESS_API int tigress_direct_link_is_busy(const struct tigress_direct_link *link);
/* 1: open a stream to the other device (close the last one first), then call opened, or failed. */
TIGRESS_API int tigress_direct_link_needs_stream(const struct tigress_direct_link *link);
TIGRESS_API void tigress_direct_link_opened(struct tigress_direct_link *link, int64_t now_ms);
/* There is no stream, or there is none any more: the session is told, if it waits for an answer. */
TIGRESS_API void tigress_direct_link_failed(struct tigress_direct_link *link,
                                            enum tigress_net_failure failure);
/* As their namesakes of the host. is_open 0: write what output still gives, then close the stream.
 */
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
 * Listens, for the sender.
 *   address   "ADDRESS:PORT" with a numeric address, IPv6 in brackets, port 0 for any; NULL: any
 *             port of this device's first address on a local network, or else of loopback. Not the
 *             wildcard: the invitation has to say where.
 *   why       as in tigress_share_url_parse()
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NETWORK (cannot listen there), TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listen(struct tigress_direct_listener **out, const char *address, char *why,
                      size_t why_cap);
/* Closes every connection. Accepts NULL and a NULL handle; sets *l to NULL. Before the host's. */
TIGRESS_API void tigress_direct_listener_free(struct tigress_direct_listener **l);
/* "tigress-direct://192.0.2.7:4711", for tigress_initiator_new(). Ends with the listener. */
TIGRESS_API const char *tigress_direct_listener_url(const struct tigress_direct_listener *l);

/* Called whenever host or session changed, before any other device learns of it. Anything but 0
   stops serve. session is NULL when serve was called without one. */
typedef int tigress_direct_save_fn(void *ctx, struct tigress_direct_host *host,
                                   struct tigress_session *session);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listener_set_save(struct tigress_direct_listener *l, tigress_direct_save_fn *save,
                                 void *ctx);
/* Called about once a second while serve or run works or waits. Anything but 0 stops it. */
typedef int tigress_direct_progress_fn(void *ctx);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_listener_set_progress(struct tigress_direct_listener *l,
                                     tigress_direct_progress_fn *progress, void *ctx);

/*
 * Steps the initiator's session, answers it and every peer, until the session wants input, is done
 * or has failed: that is what is returned. TIGRESS_WANT_HTTP or TIGRESS_WANT_WAIT is returned when
 * a callback stopped it or until_s (UTC seconds; 0: never) has come.
 *   s   NULL: peers alone are served, until stopped; for while the user thinks about an answer
 */
TIGRESS_API enum tigress_want tigress_direct_serve(struct tigress_direct_listener *l,
                                                   struct tigress_direct_host *host,
                                                   struct tigress_session *s, int64_t until_s);

/* As tigress_save_fn and tigress_transport_set_save() of transport_curl.h. */
typedef int tigress_direct_link_save_fn(void *ctx, struct tigress_session *s);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_set_save(struct tigress_direct_link *link, tigress_direct_link_save_fn *save,
                             void *ctx);
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_direct_link_set_progress(struct tigress_direct_link *link,
                                 tigress_direct_progress_fn *progress, void *ctx);
/* As tigress_transport_run(), for the recipient: connects as often as needed. Numeric addresses
   alone are connected to. */
TIGRESS_API enum tigress_want tigress_direct_run(struct tigress_direct_link *link, int64_t until_s);

#ifdef __cplusplus
}
#endif

#endif
