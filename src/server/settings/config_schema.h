/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_schema.h - the table of all settings.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.
 * Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_SCHEMA_H
#define TG_SERVER_SETTINGS_CONFIG_SCHEMA_H

#include "server/settings/config.h"

enum tg_setting_type {
    TG_SETTING_BOOL,     /* yes or no */
    TG_SETTING_COUNT,    /* a whole number */
    TG_SETTING_SIZE,     /* bytes; B, KiB, MiB, GiB */
    TG_SETTING_DURATION, /* seconds; s, m, h, d */
    TG_SETTING_PATH,
    TG_SETTING_ENDPOINT, /* ADDR:PORT */
    TG_SETTING_URL,      /* an origin without path */
    TG_SETTING_ORIGIN,   /* "*", "none" or an origin */
    TG_SETTING_STORE,    /* lmdb:DIR or memory: */
    TG_SETTING_CHOICE,   /* one word of a list */
    TG_SETTING_WORD,     /* visible ASCII without spaces */
    TG_SETTING_HOSTS,    /* names, or *.name, separated by commas */
    TG_SETTING_NAMES,    /* visible ASCII, separated by commas */
    TG_SETTING_APPS,     /* an app and its words; may be repeated */
    TG_SETTING_TITLE,    /* a short text that people read */
    TG_SETTING_NETWORKS  /* IP addresses, or networks as ADDRESS/BITS, separated by commas */
};

struct tg_setting {
    const char *name;
    enum tg_setting_type type;
    bool can_be_off;          /* TG_SETTING_ENDPOINT: "off" */
    bool has_title;           /* TG_SETTING_APPS: people read the name */
    const char *default_text; /* NULL: none, or one that config_rules.c derives */
    uint64_t min, max;        /* of numbers, in the base unit; of words, bytes */
    size_t offset, size;      /* of the member in struct tg_config */
    const char *const *words; /* TG_SETTING_CHOICE, NULL-terminated; the value is the index.
                                 TG_SETTING_APPS: names of config_apps.c */
    const char *arg;          /* placeholder in the help */
    const char *group;        /* heading in the help and section in the file */
    const char *help;
};

/* The settings, in the order of the table. */
enum tg_setting_id {
    TG_SET_LISTEN,
    TG_SET_PUBLIC_URL,
    TG_SET_TLS_CERT,
    TG_SET_TLS_KEY,
    TG_SET_PLAIN_HTTP,
    TG_SET_ADMIN,
    TG_SET_ADMIN_PUBLIC,
    TG_SET_DEV,
    TG_SET_DATA,
    TG_SET_STORE,
    TG_SET_STORE_GROUPS,
    TG_SET_STORE_PASSWORD_FILE,
    TG_SET_REQUIRE_SYNCHRONOUS,
    TG_SET_STORE_CONNECTIONS,
    TG_SET_RELAY_KEY,
    TG_SET_STORE_COUNTER,
    TG_SET_MAILBOXES_MAX,
    TG_SET_TOMBSTONES_MAX,
    TG_SET_STORE_BYTES_MAX,
    TG_SET_SPENT_TOKENS_MAX,
    TG_SET_DISK_RESERVE,
    TG_SET_SWEEP_INTERVAL,
    TG_SET_EXPIRATION_DEFAULT,
    TG_SET_EXPIRATION_MAX,
    TG_SET_WAIT_CAP,
    TG_SET_BODY_MAX,
    TG_SET_PAYLOAD_TYPE_MAX,
    TG_SET_TITLE_MAX,
    TG_SET_DESCRIPTION_MAX,
    TG_SET_IMAGE_URL_MAX,
    TG_SET_TOKEN_TYPE_MAX,
    TG_SET_TOKEN_DATA_MAX,
    TG_SET_CORS_ORIGIN,
    TG_SET_MEMORY_MAX,
    TG_SET_WORKERS,
    TG_SET_MAX_CONNECTIONS,
    TG_SET_MAX_LONG_POLLS,
    TG_SET_MAX_STREAMS,
    TG_SET_MAX_CONNECTION_REQUESTS,
    TG_SET_HANDSHAKE_TIMEOUT,
    TG_SET_HEADER_TIMEOUT,
    TG_SET_BODY_TIMEOUT,
    TG_SET_WRITE_TIMEOUT,
    TG_SET_IDLE_TIMEOUT,
    TG_SET_DRAIN_TIMEOUT,
    TG_SET_RATE,
    TG_SET_RATE_BURST,
    TG_SET_MAILBOXES_PER_DAY,
    TG_SET_TRUSTED_PROXIES,
    TG_SET_PROXY_PROTOCOL,
    TG_SET_LINK_APPLE_APP,
    TG_SET_LINK_ANDROID_APP,
    TG_SET_PREVIEW_IMAGES,
    TG_SET_OPERATOR_NAME,
    TG_SET_PAGE_COLOUR,
    TG_SET_PAGE_LOGO,
    TG_SET_PAGE_SUPPORT,
    TG_SET_PAGE_APP,
    TG_SET_PAGE_TIME_ZONE,
    TG_SET_PUSH_APNS_KEY,
    TG_SET_PUSH_APNS_KEY_ID,
    TG_SET_PUSH_APNS_TEAM_ID,
    TG_SET_PUSH_APNS_TOPIC,
    TG_SET_PUSH_APNS_URL,
    TG_SET_PUSH_APNS_APP,
    TG_SET_PUSH_FCM_ACCOUNT,
    TG_SET_PUSH_FCM_PROJECT,
    TG_SET_PUSH_FCM_URL,
    TG_SET_PUSH_FCM_APP,
    TG_SET_PUSH_VAPID_KEY,
    TG_SET_PUSH_VAPID_SUBJECT,
    TG_SET_PUSH_WEBHOOK_KEY,
    TG_SET_PUSH_HOSTS,
    TG_SET_PUSH_PRIVATE_ADDRESSES,
    TG_SET_PUSH_PROXY,
    TG_SET_PUSH_PROXY_CREDENTIALS,
    TG_SET_PUSH_CA,
    TG_SET_PUSH_USER,
    TG_SET_PUSH_CONCURRENCY,
    TG_SET_PUSH_TIMEOUT,
    TG_SET_ATTESTATION,
    TG_SET_ATTESTATION_FORMATS,
    TG_SET_ATTESTATION_ROOTS,
    TG_SET_ATTESTATION_RP_IDS,
    TG_SET_ATTESTATION_ORIGINS,
    TG_SET_ATTESTATION_APP_IDS,
    TG_SET_ATTESTATION_PACKAGES,
    TG_SET_ATTESTATION_AAGUIDS,
    TG_SET_ATTESTATION_LEVEL,
    TG_SET_ATTESTATION_VERIFIED_BOOT,
    TG_SET_ATTESTATION_DEVELOPMENT,
    TG_SET_ATTESTATION_SELF,
    TG_SET_ATTESTATION_USER_VERIFIED,
    TG_SET_ATTESTATION_REVOKED,
    TG_SET_ATTESTATION_VERIFIER,
    TG_SET_ATTESTATION_VERIFIER_TIMEOUT,
    TG_SET_PRIVATE_TOKENS,
    TG_SET_PRIVATE_TOKEN_ISSUERS,
    TG_SET_PRIVATE_TOKEN_CONTEXT,
    TG_SET_LOG_LEVEL,
    TG_SET_KEEP_CORE_DUMPS,
    TG_SET_COUNT
};

extern const struct tg_setting tg_settings[TG_SET_COUNT];

/* TG_SET_COUNT: there is no such setting. */
enum tg_setting_id tg_setting_find(struct tg_bytes name);

#endif
