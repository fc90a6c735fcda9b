/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/shared.h - what all workers share. main fills it in before the first worker starts.
 * Layer: L4.      Threads: read-only once the workers run, except atomics and what a lock names.
 * Blocks: no.     Secrets: points at the keyring.
 */
#ifndef TG_SERVER_SHARED_H
#define TG_SERVER_SHARED_H

#include "server/face.h"
#include "server/http/env.h"
#include "server/net/clock.h"
#include "server/net/tls.h"
#include "server/offload.h"
#include "server/pushlink/link.h"
#include "server/settings/config.h"
#include "server/standing_policy.h"

#include <pthread.h>
#include <stdatomic.h>

#define TG_WORKERS_MAX 256u
#define TG_DEAD_AFTER_MS 10000u /* a worker that has not run for longer does not respond */

struct tg_opening;
struct tg_refusals;
struct tg_store_counter;
struct tg_worker;

struct tg_shared {
    const struct tg_config *config;
    struct tg_server_settings settings;
    struct tg_relay_config relay_config;
    const struct tg_keyring *keyring;
    struct tg_opening *opening; /* NULL: the store was open when the workers started */
    struct tg_store *store;     /* NULL: not open yet; main sets it and the members below that
                                   depend on it, then is_open */
    atomic_bool is_open;
    atomic_size_t serving_count;                  /* workers that use the store */
    const struct tg_store_counter *store_counter; /* NULL: the store has none */
    struct tg_ledger *ledger;
    struct tg_memory memory;
    struct tg_metrics *metrics;
    struct tg_clock *clock;
    const struct tg_log *log;
    const struct tg_rng *rng;
    int64_t start_s;
    _Atomic int64_t swept_until_s; /* what expired until then is removed; at first the start */
    struct tg_push_link *push;     /* NULL: no provider is configured */
    struct tg_refusals *refusals;  /* the same */
    struct tg_worker *workers;     /* worker_count of them */
    size_t worker_count;
    atomic_size_t offload_total;
    struct tg_standing_policy *standing; /* NULL: senders need no proof of good standing */
    atomic_bool is_draining;
    atomic_size_t drained_count; /* workers that have no client left */
    atomic_bool was_used;        /* requests have begun since the mark of time was saved */
    /* When the loop of each worker last ran its timer. */
    atomic_uint_least64_t beats_mono_ms[TG_WORKERS_MAX];

    pthread_mutex_t reload_lock; /* of the two below, which a reload replaces */
    struct tg_tls_context *tls;  /* NULL: plain HTTP */
    struct tg_face *face;
};

/* What a reload made: takes it. The workers change to it after an order (server/worker.h). */
void tg_shared_put_tls(struct tg_shared *shared, struct tg_tls_context *tls);
void tg_shared_put_face(struct tg_shared *shared, struct tg_face *face);
/* What is in use now, with one holder more. Any thread. */
struct tg_tls_context *tg_shared_hold_tls(struct tg_shared *shared);
struct tg_face *tg_shared_hold_face(struct tg_shared *shared);

/* Limits what is allocated from now on to memory-max. Call it before the first connection. */
void tg_shared_limit_memory(struct tg_shared *shared);
/* Measures the memory of the process, and gives back what is free after an attack. One worker calls
   it, with its own offload. */
void tg_shared_measure_memory(struct tg_shared *shared, struct tg_offload *offload,
                              uint64_t now_mono_ms);
/* Records that the loop of worker `index` runs at now_mono_ms. On its thread, or before it runs. */
void tg_shared_beat(struct tg_shared *shared, size_t index, uint64_t now_mono_ms);
/* Whether the loop of every worker has run in the last TG_DEAD_AFTER_MS. Any thread. */
bool tg_shared_is_alive(const struct tg_shared *shared, uint64_t now_mono_ms);

/* Whether every worker uses the store: a client cannot choose its worker. Any thread. */
bool tg_shared_is_serving(const struct tg_shared *shared);

/* What the store holds of what it may hold, in 1/1000: the largest of all its limits. Content takes
   about twice its bytes on the disk. Any thread. */
unsigned tg_shared_fullness(const struct tg_shared *shared);

#endif
