/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/time/start.h - whether the clock is good enough to start with, and what the operator must
 * know.
 * Layer: L4 (base, store, server/net/clock.h).      Threads: start only.      Blocks: on the store.
 * Secrets: none.
 */
#ifndef TG_SERVER_TIME_START_H
#define TG_SERVER_TIME_START_H

#include "base/buf.h"
#include "base/fault.h"
#include "server/net/clock.h"
#include "store/store.h"

/* Judges the clock alone. TG_E_DENIED: it is before the date of this program; fault says so. */
TG_NODISCARD enum tg_err tg_time_check(struct tg_fault *fault);

enum tg_time_accept { TG_TIME_AS_KEPT, TG_TIME_ACCEPT_CLOCK };

/*
 * Starts the clock from what the store has kept.
 *   accept  TG_TIME_ACCEPT_CLOCK (--accept-clock): the system's clock is right. The mark becomes
 *           its time.
 *   text    gets sentences for the operator on what that changes
 * TG_E_DENIED: the clock is refused; fault has the sentence, *advice what to do.
 * TG_E_FULL: the accepted time cannot be written. Without --accept-clock a full store starts.
 * TG_E_STORE, TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_time_begin(struct tg_clock *clock, struct tg_store *store,
                                       enum tg_time_accept accept, struct tg_buf *text,
                                       struct tg_fault *fault, const char **advice);

#endif
