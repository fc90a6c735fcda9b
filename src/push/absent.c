/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of providers that are not built. */
#include "push/provider.h"

#ifdef TG_PUSH_WITHOUT_APNS
const struct tg_push_provider_ops tg_push_apns_ops = { .open = NULL };
#endif
#ifdef TG_PUSH_WITHOUT_FCM
const struct tg_push_provider_ops tg_push_fcm_ops = { .open = NULL };
#endif
#ifdef TG_PUSH_WITHOUT_WEBPUSH
const struct tg_push_provider_ops tg_push_webpush_ops = { .open = NULL };
#endif
#ifdef TG_PUSH_WITHOUT_WEBHOOK
const struct tg_push_provider_ops tg_push_webhook_ops = { .open = NULL };
#endif
#ifdef TG_PUSH_WITHOUT_PROCESS
#include "push/process.h"

int tg_push_process_run(const struct tg_push_settings *settings, int fd, const struct tg_log *log)
{
    (void)settings;
    (void)fd;
    (void)log;
    return 1;
}
#endif
