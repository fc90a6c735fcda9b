/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/await.h - one operation that its caller waits for, with a port of its own.
 * Layer: L2 (base), for src/store alone.   Threads: any.   Blocks: until the backend answers.
 */
#ifndef TG_STORE_AWAIT_H
#define TG_STORE_AWAIT_H

#include "store/store.h"

/* Embedded as the first member of what the operation needs. */
struct tg_store_await {
    int wake_fd;
    bool is_done;
    enum tg_err err;
};

/* Starts the operation on port, with a as the context of its callbacks and tg_store_await_done as
   its done(). */
typedef void tg_store_await_fn(struct tg_store_await *a, struct tg_store_port *port);

/* What done() got. TG_E_NOMEM, TG_E_STORE: the operation was not started. */
TG_NODISCARD enum tg_err tg_store_await(struct tg_store *s, struct tg_store_await *a,
                                        tg_store_await_fn *start);
/* A tg_store_done_fn. */
void tg_store_await_done(void *ctx, enum tg_err err);

#endif
