/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/settings.h - the settings of push, and what follows from them without a key.
 * Layer: L2 (base, crypto, wire).   Threads: read-only once loaded.   Blocks: no.
 * Secrets: none. Provider keys are named by path; only the push process opens them.
 */
#ifndef TG_PUSH_SETTINGS_H
#define TG_PUSH_SETTINGS_H

#include "base/bytes.h"
#include "base/err.h"

/* One row of the providers' table (push/provider.h) each, and one label in the metrics. */
enum tg_push_id { TG_PUSH_APNS, TG_PUSH_FCM, TG_PUSH_WEBPUSH, TG_PUSH_WEBHOOK };
#define TG_PUSH_COUNT 4u

#define TG_PUSH_HOST_MAX 255u /* bytes of a host name */
#define TG_PUSH_HOSTS_MAX 64u /* entries of the allow-list */

#define TG_PUSH_APPS_MAX 16u /* apps of one provider, besides its main one */
/* A sender has the credentials of one app. The first TG_PUSH_COUNT are the main ones, by
   enum tg_push_id; the others are those of the apps, in their order. */
#define TG_PUSH_SENDERS_MAX (TG_PUSH_COUNT + 2u * TG_PUSH_APPS_MAX)

/* Another app: its sender has these settings in place of those of the provider. */
struct tg_push_app {
    enum tg_push_id provider; /* TG_PUSH_APNS or TG_PUSH_FCM */
    const char *topic;        /* APNs topic, FCM project */
    const char *key;          /* apns_key, fcm_account */
    const char *key_id;       /* apns_key_id */
    const char *team_id;      /* apns_team_id */
    const char *url;          /* apns_url */
};

/* All texts are borrowed for the life of the process; "" or NULL: not set. */
struct tg_push_settings {
    /* com.apple.apns: on when apns_key is set. If there are apps, apns_topic may be missing: then
       there is no main sender, and the apps use what is set here. */
    const char *apns_key;     /* .p8, PKCS #8 P-256 */
    const char *apns_key_id;  /* 10 characters */
    const char *apns_team_id; /* 10 characters */
    const char *apns_topic;   /* bundle identifier */
    const char *apns_url;     /* https://api.push.apple.com */

    /* com.google.fcm: on when fcm_account is set. */
    const char *fcm_account; /* service account, JSON */
    const char *fcm_project; /* its project; "": not known here, so no topic names it */
    const char *fcm_url;     /* https://fcm.googleapis.com */

    /* org.w3.webpush: on when vapid_key is set. */
    const char *vapid_key;     /* PEM, P-256 */
    const char *vapid_subject; /* mailto: or https: */

    /* webhook: on when webhook_key is set. */
    const char *webhook_key; /* 32 to 64 bytes as base64 or hex, one line */

    size_t app_count;
    struct tg_push_app apps[2 * TG_PUSH_APPS_MAX];

    /* The hosts that clients may name: exact names, or "*.example.org" for every name below it. */
    size_t host_count;
    const char *hosts[TG_PUSH_HOSTS_MAX];
    bool allows_private_addresses; /* development and tests: endpoints on loopback too */

    const char *proxy;             /* http://HOST[:PORT]; "": connect directly */
    const char *proxy_credentials; /* a file, USER:PASSWORD */

    const char *ca_file;        /* PEM to trust instead of the system's; tests and development */
    const char *user;           /* the user of the push process, if tigressd starts as root */
    uint32_t concurrency;       /* requests in flight for one provider */
    uint32_t request_timeout_s; /* one request, connection included */
};

/* The word in a token's `type`, and in metrics and logs: "com.apple.apns", "apns". */
const char *tg_push_token_type(enum tg_push_id id);
const char *tg_push_name(enum tg_push_id id);

/* Whether the provider has a sender; whether any provider has one. */
bool tg_push_is_on(const struct tg_push_settings *settings, enum tg_push_id id);
bool tg_push_is_any_on(const struct tg_push_settings *settings);

/* Whether there is this sender, its provider, and the settings with its credentials as those of the
   provider. */
bool tg_push_has_sender(const struct tg_push_settings *settings, size_t sender);
enum tg_push_id tg_push_provider_of(const struct tg_push_settings *settings, size_t sender);
void tg_push_sender_settings(struct tg_push_settings *out, const struct tg_push_settings *settings,
                             size_t sender);
size_t tg_push_sender_count(const struct tg_push_settings *settings);
/* The number of an app among those of its provider, from 1; 0: the main sender. It may be logged;
   a topic may not. */
unsigned tg_push_app_number(const struct tg_push_settings *settings, size_t sender);

/* Whether the allow-list has this host, ignoring case. host is a name, not an address. */
bool tg_push_allows_host(const struct tg_push_settings *settings, struct tg_bytes host);

/*
 * The sender of a token. With a topic, for APNs and FCM: the one of that topic. Without: the main
 * one, or the only one. Web Push and webhooks have no topics. False: none; *sender is untouched.
 * spec: protocol/4#push-topic, protocol/4#push-topic-default
 */
bool tg_push_find(size_t *sender, const struct tg_push_settings *settings,
                  struct tg_bytes token_type, struct tg_bytes token_topic);

/*
 * Whether a push to this token is possible: it has a sender, the token has the form of
 * that provider, and an endpoint in it is https and its host on the allow-list. With a proxy the
 * host is also a name of the public DNS, because the proxy resolves it. Pure: no name is resolved.
 * This is isPushNotificationSupported. spec: protocol/4#push-supported
 */
bool tg_push_can_send(const struct tg_push_settings *settings, struct tg_bytes token_type,
                      struct tg_bytes token_topic, struct tg_bytes token_data);

#endif
