/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/types.h - the values that both sides of the HTTP API use. All are views; the function that
 * fills one in documents what ends it.
 * Layer: L1.      spec: docs/protocol.md sections 3 and 4.
 */
#ifndef TG_WIRE_TYPES_H
#define TG_WIRE_TYPES_H

#include "base/bytes.h"

struct tg_display_info {
    struct tg_bytes title;       /* UTF-8, may be empty */
    struct tg_bytes description; /* UTF-8, may be empty */
    struct tg_bytes image_url;   /* UTF-8, may be empty */
};

struct tg_payload {
    struct tg_bytes type; /* opaque, non-empty UTF-8 */
    struct tg_bytes data; /* opaque, non-empty UTF-8 */
};

struct tg_notification_token {
    bool is_present;
    struct tg_bytes type;
    struct tg_bytes token_data;
    struct tg_bytes topic; /* the app: APNs topic, FCM project; empty: not named */
};
#define TG_TOKEN_TOPIC_MAX 255u /* bytes of a topic */

/* Whether a device is bound as the recipient. Where a mailbox has ended: whether one ever was. */
enum tg_recipient { TG_RECIPIENT_UNKNOWN, TG_RECIPIENT_NONE, TG_RECIPIENT_BOUND };

/* Access rights, a set. */
enum tg_right { TG_RIGHT_READ = 1, TG_RIGHT_WRITE = 2, TG_RIGHT_DELETE = 4 };
#define TG_RIGHTS_DEFAULT (TG_RIGHT_READ | TG_RIGHT_DELETE)

#endif
