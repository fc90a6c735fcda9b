/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/api.h - one HTTP request in, one HTTP response out, whatever carried it.
 * Layer: L2 (base, crypto, wire, store.h).  Threads: a relay per worker; nothing is shared but the
 * read-only configuration and keyring.  Blocks: no.  Clock: an argument.
 * Secrets: requests carry claims and payloads; what was read of them is wiped when an exchange
 * ends. spec: protocol.md sections 1 to 5.
 */
#ifndef TG_RELAY_API_H
#define TG_RELAY_API_H

#include "base/rng.h"
#include "relay/seal.h"
#include "relay/standing.h"
#include "store/store.h"
#include "wire/headers.h"
#include "wire/limits.h"

#define TG_RESPONSE_HEADERS_MAX 24u
#define TG_WAIT_CAP_S_DEFAULT 60u

struct tg_relay_config {
    struct tg_wire_limits limits;
    const char *public_url; /* "https://relay.example", no trailing slash; borrowed for good */
    int64_t expiration_default_s; /* 48 h */
    int64_t expiration_max_s;     /* 30 days */
    uint32_t wait_cap_s;          /* longest long poll */
    const char *cors_origin;      /* "*", one origin, or NULL: no CORS headers */
    bool is_https;                /* the public side is TLS: HSTS is sent */
    tg_can_push_fn *can_push;     /* NULL: no push at all; borrowed for good, as is its ctx */
    const void *can_push_ctx;
    const struct tg_standing *standing; /* NULL: nothing is asked of senders; borrowed for good */
};

/* One request. All borrowed until tg_relay_begin returns. */
struct tg_http_request {
    struct tg_bytes method;
    struct tg_bytes target; /* origin form: path and query */
    const struct tg_http_header *headers;
    size_t header_count;
    struct tg_bytes body;
    bool is_body_too_large; /* the body was over the limit and not kept */
};

struct tg_http_response {
    unsigned status;
    size_t header_count;
    struct tg_http_header
        headers[TG_RESPONSE_HEADERS_MAX]; /* lower-case names; no content-length,
                                             date or connection: the transport's */
    struct tg_bytes body;
    bool is_head;    /* the body is only measured, not sent */
    int call;        /* enum tg_mailbox_call, or -1; for metrics */
    bool must_close; /* the rest of the request body was not read */
};

struct tg_relay;    /* one per worker */
struct tg_exchange; /* one request in flight; owned by the relay until respond() or cancel */

struct tg_exchange_ops {
    /* The answer. Exactly once, unless cancelled; may run inside begin, resume or the store's
       dispatch. The response and the exchange end when it returns. */
    void (*respond)(void *ctx, const struct tg_http_response *response);
    /* A long poll has begun: remember the exchange under key until respond(). It looks at the
       mailbox right after this returns, so a change that is told later is not missed. Call
       tg_exchange_resume() when tg_relay_hooks.changed names key, or when wait_ms have passed. */
    void (*wait)(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                 uint64_t wait_ms);
};

typedef void tg_offload_fn(void *arg);

struct tg_relay_hooks {
    /* A mailbox changed and the change is durable: resume every exchange that waits on key, on
       every worker. Called on the worker's thread. */
    void (*changed)(void *ctx, const struct tg_store_key *key);
    /* A push has been added to the store's outbox and is durable. Called on the worker's thread.
       NULL: this relay sends no pushes. */
    void (*push_queued)(void *ctx);
    /* Runs work(arg) on another thread, then done(arg) on the worker's; never inside this call.
       TG_E_FULL: too much of it is pending, and neither runs. NULL: both run at once. */
    enum tg_err (*offload)(void *ctx, tg_offload_fn *work, tg_offload_fn *done, void *arg);
    /* A proof of good standing was judged. For counting. NULL: nobody counts. */
    void (*judged)(void *ctx, const struct tg_standing_report *report);
    void *ctx;
};

/* config, keyring, hooks and port are borrowed until tg_relay_free. */
TG_NODISCARD enum tg_err tg_relay_new(struct tg_relay **out, const struct tg_relay_config *config,
                                      const struct tg_keyring *keyring, struct tg_store *store,
                                      struct tg_store_port *port, const struct tg_rng *rng,
                                      const struct tg_relay_hooks *hooks);
/* After every exchange has ended. */
void tg_relay_free(struct tg_relay **relay);

/*
 * Starts an exchange. It takes a copy of what it needs. NULL: it has already been answered.
 *   now_s   UTC seconds
 */
struct tg_exchange *tg_relay_begin(struct tg_relay *relay, const struct tg_http_request *request,
                                   int64_t now_s, const struct tg_exchange_ops *ops, void *ctx);

enum tg_resume { TG_RESUME_CHANGED, TG_RESUME_TIMEOUT, TG_RESUME_DRAIN };

/* A waiting exchange looks again and answers; when nothing is newer, with 204 and the version.
   After TG_RESUME_DRAIN it does not look first. Does nothing for an exchange that does not wait. */
void tg_exchange_resume(struct tg_exchange *exchange, int64_t now_s, enum tg_resume why);

/* The client is gone. No callback follows; a change already queued is still made. */
void tg_exchange_cancel(struct tg_exchange *exchange);

/* Changes that are with the store, and proofs with another thread, at this moment, cancelled ones
   included: a drain waits for 0. */
size_t tg_relay_in_flight(const struct tg_relay *relay);

/* A response the transport needs on its own (408, 429, 431, 503...), with the common headers and a
   problem document; calls ops->respond before it returns. retry_after_s 0: no such header. */
void tg_relay_refuse(struct tg_relay *relay, unsigned status, const char *detail,
                     unsigned retry_after_s, const struct tg_exchange_ops *ops, void *ctx);

#endif
