/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/admin.h - what the operator's tools ask for: /healthz, /readyz, /metrics.
 * Layer: L4.      Threads: worker 0's.      Blocks: no.
 * Secrets: none; nothing here speaks of a mailbox or a client.
 */
#ifndef TG_SERVER_ADMIN_H
#define TG_SERVER_ADMIN_H

#include "server/http/pending.h"
#include "store/store.h"

struct tg_shared;

struct tg_admin {
    struct tg_shared *shared;
    struct tg_store_port *port;
    uint64_t probe_number; /* what the last probe wrote */
    size_t probe_count;    /* on their way to the store */
    bool is_store_ready;   /* as the last probe found it */
    struct tg_service service;
};

/* Fills in service. port is borrowed until the last probe is done (probe_count 0). */
void tg_admin_init(struct tg_admin *a, struct tg_shared *shared, struct tg_store_port *port);

#endif
