/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker_store.h"

#include "store/store_port.h"

#define SWEEP_BATCH 1000u
#define EXPIRED_TOLD_S 5

/* ---- the sweep ---- */

static void sweep(struct tg_worker *w);

static void watch_disk(struct tg_worker *w)
{
    struct tg_store_stats stats = { .live_count = 0 };

    w->shared->store->ops->stats(w->shared->store, &stats);
    tg_disk_watch(&w->disk_watch, &stats, w->env.now_mono_ms, w->shared->log);
}

static void on_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    struct tg_worker *w = ctx;

    w->is_sweeping = false;
    watch_disk(w);
    if (err == TG_E_FULL) {
        return; /* no room on the disk: the watch says so */
    }
    if (err != TG_OK) {
        TG_LOG(w->shared->log, TG_LOG_WARNING, "store.sweep_failed", { "error", (int64_t)err });
        return;
    }
    tg_metrics_count_n(w->env.metrics, TG_COUNTER_SWEPT, swept->removed_count);
    if (swept->until_s > atomic_load(&w->shared->swept_until_s)) {
        atomic_store(&w->shared->swept_until_s, swept->until_s);
    }
    if ((swept->removed_count >= SWEEP_BATCH || swept->spent_count >= SWEEP_BATCH) &&
        w->drain_until_mono_ms == 0) {
        sweep(w);
    }
}

/* What has just expired is left for some seconds: the long polls that it ends look again, and their
   devices learn that it has expired.
   spec: protocol/3#sweep, protocol/3#expired-told-for-seconds */
static void sweep(struct tg_worker *w)
{
    w->is_sweeping = true;
    w->sweep_at_mono_ms =
        w->env.now_mono_ms + (uint64_t)w->shared->config->sweep_interval_s * 1000u;
    w->shared->store->ops->sweep(w->store.port, w->env.now.low_s - EXPIRED_TOLD_S, SWEEP_BATCH,
                                 on_swept, w);
}

/* ---- the mark of time ---- */

/* Worker 0 saves the mark for all. */
static void save_time(struct tg_worker *w)
{
    struct tg_shared *shared = w->shared;

    if (w->env.was_used) {
        w->env.was_used = false;
        atomic_store(&shared->was_used, true);
    }
    if (w->index == 0 && w->drain_until_mono_ms == 0) {
        tg_time_saver_tick(&w->saver, atomic_exchange(&shared->was_used, false),
                           w->env.now_mono_ms);
    }
}

/* ---- serving ---- */

static void on_store_ready(void *ctx)
{
    struct tg_worker *w = ctx;

    tg_clock_tick(&w->env);
    tg_loop_port_dispatch(&w->store);
}

/* Another node has changed the mailbox, or may have. */
static void on_news(void *ctx, const struct tg_store_key *key)
{
    struct tg_worker *w = ctx;

    (void)tg_waiters_wake(&w->env.waiters, key);
}

static enum tg_err begin_watch(void *ctx, const struct tg_store_key *key)
{
    struct tg_store_port *port = ctx;

    return port->store->ops->follow(port, key);
}

static void end_watch(void *ctx, const struct tg_store_key *key)
{
    struct tg_store_port *port = ctx;

    port->store->ops->unfollow(port, key);
}

enum tg_err tg_worker_store_serve(struct tg_worker *w)
{
    struct tg_shared *shared = w->shared;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_loop_port_attach(&w->store, &w->loop, shared->store, on_store_ready, w));
    TG_TRY(shared->store->ops->hear(w->store.port, on_news, w));
    w->env.waiters.watch =
        (struct tg_waiters_watch){ .begin = begin_watch, .end = end_watch, .ctx = w->store.port };
    tg_clock_hand_init(&w->hand, shared->clock);
    tg_clock_tick(&w->env);
    tg_time_saver_init(&w->saver, shared->clock, shared->store, w->store.port);
    w->admin.port = w->store.port;
    w->sweep_at_mono_ms = w->env.now_mono_ms;
    tg_relay_open(w->relay, shared->store, w->store.port);
    w->is_open = true;
    (void)atomic_fetch_add(&shared->serving_count, 1);
    err = TG_OK;
out:
    return err;
}

/* Whether the worker serves, if need be from now on. */
static bool must_serve(struct tg_worker *w)
{
    if (!w->is_open && atomic_load(&w->shared->is_open) && w->drain_until_mono_ms == 0) {
        enum tg_err err = tg_worker_store_serve(w);

        if (err != TG_OK) {
            tg_store_die(w->shared->log, "store.attach_failed", (int64_t)err);
        }
    }
    return w->is_open;
}

void tg_worker_store_end(struct tg_worker *w)
{
    if (w->is_open) {
        (void)w->shared->store->ops->hear(w->store.port, NULL, NULL);
    }
}

void tg_worker_store_tick(struct tg_worker *w)
{
    if (!must_serve(w)) {
        return;
    }
    save_time(w);
    if (w->index == 0 && !w->is_sweeping && w->drain_until_mono_ms == 0 &&
        w->env.now_mono_ms >= w->sweep_at_mono_ms) {
        sweep(w);
    }
}
