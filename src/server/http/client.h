/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/client.h - who pays for a connection and for a request: the network of the client.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: addresses pass through; a payer has none.
 */
#ifndef TG_SERVER_HTTP_CLIENT_H
#define TG_SERVER_HTTP_CLIENT_H

#include "server/http/pending.h"

#define TG_CLIENT_NOT_NAMED                                                                        \
    "Forwarded and X-Forwarded-For do not name one client (expected: its IP address as the last "  \
    "entry that is no trusted proxy)"

/* The payer of the connection; found again when a salt has changed. A trusted proxy, which holds
   connections for many clients, is exempt. */
const struct tg_payer *tg_client_find_peer(struct tg_peer *peer, const struct tg_env *env);
/* The connection is of this client, which a PROXY header names. Its address is not kept, so the
   payer cannot be found again when a salt has changed. */
void tg_client_set_peer(struct tg_peer *peer, const struct tg_env *env, const struct tg_ip *client);
/* Then the connection must end in order: a new one brings a new header.
   spec: protocol/1#proxy-protocol */
bool tg_client_is_outdated(const struct tg_peer *peer, const struct tg_env *env);

/* Finds the payer of a request: the client that a trusted proxy names; otherwise the network of the
   connection, also of a proxy that names nobody. False: the proxy does not say who the client is.
   Refuse the request with 400 and TG_CLIENT_NOT_NAMED. */
TG_NODISCARD bool tg_client_find_payer(struct tg_payer *out, struct tg_peer *peer,
                                       const struct tg_env *env,
                                       const struct tg_http_request *head);

#endif
