/* SPDX-License-Identifier: Apache-2.0 */
#include "push/settings.h"

#include "push/provider.h"

const char *tg_push_token_type(enum tg_push_id id)
{
    return tg_push_providers[id].token_type;
}

const char *tg_push_name(enum tg_push_id id)
{
    return tg_push_providers[id].name;
}

bool tg_push_is_on(const struct tg_push_settings *settings, enum tg_push_id id)
{
    const char *const keys[TG_PUSH_COUNT] = { [TG_PUSH_APNS] = settings->apns_key,
                                              [TG_PUSH_FCM] = settings->fcm_account,
                                              [TG_PUSH_WEBPUSH] = settings->vapid_key,
                                              [TG_PUSH_WEBHOOK] = settings->webhook_key };

    return keys[id] != NULL && keys[id][0] != '\0';
}

bool tg_push_is_any_on(const struct tg_push_settings *settings)
{
    bool is_any = false;

    for (enum tg_push_id i = 0; i < TG_PUSH_COUNT; i++) {
        is_any = is_any || tg_push_is_on(settings, i);
    }
    return is_any;
}

bool tg_push_find(enum tg_push_id *id, const struct tg_push_settings *settings,
                  struct tg_bytes token_type)
{
    for (enum tg_push_id i = 0; i < TG_PUSH_COUNT; i++) {
        if (tg_bytes_is_equal(token_type, tg_bytes_str(tg_push_token_type(i))) &&
            tg_push_is_on(settings, i)) {
            *id = i;
            return true;
        }
    }
    return false;
}

/* "*.example.org" matches every name below example.org, but not example.org itself. */
static bool is_host_of(struct tg_bytes host, struct tg_bytes entry)
{
    struct tg_bytes suffix = tg_bytes_from(entry, 1); /* ".example.org" */

    if (!tg_bytes_has_prefix(entry, TG_LIT("*."))) {
        return tg_bytes_is_equal_nocase(host, entry);
    }
    return host.len > suffix.len &&
           tg_bytes_is_equal_nocase(tg_bytes_from(host, host.len - suffix.len), suffix);
}

bool tg_push_allows_host(const struct tg_push_settings *settings, struct tg_bytes host)
{
    for (size_t i = 0; i < settings->host_count; i++) {
        if (is_host_of(host, tg_bytes_str(settings->hosts[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_endpoint_allowed(const struct tg_push_settings *settings,
                                const struct tg_push_provider_ops *ops, struct tg_bytes token_data)
{
    struct tg_buf host;
    bool is_allowed = false;

    tg_buf_init(&host, TG_PUSH_HOST_MAX);
    is_allowed =
        ops->endpoint_host(token_data, &host) && tg_push_allows_host(settings, tg_buf_view(&host));
    tg_buf_deinit(&host);
    return is_allowed;
}

bool tg_push_can_send(const struct tg_push_settings *settings, struct tg_bytes token_type,
                      struct tg_bytes token_data)
{
    const struct tg_push_provider_ops *ops = NULL;
    enum tg_push_id id = TG_PUSH_APNS;

    if (!tg_push_find(&id, settings, token_type)) {
        return false;
    }
    ops = tg_push_providers[id].ops;
    /* This runs for every change, so the token is parsed only once. */
    return ops->endpoint_host != NULL ? is_endpoint_allowed(settings, ops, token_data)
                                      : ops->takes_token(token_data);
}
