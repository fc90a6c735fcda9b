/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/setup.h - what the relay lends to the push link.
 * Layer: L4.      Threads: read-only once the link is started.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_PUSHLINK_SETUP_H
#define TG_SERVER_PUSHLINK_SETUP_H

#include "push/ipc.h"
#include "server/net/clock.h"
#include "server/ops/metrics.h"
#include "server/pushlink/refusals.h"
#include "server/settings/config.h"

/*
 * Makes a job from an outbox entry: type, token, collapse and expiration, not the id.
 *   scratch   memory for the views of the job; the caller wipes it
 * TG_E_NOMEM: try again later. Any other error: the entry can never become a push.
 */
typedef enum tg_err tg_push_open_fn(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                                    const struct tg_outbox_entry *entry);

/* All borrowed until stop. */
struct tg_push_link_setup {
    const struct tg_config *config;
    struct tg_store *store;
    struct tg_clock *clock;
    tg_push_open_fn *open;
    void *open_ctx;
    struct tg_refusals *refusals; /* NULL: nothing is kept of refused tokens */
    struct tg_metrics_block *metrics;
    const struct tg_log *log;
};

#endif
