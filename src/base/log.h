/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/log.h - log events, passed to a writer.
 * Layer: L0.      Threads: as the writer allows; the server's is safe from any.
 * Secrets: impossible. An event is a literal name and integers; it cannot hold text from outside.
 * spec: protocol/3#nothing-identifying-written
 */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum tg_log_level { TG_LOG_ERROR, TG_LOG_WARNING, TG_LOG_INFO, TG_LOG_DEBUG };

struct tg_log_field {
    const char *name; /* a literal */
    int64_t value;
};

struct tg_log {
    /* name is a literal such as "store.commit_failed". A NULL write drops the event. */
    void (*write)(void *ctx, enum tg_log_level level, const char *name,
                  const struct tg_log_field *fields, size_t field_count);
    void *ctx;
};

static inline void tg_log_event(const struct tg_log *log, enum tg_log_level level, const char *name,
                                const struct tg_log_field *fields, size_t field_count)
{
    if (log != NULL && log->write != NULL) {
        log->write(log->ctx, level, name, fields, field_count);
    }
}

#define TG_LOG(log, level, name, ...)                                                              \
    tg_log_event((log), (level), (name), (const struct tg_log_field[]){ __VA_ARGS__ },             \
                 sizeof((const struct tg_log_field[]){ __VA_ARGS__ }) /                            \
                     sizeof(struct tg_log_field))

#endif
