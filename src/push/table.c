/* SPDX-License-Identifier: Apache-2.0 */
/* In a separate file, so that a test can link another table. */
#include "push/provider.h"

const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { "com.apple.apns", "apns", &tg_push_apns_ops },
    [TG_PUSH_FCM] = { "com.google.fcm", "fcm", &tg_push_fcm_ops },
    [TG_PUSH_WEBPUSH] = { "org.w3.webpush", "webpush", &tg_push_webpush_ops },
    [TG_PUSH_WEBHOOK] = { "webhook", "webhook", &tg_push_webhook_ops },
};
