/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/sender.h - the pushes of one app, or of a provider without apps: the queue of its jobs, its
 * requests in flight, its credential and its backoff.
 * Layer: L3, for push/engine alone.   Threads: one.   Blocks: no, but new reads key files.
 * Secrets: provider keys, and tokens while their job is here; both wiped.
 */
#ifndef TG_PUSH_SENDER_H
#define TG_PUSH_SENDER_H

#include "push/engine.h"
#include "push/http_loop.h"

struct tg_push_sender;

/* number: see tg_push_has_sender. config and loop are borrowed. fault: what is wrong with the keys
 * of the provider. */
TG_NODISCARD enum tg_err tg_push_sender_new(struct tg_push_sender **out,
                                            const struct tg_push_engine_config *config,
                                            size_t number, struct tg_push_http_loop *loop,
                                            struct tg_fault *fault);
/* Drops the jobs without an outcome. Accepts *sender == NULL. */
void tg_push_sender_free(struct tg_push_sender **sender);

/* Accepts a job. Its outcome may be reported before this returns. The views are not kept. */
void tg_push_sender_take(struct tg_push_sender *sender, const struct tg_push_ipc_job *job);

#endif
