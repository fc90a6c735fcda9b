/* SPDX-License-Identifier: Apache-2.0 */
#include "server/push_ask.h"

/* A token of which nothing can be known, because the hash failed, counts as refused. */
static enum tg_refusal_state refusal_of(const struct tg_push_ask *ask,
                                        const struct tg_notification_token *token, int64_t now_s)
{
    struct tg_store_key key;

    if (!tg_refusals_has_any(ask->refusals)) {
        return TG_REFUSAL_NONE;
    }
    return tg_outbox_entry_key(&key, ask->keyring, token) == TG_OK
               ? tg_refusals_look(ask->refusals, &key, now_s)
               : TG_REFUSAL_HOLDS;
}

enum tg_can_push tg_push_ask_can_push(const void *ctx, const struct tg_notification_token *token,
                                      int64_t now_s)
{
    static const enum tg_can_push answers[] = { [TG_REFUSAL_NONE] = TG_CAN_PUSH_YES,
                                                [TG_REFUSAL_HOLDS] = TG_CAN_PUSH_NO,
                                                [TG_REFUSAL_OVER] = TG_CAN_PUSH_AGAIN };
    const struct tg_push_ask *ask = ctx;

    return tg_push_can_send(&ask->settings, token->type, token->topic, token->token_data)
               ? answers[refusal_of(ask, token, now_s)]
               : TG_CAN_PUSH_NO;
}
