/* SPDX-License-Identifier: Apache-2.0 */
#include "push/provider.h"

const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { .token_type = "com.apple.apns", .name = "apns" },
    [TG_PUSH_FCM] = { .token_type = "com.google.fcm", .name = "fcm" },
    [TG_PUSH_WEBPUSH] = { .token_type = "org.w3.webpush", .name = "webpush" },
    [TG_PUSH_WEBHOOK] = { .token_type = "webhook", .name = "webhook" },
};
