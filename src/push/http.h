/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http.h - concurrent requests to one provider over persistent connections.
 * Layer: L3, for push/sender alone.   Threads: one.
 * Blocks: no; libcurl resolves names on a separate thread.
 * Secrets: requests with their tokens and credentials, wiped when they end.
 */
#ifndef TG_PUSH_HTTP_H
#define TG_PUSH_HTTP_H

#include "push/http_connection.h"
#include "push/http_loop.h"
#include "push/provider.h"

/* How a request ended. */
enum tg_push_end {
    TG_PUSH_END_ANSWER,        /* answer is set; a longer body is cut and its stream closed */
    TG_PUSH_END_HELD,          /* not sent: another request is proving the connection */
    TG_PUSH_END_REFUSED,       /* not sent: the guard allows none of the host's addresses */
    TG_PUSH_END_UNREACHABLE,   /* not sent: the name does not resolve, or no connection */
    TG_PUSH_END_CERTIFICATE,   /* not sent: the certificate does not verify */
    TG_PUSH_END_TLS,           /* not sent: TLS failed otherwise */
    TG_PUSH_END_PROXY_REFUSED, /* not sent: the proxy refuses us or the host */
    TG_PUSH_END_PROXY_TROUBLE, /* not sent: the proxy reports a failure */
    TG_PUSH_END_TIMEOUT,
    TG_PUSH_END_NOT_HTTP2, /* answered with another version of HTTP than HTTP/2 */
    TG_PUSH_END_CUT,       /* the stream or the connection ended early */
    TG_PUSH_END_TROUBLE    /* no memory */
};

struct tg_push_transfer {
    struct tg_push_request request; /* filled in before start */
    struct tg_push_answer answer;   /* for TG_PUSH_END_ANSWER; valid until put */
    void *owner;                    /* the caller's */
    struct tg_push_transfer_state *state;
};

/* transfer has ended. Give it back with tg_push_http_put, or start it again. */
typedef void tg_push_http_done_fn(void *ctx, struct tg_push_transfer *transfer,
                                  enum tg_push_end end);

struct tg_push_http_config {
    const struct tg_push_settings *settings; /* concurrency, timeout, authorities; borrowed */
    const struct tg_push_proxy *proxy;       /* its credentials; borrowed */
    bool is_guarded;                         /* see tg_push_connections */
    bool is_one_stream_first;                /* see tg_push_http_prove */
    tg_push_http_done_fn *done;
    void *ctx;
};

struct tg_push_http;

TG_NODISCARD enum tg_err tg_push_http_new(struct tg_push_http **out, struct tg_push_http_loop *loop,
                                          const struct tg_push_http_config *config);
/* Ends requests in flight without done(). Accepts *http == NULL. */
void tg_push_http_free(struct tg_push_http **http);

/* A transfer to fill in. NULL: no further request may start now, or there is no memory. */
struct tg_push_transfer *tg_push_http_get(struct tg_push_http *http);
/* Whether a request is in flight, so that done() will be called. */
bool tg_push_http_is_busy(const struct tg_push_http *http);
void tg_push_http_put(struct tg_push_http *http, struct tg_push_transfer *transfer);
/* TG_E_NOMEM: not started; done() will not be called. */
TG_NODISCARD enum tg_err tg_push_http_start(struct tg_push_http *http,
                                            struct tg_push_transfer *transfer,
                                            enum tg_push_connection_kind connection);

/* The provider accepted the credential on the connection of transfer: see
   tg_push_connection_prove. */
void tg_push_http_prove(struct tg_push_transfer *transfer);

#endif
