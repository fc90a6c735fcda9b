/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http_connection.h - which connections a provider's requests may use: TLS and time limits,
 * the address guard, and the rule that a new connection carries one request until the provider has
 * accepted the credential on it.
 * Layer: L3, for push/http and push/queue alone.   Threads: one.   Blocks: no.   Secrets: none.
 */
#ifndef TG_PUSH_HTTP_CONNECTION_H
#define TG_PUSH_HTTP_CONNECTION_H

#include "push/curl.h"
#include "push/proxy.h"
#include "push/settings.h"

#define TG_PUSH_PROVEN_MAX 4u

/* One request's use of a connection. */
struct tg_push_connection {
    struct tg_push_connections *all;
    long local_port; /* 0: no connection yet */
    bool is_held;    /* stopped before it was sent: another request is proving the connection */
    bool is_refused; /* by the guard */
};

/* The connections of one provider. */
struct tg_push_connections {
    const struct tg_push_settings *settings; /* borrowed */
    const struct tg_push_proxy *proxy;       /* its credentials; borrowed */
    bool is_guarded;          /* the guard checks every address before libcurl connects to it; with
                                 a proxy the address is that of the proxy, and is not checked */
    bool is_one_stream_first; /* see tg_push_connection_prove */
    /* Connections on which the provider accepted the credential, by their local port. */
    long proven[TG_PUSH_PROVEN_MAX];
    size_t proven_at;
    bool is_proven;                         /* the latest one is */
    const struct tg_push_connection *probe; /* the request that is proving one, or NULL */
};

/* Options that stay the same for every request. False: no memory. */
TG_NODISCARD bool tg_push_connections_set_up(const struct tg_push_connections *all, CURLM *multi);
TG_NODISCARD bool tg_push_connection_set_up(struct tg_push_connection *c, CURL *easy);

/* Whether another request may start while in_flight are under way. */
bool tg_push_connections_have_room(const struct tg_push_connections *all, uint32_t in_flight);

enum tg_push_connection_kind { TG_PUSH_ANY_CONNECTION, TG_PUSH_NEW_CONNECTION };

/* Before a request starts. False: no memory. */
TG_NODISCARD bool tg_push_connection_begin(struct tg_push_connection *c, CURL *easy,
                                           enum tg_push_connection_kind kind);
/* After a request ended. */
void tg_push_connection_end(struct tg_push_connection *c);
/* The provider accepted the credential on this connection. It may carry many streams from now on.
   Until then, with is_one_stream_first, one request is sent and the others are held.
   docs/push.md, "What Apple documents". */
void tg_push_connection_prove(struct tg_push_connection *c);

#endif
