/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/service.h - the receiver of an HTTP engine's requests.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_SERVICE_H
#define TG_SERVER_HTTP_SERVICE_H

#include "relay/api.h"

/* It answers requests: the relay core, or the admin pages. */
struct tg_service {
    /* See tg_relay_begin. */
    struct tg_exchange *(*begin)(void *ctx, const struct tg_http_request *request,
                                 struct tg_moment now, const struct tg_exchange_ops *ops,
                                 void *ops_ctx);
    /* See tg_relay_refuse. */
    void (*refuse)(void *ctx, const struct tg_refusal *refusal, const struct tg_exchange_ops *ops,
                   void *ops_ctx);
    /* See tg_exchange_resume. */
    void (*resume)(struct tg_exchange *exchange, struct tg_moment now, enum tg_resume why);
    /* The client of an unanswered request is gone; exchange is what begin returned. */
    void (*cancel)(void *ctx, struct tg_exchange *exchange, void *ops_ctx);
    /* The call that a request makes (enum tg_mailbox_call), or -1; for its price. NULL: always -1.
     */
    int (*call_of)(struct tg_bytes method, struct tg_bytes target);
    bool is_rate_limited;
    void *ctx;
};

/* The relay core as a service; ctx is a struct tg_relay. */
struct tg_service tg_service_relay(struct tg_relay *relay);

#endif
