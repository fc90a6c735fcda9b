/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/log.h - log events, passed to a writer.
 * Layer: L0.      Threads: as the writer allows; the server's is safe from any.
 * Secrets: impossible. An event is a literal name, integers, and reasons of a fixed list; it cannot
 * hold text from outside.
 * spec: protocol/3#nothing-identifying-written
 */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum tg_log_level { TG_LOG_ERROR, TG_LOG_WARNING, TG_LOG_INFO, TG_LOG_DEBUG };

/* Why something failed or needs attention, in words. What is not in the list cannot be logged. */
enum tg_log_reason {
    TG_REASON_NONE,
    TG_REASON_OUT_OF_MEMORY,
    TG_REASON_CERT_UNREADABLE,
    TG_REASON_CERT_MALFORMED,
    TG_REASON_CERT_EXPIRED,
    TG_REASON_CERT_NOT_YET_VALID,
    TG_REASON_CERT_OTHER_HOST,
    TG_REASON_CERT_WEAK,
    TG_REASON_CERT_EXPIRES_SOON,
    TG_REASON_CHAIN_ORDER,
    TG_REASON_CHAIN_INCOMPLETE,
    TG_REASON_CHAIN_EXPIRED,
    TG_REASON_KEY_UNREADABLE,
    TG_REASON_KEY_MALFORMED,
    TG_REASON_KEY_ENCRYPTED,
    TG_REASON_KEY_MISMATCH,
    TG_REASON_KEY_SHARED,
    TG_REASON_KEY_OWNER,
    TG_REASON_DESCRIPTORS,
    TG_REASON_FOLDER,
    TG_REASON_VERIFIER,
    TG_REASON_DATABASE_UNREACHABLE,
    TG_REASON_DATABASE_TLS,
    TG_REASON_DATABASE_LOGIN,
    TG_REASON_DATABASE_READ_ONLY,
    TG_REASON_DATABASE_TABLES,
    TG_REASON_DATABASE_VERSION,
    TG_REASON_DATABASE_RIGHTS,
    TG_REASON_DATABASE_STANDBY,
    TG_REASON_DATABASE_CLOCK,
    TG_REASON_DATABASE_SLOW,
    TG_REASON_DATABASE_COPIED
};
#define TG_REASON_COUNT (TG_REASON_DATABASE_COPIED + 1u)

/* "key-mismatch": lower case, with hyphens. */
const char *tg_log_reason_name(enum tg_log_reason reason);

/* A reason as the value of a field. No number that is logged is near the smallest one. */
#define TG_LOG_REASON(reason) (INT64_MIN + (int64_t)(reason))

/* The reason that a value stands for; TG_REASON_NONE: it is a number. */
static inline enum tg_log_reason tg_log_reason_of(int64_t value)
{
    return value < INT64_MIN + (int64_t)TG_REASON_COUNT ? (enum tg_log_reason)(value - INT64_MIN)
                                                        : TG_REASON_NONE;
}

struct tg_log_field {
    const char *name; /* a literal */
    int64_t value;    /* a number, or TG_LOG_REASON() */
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
