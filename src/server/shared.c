/* SPDX-License-Identifier: Apache-2.0 */
#include "server/shared.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/ledger/fullness.h"
#include "server/ops/rss.h"

#include <sys/prctl.h>

void tg_shared_put_tls(struct tg_shared *shared, struct tg_tls_context *tls)
{
    (void)pthread_mutex_lock(&shared->reload_lock);
    tg_tls_context_free(&shared->tls);
    shared->tls = tls;
    (void)pthread_mutex_unlock(&shared->reload_lock);
}

void tg_shared_put_face(struct tg_shared *shared, struct tg_face *face)
{
    (void)pthread_mutex_lock(&shared->reload_lock);
    tg_face_free(&shared->face);
    shared->face = face;
    (void)pthread_mutex_unlock(&shared->reload_lock);
}

struct tg_tls_context *tg_shared_hold_tls(struct tg_shared *shared)
{
    struct tg_tls_context *tls = NULL;

    (void)pthread_mutex_lock(&shared->reload_lock);
    tls = shared->tls != NULL ? tg_tls_context_hold(shared->tls) : NULL;
    (void)pthread_mutex_unlock(&shared->reload_lock);
    return tls;
}

struct tg_face *tg_shared_hold_face(struct tg_shared *shared)
{
    struct tg_face *face = NULL;

    (void)pthread_mutex_lock(&shared->reload_lock);
    face = tg_face_hold(shared->face);
    (void)pthread_mutex_unlock(&shared->reload_lock);
    return face;
}

void tg_shared_limit_memory(struct tg_shared *shared)
{
    size_t max = (size_t)shared->config->memory_max;

    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* huge pages would be more than is used */
    tg_memory_init(&shared->memory, max, tg_rss_anon());
    tg_mem_set_max(shared->memory.base + max + TG_MEMORY_RESERVE);
}

/* It takes some tens of milliseconds after an attack: not on the loop. */
static void trim(void *arg)
{
    (void)arg;
    tg_mem_trim();
}

static void trimmed(void *arg)
{
    (void)arg;
}

void tg_shared_measure_memory(struct tg_shared *shared, struct tg_offload *offload,
                              uint64_t now_mono_ms)
{
    if (tg_memory_measure(&shared->memory, tg_rss_anon(), now_mono_ms) &&
        tg_offload_run(offload, trim, trimmed, NULL) != TG_OK) {
        tg_mem_trim(); /* other work fills the pool */
    }
}

void tg_shared_beat(struct tg_shared *shared, size_t index, uint64_t now_mono_ms)
{
    atomic_store_explicit(&shared->beats_mono_ms[index], now_mono_ms, memory_order_relaxed);
}

bool tg_shared_is_alive(const struct tg_shared *shared, uint64_t now_mono_ms)
{
    for (size_t i = 0; i < shared->worker_count; i++) {
        uint64_t beat_ms = atomic_load_explicit(&shared->beats_mono_ms[i], memory_order_relaxed);

        if (now_mono_ms > beat_ms + TG_DEAD_AFTER_MS) {
            return false;
        }
    }
    return true;
}

bool tg_shared_is_serving(const struct tg_shared *shared)
{
    return atomic_load(&shared->serving_count) == shared->worker_count;
}

unsigned tg_shared_fullness(const struct tg_shared *shared)
{
    const struct tg_store_limits all = tg_config_store_limits(shared->config);
    const struct tg_store_limits *limits = &all;
    struct tg_store_stats now = { 0 };
    unsigned most = 0;
    unsigned other = 0;

    shared->store->ops->stats(shared->store, &now);
    most = tg_fullness_of(now.live_count, limits->live_max);
    other = tg_fullness_of(now.live_bytes, limits->bytes_max);
    most = other > most ? other : most;
    other = tg_fullness_of(now.live_count + now.ended_count, limits->ended_max);
    most = other > most ? other : most;
    if (now.disk_used > 0) {
        uint64_t disk = now.disk_used + now.disk_free;

        other = disk > limits->disk_reserve ? tg_fullness_of(2 * (now.live_bytes + now.ended_bytes),
                                                             disk - limits->disk_reserve)
                                            : TG_FULL;
        most = other > most ? other : most;
    }
    return most;
}
