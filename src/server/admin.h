/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/admin.h - the pages for operators: the status page, /healthz, /readyz, /metrics.
 * Layer: L4.      Threads: worker 0's.      Blocks: no.
 * Secrets: none; no page names a mailbox or a client.
 */
#ifndef TG_SERVER_ADMIN_H
#define TG_SERVER_ADMIN_H

#include "server/http/pending.h"
#include "server/ops/metrics.h"
#include "store/store.h"

struct tg_history;
struct tg_shared;

struct tg_admin {
    struct tg_shared *shared;
    struct tg_store_port *port;
    uint64_t probe_number; /* version that the last probe wrote */
    size_t probe_count;    /* begun and not finished */
    bool is_store_ready;   /* result of the last probe */
    bool is_push_on[TG_PUSH_COUNT];
    struct tg_history *history; /* owned by the worker; NULL: there is no admin listener */
    struct tg_service service;
};

/* Fills in service. port is borrowed until the last probe is done (probe_count 0). */
void tg_admin_init(struct tg_admin *a, struct tg_shared *shared, struct tg_store_port *port);
/* Call it at least every second: it keeps the history for the status page. */
void tg_admin_tick(struct tg_admin *a, uint64_t now_mono_ms);

#endif
