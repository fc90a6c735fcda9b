/* SPDX-License-Identifier: Apache-2.0 */
/* One parser and one printer for each type of setting. Numbers and addresses are in other files. */
#include "server/settings/config_values.h"

#include "server/settings/config_address.h"
#include "server/settings/config_apps.h"
#include "server/settings/config_member.h"
#include "server/settings/config_number.h"

#include <string.h>

typedef enum tg_err parse_fn(struct tg_config *config, const struct tg_setting *setting,
                             struct tg_bytes text, struct tg_fault *fault);
typedef void print_fn(struct tg_buf *out, const struct tg_config *config,
                      const struct tg_setting *setting);

/* ---- yes or no ---- */

static enum tg_err parse_bool(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

    for (size_t i = 0; i < TG_COUNT(words); i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(words[i]))) {
            *(bool *)tg_setting_member(config, setting) = i % 2 == 1;
            return TG_OK;
        }
    }
    tg_fault_set(fault, "neither yes nor no (expected: yes or no)");
    return TG_E_SYNTAX;
}

static void print_bool(struct tg_buf *out, const struct tg_config *config,
                       const struct tg_setting *setting)
{
    tg_buf_append_str(out, *(const bool *)tg_setting_member_const(config, setting) ? "yes" : "no");
}

/* ---- text ---- */

static enum tg_err parse_path_to(char *dst, struct tg_bytes text, struct tg_fault *fault)
{
    if (text.len == 0) {
        tg_fault_set(fault, "empty (expected: a path)");
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            tg_fault_set(fault, "contains a control character (expected: a path)");
            return TG_E_SYNTAX;
        }
    }
    if (tg_config_copy(dst, TG_CONFIG_PATH_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault, "too long (expected: a path of at most %u bytes)", TG_CONFIG_PATH_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

static enum tg_err parse_path(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    return parse_path_to(tg_setting_member(config, setting), text, fault);
}

static void print_text(struct tg_buf *out, const struct tg_config *config,
                       const struct tg_setting *setting)
{
    tg_buf_append_str(out, tg_setting_member_const(config, setting));
}

/* ---- the store ---- */

static enum tg_err parse_store_url(struct tg_config *config, struct tg_bytes text,
                                   struct tg_fault *fault)
{
    enum tg_err err = TG_E_SYNTAX;

    if (text.len > TG_CONFIG_STORE_URL_MAX || memchr(text.ptr, '\0', text.len) != NULL) {
        tg_fault_set(fault, "too long (expected: at most 1023 bytes)");
        return err;
    }
    memcpy(config->store_url, text.ptr, text.len);
    config->store_url[text.len] = '\0';
    err = tg_store_pg_check(config->store_url, fault);
    if (err == TG_OK) {
        config->store_kind = TG_STORE_POSTGRES;
        config->store_dir[0] = '\0';
    }
    return err;
}

static enum tg_err parse_store(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    enum tg_err err = TG_E_SYNTAX;

    (void)setting;
    if (tg_bytes_is_equal(text, TG_LIT("memory:"))) {
        config->store_kind = TG_STORE_MEMORY;
        config->store_dir[0] = '\0';
        err = TG_OK;
    } else if (tg_bytes_has_prefix(text, TG_LIT("lmdb:"))) {
        err = parse_path_to(config->store_dir, tg_bytes_from(text, sizeof("lmdb:") - 1), fault);
        if (err == TG_OK) {
            config->store_kind = TG_STORE_LMDB;
        }
    } else if (tg_bytes_has_prefix(text, TG_LIT("postgresql:"))) {
        err = parse_store_url(config, text, fault);
    } else {
        tg_fault_set(fault, "not a store (expected: lmdb:DIR, postgresql://… or memory:)");
    }
    return err;
}

static void print_store(struct tg_buf *out, const struct tg_config *config,
                        const struct tg_setting *setting)
{
    (void)setting;
    switch (config->store_kind) {
    case TG_STORE_MEMORY:
        tg_buf_append_str(out, "memory:");
        break;
    case TG_STORE_LMDB:
        tg_buf_append_str(out, "lmdb:");
        tg_buf_append_str(out, config->store_dir);
        break;
    case TG_STORE_POSTGRES:
        tg_buf_append_str(out, config->store_url);
        break;
    }
}

/* ---- one word of a list ---- */

static enum tg_err parse_choice(struct tg_config *config, const struct tg_setting *setting,
                                struct tg_bytes text, struct tg_fault *fault)
{
    for (size_t i = 0; setting->words[i] != NULL; i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(setting->words[i]))) {
            tg_setting_store_number(tg_setting_member(config, setting), setting->size, i);
            return TG_OK;
        }
    }
    tg_fault_set(fault, "not one of the choices (expected: %s)", setting->arg);
    return TG_E_SYNTAX;
}

static void print_choice(struct tg_buf *out, const struct tg_config *config,
                         const struct tg_setting *setting)
{
    uint64_t v = tg_setting_load_number(tg_setting_member_const(config, setting), setting->size);

    tg_buf_append_str(out, setting->words[v]);
}

/* ---- a word ---- */

static enum tg_err parse_word(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    bool is_good = text.len >= setting->min && text.len <= setting->max;

    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && text.ptr[i] > 0x20 && text.ptr[i] < 0x7f;
    }
    if (!is_good ||
        tg_config_copy(tg_setting_member(config, setting), setting->size, text) != TG_OK) {
        tg_fault_set(fault,
                     "wrong length or characters (expected: %u to %u visible ASCII characters)",
                     (unsigned)setting->min, (unsigned)setting->max);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static enum tg_err parse_title(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    return tg_config_copy_title(tg_setting_member(config, setting), text, fault);
}

/* ---- names ---- */

static bool is_plain_name(struct tg_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < 0x21 || name.ptr[i] > 0x7e) {
            return false;
        }
    }
    return name.len > 0;
}

static enum tg_err parse_names(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_config_names *names = tg_setting_member(config, setting);
    size_t at = 0;

    if (text.len == 0 || text.len > TG_CONFIG_NAMES_MAX) {
        tg_fault_set(fault, "empty or too long (expected: %s, at most %u bytes)", setting->arg,
                     TG_CONFIG_NAMES_MAX);
        return TG_E_LIMIT;
    }
    memset(names, 0, sizeof(*names));
    while (text.len > 0) {
        struct tg_bytes name = tg_bytes_first(text, tg_bytes_find(text, ','));
        bool is_last = name.len == text.len;

        text = tg_bytes_from(text, name.len + 1);
        name = tg_bytes_trim(name);
        if (!is_plain_name(name) || (!is_last && text.len == 0) ||
            names->count == TG_ATTEST_LIST_MAX) {
            tg_fault_set(fault, "not a valid list (expected: %s, at most %u entries)", setting->arg,
                         TG_ATTEST_LIST_MAX);
            return TG_E_SYNTAX;
        }
        memcpy(names->text + at, name.ptr, name.len);
        at += name.len + 1;
        names->count++;
    }
    return TG_OK;
}

static void print_names(struct tg_buf *out, const struct tg_config *config,
                        const struct tg_setting *setting)
{
    const struct tg_config_names *names = tg_setting_member_const(config, setting);
    const char *at = names->text;

    for (size_t i = 0; i < names->count; i++) {
        tg_buf_append_str(out, i > 0 ? "," : "");
        tg_buf_append_str(out, at);
        at += strlen(at) + 1;
    }
}

/* ---- the table ---- */

static const struct {
    parse_fn *parse;
    print_fn *print;
} types[] = {
    [TG_SETTING_BOOL] = { parse_bool, print_bool },
    [TG_SETTING_COUNT] = { tg_setting_parse_number, tg_setting_print_number },
    [TG_SETTING_SIZE] = { tg_setting_parse_number, tg_setting_print_number },
    [TG_SETTING_DURATION] = { tg_setting_parse_number, tg_setting_print_number },
    [TG_SETTING_PATH] = { parse_path, print_text },
    [TG_SETTING_ENDPOINT] = { tg_setting_parse_endpoint, tg_setting_print_endpoint },
    [TG_SETTING_URL] = { tg_setting_parse_url, print_text },
    [TG_SETTING_ORIGIN] = { tg_setting_parse_origin, tg_setting_print_origin },
    [TG_SETTING_STORE] = { parse_store, print_store },
    [TG_SETTING_CHOICE] = { parse_choice, print_choice },
    [TG_SETTING_WORD] = { parse_word, print_text },
    [TG_SETTING_HOSTS] = { tg_setting_parse_hosts, tg_setting_print_hosts },
    [TG_SETTING_NAMES] = { parse_names, print_names },
    [TG_SETTING_APPS] = { tg_setting_parse_app, tg_setting_print_apps },
    [TG_SETTING_TITLE] = { parse_title, print_text },
    [TG_SETTING_NETWORKS] = { tg_setting_parse_networks, tg_setting_print_networks },
};

enum tg_err tg_setting_parse(struct tg_config *config, const struct tg_setting *setting,
                             struct tg_bytes text, struct tg_fault *fault)
{
    return types[setting->type].parse(config, setting, text, fault);
}

void tg_setting_print(struct tg_buf *out, const struct tg_config *config,
                      const struct tg_setting *setting)
{
    types[setting->type].print(out, config, setting);
}
