/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config.h"

#include "base/mem.h"
#include "base/num.h"
#include "server/ops/folder.h"
#include "server/settings/config_file.h"
#include "server/settings/config_member.h"
#include "server/settings/config_rules.h"
#include "server/settings/config_state.h"
#include "server/settings/config_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#include <stdio.h>

#define FLAGS_MAX 256 /* arguments of a command line */

/* Flags that are not settings. */
enum meta {
    META_NONE,
    META_CONFIG,
    META_ACCEPT_CLOCK,
    META_CHECK,
    META_PRINT,
    META_HELP,
    META_VERSION,
    META_UPGRADE,
    META_RESTORED,
    META_MIGRATE,
    META_COPY,
    META_OPEN_MAP
};

struct command_line {
    enum meta
        action; /* the last of check, print, upgrade, restored, migrate, copy, help, version */
    enum tg_store_restored restored;
    const char *role; /* of --migrate */
    uint64_t open_map;
    const char *from; /* of --copy-store */
    const char *to;
    const char *file;
    unsigned file_count;
    bool must_accept_clock;
};

static enum meta find_meta(struct tg_bytes name)
{
    static const struct {
        const char *name;
        enum meta meta;
    } metas[] = { { "config", META_CONFIG },      { "check-config", META_CHECK },
                  { "print-config", META_PRINT }, { "upgrade-store", META_UPGRADE },
                  { "restored", META_RESTORED },  { "help", META_HELP },
                  { "version", META_VERSION },    { "accept-clock", META_ACCEPT_CLOCK },
                  { "migrate", META_MIGRATE },    { "copy-store", META_COPY },
                  { "open-map", META_OPEN_MAP } };

    for (size_t i = 0; i < TG_COUNT(metas); i++) {
        if (tg_bytes_is_equal(name, tg_bytes_str(metas[i].name))) {
            return metas[i].meta;
        }
    }
    return META_NONE;
}

/* One flag of the command line, split. */
struct flag {
    struct tg_bytes name; /* without the dashes; empty: not a flag */
    struct tg_bytes value;
    const char *value_str; /* value, NUL-terminated; NULL: none */
    const char *second;    /* of --copy-store; NULL: none */
};

/* Whether the next argument, which may be NULL, is the value of the flag. The word after an unknown
   name counts as its value, so that only the name is reported. */
static bool takes_next(struct tg_bytes name, const char *next)
{
    enum tg_setting_id id = tg_setting_find(name);
    enum meta meta = find_meta(name);

    if (next == NULL || (meta != META_NONE && meta != META_CONFIG && meta != META_RESTORED &&
                         meta != META_MIGRATE && meta != META_COPY && meta != META_OPEN_MAP)) {
        return false;
    }
    if (meta == META_NONE && id == TG_SET_COUNT) {
        return next[0] != '-';
    }
    return meta != META_NONE || tg_settings[id].type != TG_SETTING_BOOL;
}

/* Splits argv[*i], takes the value from the next argument if it is there, and advances *i. */
static struct flag next_flag(int argc, char *const argv[], int *i)
{
    struct flag f = { .name = { 0 } };
    struct tg_bytes arg = tg_bytes_str(argv[*i]);
    size_t eq = 0;

    (*i)++;
    if (tg_bytes_is_equal(arg, TG_LIT("-h"))) {
        arg = TG_LIT("--help");
    } else if (tg_bytes_is_equal(arg, TG_LIT("-V"))) {
        arg = TG_LIT("--version");
    }
    if (!tg_bytes_has_prefix(arg, TG_LIT("--"))) {
        return f;
    }
    arg = tg_bytes_from(arg, 2);
    eq = tg_bytes_find(arg, '=');
    f.name = tg_bytes_first(arg, eq);
    if (eq < arg.len) {
        f.value_str = (const char *)arg.ptr + eq + 1;
    } else if (*i < argc && takes_next(f.name, argv[*i])) {
        f.value_str = argv[*i];
        (*i)++;
    }
    if (find_meta(f.name) == META_COPY && *i < argc && argv[*i][0] != '-') {
        f.second = argv[*i];
        (*i)++;
    }
    f.value = tg_bytes_str(f.value_str);
    return f;
}

static void apply_restored(struct tg_config_load_state *state, struct command_line *line,
                           struct tg_bytes value)
{
    if (tg_bytes_is_equal(value, TG_LIT("drop-mailboxes"))) {
        line->restored = TG_STORE_RESTORED_DROP;
    } else if (tg_bytes_is_equal(value, TG_LIT("keep-mailboxes"))) {
        line->restored = TG_STORE_RESTORED_KEEP;
    } else {
        tg_config_fault_text(state, "--restored: not one of its words (expected: drop-mailboxes or "
                                    "keep-mailboxes, see tigressd(8))");
    }
    line->action = META_RESTORED;
}

static void apply_migrate(struct tg_config_load_state *state, struct command_line *line,
                          const struct flag *f)
{
    if (f->value_str == NULL || f->value.len == 0 || f->value.len > TG_CONFIG_ROLE_MAX) {
        tg_config_fault_text(state, "--migrate: no role (expected: the database role of the relay, "
                                    "at most 63 bytes)");
    } else {
        line->role = f->value_str;
    }
    line->action = META_MIGRATE;
}

static void apply_open_map(struct tg_config_load_state *state, struct command_line *line,
                           const struct flag *f)
{
    if (f->value_str == NULL || tg_num_parse_u64(&line->open_map, f->value, INT64_MAX) != TG_OK ||
        line->open_map == 0) {
        tg_config_fault_text(state, "--open-map: not a version (expected: the number of a map line "
                                    "in the file of store-groups, above 0)");
    }
    line->action = META_OPEN_MAP;
}

static void apply_copy(struct tg_config_load_state *state, struct command_line *line,
                       const struct flag *f)
{
    if (f->value_str == NULL || f->second == NULL) {
        tg_config_fault_text(state, "--copy-store: not two stores (expected: lmdb:DIR and "
                                    "postgresql://…, in the order from, to)");
    }
    line->from = f->value_str;
    line->to = f->second;
    line->action = META_COPY;
}

static void apply_meta(struct tg_config_load_state *state, struct command_line *line,
                       enum meta meta, const struct flag *f)
{
    if (meta == META_CONFIG) {
        if (f->value_str == NULL || f->value.len == 0) {
            tg_config_fault_text(state, "--config: no value (expected: a file)");
        } else if (++line->file_count > 1) {
            tg_config_fault_text(state, "--config: given twice (expected: once)");
        }
        line->file = f->value_str;
    } else if (meta == META_RESTORED) {
        apply_restored(state, line, f->value);
    } else if (meta == META_MIGRATE) {
        apply_migrate(state, line, f);
    } else if (meta == META_COPY) {
        apply_copy(state, line, f);
    } else if (meta == META_OPEN_MAP) {
        apply_open_map(state, line, f);
    } else {
        if (f->value_str != NULL) {
            tg_config_fault_text(state, "--accept-clock, --check-config, --print-config, "
                                        "--upgrade-store, --help, --version: unexpected value "
                                        "(expected: none)");
        }
        if (meta == META_ACCEPT_CLOCK) {
            line->must_accept_clock = true;
        } else {
            line->action = meta;
        }
    }
}

static void apply_flag(struct tg_config_load_state *state, const struct flag *f)
{
    enum tg_setting_id id = tg_setting_find(f->name);
    struct tg_setting_origin origin = { .from = TG_FROM_FLAG };

    if (id == TG_SET_COUNT) {
        tg_config_unknown(state, origin, f->name);
    } else if (state->origins[id].from == TG_FROM_FLAG && tg_settings[id].type != TG_SETTING_APPS) {
        tg_config_fault(state, id, "given twice (expected: once)");
    } else if (f->value_str == NULL && tg_settings[id].type != TG_SETTING_BOOL) {
        state->origins[id] = origin;
        tg_config_fault(state, id, "no value");
    } else {
        tg_config_set(state, id, origin, f->value_str == NULL ? TG_LIT("yes") : f->value);
    }
}

/* Settings are applied after the file has been read, all other flags before. */
enum pass { PASS_META, PASS_SETTINGS };

static void walk_flags(struct tg_config_load_state *state, struct command_line *line, int argc,
                       char *const argv[], enum pass pass)
{
    int i = 1;

    while (i < argc) {
        struct flag f = next_flag(argc, argv, &i);
        enum meta meta = find_meta(f.name);

        if (pass == PASS_META && meta != META_NONE) {
            apply_meta(state, line, meta, &f);
        } else if (pass == PASS_META && f.name.len == 0) {
            tg_config_fault_text(state,
                                 "an argument is not a flag (expected: --NAME VALUE; see --help)");
        } else if (pass == PASS_SETTINGS && meta == META_NONE && f.name.len > 0) {
            apply_flag(state, &f);
        }
    }
}

static void apply_defaults(struct tg_config_load_state *state)
{
    for (enum tg_setting_id id = 0; id < TG_SET_COUNT; id++) {
        if (tg_settings[id].default_text != NULL) {
            tg_config_set(state, id, (struct tg_setting_origin){ .from = TG_FROM_NOWHERE },
                          tg_bytes_str(tg_settings[id].default_text));
        }
    }
}

/* The rules judge the embedded store, which has files beside it. */
static void set_copy(struct tg_config_load_state *state, const struct command_line *line)
{
    const struct tg_setting_origin origin = { .from = TG_FROM_FLAG };
    struct tg_bytes from = tg_bytes_str(line->from);
    struct tg_bytes to = tg_bytes_str(line->to);
    bool is_from_embedded = tg_bytes_has_prefix(from, TG_LIT("lmdb:"));

    if (is_from_embedded == tg_bytes_has_prefix(to, TG_LIT("lmdb:")) ||
        !tg_bytes_has_prefix(is_from_embedded ? to : from, TG_LIT("postgresql:"))) {
        tg_config_fault_text(state, "--copy-store: not one store of each kind (expected: lmdb:DIR "
                                    "and postgresql://…, in the order from, to)");
        return;
    }
    state->config->copy =
        is_from_embedded ? TG_CONFIG_COPY_TO_POSTGRES : TG_CONFIG_COPY_FROM_POSTGRES;
    tg_config_set(state, TG_SET_STORE, origin, is_from_embedded ? to : from);
    tg_config_set(state, TG_SET_STORE, origin, is_from_embedded ? from : to);
}

static void load(struct tg_config_load_state *state, struct command_line *line, int argc,
                 char *const argv[], const struct tg_config_env *env)
{
    apply_defaults(state);
    if (line->file != NULL) {
        state->file = line->file;
        tg_config_read_file(state);
    }
    walk_flags(state, line, argc, argv, PASS_SETTINGS);
    if (line->action == META_COPY) {
        set_copy(state, line);
    }
    /* After a fault a setting still has its default, and the rules would report it again. */
    if (state->fault_count == 0) {
        tg_config_apply_rules(state, env);
    }
}

static enum tg_config_action action_of(enum meta meta)
{
    switch (meta) {
    case META_NONE:
        return TG_CONFIG_RUN;
    case META_CHECK:
        return TG_CONFIG_CHECK;
    case META_UPGRADE:
        return TG_CONFIG_UPGRADE;
    case META_RESTORED:
        return TG_CONFIG_RESTORED;
    case META_MIGRATE:
        return TG_CONFIG_MIGRATE;
    case META_COPY:
        return TG_CONFIG_COPY;
    case META_OPEN_MAP:
        return TG_CONFIG_OPEN_MAP;
    case META_PRINT:
    case META_HELP:
    case META_VERSION:
        return TG_CONFIG_DONE;
    case META_CONFIG:
    case META_ACCEPT_CLOCK:
        break;
    }
    return TG_CONFIG_BAD;
}

enum tg_config_action tg_config_load(struct tg_config **out, int argc, char *const argv[],
                                     const struct tg_config_env *env, struct tg_buf *text)
{
    struct tg_config_load_state state = { .text = text };
    struct command_line line = { .action = META_NONE };
    enum tg_config_action action = TG_CONFIG_BAD;

    state.config = tg_mem_calloc(1, sizeof(*state.config));
    if (state.config == NULL) {
        tg_config_fault_text(&state, "out of memory");
        return TG_CONFIG_BAD;
    }
    if (argc > FLAGS_MAX) {
        tg_config_fault_text(&state, "too many arguments (expected: at most 255)");
    } else {
        walk_flags(&state, &line, argc, argv, PASS_META);
    }
    if (state.fault_count == 0 && line.action != META_HELP && line.action != META_VERSION) {
        load(&state, &line, argc, argv, env);
    }
    if (state.fault_count == 0) {
        action = action_of(line.action);
    }
    if (action == TG_CONFIG_DONE) {
        switch (line.action) {
        case META_HELP:
            tg_config_help(text);
            break;
        case META_VERSION:
            tg_config_version(text);
            break;
        case META_PRINT:
            tg_config_print(text, state.config);
            break;
        case META_NONE:
        case META_CHECK:
        case META_UPGRADE:
        case META_RESTORED:
        case META_MIGRATE:
        case META_COPY:
        case META_OPEN_MAP:
        case META_CONFIG:
        case META_ACCEPT_CLOCK:
            break;
        }
    }
    state.config->must_accept_clock = line.must_accept_clock;
    state.config->restored = line.restored;
    state.config->open_map = line.open_map;
    if (line.role != NULL) {
        (void)snprintf(state.config->migrate_role, sizeof(state.config->migrate_role), "%s",
                       line.role);
    }
    if (action != TG_CONFIG_DONE && action != TG_CONFIG_BAD) {
        *out = state.config;
        state.config = NULL;
    }
    tg_config_free(&state.config);
    return action;
}

void tg_config_free(struct tg_config **config)
{
    if (config != NULL) {
        tg_mem_free(*config);
        *config = NULL;
    }
}

void tg_config_set_port(struct tg_config *config, uint16_t port)
{
    struct tg_endpoint *e = &config->listen;
    struct tg_buf url = { 0 };
    bool is_v6 = e->addr.ss_family == AF_INET6;

    e->port = port;
    if (is_v6) {
        ((struct sockaddr_in6 *)&e->addr)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)&e->addr)->sin_port = htons(port);
    }
    if (config->public_url[0] != '\0') {
        return;
    }
    config->is_url_derived = true;
    tg_buf_init(&url, TG_CONFIG_URL_MAX);
    tg_buf_append_str(&url, config->is_plain_http ? "http://" : "https://");
    tg_buf_append_str(&url, is_v6 ? "[" : "");
    tg_buf_append_str(&url, e->host);
    tg_buf_append_str(&url, is_v6 ? "]:" : ":");
    tg_buf_append_dec(&url, port);
    /* A host has at most 63 characters, so the text fits. */
    if (tg_config_copy(config->public_url, sizeof(config->public_url), tg_buf_view(&url)) !=
        TG_OK) {
        config->public_url[0] = '\0';
    }
    tg_buf_deinit(&url);
}

void tg_config_relay(struct tg_relay_config *out, const struct tg_config *config)
{
    *out = (struct tg_relay_config){
        .limits = config->limits,
        .public_url = config->public_url,
        .expiration_default_s = config->expiration_default_s,
        .expiration_max_s = config->expiration_max_s,
        .wait_cap_s = config->wait_cap_s,
        .cors_origin = config->cors_origin[0] != '\0' ? config->cors_origin : NULL,
        .is_https = tg_bytes_has_prefix(tg_bytes_str(config->public_url), TG_LIT("https://")),
    };
}

enum tg_err tg_config_make_data_dir(const struct tg_config *config, struct tg_fault *fault)
{
    struct stat st;

    if (config->data_dir[0] == '\0') {
        return TG_OK;
    }
    if (tg_folder_make(config->data_dir) != TG_OK) {
        tg_fault_set(fault,
                     "the data folder cannot be made: %s (expected: a folder in which the "
                     "relay may write)",
                     strerror(errno));
        return TG_E_IO;
    }
    if (stat(config->data_dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        tg_fault_set(fault, "the path in data is not a folder (expected: a folder)");
        return TG_E_IO;
    }
    return TG_OK;
}

struct tg_store_limits tg_config_store_limits(const struct tg_config *config)
{
    return tg_store_limits_of_parts(&config->store_limits,
                                    config->store_part_count > 0 ? config->store_part_count : 1);
}
