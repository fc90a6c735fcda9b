/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/log_sink.h"

#include "base/time3339.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_AT 16u /* the position of ":ss" in a date of base/time3339.h */

struct line {
    char text[TG_LOG_LINE_MAX];
    size_t len; /* always leaves room for the newline */
};

static const char *const level_names[] = { [TG_LOG_ERROR] = "error",
                                           [TG_LOG_WARNING] = "warning",
                                           [TG_LOG_INFO] = "info",
                                           [TG_LOG_DEBUG] = "debug" };

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* Appends all of text or nothing, so that a number is never cut. */
static void put(struct line *line, const char *text, size_t len)
{
    if (len < sizeof(line->text) - line->len) {
        memcpy(line->text + line->len, text, len);
        line->len += len;
    }
}

/* name with '?' for each character that a name cannot have, and cut to the maximum. */
static size_t clean_name(char out[TG_LOG_NAME_MAX], const char *name)
{
    size_t len = 0;

    while (len < TG_LOG_NAME_MAX && name != NULL && name[len] != '\0') {
        out[len] = '?';
        if (is_name_char(name[len])) {
            out[len] = name[len];
        }
        len++;
    }
    return len;
}

static void put_name(struct line *line, const char *name)
{
    char clean[TG_LOG_NAME_MAX] = "";

    put(line, clean, clean_name(clean, name));
}

static void put_field(struct line *line, const struct tg_log_field *field)
{
    char text[TG_LOG_NAME_MAX + 32];
    char clean[TG_LOG_NAME_MAX] = "";
    size_t name_len = clean_name(clean, field->name);
    enum tg_log_reason reason = tg_log_reason_of(field->value);
    int len = snprintf(text, sizeof(text), " %.*s=%" PRId64, (int)name_len, clean, field->value);

    if (reason != TG_REASON_NONE) {
        len = snprintf(text, sizeof(text), " %.*s=%s", (int)name_len, clean,
                       tg_log_reason_name(reason));
    }
    put(line, text, (size_t)len);
}

static void put_time(struct line *line, int64_t now_s)
{
    char date[TG_TIME3339_LEN + 1];

    tg_time3339_format(date, now_s);
    put(line, date, SECONDS_AT);
    put(line, "Z ", 2);
}

static void write_event(void *ctx, enum tg_log_level level, const char *name,
                        const struct tg_log_field *fields, size_t field_count)
{
    const struct tg_log_sink *sink = ctx;
    struct line line = { .len = 0 };
    ssize_t done = 0;

    if (level > sink->level || level >= TG_COUNT(level_names)) {
        return;
    }
    put_time(&line, sink->now_s != NULL ? sink->now_s() : (int64_t)time(NULL));
    put(&line, level_names[level], strlen(level_names[level]));
    put(&line, " ", 1);
    put_name(&line, name);
    for (size_t i = 0; i < field_count && i < TG_LOG_FIELDS_MAX; i++) {
        put_field(&line, &fields[i]);
    }
    line.text[line.len++] = '\n';
    do {
        done = write(sink->fd, line.text, line.len);
    } while (done < 0 && errno == EINTR);
    /* A write that fails must not stop the relay. */
}

struct tg_log tg_log_sink_table(struct tg_log_sink *sink)
{
    return (struct tg_log){ .write = write_event, .ctx = sink };
}
