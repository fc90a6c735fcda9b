/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/payment.h - what a request costs the network of its client.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: an address passes through; the payer that is kept has none.
 * spec: docs/protocol.md section 3, Limits.
 *
 * A request pays when its head begins, when its head is complete, and for what is received of it.
 * So a request that is never completed has paid for what it cost.
 */
#ifndef TG_SERVER_HTTP_PAYMENT_H
#define TG_SERVER_HTTP_PAYMENT_H

#include "server/http/head.h"
#include "server/http/pending.h"

/* A request begins: its first byte, or its HEADERS frame. */
void tg_payment_begin(struct tg_pending *p);
/* Its head is complete. status 0: it may be served. Otherwise it must be refused, with p->retry_s;
   it was counted. */
struct tg_head_fault tg_payment_head(struct tg_pending *p, const struct tg_http_request *head);
/* What the relay core is about to do for the request, as in struct tg_relay_hooks. fullness: of the
   store. */
struct tg_refusal tg_payment_cost(struct tg_pending *p, enum tg_cost cost,
                                  const struct tg_record_size *size, unsigned fullness);
/* Frames of HTTP/2 achieved nothing: ten for each bill. False: the network is over its budget, and
   the connection must end. */
TG_NODISCARD bool tg_payment_frames(struct tg_peer *peer, const struct tg_service *service,
                                    const struct tg_env *env, uint32_t bill_count);
/* Bytes of the head or body were received. */
void tg_payment_received(struct tg_pending *p, size_t len);

#endif
