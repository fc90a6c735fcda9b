/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_apps.h"

#include "server/settings/config_member.h"

#include <stddef.h>
#include <string.h>

/* The words of an app, and where their values go. */
static const struct word {
    const char *name;
    size_t offset, size;
    size_t min, max; /* bytes */
} words[] = {
#define WORD(name, member, min, max)                                                               \
    {                                                                                              \
        name, offsetof(struct tg_config_app, member), sizeof(((struct tg_config_app *)0)->member), \
            min, max                                                                               \
    }
    WORD("key", key, 1, TG_CONFIG_PATH_MAX),
    WORD("account", key, 1, TG_CONFIG_PATH_MAX),
    WORD("key-id", key_id, 10, 10),
    WORD("team-id", team_id, 10, 10),
    WORD("url", url, 9, TG_CONFIG_URL_MAX),
    WORD("fingerprints", fingerprints, 1, TG_CONFIG_PATH_MAX),
    WORD("open", open, 9, TG_CONFIG_URL_MAX),
    WORD("ios", ios, 9, TG_CONFIG_URL_MAX),
    WORD("android", android, 9, TG_CONFIG_URL_MAX),
    WORD("verticals", verticals, 1, TG_CONFIG_WORD_MAX),
#undef WORD
};

static bool is_visible(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0;
}

/* A bundle identifier, a package or a project: a part of a header and of a path. */
static bool is_topic(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_alnum && c != '.' && c != '-' && c != ':' && c != '_') {
            return false;
        }
    }
    return text.len > 0 && text.len <= TG_CONFIG_WORD_MAX;
}

/* NULL: this setting has no such word. */
static const struct word *find_word(const struct tg_setting *setting, struct tg_bytes name)
{
    for (size_t i = 0; i < TG_COUNT(words); i++) {
        for (size_t k = 0; setting->words[k] != NULL; k++) {
            if (strcmp(setting->words[k], words[i].name) == 0 &&
                tg_bytes_is_equal(name, tg_bytes_str(words[i].name))) {
                return &words[i];
            }
        }
    }
    return NULL;
}

static enum tg_err parse_word(struct tg_config_app *app, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    size_t eq = tg_bytes_find(text, '=');
    const struct word *word = find_word(setting, tg_bytes_first(text, eq));
    struct tg_bytes value = tg_bytes_from(text, eq + 1);
    char *dst = NULL;

    if (word == NULL || eq == text.len) {
        tg_fault_set(fault, "a word that is not NAME=VALUE, or an unknown name (expected: %s)",
                     setting->arg);
        return TG_E_SYNTAX;
    }
    dst = (char *)app + word->offset;
    if (dst[0] != '\0') {
        tg_fault_set(fault, "%s= is given twice (expected: once)", word->name);
        return TG_E_SYNTAX;
    }
    if (value.len < word->min || value.len > word->max || !is_visible(value) ||
        tg_config_copy(dst, word->size, value) != TG_OK) {
        tg_fault_set(fault, "%s= has the wrong length (expected: %zu to %zu visible characters)",
                     word->name, word->min, word->max);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* The first word of *text, which it takes with the spaces after it. */
static struct tg_bytes next_word(struct tg_bytes *text)
{
    struct tg_bytes word = { NULL, 0 };

    *text = tg_bytes_trim(*text);
    word = tg_bytes_first(*text, tg_bytes_find(*text, ' '));
    word = tg_bytes_first(word, tg_bytes_find(word, '\t'));
    *text = tg_bytes_trim(tg_bytes_from(*text, word.len));
    return word;
}

/* The words before the first NAME=VALUE of the setting, which it takes. */
static struct tg_bytes next_title(const struct tg_setting *setting, struct tg_bytes *text)
{
    struct tg_bytes all = tg_bytes_trim(*text);
    size_t len = 0; /* up to the end of a word */

    *text = all;
    while (text->len > 0) {
        struct tg_bytes rest = *text;
        struct tg_bytes word = next_word(&rest);
        size_t eq = tg_bytes_find(word, '=');

        if (eq < word.len && find_word(setting, tg_bytes_first(word, eq)) != NULL) {
            break;
        }
        len = (size_t)(word.ptr - all.ptr) + word.len;
        *text = rest;
    }
    return tg_bytes_first(all, len);
}

static enum tg_err parse_topic(struct tg_config_app *app, const struct tg_setting *setting,
                               struct tg_bytes *text, struct tg_fault *fault)
{
    struct tg_bytes topic = setting->has_title ? next_title(setting, text) : next_word(text);

    if (setting->has_title) {
        return tg_config_copy_title(app->topic, topic, fault);
    }
    if (!is_topic(topic)) {
        tg_fault_set(fault, "it does not begin with the name of an app (expected: %s)",
                     setting->arg);
        return TG_E_SYNTAX;
    }
    return tg_config_copy(app->topic, sizeof(app->topic), topic);
}

enum tg_err tg_setting_parse_app(struct tg_config *config, const struct tg_setting *setting,
                                 struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_config_apps *apps = tg_setting_member(config, setting);
    struct tg_config_app *app = NULL;
    enum tg_err err = TG_E_SYNTAX;

    if (apps->count == TG_PUSH_APPS_MAX) {
        tg_fault_set(fault, "given too often (expected: at most %u times)", TG_PUSH_APPS_MAX);
        return TG_E_LIMIT;
    }
    app = &apps->apps[apps->count];
    memset(app, 0, sizeof(*app));
    TG_TRY(parse_topic(app, setting, &text, fault));
    while (text.len > 0) {
        TG_TRY(parse_word(app, setting, next_word(&text), fault));
    }
    apps->count++;
    err = TG_OK;
out:
    return err;
}

void tg_setting_print_apps(struct tg_buf *out, const struct tg_config *config,
                           const struct tg_setting *setting)
{
    const struct tg_config_apps *apps = tg_setting_member_const(config, setting);

    for (size_t i = 0; i < apps->count; i++) {
        if (i > 0) {
            tg_buf_append_u8(out, '\n');
            tg_buf_append_str(out, setting->name);
            tg_buf_append_str(out, " = ");
        }
        tg_buf_append_str(out, apps->apps[i].topic);
        for (size_t k = 0; setting->words[k] != NULL; k++) {
            const struct word *word = find_word(setting, tg_bytes_str(setting->words[k]));
            const char *value = (const char *)&apps->apps[i] + word->offset;

            if (value[0] != '\0') {
                tg_buf_append_u8(out, ' ');
                tg_buf_append_str(out, word->name);
                tg_buf_append_u8(out, '=');
                tg_buf_append_str(out, value);
            }
        }
    }
}

void tg_setting_clear_apps(struct tg_config *config, const struct tg_setting *setting)
{
    struct tg_config_apps *apps = tg_setting_member(config, setting);

    memset(apps, 0, sizeof(*apps));
}
