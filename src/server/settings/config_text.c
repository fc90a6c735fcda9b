/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_text.h"

#include "server/settings/config_memory.h"
#include "server/settings/config_values.h"

#include <string.h>

#define MIB ((uint64_t)1024 * 1024)
#define HELP_COLUMN 36u
/* The longest list of hosts, or of apps. */
#define VALUE_MAX (TG_CONFIG_HOSTS_MAX + TG_PUSH_APPS_MAX * (sizeof(struct tg_config_app) + 64u))

#ifndef TG_VERSION
#define TG_VERSION "0.0.0"
#endif

static void append_padded(struct tg_buf *out, const char *flag, const char *arg)
{
    size_t start = out->len;

    tg_buf_append_str(out, "  --");
    tg_buf_append_str(out, flag);
    if (arg != NULL) {
        tg_buf_append_u8(out, ' ');
        tg_buf_append_str(out, arg);
    }
    if (out->len - start >= HELP_COLUMN) {
        tg_buf_append_u8(out, '\n');
        start = out->len;
    }
    while (out->err == TG_OK && out->len - start < HELP_COLUMN) {
        tg_buf_append_u8(out, ' ');
    }
}

static void append_setting_help(struct tg_buf *out, const struct tg_setting *s)
{
    append_padded(out, s->name, s->arg);
    tg_buf_append_str(out, s->help);
    if (s->default_text != NULL && s->type != TG_SETTING_BOOL) {
        tg_buf_append_str(out, " [");
        tg_buf_append_str(out, s->default_text);
        tg_buf_append_str(out, "]");
    }
    tg_buf_append_u8(out, '\n');
}

void tg_config_help(struct tg_buf *out)
{
    const char *group = "";

    tg_buf_append_str(out,
                      "tigressd - the Tigress relay: transfers credentials between two devices\n\n"
                      "usage: tigressd --dev [--listen ADDR:PORT] [--data DIR]\n"
                      "       tigressd --config FILE [--NAME VALUE ...]\n\n"
                      "A flag overrides the file. The file has the same names: NAME = VALUE.\n"
                      "Times: s m h d. Sizes: B KiB MiB GiB. The default is in [ ].\n\n");
    append_padded(out, "config", "FILE");
    tg_buf_append_str(out, "read settings from FILE\n");
    append_padded(out, "check-config", NULL);
    tg_buf_append_str(out, "check all settings and exit: 0 when they are valid, 2 otherwise\n");
    append_padded(out, "print-config", NULL);
    tg_buf_append_str(out, "print the settings in effect and exit\n");
    append_padded(out, "upgrade-store", NULL);
    tg_buf_append_str(out, "write the check of the keys into an older store and exit\n");
    append_padded(out, "accept-clock", NULL);
    tg_buf_append_str(out, "start although the clock went back or far ahead: it is right\n");
    append_padded(out, "restored", "WHAT");
    tg_buf_append_str(out, "drop-mailboxes or keep-mailboxes of a restored store, and exit\n");
    append_padded(out, "migrate", "ROLE");
    tg_buf_append_str(out,
                      "make or update the tables in PostgreSQL, let ROLE use them, and exit\n");
    append_padded(out, "open-map", "N");
    tg_buf_append_str(out,
                      "make new mailboxes by version N of the map in store-groups, and exit\n");
    append_padded(out, "copy-store", "FROM TO");
    tg_buf_append_str(out, "copy lmdb:DIR to postgresql://… or back, and exit\n");
    append_padded(out, "help, -h", NULL);
    tg_buf_append_str(out, "print this text and exit\n");
    append_padded(out, "version, -V", NULL);
    tg_buf_append_str(out, "print the version and exit\n");
    for (size_t i = 0; i < TG_SET_COUNT; i++) {
        if (strcmp(group, tg_settings[i].group) != 0) {
            group = tg_settings[i].group;
            tg_buf_append_u8(out, '\n');
            tg_buf_append_str(out, group);
            tg_buf_append_str(out, ":\n");
        }
        append_setting_help(out, &tg_settings[i]);
    }
}

void tg_config_version(struct tg_buf *out)
{
    tg_buf_append_str(out, "tigressd " TG_VERSION "\n");
}

static void append_most(struct tg_buf *out, const char *process, uint64_t bytes)
{
    tg_buf_append_str(out, process);
    if (bytes == 0 || bytes == UINT64_MAX) {
        tg_buf_append_str(out, bytes == 0 ? " none" : " without a limit");
        return;
    }
    tg_buf_append_str(out, " at most ");
    tg_buf_append_dec(out, (bytes + MIB - 1) / MIB);
    tg_buf_append_str(out, "MiB");
}

/* A comment: the text stays a configuration file. */
static void append_ceiling(struct tg_buf *out, const struct tg_config *config)
{
    struct tg_memory_ceiling ceiling = { 0 };

    tg_config_memory_ceiling(&ceiling, config);
    append_most(out, "# memory (RssAnon): relay", ceiling.relay);
    append_most(out, ", push process", ceiling.push);
    tg_buf_append_u8(out, '\n');
}

void tg_config_print(struct tg_buf *out, const struct tg_config *config)
{
    const char *group = "";

    append_ceiling(out, config);
    for (size_t i = 0; i < TG_SET_COUNT; i++) {
        struct tg_buf value = { 0 };

        if (strcmp(group, tg_settings[i].group) != 0) {
            tg_buf_append_str(out, group[0] == '\0' ? "[" : "\n[");
            group = tg_settings[i].group;
            tg_buf_append_str(out, group);
            tg_buf_append_str(out, "]\n");
        }
        tg_buf_init(&value, VALUE_MAX);
        tg_setting_print(&value, config, &tg_settings[i]);
        /* The development files follow from dev; they were not set. */
        if (value.len == 0 ||
            (config->is_dev_cert && (i == TG_SET_TLS_CERT || i == TG_SET_TLS_KEY))) {
            tg_buf_append_str(out, "# ");
        }
        tg_buf_append_str(out, tg_settings[i].name);
        tg_buf_append_str(out, " = ");
        tg_buf_append(out, tg_buf_view(&value));
        tg_buf_append_u8(out, '\n');
        tg_buf_deinit(&value);
    }
}
