/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/worker.h - a worker: a thread with a loop, a listening socket, a relay core and a port to
 * the store.
 * Layer: L4.      Threads: a struct per worker; shared.h has what they share.
 * Blocks: tg_worker_run, until the worker has drained.
 */
#ifndef TG_SERVER_WORKER_H
#define TG_SERVER_WORKER_H

#include "server/admin.h"
#include "server/http/inbox.h"
#include "server/net/conn.h"
#include "server/net/listener.h"
#include "server/net/loop_port.h"
#include "server/offload.h"
#include "server/ops/disk_watch.h"
#include "server/shared.h"
#include "server/time/kept.h"
#include "server/verifier.h"

#include <stdatomic.h>

enum tg_worker_order { TG_ORDER_DRAIN = 1, TG_ORDER_NEW_CERTIFICATE = 2, TG_ORDER_NEW_FACE = 4 };

struct tg_worker {
    struct tg_shared *shared;
    size_t index;
    uv_loop_t loop;
    struct tg_env env;
    struct tg_clock_hand hand;
    struct tg_time_saver saver; /* worker 0 */
    struct tg_conns conns;
    struct tg_tls_context *tls; /* this worker's reference */
    struct tg_face *face;       /* the same */
    struct tg_loop_port store;  /* from is_open on */
    bool is_open;
    struct tg_relay *relay;
    struct tg_relay_hooks hooks;
    struct tg_offload offload;
    struct tg_verifier verifier;
    struct tg_service service;
    struct tg_admin admin; /* worker 0 */
    struct tg_listener listener;
    struct tg_listener admin_listener;
    struct tg_inbox inbox;
    uv_async_t inbox_wake;
    uv_async_t order_wake;
    atomic_uint orders;
    uv_idle_t behind; /* active while connections wait for their turn */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t tick;
    uint64_t sweep_at_mono_ms;
    uint64_t drain_until_mono_ms; /* 0: not draining */
    bool is_sweeping;
    bool is_drained; /* no client is left, and no change is with the store */
    struct tg_disk_watch disk_watch;
    bool is_closing;
    bool has_cut_connections; /* connections were still open when the drain timeout ended */
    bool has_failed;          /* the store still had changes when the time after it ended */
};

/* Numbers for the engines, from the configuration. */
void tg_worker_settings(struct tg_server_settings *out, const struct tg_config *config);
/* The same for the ledger. shared must stay: the ledger wakes its workers. */
void tg_worker_ledger(struct tg_ledger_settings *out, struct tg_shared *shared);

/*
 * Prepares the loop. Takes ownership of the sockets; admin_fd -1: none.
 * TG_E_NOMEM, TG_E_IO, or an error of the store or the relay core.
 */
TG_NODISCARD enum tg_err tg_worker_init(struct tg_worker *w, struct tg_shared *shared, size_t index,
                                        int listen_fd, int admin_fd);
/* On the worker's own thread: returns when it has drained. */
void tg_worker_run(struct tg_worker *w);
/* After run. */
void tg_worker_deinit(struct tg_worker *w);
/* Any thread. */
void tg_worker_order(struct tg_worker *w, enum tg_worker_order order);
/* The same to every worker. */
void tg_worker_order_all(struct tg_shared *shared, enum tg_worker_order order);

#endif
