/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/worker_store.h - what a worker does with the store besides requests: it serves from when
 * the store is open, sweeps, and saves the mark of time.
 * Layer: L4.      Threads: the worker's.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_WORKER_STORE_H
#define TG_SERVER_WORKER_STORE_H

#include "server/worker.h"

/* The store is open: attaches a port, and requests are served from here on. Before the loop runs,
   or on its thread. An error of the store. */
TG_NODISCARD enum tg_err tg_worker_store_serve(struct tg_worker *w);
/* The worker ends: no news is told from here on. */
void tg_worker_store_end(struct tg_worker *w);
/* At each tick. */
void tg_worker_store_tick(struct tg_worker *w);

#endif
