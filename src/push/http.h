/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http.h - requests to one provider under way at once, over connections that are kept.
 * Layer: L3, for push/engine alone; the door to libcurl.   Threads: one.
 * Blocks: no; a name is resolved on a thread of the library's.
 * Secrets: requests with their tokens and credentials, wiped when they end.
 */
#ifndef TG_PUSH_HTTP_H
#define TG_PUSH_HTTP_H

#include "push/http_connection.h"
#include "push/http_loop.h"
#include "push/provider.h"

/* How a request ended. */
enum tg_push_end {
    TG_PUSH_END_ANSWER,      /* answer is there; a longer body is cut, and its stream ended */
    TG_PUSH_END_HELD,        /* not sent: the connection may carry but one stream yet */
    TG_PUSH_END_REFUSED,     /* not sent: the guard allows none of the host's addresses */
    TG_PUSH_END_UNREACHABLE, /* not sent: no such name, or nobody there */
    TG_PUSH_END_CERTIFICATE, /* not sent: whoever is there is not the provider */
    TG_PUSH_END_TLS,         /* not sent: TLS failed otherwise */
    TG_PUSH_END_TIMEOUT,
    TG_PUSH_END_NOT_HTTP2, /* answered, in a version of HTTP that the provider does not speak */
    TG_PUSH_END_CUT,       /* the stream or the connection ended early */
    TG_PUSH_END_TROUBLE    /* of our own: memory */
};

struct tg_push_transfer {
    struct tg_push_request request; /* filled in before start */
    struct tg_push_answer answer;   /* TG_PUSH_END_ANSWER; ends with put */
    void *owner;                    /* the caller's */
    struct tg_push_transfer_state *state;
};

/* transfer has ended; to be given back by tg_push_http_put, or started again. */
typedef void tg_push_http_done_fn(void *ctx, struct tg_push_transfer *transfer,
                                  enum tg_push_end end);

struct tg_push_http_config {
    const struct tg_push_settings *settings; /* concurrency, timeout, authorities; borrowed */
    bool is_guarded;          /* every address goes through the guard before it is connected to */
    bool is_one_stream_first; /* see tg_push_http_prove */
    tg_push_http_done_fn *done;
    void *ctx;
};

struct tg_push_http;

enum tg_err tg_push_http_new(struct tg_push_http **out, struct tg_push_http_loop *loop,
                             const struct tg_push_http_config *config);
/* Ends what is under way without done(). Accepts *http == NULL. */
void tg_push_http_free(struct tg_push_http **http);

/* A transfer to fill in, or NULL: as many are under way as may be, or there is no memory. */
struct tg_push_transfer *tg_push_http_get(struct tg_push_http *http);
/* Whether any is under way, whose end will come. */
bool tg_push_http_is_busy(const struct tg_push_http *http);
void tg_push_http_put(struct tg_push_http *http, struct tg_push_transfer *transfer);
/* TG_E_NOMEM: not started, there will be no done(). */
TG_NODISCARD enum tg_err tg_push_http_start(struct tg_push_http *http,
                                            struct tg_push_transfer *transfer,
                                            enum tg_push_connection_kind connection);

/* The provider accepted the credential on the connection of transfer: see
   tg_push_connection_prove. */
void tg_push_http_prove(struct tg_push_transfer *transfer);

#endif
