/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults that depend on other settings, and combinations that are refused. */
#include "server/settings/config_rules.h"

#include "mailbox/record.h"
#include "push/guard.h"
#include "server/keys/devcert.h"
#include "server/settings/config_member.h"
#include "server/settings/config_memory.h"
#include "server/settings/config_values.h"
#include "store/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_FILE_MAX 1000    /* bytes */
#define DEV_DISK_RESERVE 1048576u /* 1 MiB */
#define TOMBSTONES_EACH 4u        /* places for tombstones, for each mailbox */
#define RECORD_OVERHEAD_MAX 8192u /* bytes of a record besides these texts, rounded up */

/* dst = a + b. A path that does not fit is a fault of setting id. */
static void join(struct tg_config_load_state *state, enum tg_setting_id id, char *dst,
                 const char *a, const char *b)
{
    struct tg_buf path = { 0 };

    tg_buf_init(&path, TG_CONFIG_PATH_MAX);
    tg_buf_append_str(&path, a);
    tg_buf_append_str(&path, b);
    if (tg_buf_status(&path) != TG_OK ||
        tg_config_copy(dst, TG_CONFIG_PATH_MAX + 1, tg_buf_view(&path)) != TG_OK) {
        tg_config_fault(state, id,
                        "the path derived from it is too long (expected: at most 1023 bytes)");
    }
    tg_buf_deinit(&path);
}

static void derive_dev_data(struct tg_config_load_state *state, const struct tg_config_env *env)
{
    struct tg_config *c = state->config;

    /* By the XDG specification an empty or relative path counts as unset. */
    if (env->xdg_state_home != NULL && env->xdg_state_home[0] == '/') {
        join(state, TG_SET_DATA, c->data_dir, env->xdg_state_home, "/tigressd-dev");
    } else if (env->home != NULL && env->home[0] == '/') {
        join(state, TG_SET_DATA, c->data_dir, env->home, "/.local/state/tigressd-dev");
    } else {
        tg_config_fault(
            state, TG_SET_DATA,
            "missing (expected: a folder, because dev is set and there is no home folder)");
    }
}

static void derive_dev(struct tg_config_load_state *state, const struct tg_config_env *env)
{
    struct tg_config *c = state->config;

    if (!tg_config_is_given(state, TG_SET_DATA)) {
        derive_dev_data(state, env);
    }
    if (!tg_config_is_given(state, TG_SET_ADMIN)) {
        struct tg_fault fault = { { 0 } };

        if (tg_setting_parse(c, &tg_settings[TG_SET_ADMIN], TG_LIT("127.0.0.1:0"), &fault) !=
            TG_OK) {
            tg_config_fault(state, TG_SET_ADMIN, fault.text);
        }
    }
    if (!tg_config_is_given(state, TG_SET_DISK_RESERVE)) {
        c->store_limits.disk_reserve = DEV_DISK_RESERVE;
    }
    c->is_dev_cert = !c->is_plain_http && !tg_config_is_given(state, TG_SET_TLS_CERT) &&
                     !tg_config_is_given(state, TG_SET_TLS_KEY);
    if (c->is_dev_cert) {
        join(state, TG_SET_DATA, c->tls_cert, c->data_dir, "/" TG_DEVCERT_CERT);
        join(state, TG_SET_DATA, c->tls_key, c->data_dir, "/" TG_DEVCERT_KEY);
    }
}

static void derive_limits(struct tg_config_load_state *state)
{
    struct tg_store_limits *limits = &state->config->store_limits;

    limits->outbox_max = 2 * limits->live_max; /* both devices of each mailbox */
    if (!tg_config_is_given(state, TG_SET_TOMBSTONES_MAX)) {
        limits->ended_max = TOMBSTONES_EACH * limits->live_max;
    }
    if (limits->ended_max != 0 && limits->ended_max < limits->live_max) {
        tg_config_fault(state, TG_SET_TOMBSTONES_MAX,
                        "too small (expected: at least mailboxes-max, because every mailbox can "
                        "become a tombstone)");
    }
}

/* A file outside the store that the relay makes: name in the data folder, unless it is set. */
static void derive_beside(struct tg_config_load_state *state, enum tg_setting_id id, char *path,
                          const char *name)
{
    const struct tg_config *c = state->config;

    if (tg_config_is_given(state, id)) {
        return;
    }
    if (c->data_dir[0] != '\0') {
        join(state, TG_SET_DATA, path, c->data_dir, name);
    } else if (c->store_kind != TG_STORE_MEMORY) {
        tg_config_fault(state, id,
                        "missing (expected: a file outside the store, or a data folder; it is "
                        "made on first start)");
    }
}

/* The push process uses no store, and may not read the file. */
static void derive_groups(struct tg_config_load_state *state, const struct tg_config_env *env)
{
    struct tg_config *c = state->config;
    struct tg_fault fault = { { 0 } };
    size_t count = 1;

    if (c->copy != TG_CONFIG_COPY_NONE) {
        tg_config_fault(state, TG_SET_STORE_GROUPS,
                        "not with --copy-store, which copies one database (expected: only one of "
                        "both)");
        return;
    }
    if (tg_config_is_given(state, TG_SET_STORE)) {
        tg_config_fault(state, TG_SET_STORE_GROUPS,
                        "not beside store (expected: only one of both)");
        return;
    }
    c->store_kind = TG_STORE_POSTGRES;
    if (!env->is_push_process && tg_store_groups_check(c->store_groups, &count, &fault) != TG_OK) {
        tg_config_fault(state, TG_SET_STORE_GROUPS, fault.text);
    }
    c->store_part_count = (uint32_t)count;
}

static void derive_store(struct tg_config_load_state *state, const struct tg_config_env *env)
{
    struct tg_config *c = state->config;

    derive_limits(state);
    c->store_part_count = 1;
    if (c->store_groups[0] != '\0') {
        derive_groups(state, env);
    } else if (!tg_config_is_given(state, TG_SET_STORE)) {
        if (c->data_dir[0] == '\0') {
            tg_config_fault(
                state, TG_SET_STORE,
                "missing (expected: lmdb:DIR, postgresql://… or memory:, unless data or dev is "
                "set)");
            return;
        }
        c->store_kind = TG_STORE_LMDB;
        join(state, TG_SET_DATA, c->store_dir, c->data_dir, "/store");
    }
    derive_beside(state, TG_SET_RELAY_KEY, c->relay_key, "/relay.key");
    if (c->store_kind == TG_STORE_LMDB) {
        derive_beside(state, TG_SET_STORE_COUNTER, c->store_counter, "/store.counter");
    } else {
        c->store_counter[0] = '\0'; /* nothing can be restored, or by another program */
    }
}

/* In development a push service on this machine may have a certificate of the development CA. */
static void derive_push(struct tg_config_load_state *state)
{
    struct tg_config *c = state->config;

    if (c->is_dev_cert && !tg_config_is_given(state, TG_SET_PUSH_CA)) {
        join(state, TG_SET_DATA, c->push.ca_file, c->data_dir, "/" TG_DEVCERT_CA);
    }
}

static void derive_expirations(struct tg_config_load_state *state)
{
    struct tg_config *c = state->config;

    /* If only the maximum is set, the default must not exceed it. */
    if (tg_config_is_given(state, TG_SET_EXPIRATION_MAX) &&
        !tg_config_is_given(state, TG_SET_EXPIRATION_DEFAULT) &&
        c->expiration_default_s > c->expiration_max_s) {
        c->expiration_default_s = c->expiration_max_s;
    }
}

static bool has_loopback_host(const char *url)
{
    static const char *const hosts[] = { "http://127.0.0.1", "http://localhost", "http://[::1]" };

    for (size_t i = 0; i < TG_COUNT(hosts); i++) {
        size_t len = strlen(hosts[i]);

        if (strncmp(url, hosts[i], len) == 0 && (url[len] == '\0' || url[len] == ':')) {
            return true;
        }
    }
    return false;
}

static bool is_https_url(const char *url)
{
    return tg_bytes_has_prefix(tg_bytes_str(url), TG_LIT("https://"));
}

/* spec: protocol/1#plain-http-asked-for "Plain HTTP exists for loopback and for a trusted reverse
   proxy, and has to be asked for." */
static void check_transport(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;
    bool has_url = c->public_url[0] != '\0';

    if (has_url && !is_https_url(c->public_url) &&
        !(c->is_plain_http && c->listen.is_loopback && has_loopback_host(c->public_url))) {
        tg_config_fault(state, TG_SET_PUBLIC_URL,
                        "not https (expected: https://HOST; http:// only with plain-http and "
                        "loopback addresses)");
    }
    if (c->listen.is_loopback || has_url) {
        return;
    }
    if (c->is_plain_http) {
        tg_config_fault(state, TG_SET_PLAIN_HTTP,
                        "set although listen is not a loopback address (expected: a loopback "
                        "address in listen, or the https:// URL of the proxy in public-url)");
    } else {
        tg_config_fault(
            state, TG_SET_PUBLIC_URL,
            "missing (expected: https://HOST, because listen is not a loopback address)");
    }
}

/* Their contents are examined by server/preflight.c. */
static void check_readable(struct tg_config_load_state *state, enum tg_setting_id id,
                           const char *path)
{
    if (path[0] == '\0') {
        tg_config_fault(state, id, "missing (expected: a PEM file, unless plain-http is set)");
    } else if (access(path, R_OK) != 0) {
        tg_config_fault_file(state, id, path, "cannot be read", "a PEM file");
    }
}

static void check_tls(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    if (c->is_plain_http) {
        if (tg_config_is_given(state, TG_SET_TLS_CERT) ||
            tg_config_is_given(state, TG_SET_TLS_KEY)) {
            tg_config_fault(state, TG_SET_PLAIN_HTTP,
                            "set together with tls-cert or tls-key (expected: one or the other)");
        }
    } else if (!c->is_dev_cert) {
        check_readable(state, TG_SET_TLS_CERT, c->tls_cert);
        check_readable(state, TG_SET_TLS_KEY, c->tls_key);
    }
}

/* A file that must not be copied with the store. */
static void check_outside(struct tg_config_load_state *state, enum tg_setting_id id,
                          const char *path, const char *fault)
{
    struct tg_bytes dir = tg_bytes_str(state->config->store_dir);
    struct tg_bytes file = tg_bytes_str(path);

    while (dir.len > 1 && dir.ptr[dir.len - 1] == '/') {
        dir.len--;
    }
    if (dir.len > 0 && file.len > dir.len && tg_bytes_has_prefix(file, dir) &&
        file.ptr[dir.len] == '/') {
        tg_config_fault(state, id, fault);
    }
}

/* Its group may read it, as where a cluster mounts secrets. */
static void check_password_file(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;
    struct stat st;

    if (c->store_password_file[0] == '\0') {
        return;
    }
    if (c->store_kind != TG_STORE_POSTGRES && c->copy == TG_CONFIG_COPY_NONE) {
        tg_config_fault(state, TG_SET_STORE_PASSWORD_FILE,
                        "without use (expected: store = postgresql://…)");
    } else if (stat(c->store_password_file, &st) != 0) {
        tg_config_fault(state, TG_SET_STORE_PASSWORD_FILE,
                        errno == ENOENT ? "no such file (expected: a file with the password)"
                                        : "not accessible (expected: a file with the password)");
    } else if (!S_ISREG(st.st_mode)) {
        tg_config_fault(state, TG_SET_STORE_PASSWORD_FILE,
                        "not a regular file (expected: a file with the password)");
    } else if ((st.st_mode & S_IRWXO) != 0) {
        tg_config_fault(state, TG_SET_STORE_PASSWORD_FILE,
                        "accessible to every user (expected: mode 0400, 0600 or 0440)");
    } else if (st.st_size == 0 || st.st_size > PASSWORD_FILE_MAX) {
        tg_config_fault(state, TG_SET_STORE_PASSWORD_FILE,
                        "empty or too long (expected: a password of at most 1000 bytes)");
    }
}

static void check_store(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    check_password_file(state);

    check_outside(state, TG_SET_RELAY_KEY, c->relay_key,
                  "inside the store's folder (expected: a file elsewhere, so that a copy of the "
                  "store does not contain its key)");
    check_outside(state, TG_SET_STORE_COUNTER, c->store_counter,
                  "inside the store's folder (expected: a file elsewhere, so that a copy of the "
                  "store does not contain it)");
}

static void check_limits(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;
    const struct tg_wire_limits *l = &c->limits;
    size_t texts = l->body_max + l->title_max + l->description_max + l->image_url_max +
                   2 * (l->token_type_max + l->token_data_max);

    /* Each addend has a maximum in the table, so the sum cannot overflow. */
    if (texts + RECORD_OVERHEAD_MAX > (size_t)TG_RECORD_MAX) {
        tg_config_fault(
            state, TG_SET_BODY_MAX,
            "too large together with the maxima of titles, descriptions, image URLs "
            "and tokens (expected: at most 112KiB in total, with tokens counted twice)");
    }
    if (c->expiration_default_s > c->expiration_max_s) {
        tg_config_fault(state, TG_SET_EXPIRATION_DEFAULT,
                        "longer than expiration-max (expected: at most expiration-max)");
    }
}

/* Loopback or a private network. All addresses of the machine together are neither. */
static bool is_private(const struct tg_endpoint *e)
{
    const struct sockaddr *addr = (const struct sockaddr *)&e->addr;

    return tg_push_guard_allows(addr, true) && !tg_push_guard_allows(addr, false);
}

/* Strangers could read the counters, and use up the connections of the operator. */
static void check_admin(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    if (c->admin.addr_len > 0 && !is_private(&c->admin) && !c->is_admin_public) {
        tg_config_fault(state, TG_SET_ADMIN,
                        "a public address, but the admin pages have no authentication (expected: "
                        "a loopback or private address; or admin-public = yes, if a firewall "
                        "keeps strangers out)");
    }
}

/* Each worker and the push link read the store through a reader of their own. */
static void check_workers(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    if (c->store_kind == TG_STORE_LMDB && c->worker_count > TG_STORE_LMDB_WORKERS_MAX) {
        tg_config_fault(state, TG_SET_WORKERS,
                        "more than the store has readers for (expected: at most 240 with an "
                        "embedded store)");
        _Static_assert(TG_STORE_LMDB_WORKERS_MAX == 240u, "the text names it");
    }
}

static void check_memory(struct tg_config_load_state *state)
{
    uint64_t least = tg_config_memory_least(state->config);
    struct tg_fault fault = { { 0 } };

    if (state->config->memory_max < least) {
        tg_fault_set(&fault,
                     "too small (expected: at least %" PRIu64
                     "MiB for max-long-polls and max-connections, or fewer of them)",
                     (least + 1024 * 1024 - 1) / (1024 * 1024));
        tg_config_fault(state, TG_SET_MEMORY_MAX, fault.text);
    }
}

static void check_addresses(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    if (c->admin.addr_len > 0 && c->admin.port != 0 && c->admin.port == c->listen.port &&
        strcmp(c->admin.host, c->listen.host) == 0) {
        tg_config_fault(state, TG_SET_ADMIN, "the same as listen (expected: another port)");
    }
    if (c->proxy_protocol != TG_PROXY_PROTOCOL_OFF && c->trusted_proxies.count == 0) {
        tg_config_fault(state, TG_SET_PROXY_PROTOCOL,
                        "v2 without trusted-proxies (expected: the addresses of the proxies in "
                        "trusted-proxies, or off)");
    }
}

void tg_config_apply_rules(struct tg_config_load_state *state, const struct tg_config_env *env)
{
    struct tg_config *c = state->config;

    if (c->worker_count == 0) {
        c->worker_count = env->core_count > 0 ? env->core_count : 1;
        if (c->worker_count > TG_STORE_LMDB_WORKERS_MAX) {
            c->worker_count = TG_STORE_LMDB_WORKERS_MAX;
        }
    }
    if (c->is_dev) {
        derive_dev(state, env);
    }
    derive_store(state, env);
    derive_expirations(state);
    derive_push(state);
    tg_config_apply_link_rules(state);
    tg_config_apply_push_rules(state);
    tg_config_apply_standing_rules(state);
    if (env->is_push_process) {
        return; /* a certificate that was removed meanwhile must not prevent a restart */
    }
    tg_config_apply_page_rules(state);
    check_transport(state);
    check_tls(state);
    check_store(state);
    check_limits(state);
    check_memory(state);
    check_workers(state);
    check_admin(state);
    check_addresses(state);
}
