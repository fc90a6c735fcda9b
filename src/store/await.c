/* SPDX-License-Identifier: Apache-2.0 */
#include "store/await.h"

#include "base/bytes.h"
#include "store/store_port.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_notify(void *ctx)
{
    static const uint64_t one = 1;
    const struct tg_store_await *a = ctx;

    (void)!write(a->wake_fd, &one, sizeof(one));
}

void tg_store_await_done(void *ctx, enum tg_err err)
{
    struct tg_store_await *a = ctx;

    a->err = err;
    a->is_done = true;
}

static void wait_done(struct tg_store_await *a, struct tg_store_port *port)
{
    struct pollfd fds[] = {
        { .fd = a->wake_fd, .events = POLLIN },
        { .fd = port->store->ops->descriptor(port), .events = POLLIN },
    };
    uint64_t count = 0;

    while (!a->is_done) {
        (void)poll(fds, TG_COUNT(fds), -1);
        (void)!read(a->wake_fd, &count, sizeof(count));
        port->store->ops->dispatch(port);
    }
}

enum tg_err tg_store_await(struct tg_store *s, struct tg_store_await *a, tg_store_await_fn *start)
{
    struct tg_store_port *port = NULL;
    enum tg_err err = TG_E_BUG;

    a->err = TG_E_BUG;
    a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TG_REQUIRE(a->wake_fd >= 0, TG_E_NOMEM);
    TG_TRY(s->ops->attach(s, on_notify, a, &port));
    start(a, port);
    wait_done(a, port);
    err = a->err;
out:
    s->ops->detach(&port);
    if (a->wake_fd >= 0) {
        (void)close(a->wake_fd);
    }
    return err;
}
