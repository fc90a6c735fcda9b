/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/msg_read.h - ReadSecureContent and the JSON form of ReadDisplayInformation.
 * Layer: L1.      Threads: any.      spec: docs/protocol.md section 4.
 */
#ifndef TG_WIRE_MSG_READ_H
#define TG_WIRE_MSG_READ_H

#include "wire/json.h"
#include "wire/limits.h"
#include "wire/types.h"

/* The request body: empty, or {notificationToken}. Empty gives token.is_present == false. */
TG_NODISCARD enum tg_err tg_msg_read_decode(struct tg_notification_token *token,
                                            struct tg_json **doc, struct tg_bytes body,
                                            const struct tg_wire_limits *limits,
                                            struct tg_fault *fault);
/* Appends an object with the token, or nothing if the token is absent. */
TG_NODISCARD enum tg_err tg_msg_read_encode(struct tg_buf *out,
                                            const struct tg_notification_token *token);

struct tg_msg_content {
    struct tg_payload payload;
    struct tg_display_info display;
    int64_t expiration_s;
    /* Present in the answer to a read that registers a token. */
    bool has_push_supported;
    bool is_push_supported;
};

/* The views end with *doc, and with body. */
TG_NODISCARD enum tg_err tg_msg_content_decode(struct tg_msg_content *out, struct tg_json **doc,
                                               struct tg_bytes body, struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_msg_content_encode(struct tg_buf *out,
                                               const struct tg_msg_content *msg);

/* The payload is not part of it. */
struct tg_msg_preview {
    struct tg_display_info display;
    int64_t expiration_s;
    enum tg_recipient recipient; /* unknown: the relay does not say it */
};

TG_NODISCARD enum tg_err tg_msg_preview_decode(struct tg_msg_preview *out, struct tg_json **doc,
                                               struct tg_bytes body, struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_msg_preview_encode(struct tg_buf *out,
                                               const struct tg_msg_preview *msg);

#endif
