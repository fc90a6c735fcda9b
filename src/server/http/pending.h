/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/pending.h - a pending request: begun by an HTTP engine, answered by a service.
 * It holds long polls, and counts. payment.h has what a request costs.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_PENDING_H
#define TG_SERVER_HTTP_PENDING_H

#include "server/http/env.h"
#include "server/http/service.h"
#include "server/ledger/memory.h"

/* What the requests of one connection share. */
struct tg_peer {
    struct tg_account *account; /* of the connection; NULL in tests: no limits */
    bool is_gone;               /* it has finished sending: its long polls need no answer */
    size_t wait_count;          /* long polls waiting */
    size_t open_count;          /* requests in progress */
    uint64_t request_count;     /* requests begun or refused */
    bool is_proxy;       /* the other end is a trusted proxy: its requests name their clients */
    bool is_proven;      /* a request that needs a claim succeeded */
    struct tg_payer own; /* the network of the other end, or of the client of a PROXY header */
    /* The connection's place, and the worth that it was told. NULL in tests: it has none. */
    struct tg_holder *holder;
    enum tg_worth worth;
    /* Writes that network. It is called when own must be found again, so that no address is kept.
       NULL: own cannot be found again, see tg_client_is_outdated. */
    void (*network)(struct tg_peer *peer, struct tg_network *out);
};

/* Embedded in an engine's stream. Zero: no request. */
struct tg_pending {
    struct tg_env *env;
    const struct tg_service *service;
    struct tg_peer *peer;
    /* Sends the answer, which is valid during the call. Never called after cancel. */
    void (*respond)(struct tg_pending *p, const struct tg_http_response *response);

    bool is_open;                 /* begun, not yet answered or cancelled */
    bool is_waiting;              /* a long poll */
    bool is_refusal;              /* refused here, not by the service */
    bool has_waited;              /* it was a long poll: its duration is not measured */
    struct tg_exchange *exchange; /* may be NULL while open inside begin */
    struct tg_waiter waiter;
    struct tg_deadline deadline; /* of the wait */
    struct tg_link unsettled;
    struct tg_holder place; /* of the long poll */
    uint64_t begun_us;
    struct tg_payer payer; /* the network that pays for the request: see payment.h */
    unsigned retry_s;      /* 0: within the budget so far */
    size_t unpaid_len;     /* bytes received and not yet paid */
    /* Of the request that is read or open. The engine passes each header of a head to
       tg_asker_take() as it arrives, so that every answer knows it. */
    struct tg_asker asker;
};

/* Whether a request with a body of body_len may be given to the service: else it is refused with
   503. The pages of the operator are not limited. */
bool tg_pending_has_memory(const struct tg_pending *p, size_t body_len);
/* Gives request to the service; respond() may run before this returns. */
void tg_pending_begin(struct tg_pending *p, const struct tg_http_request *request);
/* Answers an error without the service seeing the request, which may be incomplete. respond() runs
   before this returns. */
void tg_pending_refuse(struct tg_pending *p, unsigned status, const char *detail,
                       unsigned retry_after_s);
/* The client has disconnected. Does nothing when p is not open. */
void tg_pending_cancel(struct tg_pending *p);

/* The long poll loses its place: answers 503. Does nothing if p does not wait. */
void tg_pending_evict(struct tg_pending *p);

/* Answers the long polls that may not wait, or have lost their place. Call it outside of any
   callback, once per loop iteration. */
void tg_pending_settle(struct tg_env *env);

#endif
