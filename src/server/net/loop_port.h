/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/loop_port.h - a port of the store on a loop: woken from other threads, and by its
 * descriptor.
 * Layer: L4 (base, store).      Threads: its loop's, but on_notify on any.      Blocks: no.
 * Secrets: none.
 */
#ifndef TG_SERVER_NET_LOOP_PORT_H
#define TG_SERVER_NET_LOOP_PORT_H

#include "store/store.h"

#include <uv.h>

/* ctx is the tg_loop_port's. Calls tg_store_ops.dispatch. */
typedef void tg_loop_port_fn(void *ctx);

struct tg_loop_port {
    struct tg_store *store;
    struct tg_store_port *port; /* NULL before attach and after detach */
    tg_loop_port_fn *ready;     /* dispatch has something to do */
    void *ctx;
    uv_async_t wake;
    uv_poll_t poll;
};

/* Attaches to the store. Whoever ends the loop closes its handles and then detaches. TG_E_IO,
   TG_E_NOMEM, and what attach answers: only handles may be open. */
TG_NODISCARD enum tg_err tg_loop_port_attach(struct tg_loop_port *p, uv_loop_t *loop,
                                             struct tg_store *store, tg_loop_port_fn *ready,
                                             void *ctx);
void tg_loop_port_dispatch(struct tg_loop_port *p);
/* Accepts one that is not attached. */
void tg_loop_port_detach(struct tg_loop_port *p);

#endif
