/* SPDX-License-Identifier: Apache-2.0 */
#include "store/await.h"

#include "store/store_port.h"

static void on_notify(void *ctx)
{
    struct tg_store_await *a = ctx;

    (void)pthread_mutex_lock(&a->lock);
    a->is_woken = true;
    (void)pthread_cond_signal(&a->wake);
    (void)pthread_mutex_unlock(&a->lock);
}

void tg_store_await_done(void *ctx, enum tg_err err)
{
    struct tg_store_await *a = ctx;

    a->err = err;
    a->is_done = true;
}

static void wait_done(struct tg_store_await *a, struct tg_store_port *port)
{
    while (!a->is_done) {
        (void)pthread_mutex_lock(&a->lock);
        while (!a->is_woken) {
            (void)pthread_cond_wait(&a->wake, &a->lock);
        }
        a->is_woken = false;
        (void)pthread_mutex_unlock(&a->lock);
        port->store->ops->dispatch(port);
    }
}

enum tg_err tg_store_await(struct tg_store *s, struct tg_store_await *a, tg_store_await_fn *start)
{
    struct tg_store_port *port = NULL;
    enum tg_err err = TG_E_BUG;

    a->err = TG_E_BUG;
    if (pthread_mutex_init(&a->lock, NULL) != 0) {
        return TG_E_NOMEM;
    }
    if (pthread_cond_init(&a->wake, NULL) != 0) {
        (void)pthread_mutex_destroy(&a->lock);
        return TG_E_NOMEM;
    }
    TG_TRY(s->ops->attach(s, on_notify, a, &port));
    start(a, port);
    wait_done(a, port);
    err = a->err;
out:
    s->ops->detach(&port);
    (void)pthread_cond_destroy(&a->wake);
    (void)pthread_mutex_destroy(&a->lock);
    return err;
}
