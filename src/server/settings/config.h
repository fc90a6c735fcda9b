/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config.h - every setting of tigressd: one schema table, an INI file, and flags
 * that override the file.
 * Layer: L4.      Threads: loaded once at start, read-only from then on.      Blocks: reads files.
 * Secrets: none. Keys are named by path; their contents are never read here.
 *
 * A setting is written `name = value` in the file and `--name value` or `--name=value` on the
 * command line. `--name` alone sets a yes/no setting to yes. The command line overrides the file.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_H
#define TG_SERVER_SETTINGS_CONFIG_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "push/settings.h"
#include "relay/api.h"
#include "relay/file/files.h"
#include "relay/file/images.h"
#include "relay/page/colour.h"
#include "relay/page/logo.h"
#include "server/proxy/ip.h"
#include "store/store.h"
#include "wire/limits.h"

#include <sys/socket.h>

#define TG_CONFIG_PATH_MAX 1023u /* bytes, without the NUL; the next two as well */
#define TG_CONFIG_URL_MAX 255u
#define TG_CONFIG_STORE_URL_MAX 1023u
#define TG_CONFIG_ROLE_MAX 63u
#define TG_CONFIG_HOST_MAX 63u
#define TG_CONFIG_FILE_MAX 131072u /* bytes of a configuration file */
#define TG_CONFIG_HOSTS_MAX 4095u  /* bytes of a list of hosts */
#define TG_CONFIG_CONNECTIONS_DEFAULT 20000u
#define TG_CONFIG_WORD_MAX 255u  /* bytes of a name or identifier */
#define TG_CONFIG_TITLE_MAX 192u /* bytes of a text that people read */

/* A numeric address to bind. */
struct tg_endpoint {
    struct sockaddr_storage addr;      /* AF_INET or AF_INET6, port inside */
    socklen_t addr_len;                /* 0: not set */
    char host[TG_CONFIG_HOST_MAX + 1]; /* "127.0.0.1", "::1": as text, without brackets */
    uint16_t port;                     /* 0: the system chooses */
    bool is_loopback;
};

enum tg_config_copy {
    TG_CONFIG_COPY_NONE,
    TG_CONFIG_COPY_TO_POSTGRES,
    TG_CONFIG_COPY_FROM_POSTGRES
};

enum tg_store_kind { TG_STORE_LMDB, TG_STORE_MEMORY, TG_STORE_POSTGRES };

/* What a trusted proxy begins a connection with. */
enum tg_proxy_protocol {
    TG_PROXY_PROTOCOL_OFF, /* what its client sent */
    TG_PROXY_PROTOCOL_V2   /* a header of the PROXY protocol, version 2 */
};

/* The hosts that clients may name as the receiver of a push. */
struct tg_config_hosts {
    size_t count;                       /* at most TG_PUSH_HOSTS_MAX */
    char text[TG_CONFIG_HOSTS_MAX + 1]; /* lower case, each ended by a NUL */
};

/* An app besides the main one of its provider, or one that opens links. "": not set. */
struct tg_config_app {
    char topic[TG_CONFIG_WORD_MAX + 1];
    char key[TG_CONFIG_PATH_MAX + 1]; /* or the account of FCM */
    char key_id[TG_CONFIG_WORD_MAX + 1];
    char team_id[TG_CONFIG_WORD_MAX + 1];
    char url[TG_CONFIG_URL_MAX + 1];
    /* Of an app that opens links; topic is its identifier, or its name on the pages. */
    char open[TG_CONFIG_URL_MAX + 1];
    char ios[TG_CONFIG_URL_MAX + 1];
    char android[TG_CONFIG_URL_MAX + 1];
    char verticals[TG_CONFIG_WORD_MAX + 1];
    char fingerprints[TG_CONFIG_PATH_MAX + 1];
};

struct tg_config_apps {
    size_t count;
    struct tg_config_app apps[TG_PUSH_APPS_MAX];
};

/* The source of tg_config_push_settings. "": not set. */
struct tg_config_push {
    char apns_key[TG_CONFIG_PATH_MAX + 1];
    char apns_key_id[TG_CONFIG_WORD_MAX + 1];
    char apns_team_id[TG_CONFIG_WORD_MAX + 1];
    char apns_topic[TG_CONFIG_WORD_MAX + 1];
    char apns_url[TG_CONFIG_URL_MAX + 1];
    char fcm_account[TG_CONFIG_PATH_MAX + 1];
    char fcm_project[TG_CONFIG_WORD_MAX + 1];
    char fcm_url[TG_CONFIG_URL_MAX + 1];
    struct tg_config_apps apns_apps, fcm_apps;
    char vapid_key[TG_CONFIG_PATH_MAX + 1];
    char vapid_subject[TG_CONFIG_WORD_MAX + 1];
    char webhook_key[TG_CONFIG_PATH_MAX + 1];
    struct tg_config_hosts hosts;
    bool allows_private_addresses;
    char proxy[TG_CONFIG_URL_MAX + 1];
    char proxy_credentials[TG_CONFIG_PATH_MAX + 1];
    char ca_file[TG_CONFIG_PATH_MAX + 1];
    char user[TG_CONFIG_WORD_MAX + 1];
    uint32_t concurrency; /* concurrent requests to one provider */
    uint32_t timeout_s;
};

/* How the relay's links open and look outside of it. */
struct tg_config_links {
    struct tg_config_apps apple_apps, android_apps;
    struct tg_config_hosts images; /* hosts, or the one word "any" or "own" */
};

/* What the pages show of the operator. "": the default. */
struct tg_config_page {
    char name[TG_CONFIG_TITLE_MAX + 1];
    char colour[TG_COLOUR_TEXT_LEN + 1];
    char logo_path[TG_CONFIG_PATH_MAX + 1];
    char support[TG_CONFIG_URL_MAX + 1];
    struct tg_config_apps apps; /* topic: the name */
    char time_zone[TG_CONFIG_WORD_MAX + 1];
    char logo[TG_PAGE_LOGO_MAX + 1]; /* HTML, made of the file while the settings are loaded */
};

/* Names separated by commas. */
#define TG_CONFIG_NAMES_MAX 4095u
struct tg_config_names {
    size_t count;                       /* at most TG_ATTEST_LIST_MAX */
    char text[TG_CONFIG_NAMES_MAX + 1]; /* each ended by a NUL */
};

/* What a token is bound to, besides the relay. */
enum tg_token_context { TG_TOKEN_CONTEXT_NONE, TG_TOKEN_CONTEXT_REQUEST };

/* What devices of senders have to prove. */
struct tg_config_standing {
    enum tg_standing_mode attestation;
    struct tg_config_names formats;
    char roots[TG_CONFIG_PATH_MAX + 1];
    struct tg_config_names rp_ids, origins, app_ids, packages, aaguids;
    enum tg_attest_level level;
    bool needs_verified_boot;
    bool allows_development;
    bool allows_self;
    bool needs_user_verified;
    char revoked[TG_CONFIG_PATH_MAX + 1];  /* "": none */
    char verifier[TG_CONFIG_WORD_MAX + 1]; /* "unix:PATH"; "": none */
    uint32_t verifier_timeout_s;
    enum tg_standing_mode private_tokens;
    char issuers[TG_CONFIG_PATH_MAX + 1];
    enum tg_token_context context;
};

/* Ready to use: each value is in range, and the combination has been checked. */
struct tg_config {
    bool is_dev;
    struct tg_endpoint listen;
    struct tg_endpoint admin; /* addr_len 0: no admin listener */
    bool is_plain_http;
    bool is_admin_public;                   /* admin may be a public address */
    char public_url[TG_CONFIG_URL_MAX + 1]; /* no trailing slash; "": see tg_config_set_port */
    bool is_url_derived;                    /* public_url was not set: it names the listener */
    char tls_cert[TG_CONFIG_PATH_MAX + 1];  /* PEM chain; "" with plain HTTP */
    char tls_key[TG_CONFIG_PATH_MAX + 1];
    bool is_dev_cert; /* the two are data_dir's development files: see devcert.h */

    char data_dir[TG_CONFIG_PATH_MAX + 1]; /* "": none */
    enum tg_store_kind store_kind;
    char store_dir[TG_CONFIG_PATH_MAX + 1];      /* TG_STORE_LMDB */
    char store_url[TG_CONFIG_STORE_URL_MAX + 1]; /* TG_STORE_POSTGRES; without a password */
    /* TG_STORE_POSTGRES with several databases: their map (store/groups.h); "": one, store_url */
    char store_groups[TG_CONFIG_PATH_MAX + 1];
    uint32_t store_part_count;                        /* store_limits are those of one part */
    char store_password_file[TG_CONFIG_PATH_MAX + 1]; /* "": none */
    bool must_be_synchronous;                         /* TG_STORE_POSTGRES */
    uint32_t store_connections;                       /* of each worker, 1 to 4 */
    char relay_key[TG_CONFIG_PATH_MAX + 1]; /* "": memory store, with a key that is never stored */
    char store_counter[TG_CONFIG_PATH_MAX + 1]; /* "": no store on a disk of this computer */
    struct tg_store_limits store_limits;
    uint32_t sweep_interval_s; /* 1 to 30 */

    uint64_t memory_max;              /* bytes for connections and their requests */
    uint32_t worker_count;            /* 1 and up: the default is already the number of cores */
    uint32_t connection_max;          /* over all workers */
    uint32_t stream_max;              /* HTTP/2 streams of one connection */
    uint32_t connection_requests_max; /* then the relay closes the connection */
    uint32_t long_poll_max;           /* over all workers */
    uint32_t handshake_timeout_s;     /* TLS */
    uint32_t header_timeout_s;        /* from the first byte of a request to its last header */
    uint32_t body_timeout_s;          /* the whole body */
    uint32_t write_timeout_s;         /* for a response, besides its bytes */
    uint32_t idle_timeout_s;          /* connection without a request */
    uint32_t drain_timeout_s;         /* from SIGTERM to the exit */

    struct tg_wire_limits limits;
    uint32_t wait_cap_s;
    int64_t expiration_default_s;
    int64_t expiration_max_s;
    char cors_origin[TG_CONFIG_URL_MAX + 1]; /* "*", an origin, or "": no CORS headers */

    uint32_t rate;              /* ordinary requests per second of a network; 0: no limit */
    uint32_t rate_burst;        /* ordinary requests at once */
    uint64_t mailboxes_per_day; /* of a network; 0: no limit */
    struct tg_ip_set trusted_proxies;
    enum tg_proxy_protocol proxy_protocol;

    struct tg_config_links links;
    struct tg_config_page page;
    struct tg_config_push push;
    struct tg_config_standing standing;

    enum tg_log_level log_level;
    bool has_core_dumps; /* false: main forbids them */

    bool must_accept_clock;                    /* --accept-clock, which is no setting of the file */
    enum tg_store_restored restored;           /* of --restored */
    char migrate_role[TG_CONFIG_ROLE_MAX + 1]; /* of --migrate */
    uint64_t open_map;                         /* of --open-map */
    /* Of --copy-store: both store_dir and store_url are set, and store_kind is TG_STORE_LMDB. */
    enum tg_config_copy copy;
};

/* The parts of the environment that defaults depend on. The caller passes them, so that tests can
   choose them. */
struct tg_config_env {
    const char *home;           /* $HOME or NULL */
    const char *xdg_state_home; /* $XDG_STATE_HOME or NULL */
    uint32_t core_count;        /* at least 1 */
    bool is_push_process;       /* the relay has checked all other settings */
};

enum tg_config_action {
    TG_CONFIG_RUN,      /* *out is written */
    TG_CONFIG_CHECK,    /* --check-config, without a fault so far: as RUN, but the caller checks
                           further and does not run */
    TG_CONFIG_UPGRADE,  /* --upgrade-store: as CHECK */
    TG_CONFIG_RESTORED, /* --restored: as CHECK */
    TG_CONFIG_MIGRATE,  /* --migrate: as CHECK */
    TG_CONFIG_COPY,     /* --copy-store: as CHECK */
    TG_CONFIG_OPEN_MAP, /* --open-map: as CHECK */
    TG_CONFIG_DONE,     /* --help, --version, --print-config: exit 0 */
    TG_CONFIG_BAD       /* exit 2 */
};

/*
 * Reads the command line and the file it names.
 *   argv    as main got it; argv[0] is skipped
 *   *out    written for all but DONE and BAD; the caller frees it
 *   text    what to print: on standard output for DONE, on standard error for BAD; else empty
 * A fault names its place (file:line or the flag), the setting, what was wrong and what is
 * expected. All faults are reported, not only the first one. A wrong value is not repeated,
 * because it may be a secret in the wrong place.
 */
enum tg_config_action tg_config_load(struct tg_config **out, int argc, char *const argv[],
                                     const struct tg_config_env *env, struct tg_buf *text);
/* Accepts NULL and *config == NULL. */
void tg_config_free(struct tg_config **config);

/* Call it when the port is known. Writes listen.port and, where public_url is "", the URL of the
   loopback listener ("https://127.0.0.1:8443"), and is_url_derived. */
void tg_config_set_port(struct tg_config *config, uint16_t port);

/* The settings of the relay core, without a face. The strings borrow from config. Call it after
   tg_config_set_port. */
void tg_config_relay(struct tg_relay_config *out, const struct tg_config *config);

/* The apps that open links. The strings borrow from config. Returns how many there are. */
size_t tg_config_app_links(struct tg_app_link out[TG_PUSH_APPS_MAX],
                           const struct tg_config_apps *apps);
/* Whose pictures link previews may show. The strings borrow from config. */
void tg_config_image_policy(struct tg_image_policy *out, const struct tg_config *config);

/* Those of the store, all its parts together. */
struct tg_store_limits tg_config_store_limits(const struct tg_config *config);

/* What the pages show of the operator, with time zones as server/time/zone.h has them. The strings
   and the list in apps borrow from config and from apps. */
void tg_config_page(struct tg_page_settings *out, struct tg_page_app apps[TG_PUSH_APPS_MAX],
                    const struct tg_config *config);

/* The settings of push. The strings borrow from config. */
void tg_config_push_settings(struct tg_push_settings *out, const struct tg_config *config);

/* The path of the operator's verifier; NULL: there is none. */
const char *tg_config_verifier_path(const struct tg_config *config);

/* The formats in attestation-formats, as a set of 1 << enum tg_attest_format. */
unsigned tg_config_standing_formats(const struct tg_config_standing *standing);

/* Creates data_dir and its parents with mode 0700, if data_dir is set and missing. Its name is
   durable on return. TG_E_IO. */
TG_NODISCARD enum tg_err tg_config_make_data_dir(const struct tg_config *config,
                                                 struct tg_fault *fault);

/* Appends the effective settings as a configuration file. */
void tg_config_print(struct tg_buf *out, const struct tg_config *config);

/* The name of a setting, for tests; NULL past the last one. */
const char *tg_config_setting_name(size_t index);

#endif
