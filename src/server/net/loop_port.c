/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/loop_port.h"

static void on_notify(void *ctx)
{
    struct tg_loop_port *p = ctx;

    (void)uv_async_send(&p->wake);
}

static void on_wake(uv_async_t *async)
{
    const struct tg_loop_port *p = async->data;

    p->ready(p->ctx);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    const struct tg_loop_port *p = poll->data;

    (void)status;
    (void)events;
    p->ready(p->ctx);
}

enum tg_err tg_loop_port_attach(struct tg_loop_port *p, uv_loop_t *loop, struct tg_store *store,
                                tg_loop_port_fn *ready, void *ctx)
{
    enum tg_err err = TG_E_IO;
    int fd = -1;

    *p = (struct tg_loop_port){ .store = store, .ready = ready, .ctx = ctx };
    p->wake.data = p;
    p->poll.data = p;
    TG_REQUIRE(uv_async_init(loop, &p->wake, on_wake) == 0, TG_E_IO);
    TG_TRY(store->ops->attach(store, on_notify, p, &p->port));
    fd = store->ops->descriptor(p->port);
    if (fd >= 0) {
        TG_REQUIRE(uv_poll_init(loop, &p->poll, fd) == 0, TG_E_IO);
        TG_REQUIRE(uv_poll_start(&p->poll, UV_READABLE, on_poll) == 0, TG_E_IO);
    }
    err = TG_OK;
out:
    return err;
}

void tg_loop_port_dispatch(struct tg_loop_port *p)
{
    p->store->ops->dispatch(p->port);
}

void tg_loop_port_detach(struct tg_loop_port *p)
{
    if (p->store != NULL) {
        p->store->ops->detach(&p->port);
    }
}
