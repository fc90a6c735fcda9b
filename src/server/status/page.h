/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/page.h - the operator's page: state, load of the last hour and day, limits.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: none. Sums alone; no mailbox, no client, no address. It runs no script and loads
 * nothing.
 */
#ifndef TG_SERVER_STATUS_PAGE_H
#define TG_SERVER_STATUS_PAGE_H

#include "server/status/history.h"

#define TG_STATUS_TEXT_MAX 131072u
#define TG_STATUS_LIMITS_MAX 8u

enum tg_status_unit { TG_STATUS_COUNT, TG_STATUS_BYTES };

/* A limit of the settings, and how much of it is used. */
struct tg_status_limit {
    const char *name; /* of the setting; a literal */
    enum tg_status_unit unit;
    uint64_t used, max; /* max 0: no limit */
};

/* All of it borrowed. The strings are the operator's or literals, never those of a client. */
struct tg_status {
    const char *public_url;
    const char *version;
    const char *store; /* "LMDB" */
    int64_t now_s;
    size_t worker_count;
    bool is_draining;
    bool is_alive; /* every worker runs */
    const struct tg_metrics *metrics;
    const struct tg_metrics_now *now;
    const struct tg_history *history;
    bool is_push_on[TG_PUSH_COUNT];
    size_t limit_count;
    struct tg_status_limit limits[TG_STATUS_LIMITS_MAX];
};

/* Appends the page (text/html, UTF-8). A failure sticks in out. */
void tg_status_write(struct tg_buf *out, const struct tg_status *status);

#endif
