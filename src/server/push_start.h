/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/push_start.h - what a relay that sends pushes needs at the start.
 * Layer: L4.      Threads: main.      Blocks: until the push process is ready.
 * Secrets: the opener's key.
 */
#ifndef TG_SERVER_PUSH_START_H
#define TG_SERVER_PUSH_START_H

#include "server/push_ask.h"
#include "server/pushlink/open.h"
#include "server/shared.h"

struct tg_push_start {
    struct tg_push_ask ask;
    struct tg_push_opener opener;
};

/* What the relay's settings say of pushes. Without a provider nothing is prepared. p must not move.
   TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_push_start_prepare(struct tg_push_start *p, struct tg_shared *shared);
/* When the store is open, and after the development certificate is made: the push process trusts
   it. TG_E_IO, TG_E_NOMEM: fault has the reason. */
TG_NODISCARD enum tg_err tg_push_start_link(struct tg_push_start *p, struct tg_shared *shared,
                                            struct tg_fault *fault);

#endif
