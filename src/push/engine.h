/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/engine.h - accepts jobs, sends requests to the providers, reports outcomes.
 * Layer: L3 (base, crypto, wire).   Threads: one.   Blocks: no, but opening reads key files.
 * Secrets: provider keys, and tokens while their job is here; both wiped.
 *
 * Each sender has its own connections, queue, credential and backoff, and its own account of what
 * was accepted and refused. So a provider that hangs, or an app whose key is refused, does not
 * delay the others.
 */
#ifndef TG_PUSH_ENGINE_H
#define TG_PUSH_ENGINE_H

#include "base/fault.h"
#include "base/log.h"
#include "base/rng.h"
#include "push/ipc.h"

/* Jobs of one sender, queued and in flight, at most. With more senders than TG_PUSH_COUNT each has
   an equal part of the window. One more gets the outcome TG_PUSH_RESULT_RETRY. */
#define TG_PUSH_SHARE (TG_PUSH_WINDOW / TG_PUSH_COUNT)

struct tg_push_engine;

/* The outcome of a job; once for each. Not called from inside tg_push_engine_new. */
typedef void tg_push_outcome_fn(void *ctx, const struct tg_push_ipc_outcome *outcome);

struct tg_push_engine_config {
    const struct tg_push_settings *settings; /* these are borrowed */
    const struct tg_rng *rng;
    const struct tg_log *log;
    int64_t (*now_s)(void *ctx); /* UTC seconds that run on; may go back when the relay's do */
    int64_t (*mono_ms)(void);    /* monotonic milliseconds */
    tg_push_outcome_fn *done;
    void *ctx;
    const struct tg_push_proxy *proxy; /* the engine sets it */
};

/* Opens every sender. On failure *sender is the one and fault the reason. The caller has set up
   libcurl. */
TG_NODISCARD enum tg_err tg_push_engine_new(struct tg_push_engine **out,
                                            const struct tg_push_engine_config *config,
                                            size_t *sender, struct tg_fault *fault);
/* Drops jobs without an outcome. Accepts *engine == NULL. */
void tg_push_engine_free(struct tg_push_engine **engine);

/* Accepts a job. Its outcome may be reported before this returns. The views are not kept. */
void tg_push_engine_take(struct tg_push_engine *engine, const struct tg_push_ipc_job *job);

/* Call tg_push_engine_run when the descriptor is readable or that many milliseconds have passed
   (-1: never). */
int tg_push_engine_fd(const struct tg_push_engine *engine);
int tg_push_engine_wait_ms(const struct tg_push_engine *engine);
void tg_push_engine_run(struct tg_push_engine *engine);

#endif
