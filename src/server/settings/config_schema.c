/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_schema.h"

#include "server/ledger/ledger.h"

#include <stddef.h>
#include <string.h>

#define AT(member)                                                                                 \
    .offset = offsetof(struct tg_config, member), .size = sizeof(((struct tg_config *)0)->member)

#define KIB ((uint64_t)1024)
#define HOUR_S ((uint64_t)3600)
#define DAY_S ((uint64_t)86400)

static const char *const proxy_protocol_words[] = {
    [TG_PROXY_PROTOCOL_OFF] = "off", [TG_PROXY_PROTOCOL_V2] = "v2", NULL
};
static const char *const log_level_words[] = { [TG_LOG_ERROR] = "error",
                                               [TG_LOG_WARNING] = "warning",
                                               [TG_LOG_INFO] = "info",
                                               [TG_LOG_DEBUG] = "debug",
                                               NULL };

static const char *const mode_words[] = { [TG_STANDING_OFF] = "off",
                                          [TG_STANDING_OPTIONAL] = "optional",
                                          [TG_STANDING_REQUIRED] = "required",
                                          NULL };
static const char *const attestation_words[] = { [TG_STANDING_OFF] = "off",
                                                 [TG_STANDING_OPTIONAL] = "optional",
                                                 [TG_STANDING_REQUIRED] = "required",
                                                 [TG_STANDING_REPORT] = "report",
                                                 NULL };
static const char *const level_words[] = { [TG_ATTEST_SOFTWARE] = "software",
                                           [TG_ATTEST_TEE] = "tee",
                                           [TG_ATTEST_STRONGBOX] = "strongbox",
                                           NULL };
static const char *const context_words[] = {
    [TG_TOKEN_CONTEXT_NONE] = "none", [TG_TOKEN_CONTEXT_REQUEST] = "request", NULL
};

static const char *const apple_link_words[] = { "verticals", NULL };
static const char *const android_link_words[] = { "fingerprints", "verticals", NULL };
static const char *const page_app_words[] = { "open", "ios", "android", "verticals", NULL };
static const char *const apns_app_words[] = { "key", "key-id", "team-id", "url", NULL };
static const char *const fcm_app_words[] = { "account", NULL };

/* clang-format off */
#define ROW(id, name_, type_) [id] = { .name = (name_), .type = (type_)
#define NETWORK .group = "network"
#define STORE .group = "store"
#define PROTOCOL .group = "protocol"
#define CAPACITY .group = "capacity"
#define RATES .group = "rates"
#define LINKS .group = "links"
#define PAGE .group = "page"
#define PUSH .group = "push"
#define STANDING .group = "standing"
#define PROCESS .group = "process"

const struct tg_setting tg_settings[TG_SET_COUNT] = {
    ROW(TG_SET_LISTEN, "listen", TG_SETTING_ENDPOINT), AT(listen), NETWORK,
        .default_text = "127.0.0.1:8443", .arg = "ADDR:PORT",
        .help = "address to serve on; port 0: the system chooses" },
    ROW(TG_SET_PUBLIC_URL, "public-url", TG_SETTING_URL), AT(public_url), NETWORK, .arg = "URL",
        .help = "URL of the relay for clients; links start with it. Default on loopback: the "
                "listener" },
    ROW(TG_SET_TLS_CERT, "tls-cert", TG_SETTING_PATH), AT(tls_cert), NETWORK, .arg = "FILE",
        .help = "certificate chain, PEM, the server's certificate first" },
    ROW(TG_SET_TLS_KEY, "tls-key", TG_SETTING_PATH), AT(tls_key), NETWORK, .arg = "FILE",
        .help = "private key of the certificate, PEM" },
    ROW(TG_SET_PLAIN_HTTP, "plain-http", TG_SETTING_BOOL), AT(is_plain_http), NETWORK,
        .default_text = "no",
        .help = "serve without TLS: on loopback, or behind a proxy that --public-url names" },
    ROW(TG_SET_ADMIN, "admin", TG_SETTING_ENDPOINT), AT(admin), NETWORK, .can_be_off = true,
        .default_text = "off", .arg = "ADDR:PORT|off",
        .help = "address for the status page, /healthz, /readyz and /metrics; default with --dev: "
                "127.0.0.1:0" },
    ROW(TG_SET_ADMIN_PUBLIC, "admin-public", TG_SETTING_BOOL), AT(is_admin_public), NETWORK,
        .default_text = "no",
        .help = "allow a public admin address; the admin pages have no authentication" },
    ROW(TG_SET_DEV, "dev", TG_SETTING_BOOL), AT(is_dev), STORE, .default_text = "no",
        .help = "development mode: makes a certificate, a store and keys in the data folder" },
    ROW(TG_SET_DATA, "data", TG_SETTING_PATH), AT(data_dir), STORE, .arg = "DIR",
        .help = "folder for the store and the relay's key; default with --dev: "
                "~/.local/state/tigressd-dev" },
    ROW(TG_SET_STORE, "store", TG_SETTING_STORE), AT(store_kind), STORE, .arg = "STORE",
        .help = "where mailboxes are stored: lmdb:DIR, postgresql://… or memory:; default with a "
                "data folder: lmdb:DATA/store" },
    ROW(TG_SET_STORE_GROUPS, "store-groups", TG_SETTING_PATH), AT(store_groups), STORE,
        .arg = "FILE",
        .help = "instead of store: several PostgreSQL databases, and which of them has which "
                "mailboxes" },
    ROW(TG_SET_STORE_PASSWORD_FILE, "store-password-file", TG_SETTING_PATH),
        AT(store_password_file), STORE, .arg = "FILE",
        .help = "file whose first line is the password for PostgreSQL" },
    ROW(TG_SET_REQUIRE_SYNCHRONOUS, "require-synchronous", TG_SETTING_BOOL),
        AT(must_be_synchronous), STORE, .default_text = "yes",
        .help = "PostgreSQL: acknowledge nothing without a synchronous standby; no: for one "
                "server, whose loss loses what was acknowledged" },
    ROW(TG_SET_STORE_CONNECTIONS, "store-connections", TG_SETTING_COUNT), AT(store_connections),
        STORE, .default_text = "2", .min = 1, .max = 4, .arg = "N",
        .help = "connections of each worker to PostgreSQL" },
    ROW(TG_SET_RELAY_KEY, "relay-key", TG_SETTING_PATH), AT(relay_key), STORE, .arg = "FILE",
        .help = "file of the relay's keys, made on first start; default: DATA/relay.key" },
    ROW(TG_SET_STORE_COUNTER, "store-counter", TG_SETTING_PATH), AT(store_counter), STORE,
        .arg = "FILE",
        .help = "file that shows that the store is no older copy; default: DATA/store.counter" },
    ROW(TG_SET_MAILBOXES_MAX, "mailboxes-max", TG_SETTING_COUNT), AT(store_limits.live_max),
        STORE, .default_text = "1000000", .max = 1000000000, .arg = "N",
        .help = "live mailboxes in the store; 0: no limit" },
    ROW(TG_SET_TOMBSTONES_MAX, "tombstones-max", TG_SETTING_COUNT), AT(store_limits.ended_max),
        STORE, .max = 4000000000, .arg = "N",
        .help = "tombstones in the store, with one reserved for each live mailbox; 0: no limit; "
                "default: four times mailboxes-max" },
    ROW(TG_SET_STORE_BYTES_MAX, "store-bytes-max", TG_SETTING_SIZE), AT(store_limits.bytes_max),
        STORE, .default_text = "16GiB", .max = (uint64_t)1 << 40, .arg = "SIZE",
        .help = "bytes of all live mailboxes together; 0: no limit" },
    ROW(TG_SET_SPENT_TOKENS_MAX, "spent-tokens-max", TG_SETTING_COUNT),
        AT(store_limits.spent_max), STORE, .default_text = "10000000", .max = 1000000000,
        .arg = "N", .help = "spent private tokens in the store; 0: no limit" },
    ROW(TG_SET_DISK_RESERVE, "disk-reserve", TG_SETTING_SIZE), AT(store_limits.disk_reserve),
        STORE, .default_text = "64MiB", .max = (uint64_t)1 << 40, .arg = "SIZE",
        .help = "room on the store's disk that new mailboxes leave to stored ones; 0: the disk is "
                "not watched; default with --dev: 1MiB" },
    ROW(TG_SET_SWEEP_INTERVAL, "sweep-interval", TG_SETTING_DURATION), AT(sweep_interval_s),
        STORE, .default_text = "5s", .min = 1, .max = 30, .arg = "TIME",
        .help = "pause after which the relay looks for expired mailboxes again" },
    ROW(TG_SET_EXPIRATION_DEFAULT, "expiration-default", TG_SETTING_DURATION),
        AT(expiration_default_s), PROTOCOL, .default_text = "48h", .min = 60, .max = 3650 * DAY_S,
        .arg = "TIME", .help = "lifetime of a mailbox when the client requests none" },
    ROW(TG_SET_EXPIRATION_MAX, "expiration-max", TG_SETTING_DURATION), AT(expiration_max_s),
        PROTOCOL, .default_text = "30d", .min = 60, .max = 3650 * DAY_S, .arg = "TIME",
        .help = "longest lifetime that a client may request" },
    ROW(TG_SET_WAIT_CAP, "wait-cap", TG_SETTING_DURATION), AT(wait_cap_s), PROTOCOL,
        .default_text = "60s", .max = HOUR_S, .arg = "TIME",
        .help = "longest time that a long poll waits" },
    ROW(TG_SET_BODY_MAX, "body-max", TG_SETTING_SIZE), AT(limits.body_max), PROTOCOL,
        .default_text = "64KiB", .min = KIB, .max = 100 * KIB, .arg = "SIZE",
        .help = "largest request body" },
    ROW(TG_SET_PAYLOAD_TYPE_MAX, "payload-type-max", TG_SETTING_SIZE),
        AT(limits.payload_type_max), PROTOCOL, .default_text = "64", .min = 16, .max = KIB,
        .arg = "SIZE", .help = "longest payload type" },
    ROW(TG_SET_TITLE_MAX, "title-max", TG_SETTING_SIZE), AT(limits.title_max), PROTOCOL,
        .default_text = "256", .max = 4 * KIB, .arg = "SIZE", .help = "longest title" },
    ROW(TG_SET_DESCRIPTION_MAX, "description-max", TG_SETTING_SIZE), AT(limits.description_max),
        PROTOCOL, .default_text = "1KiB", .max = 8 * KIB, .arg = "SIZE",
        .help = "longest description" },
    ROW(TG_SET_IMAGE_URL_MAX, "image-url-max", TG_SETTING_SIZE), AT(limits.image_url_max),
        PROTOCOL, .default_text = "2KiB", .max = 8 * KIB, .arg = "SIZE",
        .help = "longest imageURL" },
    ROW(TG_SET_TOKEN_TYPE_MAX, "token-type-max", TG_SETTING_SIZE), AT(limits.token_type_max),
        PROTOCOL, .default_text = "128", .min = 1, .max = KIB, .arg = "SIZE",
        .help = "longest type of a notification token" },
    ROW(TG_SET_TOKEN_DATA_MAX, "token-data-max", TG_SETTING_SIZE), AT(limits.token_data_max),
        PROTOCOL, .default_text = "4KiB", .min = 1, .max = 8 * KIB, .arg = "SIZE",
        .help = "longest tokenData of a notification token" },
    ROW(TG_SET_CORS_ORIGIN, "cors-origin", TG_SETTING_ORIGIN), AT(cors_origin), PROTOCOL,
        .default_text = "*", .arg = "*|none|ORIGIN", .help = "web pages that may call the API" },
    ROW(TG_SET_MEMORY_MAX, "memory-max", TG_SETTING_SIZE), AT(memory_max), CAPACITY,
        .default_text = "512MiB", .min = 16 * KIB * KIB, .max = KIB * KIB * KIB * KIB,
        .arg = "SIZE", .help = "memory for connections and their requests" },
    ROW(TG_SET_WORKERS, "workers", TG_SETTING_COUNT), AT(worker_count), CAPACITY,
        .default_text = "0", .max = 256, .arg = "N", .help = "threads; 0: one per core" },
    ROW(TG_SET_MAX_CONNECTIONS, "max-connections", TG_SETTING_COUNT), AT(connection_max),
        CAPACITY, .default_text = "20000", .min = 1, .max = 1000000, .arg = "N",
        .help = "open connections; beyond them networks that hold most lose theirs" },
    ROW(TG_SET_MAX_LONG_POLLS, "max-long-polls", TG_SETTING_COUNT), AT(long_poll_max), CAPACITY,
        .default_text = "15000", .max = 1000000, .arg = "N",
        .help = "waiting long polls; beyond them networks that hold most lose theirs" },
    ROW(TG_SET_MAX_STREAMS, "max-streams", TG_SETTING_COUNT), AT(stream_max), CAPACITY,
        .default_text = "100", .min = 1, .max = 1000, .arg = "N",
        .help = "concurrent HTTP/2 streams on one connection" },
    ROW(TG_SET_MAX_CONNECTION_REQUESTS, "max-connection-requests", TG_SETTING_COUNT),
        AT(connection_requests_max), CAPACITY, .default_text = "1000", .min = 1, .max = 1000000000,
        .arg = "N", .help = "requests on one connection before the relay closes it gracefully" },
    ROW(TG_SET_HANDSHAKE_TIMEOUT, "handshake-timeout", TG_SETTING_DURATION),
        AT(handshake_timeout_s), CAPACITY, .default_text = "10s", .min = 1, .max = HOUR_S,
        .arg = "TIME", .help = "time for the TLS handshake" },
    ROW(TG_SET_HEADER_TIMEOUT, "header-timeout", TG_SETTING_DURATION), AT(header_timeout_s),
        CAPACITY, .default_text = "10s", .min = 1, .max = HOUR_S, .arg = "TIME",
        .help = "time from the first byte of a request to its last header" },
    ROW(TG_SET_BODY_TIMEOUT, "body-timeout", TG_SETTING_DURATION), AT(body_timeout_s), CAPACITY,
        .default_text = "30s", .min = 1, .max = HOUR_S, .arg = "TIME",
        .help = "time from the last header of a request to the end of its body" },
    ROW(TG_SET_WRITE_TIMEOUT, "write-timeout", TG_SETTING_DURATION), AT(write_timeout_s),
        CAPACITY, .default_text = "20s", .min = 1, .max = HOUR_S, .arg = "TIME",
        .help = "time to take a response, besides one second for each 1000 bytes" },
    ROW(TG_SET_IDLE_TIMEOUT, "idle-timeout", TG_SETTING_DURATION), AT(idle_timeout_s), CAPACITY,
        .default_text = "75s", .min = 1, .max = HOUR_S, .arg = "TIME",
        .help = "time that a connection without a request stays open" },
    ROW(TG_SET_DRAIN_TIMEOUT, "drain-timeout", TG_SETTING_DURATION), AT(drain_timeout_s),
        CAPACITY, .default_text = "30s", .min = 1, .max = HOUR_S, .arg = "TIME",
        .help = "time from SIGTERM to the exit" },
    ROW(TG_SET_RATE, "rate", TG_SETTING_COUNT), AT(rate), RATES, .default_text = "1000",
        .max = TG_LEDGER_RATE_MAX, .arg = "N",
        .help = "work per second of one client network, in ordinary requests; 0: no limit" },
    ROW(TG_SET_RATE_BURST, "rate-burst", TG_SETTING_COUNT), AT(rate_burst), RATES,
        .default_text = "200000", .min = 1, .max = TG_LEDGER_BURST_MAX, .arg = "N",
        .help = "work of one client network at once, in ordinary requests" },
    ROW(TG_SET_MAILBOXES_PER_DAY, "mailboxes-per-day", TG_SETTING_COUNT), AT(mailboxes_per_day),
        RATES, .default_text = "12000", .max = TG_LEDGER_MAILBOXES_MAX, .arg = "N",
        .help = "mailboxes of one client network in a day, of 16 KiB and the default lifetime; 0: no "
                "limit" },
    ROW(TG_SET_TRUSTED_PROXIES, "trusted-proxies", TG_SETTING_NETWORKS), AT(trusted_proxies),
        RATES, .arg = "CIDR,...",
        .help = "proxies whose word on the address of a client counts" },
    ROW(TG_SET_PROXY_PROTOCOL, "proxy-protocol", TG_SETTING_CHOICE), AT(proxy_protocol), RATES,
        .words = proxy_protocol_words, .default_text = "off", .arg = "off|v2",
        .help = "what each connection of a trusted proxy begins with" },
    ROW(TG_SET_LINK_APPLE_APP, "link-apple-app", TG_SETTING_APPS), AT(links.apple_apps), LINKS,
        .words = apple_link_words, .arg = "TEAMID.BUNDLE [verticals=NAME,...]",
        .help = "an iOS wallet that opens the links of this relay; may be repeated" },
    ROW(TG_SET_LINK_ANDROID_APP, "link-android-app", TG_SETTING_APPS), AT(links.android_apps),
        LINKS, .words = android_link_words,
        .arg = "PACKAGE fingerprints=SHA256,... [verticals=NAME,...]",
        .help = "an Android wallet that opens the links of this relay; may be repeated" },
    ROW(TG_SET_PREVIEW_IMAGES, "preview-images", TG_SETTING_HOSTS), AT(links.images), LINKS,
        .default_text = "any", .arg = "any|own|HOST,*.HOST,...",
        .help = "hosts of the pictures that senders may put into link previews" },
    ROW(TG_SET_OPERATOR_NAME, "operator-name", TG_SETTING_TITLE), AT(page.name), PAGE,
        .arg = "TEXT",
        .help = "who runs the relay, as its pages say; default: the host of public-url" },
    ROW(TG_SET_PAGE_COLOUR, "page-colour", TG_SETTING_WORD), AT(page.colour), PAGE, .min = 7,
        .max = 7, .arg = "#RRGGBB", .help = "colour of the pages; made darker or lighter where "
                                            "text would be hard to read" },
    ROW(TG_SET_PAGE_LOGO, "page-logo", TG_SETTING_PATH), AT(page.logo_path), PAGE, .arg = "FILE",
        .help = "logo beside the name, an SVG of shapes alone or a small PNG" },
    ROW(TG_SET_PAGE_SUPPORT, "page-support", TG_SETTING_WORD), AT(page.support), PAGE, .min = 1,
        .max = TG_CONFIG_URL_MAX, .arg = "URL", .help = "https:// or mailto: address of your help" },
    ROW(TG_SET_PAGE_APP, "page-app", TG_SETTING_APPS), AT(page.apps), PAGE,
        .words = page_app_words, .has_title = true,
        .arg = "NAME [open=URL] [ios=URL] [android=URL] [verticals=NAME,...]",
        .help = "a wallet that pages offer; open: a link that it opens, the others: where to get "
                "it; may be repeated" },
    ROW(TG_SET_PAGE_TIME_ZONE, "page-time-zone", TG_SETTING_WORD), AT(page.time_zone), PAGE,
        .min = 1, .max = TG_CONFIG_WORD_MAX, .default_text = "UTC", .arg = "AREA/PLACE",
        .help = "time zone of dates on the pages, such as Europe/Berlin" },
    ROW(TG_SET_PUSH_APNS_KEY, "push-apns-key", TG_SETTING_PATH), AT(push.apns_key), PUSH,
        .arg = "FILE", .help = "signing key (.p8) for com.apple.apns; enables that provider" },
    ROW(TG_SET_PUSH_APNS_KEY_ID, "push-apns-key-id", TG_SETTING_WORD), AT(push.apns_key_id), PUSH,
        .min = 10, .max = 10, .arg = "ID", .help = "Apple's identifier of that key" },
    ROW(TG_SET_PUSH_APNS_TEAM_ID, "push-apns-team-id", TG_SETTING_WORD), AT(push.apns_team_id),
        PUSH, .min = 10, .max = 10, .arg = "ID", .help = "Apple's identifier of the team" },
    ROW(TG_SET_PUSH_APNS_TOPIC, "push-apns-topic", TG_SETTING_WORD), AT(push.apns_topic), PUSH,
        .min = 1, .max = TG_CONFIG_WORD_MAX, .arg = "TOPIC",
        .help = "topic of APNs: bundle identifier of the wallet" },
    ROW(TG_SET_PUSH_APNS_URL, "push-apns-url", TG_SETTING_URL), AT(push.apns_url), PUSH,
        .default_text = "https://api.push.apple.com", .arg = "URL", .help = "URL of APNs" },
    ROW(TG_SET_PUSH_APNS_APP, "push-apns-app", TG_SETTING_APPS), AT(push.apns_apps), PUSH,
        .words = apns_app_words, .arg = "TOPIC [key=FILE key-id=ID] [team-id=ID] [url=URL]",
        .help = "another wallet of com.apple.apns; may be repeated. Left out: as in push-apns-*" },
    ROW(TG_SET_PUSH_FCM_ACCOUNT, "push-fcm-account", TG_SETTING_PATH), AT(push.fcm_account), PUSH,
        .arg = "FILE", .help = "service account (JSON) for com.google.fcm; enables that provider" },
    ROW(TG_SET_PUSH_FCM_PROJECT, "push-fcm-project", TG_SETTING_WORD), AT(push.fcm_project), PUSH,
        .min = 1, .max = TG_CONFIG_WORD_MAX, .arg = "PROJECT",
        .help = "project of push-fcm-account, for tokens that name their project" },
    ROW(TG_SET_PUSH_FCM_URL, "push-fcm-url", TG_SETTING_URL), AT(push.fcm_url), PUSH,
        .default_text = "https://fcm.googleapis.com", .arg = "URL", .help = "URL of FCM" },
    ROW(TG_SET_PUSH_FCM_APP, "push-fcm-app", TG_SETTING_APPS), AT(push.fcm_apps), PUSH,
        .words = fcm_app_words, .arg = "PROJECT account=FILE",
        .help = "another wallet of com.google.fcm; may be repeated" },
    ROW(TG_SET_PUSH_VAPID_KEY, "push-vapid-key", TG_SETTING_PATH), AT(push.vapid_key), PUSH,
        .arg = "FILE", .help = "P-256 key (PEM) for org.w3.webpush; enables that provider" },
    ROW(TG_SET_PUSH_VAPID_SUBJECT, "push-vapid-subject", TG_SETTING_WORD), AT(push.vapid_subject),
        PUSH, .min = 1, .max = TG_CONFIG_WORD_MAX, .arg = "URI",
        .help = "contact for push services: mailto:ADDRESS or https://PAGE" },
    ROW(TG_SET_PUSH_WEBHOOK_KEY, "push-webhook-key", TG_SETTING_PATH), AT(push.webhook_key), PUSH,
        .arg = "FILE", .help = "HMAC key for webhook, base64 or hex; enables that provider" },
    ROW(TG_SET_PUSH_HOSTS, "push-hosts", TG_SETTING_HOSTS), AT(push.hosts), PUSH,
        .arg = "HOST,*.HOST,...",
        .help = "hosts that tokens of org.w3.webpush and webhook may name" },
    ROW(TG_SET_PUSH_PRIVATE_ADDRESSES, "push-private-addresses", TG_SETTING_BOOL),
        AT(push.allows_private_addresses), PUSH, .default_text = "no",
        .help = "with --dev: allow push hosts on loopback and in private networks" },
    ROW(TG_SET_PUSH_PROXY, "push-proxy", TG_SETTING_URL), AT(push.proxy), PUSH, .arg = "URL",
        .help = "HTTP proxy of the push process: http://HOST:PORT" },
    ROW(TG_SET_PUSH_PROXY_CREDENTIALS, "push-proxy-credentials", TG_SETTING_PATH),
        AT(push.proxy_credentials), PUSH, .arg = "FILE",
        .help = "file with USER:PASSWORD for the proxy" },
    ROW(TG_SET_PUSH_CA, "push-ca", TG_SETTING_PATH), AT(push.ca_file), PUSH, .arg = "FILE",
        .help = "PEM file to trust instead of the system's CAs; default with --dev: the "
                "development CA" },
    ROW(TG_SET_PUSH_USER, "push-user", TG_SETTING_WORD), AT(push.user), PUSH, .min = 1,
        .max = 32, .arg = "NAME",
        .help = "user of the push process when tigressd starts as root" },
    ROW(TG_SET_PUSH_CONCURRENCY, "push-concurrency", TG_SETTING_COUNT), AT(push.concurrency), PUSH,
        .default_text = "100", .min = 1, .max = 1000, .arg = "N",
        .help = "concurrent requests to one provider" },
    ROW(TG_SET_PUSH_TIMEOUT, "push-timeout", TG_SETTING_DURATION), AT(push.timeout_s), PUSH,
        .default_text = "15s", .min = 1, .max = 300, .arg = "TIME",
        .help = "time for one request to a provider, including the connection" },
    ROW(TG_SET_ATTESTATION, "attestation", TG_SETTING_CHOICE), AT(standing.attestation), STANDING,
        .words = attestation_words, .default_text = "off", .arg = "off|report|optional|required",
        .help = "device attestation of senders; report: count what required would refuse" },
    ROW(TG_SET_ATTESTATION_FORMATS, "attestation-formats", TG_SETTING_NAMES),
        AT(standing.formats), STANDING, .arg = "NAME,...",
        .help = "accepted formats: apple, apple-appattest, android-key, packed, tpm, fido-u2f, "
                "none" },
    ROW(TG_SET_ATTESTATION_ROOTS, "attestation-roots", TG_SETTING_PATH), AT(standing.roots),
        STANDING, .default_text = TG_DATADIR "/attestation", .arg = "DIR",
        .help = "folder of FORMAT.pem: the roots trusted for each format" },
    ROW(TG_SET_ATTESTATION_RP_IDS, "attestation-rp-ids", TG_SETTING_NAMES), AT(standing.rp_ids),
        STANDING, .arg = "HOST,...",
        .help = "accepted relying party identifiers; default: the host of public-url" },
    ROW(TG_SET_ATTESTATION_ORIGINS, "attestation-origins", TG_SETTING_NAMES),
        AT(standing.origins), STANDING, .arg = "URL,...",
        .help = "accepted origins of web wallets; default: any" },
    ROW(TG_SET_ATTESTATION_APP_IDS, "attestation-app-ids", TG_SETTING_NAMES),
        AT(standing.app_ids), STANDING, .arg = "ID,...",
        .help = "accepted Apple apps: TEAMID.bundle.id" },
    ROW(TG_SET_ATTESTATION_PACKAGES, "attestation-packages", TG_SETTING_NAMES),
        AT(standing.packages), STANDING, .arg = "NAME,...",
        .help = "accepted Android packages" },
    ROW(TG_SET_ATTESTATION_AAGUIDS, "attestation-aaguids", TG_SETTING_NAMES),
        AT(standing.aaguids), STANDING, .arg = "UUID,...",
        .help = "accepted authenticator models; default: any" },
    ROW(TG_SET_ATTESTATION_LEVEL, "attestation-level", TG_SETTING_CHOICE), AT(standing.level),
        STANDING, .words = level_words, .default_text = "tee", .arg = "software|tee|strongbox",
        .help = "lowest accepted protection of an Android key" },
    ROW(TG_SET_ATTESTATION_VERIFIED_BOOT, "attestation-verified-boot", TG_SETTING_BOOL),
        AT(standing.needs_verified_boot), STANDING, .default_text = "yes",
        .help = "require a locked bootloader and a verified boot of Android devices" },
    ROW(TG_SET_ATTESTATION_DEVELOPMENT, "attestation-development", TG_SETTING_BOOL),
        AT(standing.allows_development), STANDING, .default_text = "no",
        .help = "accept development builds of Apple apps" },
    ROW(TG_SET_ATTESTATION_SELF, "attestation-self", TG_SETTING_BOOL), AT(standing.allows_self),
        STANDING, .default_text = "no",
        .help = "accept packed attestation without a certificate, which proves nothing" },
    ROW(TG_SET_ATTESTATION_USER_VERIFIED, "attestation-user-verified", TG_SETTING_BOOL),
        AT(standing.needs_user_verified), STANDING, .default_text = "no",
        .help = "require attestations to show that the user was verified" },
    ROW(TG_SET_ATTESTATION_REVOKED, "attestation-revoked", TG_SETTING_PATH),
        AT(standing.revoked), STANDING, .arg = "FILE",
        .help = "serial numbers and key hashes that are no longer trusted" },
    ROW(TG_SET_ATTESTATION_VERIFIER, "attestation-verifier", TG_SETTING_WORD),
        AT(standing.verifier), STANDING, .min = 1, .max = 255, .arg = "unix:PATH",
        .help = "your own verifier for attestations of other forms" },
    ROW(TG_SET_ATTESTATION_VERIFIER_TIMEOUT, "attestation-verifier-timeout", TG_SETTING_DURATION),
        AT(standing.verifier_timeout_s), STANDING, .default_text = "5s", .min = 1, .max = 30,
        .arg = "TIME", .help = "time for one answer of the verifier, including the queue" },
    ROW(TG_SET_PRIVATE_TOKENS, "private-tokens", TG_SETTING_CHOICE), AT(standing.private_tokens),
        STANDING, .words = mode_words, .default_text = "off", .arg = "off|optional|required",
        .help = "Privacy Pass tokens of senders" },
    ROW(TG_SET_PRIVATE_TOKEN_ISSUERS, "private-token-issuers", TG_SETTING_PATH),
        AT(standing.issuers), STANDING, .arg = "FILE",
        .help = "token issuers and their keys, JSON" },
    ROW(TG_SET_PRIVATE_TOKEN_CONTEXT, "private-token-context", TG_SETTING_CHOICE),
        AT(standing.context), STANDING, .words = context_words, .default_text = "none",
        .arg = "none|request", .help = "what a token is bound to, besides this relay" },
    ROW(TG_SET_LOG_LEVEL, "log-level", TG_SETTING_CHOICE), AT(log_level), PROCESS,
        .words = log_level_words, .default_text = "info", .arg = "error|warning|info|debug",
        .help = "least urgent level that is written" },
    ROW(TG_SET_KEEP_CORE_DUMPS, "keep-core-dumps", TG_SETTING_BOOL), AT(has_core_dumps), PROCESS,
        .default_text = "no", .help = "allow a crash to write memory, including keys, to disk" },
};
/* clang-format on */

enum tg_setting_id tg_setting_find(struct tg_bytes name)
{
    enum tg_setting_id id = 0;

    while (id < TG_SET_COUNT && !tg_bytes_is_equal(name, tg_bytes_str(tg_settings[id].name))) {
        id++;
    }
    return id;
}

const char *tg_config_setting_name(size_t index)
{
    return index < TG_SET_COUNT ? tg_settings[index].name : NULL;
}
