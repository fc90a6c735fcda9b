/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/api.h - one HTTP request in, one HTTP response out, for any HTTP version.
 * Layer: L2 (base, crypto, wire, store.h).  Threads: a relay per worker; nothing is shared but the
 * read-only configuration and keyring.  Blocks: no.  Clock: an argument.
 * Secrets: requests carry claims and payloads; an exchange wipes its copies when it ends.
 * spec: docs/protocol.md sections 1 to 5.
 */
#ifndef TG_RELAY_API_H
#define TG_RELAY_API_H

#include "base/moment.h"
#include "base/rng.h"
#include "relay/asker.h"
#include "relay/file/files.h"
#include "relay/file/images.h"
#include "relay/page/site.h"
#include "relay/seal.h"
#include "relay/standing.h"
#include "store/store.h"
#include "wire/headers.h"
#include "wire/limits.h"

#define TG_RESPONSE_HEADERS_MAX 24u
#define TG_WAIT_CAP_S_DEFAULT 60u

/* What a relay shows of its operator. A reload may change it. */
struct tg_relay_face {
    struct tg_page_settings page;  /* zero: the defaults */
    struct tg_image_policy images; /* zero: pictures of every host */
    const struct tg_files *files;  /* NULL: none; borrowed */
};

struct tg_relay_config {
    struct tg_wire_limits limits;
    const char *public_url;       /* "https://relay.example", no trailing slash; borrowed */
    int64_t expiration_default_s; /* 48 h */
    int64_t expiration_max_s;     /* 30 days */
    uint32_t wait_cap_s;          /* longest long poll */
    const char *cors_origin;      /* "*", one origin, or NULL: no CORS headers */
    bool is_https;                /* the public side is TLS: HSTS is sent */
    tg_can_push_fn *can_push;     /* NULL: this relay sends no pushes; borrowed with its ctx */
    const void *can_push_ctx;
    struct tg_relay_face face;          /* at first; see tg_relay_show */
    const struct tg_standing *standing; /* NULL: senders need no good standing; borrowed */
};

/* One request. All borrowed until tg_relay_begin returns. */
struct tg_http_request {
    struct tg_bytes method;
    struct tg_bytes target; /* origin form: path and query */
    const struct tg_http_header *headers;
    size_t header_count;
    struct tg_bytes body;
    bool is_body_too_large; /* the body exceeded the limit and was discarded */
};

struct tg_http_response {
    unsigned status;
    size_t header_count;
    /* Lower-case names. The transport adds content-length, date and connection. */
    struct tg_http_header headers[TG_RESPONSE_HEADERS_MAX];
    struct tg_bytes body;
    bool is_head;     /* HEAD: send the body's length, not the body */
    int call;         /* enum tg_mailbox_call, or -1; for metrics */
    bool is_disputed; /* a 503, because the relay's clock was changed; for metrics */
    bool must_close;  /* close the connection: part of the request body was not read */
};

struct tg_relay;    /* one per worker */
struct tg_exchange; /* one request in flight; owned by the relay until respond() or cancel */

struct tg_exchange_ops {
    /* The answer. Exactly once, unless cancelled; may run inside begin, resume or the store's
       dispatch. The response and the exchange end when it returns. */
    void (*respond)(void *ctx, const struct tg_http_response *response);
    /* A long poll has begun: keep the exchange under key until respond(). The relay reads the
       mailbox after this returns, so it misses no change. Call tg_exchange_resume() when
       tg_relay_hooks.changed names key, or when wait_ms have passed. */
    void (*wait)(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                 uint64_t wait_ms);
    /* The client's share of the store (tg_store_ops.share). NULL: 0. */
    uint16_t (*share)(void *ctx);
};

/* A request that the transport refuses: 408, 429, 431, 503... */
struct tg_refusal {
    unsigned status;
    const char *detail;
    unsigned retry_after_s;       /* 0: no Retry-After */
    bool is_draining;             /* because the relay is about to end */
    const struct tg_asker *asker; /* NULL: nothing is known; borrowed for the call */
};

/* What a request is about to cost the relay, beyond looking at it. */
enum tg_cost {
    TG_COST_PROOF,  /* the verification of a device attestation */
    TG_COST_REPORT, /* the same, for a report only: a refusal is no answer to the client */
    TG_COST_LOOK,   /* nothing yet: whether the record could be stored */
    TG_COST_STORE   /* the record is about to be stored */
};

/* A record that a create or an update makes. */
struct tg_record_size {
    bool is_new;        /* a create */
    size_t len;         /* bytes of the record, before sealing */
    size_t old_len;     /* of the record that it replaces */
    int64_t lifetime_s; /* from now to the expiration */
};

typedef void tg_offload_fn(void *arg);

/* What the operator's own verifier says of an attestation. */
enum tg_ask_verdict {
    TG_ASK_FAILED, /* no verdict: 503 */
    TG_ASK_VALID,
    TG_ASK_INVALID,
    TG_ASK_UNKNOWN /* it does not know the form either */
};
struct tg_ask_answer {
    enum tg_ask_verdict verdict;
    bool is_user_verified; /* with TG_ASK_VALID */
};
typedef void tg_ask_fn(void *arg, const struct tg_ask_answer *answer);

/* Of the hooks only `changed` may resume or cancel exchanges. */
struct tg_relay_hooks {
    /* A mailbox changed and the change is durable: resume every exchange that waits on key, on
       every worker. Called on the worker's thread. */
    void (*changed)(void *ctx, const struct tg_store_key *key);
    /* A push has been added to the store's outbox and is durable. Called on the worker's thread.
       NULL: this relay sends no pushes. */
    void (*push_queued)(void *ctx);
    /* A token to which pushes may be sent was left, and that is durable; key is that of its outbox
       entry. Called on the worker's thread. NULL: this relay sends no pushes. */
    void (*token_left)(void *ctx, const struct tg_store_key *key);
    /* Runs work(arg) on another thread, then done(arg) on the worker's; never inside this call.
       TG_E_FULL: too many are pending; neither runs. NULL: the relay calls both itself. */
    enum tg_err (*offload)(void *ctx, tg_offload_fn *work, tg_offload_fn *done, void *arg);
    /* Asks the operator's verifier about an attestation, a text that is copied, and the challenge
       that it must cover; then done(arg) on the worker's thread, never inside this call. TG_E_FULL:
       too many are pending; done is not called. NULL: there is no verifier. */
    enum tg_err (*ask)(void *ctx, struct tg_bytes attestation,
                       const uint8_t challenge[TG_ATTEST_HASH_LEN], tg_ask_fn *done, void *arg);
    /* A proof of good standing was judged. For metrics. NULL: not counted. */
    void (*judged)(void *ctx, const struct tg_standing_report *report);
    /* Whether the client of a request may have what it costs; status 0: yes. A create or an update
       asks with LOOK before a proof is verified and with STORE before the change. ops_ctx is the
       ctx of the exchange. NULL: everybody may. */
    struct tg_refusal (*pay)(void *ctx, void *ops_ctx, enum tg_cost cost,
                             const struct tg_record_size *size);
    void *ctx;
};

/* config, keyring, hooks and port are borrowed until tg_relay_free. port NULL: the relay answers
   every request with 503 until tg_relay_open, and uses neither the keyring nor config->standing. */
TG_NODISCARD enum tg_err tg_relay_new(struct tg_relay **out, const struct tg_relay_config *config,
                                      const struct tg_keyring *keyring, struct tg_store *store,
                                      struct tg_store_port *port, const struct tg_rng *rng,
                                      const struct tg_relay_hooks *hooks);
/* For a relay that was made without a port. */
void tg_relay_open(struct tg_relay *relay, struct tg_store *store, struct tg_store_port *port);
/* After every exchange has ended. */
void tg_relay_free(struct tg_relay **relay);

/* Shows this face from now on. What it borrows must stay until the next call or tg_relay_free. On
   failure the one before stays. TG_E_NOMEM, TG_E_CRYPTO, TG_E_SYNTAX (a malformed colour). */
TG_NODISCARD enum tg_err tg_relay_show(struct tg_relay *relay, const struct tg_relay_face *face);

/* Starts an exchange, which copies what it needs of the request. NULL: it has been answered. */
struct tg_exchange *tg_relay_begin(struct tg_relay *relay, const struct tg_http_request *request,
                                   struct tg_moment now, const struct tg_exchange_ops *ops,
                                   void *ctx);

enum tg_resume { TG_RESUME_CHANGED, TG_RESUME_TIMEOUT, TG_RESUME_DRAIN };

/* A waiting exchange reads the mailbox again. It answers if there is news for it, and after
   TG_RESUME_TIMEOUT in any case: 204 and the version if nothing is newer. Otherwise it waits on.
   With TG_RESUME_DRAIN it answers without reading. An exchange that does not wait ignores it. */
void tg_exchange_resume(struct tg_exchange *exchange, struct tg_moment now, enum tg_resume why);

/* The client has disconnected. No callback follows; a change already queued is still made. */
void tg_exchange_cancel(struct tg_exchange *exchange);

/* The number of reads, changes and proofs whose callback is expected, cancelled ones included. A
   drain waits for 0: the port is needed until then. */
size_t tg_relay_in_flight(const struct tg_relay *relay);

/* The call that a method and a target name (enum tg_mailbox_call), or -1: no call. */
int tg_relay_call_of(struct tg_bytes method, struct tg_bytes target);

/* Answers it with the common headers and a problem document. Calls ops->respond before it
   returns. */
void tg_relay_refuse(struct tg_relay *relay, const struct tg_refusal *refusal,
                     const struct tg_exchange_ops *ops, void *ctx);

#endif
