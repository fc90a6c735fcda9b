/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/push_ask.h - answers the mailbox whether a push to a token is possible.
 * Layer: L4.      Threads: any.      Blocks: for the lock of refusals.
 * Secrets: none.
 */
#ifndef TG_SERVER_PUSH_ASK_H
#define TG_SERVER_PUSH_ASK_H

#include "server/settings/config.h"
#include "relay/api.h"
#include "server/pushlink/refusals.h"

/* All borrowed. */
struct tg_push_ask {
    struct tg_push_settings settings;
    const struct tg_keyring *keyring;
    struct tg_refusals *refusals;
};

/* A tg_can_push_fn; ctx is a struct tg_push_ask. */
enum tg_can_push tg_push_ask_can_push(const void *ctx, const struct tg_notification_token *token,
                                      int64_t now_s);

#endif
