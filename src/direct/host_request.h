/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/host_request.h - the requests of a host's peers.
 * Layer: L2.   Threads: one at a time.   Blocks: no.   Clock: an argument.
 * Secrets: claims and payloads in the received bytes.
 */
#ifndef TG_DIRECT_HOST_REQUEST_H
#define TG_DIRECT_HOST_REQUEST_H

#include "direct/host.h"

/* Continues the handshake of a connection. */
void tg_direct_host_handshake(struct tigress_direct_host *host, struct tg_direct_conn *c,
                              int64_t now_ms);
/* Reads what has arrived after the handshake, and answers a complete request. */
void tg_direct_host_read(struct tigress_direct_host *host, struct tg_direct_conn *c,
                         int64_t now_ms);
/* Answers the request in c->in, or lets it wait. look: TG_DIRECT_LOOK_AGAIN for a long poll. */
void tg_direct_host_serve(struct tigress_direct_host *host, struct tg_direct_conn *c,
                          enum tg_direct_look look, int64_t now_ms);
/* Updates the host after an answer. true: tg_direct_host_wake_polls must follow. */
bool tg_direct_host_applied(struct tigress_direct_host *host,
                            const struct tg_direct_answer *answer);
/* Every long poll that waits looks again whether it has an answer. */
void tg_direct_host_wake_polls(struct tigress_direct_host *host, int64_t now_ms);

#endif
