/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/env.h - what the connections of one worker share: time, limits, timers, waiting
 * requests, memory for requests being read.
 * Layer: L4.      Threads: one per worker.      Blocks: no.
 * Clock: the fields are set by the code that runs the loop, so that tests control the time.
 */
#ifndef TG_SERVER_HTTP_ENV_H
#define TG_SERVER_HTTP_ENV_H

#include "base/log.h"
#include "base/moment.h"
#include "server/http/conn_limits.h"
#include "server/http/deadline.h"
#include "server/http/waiters.h"
#include "server/ledger/ledger.h"
#include "server/ledger/memory.h"
#include "server/ops/metrics.h"

#define TG_DATE_LEN 29u
#define TG_SCRATCH_MAX 65536u

struct tg_clock_hand;

struct tg_env {
    struct tg_clock_hand *hand; /* sets now and now_mono_ms; NULL: others set them */
    struct tg_moment now;       /* the time of decisions, as relay/api.h takes it */
    uint64_t now_mono_ms;       /* never goes back */
    bool is_draining;
    bool was_used; /* a request has begun since this was set to false */
    const struct tg_server_settings *settings;
    const struct tg_log *log;
    struct tg_metrics_block *metrics;
    struct tg_ledger *ledger; /* shared by all workers */
    struct tg_memory *memory; /* the same; NULL: no limits */
    size_t worker;            /* this worker, for the ledger */

    struct tg_wheel wheel;
    struct tg_waiters waiters;
    struct tg_link unsettled; /* long polls that may not wait: over the limit, or draining */

    struct tg_buf scratch;                         /* a response head while it is encoded */
    struct tg_http_header headers[TG_HEADERS_MAX]; /* views of a request while it is begun */
    int64_t date_s;                                /* the time in date */
    char date[TG_DATE_LEN + 1];
};

/* The pointers are borrowed until deinit. The caller sets memory and worker afterwards, and keeps
   now and now_mono_ms up to date. */
void tg_env_init(struct tg_env *env, const struct tg_server_settings *settings,
                 const struct tg_log *log, struct tg_metrics_block *metrics,
                 struct tg_ledger *ledger, struct tg_moment now, uint64_t now_mono_ms);
/* After every connection was freed. */
void tg_env_deinit(struct tg_env *env);

/* The value of the header Date (RFC 9110, section 5.6.7): the later time of now, so that a client
   that derives an expiration from it names one that both times allow. Valid until the next call. */
struct tg_bytes tg_env_date(struct tg_env *env);

#endif
