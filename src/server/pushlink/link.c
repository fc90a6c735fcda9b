/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/link.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/net/loop_port.h"
#include "server/pushlink/channel.h"
#include "server/pushlink/now.h"
#include "server/pushlink/peer.h"
#include "server/pushlink/window.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#define TICK_MS 1000u /* how often the outbox is checked without an order */
#define DRAIN_TICK_MS 50u
#define STORE_GRACE_MS 5000u

enum order { ORDER_WAKE = 1, ORDER_RELOAD = 2, ORDER_DRAIN = 4, ORDER_FINISH = 8 };

struct tg_push_link {
    struct tg_push_link_setup setup;
    struct tg_push_window window;
    struct tg_push_peers peers;
    pthread_t thread;
    uv_loop_t loop;
    struct tg_loop_port store;
    uv_async_t order_wake;
    atomic_uint orders;
    uv_timer_t tick;
    uv_prepare_t prepare;

    uint64_t drain_until_mono_ms;  /* 0: not draining */
    bool is_finishing;             /* the workers have ended */
    uint64_t ending_since_mono_ms; /* with peers.is_ending */
    bool is_closing;
    bool has_failed;
};

/* ---- the end ---- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void check_end(struct tg_push_link *l)
{
    uint64_t mono_ms = tg_push_now_ms();
    bool is_idle = tg_push_window_is_idle(&l->window);
    bool is_time_over = l->drain_until_mono_ms != 0 && mono_ms >= l->drain_until_mono_ms;

    if (!l->peers.is_ending &&
        (is_time_over || (l->is_finishing && is_idle && !l->window.wants_lease) ||
         (l->is_finishing && l->peers.current == NULL))) {
        l->ending_since_mono_ms = mono_ms;
        tg_push_peers_end(&l->peers);
        is_idle = tg_push_window_is_idle(&l->window);
    }
    if (!l->peers.is_ending || !l->is_finishing || l->is_closing) {
        return;
    }
    l->has_failed = !is_idle && mono_ms > l->ending_since_mono_ms + STORE_GRACE_MS;
    if (l->peers.ending_count == 0 && (is_idle || l->has_failed)) {
        l->is_closing = true;
        uv_walk(&l->loop, close_handle, NULL);
    }
}

/* ---- one turn of the loop ---- */

static void work(struct tg_push_link *l)
{
    if (l->is_closing) {
        return;
    }
    tg_push_channel_send(&l->peers);
    tg_push_window_lease(&l->window, tg_push_now_s(&l->window.hand));
    check_end(l);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events; /* room is used by work(), an error shows when receiving */
    tg_push_channel_receive(poll->data);
    work(poll->loop->data);
}

static void on_reaped(void *ctx)
{
    work(ctx);
}

static void on_tick(uv_timer_t *timer)
{
    struct tg_push_link *l = timer->loop->data;

    tg_push_peers_check(&l->peers, tg_push_now_ms());
    tg_push_window_tick(&l->window);
    work(l);
}

static void drain(struct tg_push_link *l)
{
    if (l->drain_until_mono_ms == 0) {
        l->drain_until_mono_ms =
            tg_push_now_ms() + (uint64_t)l->setup.config->drain_timeout_s * 1000u / 2u;
        (void)uv_timer_start(&l->tick, on_tick, DRAIN_TICK_MS, DRAIN_TICK_MS);
    }
}

static void on_order(uv_async_t *async)
{
    struct tg_push_link *l = async->loop->data;
    unsigned orders = atomic_exchange(&l->orders, 0);

    if ((orders & (unsigned)ORDER_RELOAD) != 0 && l->drain_until_mono_ms == 0) {
        tg_push_peers_reload(&l->peers);
    }
    if ((orders & (unsigned)ORDER_DRAIN) != 0) {
        drain(l);
    }
    if ((orders & (unsigned)ORDER_FINISH) != 0) {
        drain(l);
        l->is_finishing = true;
        l->window.is_last = true;
    }
    l->window.wants_lease = true;
    work(l);
}

static void on_store_ready(void *ctx)
{
    struct tg_push_link *l = ctx;

    tg_loop_port_dispatch(&l->store);
    work(l);
}

static void on_prepare(uv_prepare_t *handle)
{
    (void)handle;
    tg_mem_publish();
    tg_mem_wipe_registers(); /* the loop waits now, for an unknown time */
}

static void *run(void *ctx)
{
    struct tg_push_link *l = ctx;

    (void)uv_run(&l->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* ---- life ---- */

static enum tg_err start_handles(struct tg_push_link *l)
{
    enum tg_err err = TG_E_IO;

    TG_REQUIRE(uv_async_init(&l->loop, &l->order_wake, on_order) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_init(&l->loop, &l->prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_start(&l->prepare, on_prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(&l->loop, &l->tick) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS) == 0, TG_E_IO);
    err = TG_OK;
out:
    return err;
}

static enum tg_err init_peers(struct tg_push_link *l)
{
    const struct tg_push_peers_setup setup = { .link = &l->setup,
                                               .window = &l->window,
                                               .loop = &l->loop,
                                               .on_poll = on_poll,
                                               .on_reaped = on_reaped,
                                               .ctx = l };

    return tg_push_peers_init(&l->peers, &setup);
}

/* A start that failed: ends what has been started. */
static void abandon(struct tg_push_link *l)
{
    tg_push_peers_abandon(&l->peers);
    l->is_closing = true;
    uv_walk(&l->loop, close_handle, NULL);
    (void)uv_run(&l->loop, UV_RUN_DEFAULT);
}

/* Frees all. The thread does not run. */
static void discard(struct tg_push_link *l)
{
    tg_loop_port_detach(&l->store);
    (void)uv_loop_close(&l->loop);
    tg_push_window_deinit(&l->window);
    tg_mem_free(l);
}

static void order(struct tg_push_link *link, enum order what)
{
    if (link != NULL) {
        (void)atomic_fetch_or(&link->orders, (unsigned)what);
        (void)uv_async_send(&link->order_wake);
    }
}

enum tg_err tg_push_link_start(struct tg_push_link **out, const struct tg_push_link_setup *setup,
                               struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_settings settings;
    struct tg_push_link *l = NULL;

    *out = NULL;
    tg_config_push_settings(&settings, setup->config);
    if (!tg_push_is_any_on(&settings)) {
        return TG_OK;
    }
    l = tg_mem_calloc(1, sizeof(*l));
    if (l == NULL || uv_loop_init(&l->loop) != 0) {
        tg_mem_free(l);
        return TG_E_NOMEM;
    }
    l->setup = *setup;
    tg_push_window_init(&l->window, setup, &settings);
    l->loop.data = l;
    TG_TRY(start_handles(l));
    TG_TRY(init_peers(l));
    TG_TRY(tg_loop_port_attach(&l->store, &l->loop, setup->store, on_store_ready, l));
    l->window.port = l->store.port;
    TG_TRY(tg_push_peers_start(&l->peers, fault));
    order(l, ORDER_WAKE); /* entries of the previous run must not wait for the first tick */
    TG_REQUIRE(pthread_create(&l->thread, NULL, run, l) == 0, TG_E_NOMEM);
    *out = l;
    l = NULL;
    err = TG_OK;
out:
    if (l != NULL) {
        abandon(l);
        discard(l);
    }
    return err;
}

void tg_push_link_wake(struct tg_push_link *link)
{
    order(link, ORDER_WAKE);
}

void tg_push_link_reload(struct tg_push_link *link)
{
    order(link, ORDER_RELOAD);
}

void tg_push_link_drain(struct tg_push_link *link)
{
    order(link, ORDER_DRAIN);
}

bool tg_push_link_is_up(const struct tg_push_link *link)
{
    return link != NULL && atomic_load(&link->peers.is_up);
}

bool tg_push_link_stop(struct tg_push_link **link)
{
    struct tg_push_link *l = *link;

    if (l == NULL) {
        return true;
    }
    order(l, ORDER_FINISH);
    (void)pthread_join(l->thread, NULL);
    if (l->has_failed) {
        return false;
    }
    discard(l);
    *link = NULL;
    return true;
}
