/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/msg_update.h - UpdateMailbox, both directions.
 * Layer: L1.      Threads: any.      spec: docs/protocol.md section 4, UpdateMailbox.
 */
#ifndef TG_WIRE_MSG_UPDATE_H
#define TG_WIRE_MSG_UPDATE_H

#include "wire/json.h"
#include "wire/limits.h"
#include "wire/types.h"

struct tg_msg_update {
    struct tg_payload payload;
    struct tg_notification_token token;
};

TG_NODISCARD enum tg_err tg_msg_update_decode(struct tg_msg_update *out, struct tg_json **doc,
                                              struct tg_bytes body,
                                              const struct tg_wire_limits *limits,
                                              struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_msg_update_encode(struct tg_buf *out, const struct tg_msg_update *msg);

/* {isPushNotificationSupported} */
TG_NODISCARD enum tg_err tg_msg_updated_decode(bool *is_push_supported, struct tg_bytes body,
                                               struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_msg_updated_encode(struct tg_buf *out, bool is_push_supported);

#endif
