/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport/transport.h - a transport as its own parts see it.
 * Layer: L4.      Threads: one at a time; flags: any.      Blocks: no, except run.c.
 * Secrets: requests and answers; wiped when they end.
 *
 *   settings.c   new, free, settings
 *   curl.c       one exchange with libcurl
 *   tls.c        what TLS of libcurl must be, and that it logs no keys
 *   run.c        from one exchange to the next, and the form that blocks
 *   loop.c       the form on the event loop of the application, and what other threads ask for
 */
#ifndef TG_TRANSPORT_TRANSPORT_H
#define TG_TRANSPORT_TRANSPORT_H

#include <tigress/transport_curl.h>

#include "base/buf.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* What another thread asks for. */
enum tg_transport_flag { TG_TRANSPORT_CANCEL = 1, TG_TRANSPORT_WAKE = 2 };

enum tg_transport_proxy { TG_PROXY_NONE, TG_PROXY_ENVIRONMENT, TG_PROXY_URL };

/* Of the form on the application's loop. */
struct tg_transport_loop {
    tigress_watch_fn *watch; /* NULL: there is no loop */
    tigress_timer_fn *timer;
    tigress_done_fn *done;
    void *ctx;
    int wake_fds[2];     /* a pipe: cancel and wake write, the loop reads; -1: none */
    int64_t curl_due_ms; /* of libcurl's timer, monotonic; INT64_MAX: none */
    int64_t armed_ms;    /* of the application's timer */
    bool is_started;
};

struct tigress_transport {
    struct tigress_session *session; /* borrowed */
    /* One for each transport: what shares it shares connections. */
    CURLM *multi;
    CURL *easy;
    const char *refusal; /* why the last setter failed, a literal */
    struct tg_buf ca_file;
    struct tg_buf proxy_url;
    enum tg_transport_proxy proxy;
    unsigned connect_timeout_ms;
    tigress_save_fn *save;
    void *save_ctx;
    tigress_progress_fn *progress;
    void *progress_ctx;
    tigress_observe_fn *observe;
    void *observe_ctx;
    struct tg_transport_loop loop;
    atomic_uint flags;

    /* The run under way. */
    int64_t until_s;
    bool is_stopped;
    enum tigress_want want; /* the result */

    /* The exchange under way. */
    bool is_busy;
    const struct tigress_http_request *request; /* borrowed from the session */
    struct curl_slist *headers;
    enum tigress_error exchange_error; /* of the last one that ended */
    bool is_exchange_unsaved; /* it ended or goes on, and the session was not saved since */
    struct tg_buf body;
    struct tg_buf header_text; /* name NUL value NUL ... */
    size_t header_count;
    bool is_too_large;
    int64_t date_s; /* of the last answer; 0: none */
};

/* UTC seconds. */
int64_t tg_transport_now_s(void);

/* ---- curl.c ---------------------------------------------------------------------------------- */

/* Begins the request of the session. TIGRESS_E_NOMEM, TIGRESS_E_STATE */
TG_NODISCARD enum tigress_error tg_exchange_begin(struct tigress_transport *t);
/* Passes the answer to the session if the exchange has ended: is_busy is then false. */
void tg_exchange_collect(struct tigress_transport *t);
/* Ends the exchange without an answer. Never waits, also not for the resolver. */
void tg_exchange_abort(struct tigress_transport *t, CURLcode code);

/* ---- tls.c ----------------------------------------------------------------------------------- */

/* What CURLOPT_SSL_CTX_FUNCTION needs. */
CURLcode tg_transport_tls_begin(CURL *easy, void *context, void *ctx);

/* ---- run.c ----------------------------------------------------------------------------------- */

void tg_transport_begin_run(struct tigress_transport *t, int64_t until_s);
/* Steps the session until it needs the network or time. true: the run is over, t->want is its
   result. */
bool tg_transport_advance(struct tigress_transport *t);
/* Also aborts the exchange. */
bool tg_transport_should_stop(struct tigress_transport *t, enum tigress_want doing);

/* ---- loop.c ---------------------------------------------------------------------------------- */

void tg_transport_loop_init(struct tigress_transport *t);
void tg_transport_loop_deinit(struct tigress_transport *t);

#endif
