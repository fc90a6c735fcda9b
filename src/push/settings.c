/* SPDX-License-Identifier: Apache-2.0 */
#include "push/settings.h"

#include "push/provider.h"
#include "push/subject.h"
#include "wire/share_host.h"

const char *tg_push_token_type(enum tg_push_id id)
{
    return tg_push_providers[id].token_type;
}

const char *tg_push_name(enum tg_push_id id)
{
    return tg_push_providers[id].name;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* ---- senders -------------------------------------------------------------------------------- */

static const char *key_of(const struct tg_push_settings *settings, enum tg_push_id id)
{
    const char *const keys[TG_PUSH_COUNT] = { [TG_PUSH_APNS] = settings->apns_key,
                                              [TG_PUSH_FCM] = settings->fcm_account,
                                              [TG_PUSH_WEBPUSH] = settings->vapid_key,
                                              [TG_PUSH_WEBHOOK] = settings->webhook_key };

    return keys[id];
}

/* "" for a main sender whose topic is not known. */
static const char *topic_of(const struct tg_push_settings *settings, size_t sender)
{
    const char *const topics[TG_PUSH_COUNT] = {
        [TG_PUSH_APNS] = settings->apns_topic, [TG_PUSH_FCM] = settings->fcm_project
    };
    const char *topic =
        sender < TG_PUSH_COUNT ? topics[sender] : settings->apps[sender - TG_PUSH_COUNT].topic;

    return topic != NULL ? topic : "";
}

static size_t app_count(const struct tg_push_settings *settings, enum tg_push_id id)
{
    size_t count = 0;

    for (size_t i = 0; i < settings->app_count; i++) {
        count += settings->apps[i].provider == id ? 1 : 0;
    }
    return count;
}

bool tg_push_has_sender(const struct tg_push_settings *settings, size_t sender)
{
    if (sender >= TG_PUSH_COUNT) {
        return sender - TG_PUSH_COUNT < settings->app_count;
    }
    return is_set(key_of(settings, (enum tg_push_id)sender)) &&
           (sender != TG_PUSH_APNS || is_set(settings->apns_topic) ||
            app_count(settings, TG_PUSH_APNS) == 0);
}

enum tg_push_id tg_push_provider_of(const struct tg_push_settings *settings, size_t sender)
{
    return sender < TG_PUSH_COUNT ? (enum tg_push_id)sender
                                  : settings->apps[sender - TG_PUSH_COUNT].provider;
}

void tg_push_sender_settings(struct tg_push_settings *out, const struct tg_push_settings *settings,
                             size_t sender)
{
    const struct tg_push_app *app = NULL;

    *out = *settings;
    if (sender < TG_PUSH_COUNT) {
        return;
    }
    app = &settings->apps[sender - TG_PUSH_COUNT];
    if (app->provider == TG_PUSH_APNS) {
        out->apns_topic = app->topic;
        out->apns_key = app->key;
        out->apns_key_id = app->key_id;
        out->apns_team_id = app->team_id;
        out->apns_url = app->url;
    } else {
        out->fcm_project = app->topic;
        out->fcm_account = app->key;
    }
}

size_t tg_push_sender_count(const struct tg_push_settings *settings)
{
    size_t count = 0;

    for (size_t i = 0; i < TG_PUSH_SENDERS_MAX; i++) {
        count += tg_push_has_sender(settings, i) ? 1 : 0;
    }
    return count;
}

unsigned tg_push_app_number(const struct tg_push_settings *settings, size_t sender)
{
    unsigned number = 0;

    for (size_t i = TG_PUSH_COUNT; i <= sender; i++) {
        number += tg_push_provider_of(settings, i) == tg_push_provider_of(settings, sender) ? 1 : 0;
    }
    return number;
}

bool tg_push_is_on(const struct tg_push_settings *settings, enum tg_push_id id)
{
    return tg_push_has_sender(settings, id) || app_count(settings, id) > 0;
}

bool tg_push_is_any_on(const struct tg_push_settings *settings)
{
    return tg_push_sender_count(settings) > 0;
}

static bool find_topic(size_t *sender, const struct tg_push_settings *settings, enum tg_push_id id,
                       struct tg_bytes topic)
{
    for (size_t i = 0; i < TG_PUSH_SENDERS_MAX; i++) {
        if (tg_push_has_sender(settings, i) && tg_push_provider_of(settings, i) == id &&
            tg_bytes_is_equal(topic, tg_bytes_str(topic_of(settings, i)))) {
            *sender = i;
            return true;
        }
    }
    return false;
}

static bool find_default(size_t *sender, const struct tg_push_settings *settings,
                         enum tg_push_id id)
{
    if (tg_push_has_sender(settings, id)) {
        *sender = id;
        return true;
    }
    for (size_t i = 0; i < settings->app_count && app_count(settings, id) == 1; i++) {
        if (settings->apps[i].provider == id) {
            *sender = TG_PUSH_COUNT + i;
            return true;
        }
    }
    return false;
}

bool tg_push_find(size_t *sender, const struct tg_push_settings *settings,
                  struct tg_bytes token_type, struct tg_bytes token_topic)
{
    for (enum tg_push_id i = 0; i < TG_PUSH_COUNT; i++) {
        bool has_topics = i == TG_PUSH_APNS || i == TG_PUSH_FCM;

        if (tg_bytes_is_equal(token_type, tg_bytes_str(tg_push_token_type(i)))) {
            return has_topics && token_topic.len > 0 ? find_topic(sender, settings, i, token_topic)
                                                     : find_default(sender, settings, i);
        }
    }
    return false;
}

/* ---- hosts ---------------------------------------------------------------------------------- */

bool tg_push_allows_host(const struct tg_push_settings *settings, struct tg_bytes host)
{
    for (size_t i = 0; i < settings->host_count; i++) {
        if (tg_share_host_is_covered(host, tg_bytes_str(settings->hosts[i]))) {
            return true;
        }
    }
    return false;
}

/* A proxy resolves the name, so no address can be checked here. What never is in the public DNS is
   not asked of it. spec: protocol/4#push-proxy */
static bool is_name_for_proxy(const struct tg_push_settings *settings, struct tg_bytes host)
{
    return !is_set(settings->proxy) || settings->allows_private_addresses ||
           tg_push_domain_fault(host) == NULL;
}

static bool is_endpoint_allowed(const struct tg_push_settings *settings,
                                const struct tg_push_provider_ops *ops, struct tg_bytes token_data)
{
    struct tg_buf host;
    bool is_allowed = false;

    tg_buf_init(&host, TG_PUSH_HOST_MAX);
    is_allowed = ops->endpoint_host(token_data, &host) &&
                 tg_push_allows_host(settings, tg_buf_view(&host)) &&
                 is_name_for_proxy(settings, tg_buf_view(&host));
    tg_buf_deinit(&host);
    return is_allowed;
}

bool tg_push_can_send(const struct tg_push_settings *settings, struct tg_bytes token_type,
                      struct tg_bytes token_topic, struct tg_bytes token_data)
{
    const struct tg_push_provider_ops *ops = NULL;
    size_t sender = 0;

    if (!tg_push_find(&sender, settings, token_type, token_topic)) {
        return false;
    }
    ops = tg_push_providers[tg_push_provider_of(settings, sender)].ops;
    /* This runs for every change, so the token is parsed only once. */
    return ops->endpoint_host != NULL ? is_endpoint_allowed(settings, ops, token_data)
                                      : ops->takes_token(token_data);
}
