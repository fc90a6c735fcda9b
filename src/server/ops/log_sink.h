/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/log_sink.h - writes the events of base/log.h, one line each:
 *     2026-11-21T10:42Z warning store.slow_commit ms=120 batch=64
 * Layer: L4.      Threads: any; a line is one write(2), so lines do not mix.
 * Blocks: as its descriptor does.      Secrets: none can pass: a line consists of literals,
 * integers and reasons of a fixed list, and a character of a name other than a-z 0-9 . _ - is
 * written as '?'. The time is cut to the minute, so that a line cannot be matched to one request.
 */
#ifndef TG_SERVER_OPS_LOG_SINK_H
#define TG_SERVER_OPS_LOG_SINK_H

#include "base/log.h"

#define TG_LOG_LINE_MAX 512u  /* bytes with the newline; a longer line is cut at a whole field */
#define TG_LOG_NAME_MAX 64u   /* bytes of a name kept */
#define TG_LOG_FIELDS_MAX 16u /* fields kept */

/* Filled in by the caller. Read-only and valid as long as anything logs. */
struct tg_log_sink {
    int fd;                  /* standard error, usually; not closed */
    enum tg_log_level level; /* the least urgent level that is written */
    int64_t (*now_s)(void);  /* UTC seconds; NULL: the system's clock */
};

/* The log to pass to other modules. It borrows sink. */
struct tg_log tg_log_sink_table(struct tg_log_sink *sink);

#endif
