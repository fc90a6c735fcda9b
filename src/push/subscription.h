/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/subscription.h - the tokenData of org.w3.webpush: the JSON of PushSubscription.toJSON().
 * Layer: L2, for push/ alone.   Threads: any.   Blocks: no.
 * Secrets: the subscription; the caller wipes it.
 * spec: Push API section 8 (PushSubscription), RFC 8291 section 2.
 */
#ifndef TG_PUSH_SUBSCRIPTION_H
#define TG_PUSH_SUBSCRIPTION_H

#include "push/endpoint.h"
#include "wire/webpush.h"

/* Must not be copied: endpoint views url. */
struct tg_push_subscription {
    uint8_t url[TG_PUSH_ENDPOINT_MAX];
    struct tg_push_endpoint endpoint;
    struct tg_webpush_receiver receiver;
};

/*
 * {"endpoint": https URL, "keys": {"p256dh": base64url of a point, "auth": base64url of 16 bytes}},
 * other members ignored.
 * TG_E_SYNTAX, TG_E_LIMIT   anything else
 * TG_E_NOMEM, TG_E_CRYPTO   failures of the environment
 * *out is zero on failure.
 */
TG_NODISCARD enum tg_err tg_push_subscription_parse(struct tg_push_subscription *out,
                                                    struct tg_bytes text);
void tg_push_subscription_wipe(struct tg_push_subscription *subscription);

#endif
