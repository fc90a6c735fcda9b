/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/clock.h - the clocks of the daemon's threads.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_NET_CLOCK_H
#define TG_SERVER_NET_CLOCK_H

#include <stdint.h>

struct tg_env;

/* UTC seconds, and milliseconds that never go back. Both are a few milliseconds late at most. */
void tg_clock_read(int64_t *now_s, uint64_t *now_mono_ms);
/* Monotonic microseconds, exact: to measure work. */
uint64_t tg_clock_us(void);
/* Sets the clocks of env. Call it at the start of every callback of the loop. */
void tg_clock_tick(struct tg_env *env);

#endif
