/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/service.h"

static struct tg_exchange *relay_begin(void *ctx, const struct tg_http_request *request,
                                       struct tg_moment now, const struct tg_exchange_ops *ops,
                                       void *ops_ctx)
{
    return tg_relay_begin(ctx, request, now, ops, ops_ctx);
}

static void relay_refuse(void *ctx, const struct tg_refusal *refusal,
                         const struct tg_exchange_ops *ops, void *ops_ctx)
{
    tg_relay_refuse(ctx, refusal, ops, ops_ctx);
}

static void relay_cancel(void *ctx, struct tg_exchange *exchange, void *ops_ctx)
{
    (void)ctx;
    (void)ops_ctx;
    if (exchange != NULL) {
        tg_exchange_cancel(exchange);
    }
}

struct tg_service tg_service_relay(struct tg_relay *relay)
{
    return (struct tg_service){ .begin = relay_begin,
                                .refuse = relay_refuse,
                                .resume = tg_exchange_resume,
                                .cancel = relay_cancel,
                                .call_of = tg_relay_call_of,
                                .is_rate_limited = true,
                                .ctx = relay };
}
