/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/offload.h - runs work that would block a loop on libuv's thread pool.
 * Layer: L4.      Threads: each worker has its own; only the count is shared.      Blocks: no.
 * Secrets: what the work uses; the thread's registers are wiped after each piece of work.
 */
#ifndef TG_SERVER_OFFLOAD_H
#define TG_SERVER_OFFLOAD_H

#include "relay/api.h"
#include "server/http/env.h"

#include <stdatomic.h>
#include <uv.h>

#define TG_OFFLOADS_MAX 128u /* pending over all workers */

struct tg_offload {
    uv_loop_t *loop;
    struct tg_env *env; /* its clocks are set before done() */
    atomic_size_t *pending_total;
};

/* See tg_relay_hooks.offload. TG_E_FULL: TG_OFFLOADS_MAX are pending; TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_offload_run(struct tg_offload *o, tg_offload_fn *work,
                                        tg_offload_fn *done, void *arg);

#endif
