/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/engine.h - the push process at work: jobs in, requests to the providers, outcomes out.
 * Layer: L3 (base, crypto, wire).   Threads: one.   Blocks: no, but opening reads key files.
 * Secrets: provider keys, and tokens for as long as their job is here; both wiped.
 *
 * Each provider has its own connections, its own room and its own waits: one that hangs, refuses or
 * floods costs the others nothing.
 */
#ifndef TG_PUSH_ENGINE_H
#define TG_PUSH_ENGINE_H

#include "base/fault.h"
#include "base/log.h"
#include "base/rng.h"
#include "push/ipc.h"

/* Jobs of one provider, queued and under way; one more is answered at once: not now. */
#define TG_PUSH_SHARE (TG_PUSH_WINDOW / TG_PUSH_COUNT)

struct tg_push_engine;

/* A job's outcome, once for each. Never called from inside tg_push_engine_new. */
typedef void tg_push_outcome_fn(void *ctx, const struct tg_push_ipc_outcome *outcome);

struct tg_push_engine_config {
    const struct tg_push_settings *settings; /* these are borrowed */
    const struct tg_rng *rng;
    const struct tg_log *log;
    int64_t (*now_s)(void);   /* UTC seconds */
    int64_t (*mono_ms)(void); /* milliseconds since some moment */
    tg_push_outcome_fn *done;
    void *ctx;
};

/* Opens every configured provider. On failure *id says which would not, and fault why. libcurl has
   been set up by the caller. */
TG_NODISCARD enum tg_err tg_push_engine_new(struct tg_push_engine **out,
                                            const struct tg_push_engine_config *config,
                                            enum tg_push_id *id, struct tg_fault *fault);
/* Drops what is under way without an outcome. Accepts *engine == NULL. */
void tg_push_engine_free(struct tg_push_engine **engine);

/* Takes a job; its outcome may come at once. The views are not kept. */
void tg_push_engine_take(struct tg_push_engine *engine, const struct tg_push_ipc_job *job);

/* When to call tg_push_engine_run: the descriptor is readable, or so many milliseconds are over
   (-1: never). */
int tg_push_engine_fd(const struct tg_push_engine *engine);
int tg_push_engine_wait_ms(const struct tg_push_engine *engine);
void tg_push_engine_run(struct tg_push_engine *engine);

#endif
