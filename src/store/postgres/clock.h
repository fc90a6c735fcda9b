/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/clock.h - the clocks of this node, for deadlines and for the comparison with the
 * database's; and the pauses between two attempts to connect.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: any.   Blocks: no.
 */
#ifndef TG_STORE_POSTGRES_CLOCK_H
#define TG_STORE_POSTGRES_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t tg_pg_mono_ms(void);
uint64_t tg_pg_mono_us(void);
int64_t tg_pg_utc_ms(void);

/* The next number of a sequence that state is in, for jitter and tags; not for keys. */
uint64_t tg_pg_random_next(uint64_t *state);
/* After so many failures in a row: random, and longer the more there were: 50 ms to about 2 s. */
uint64_t tg_pg_pause_ms(size_t failure_count, uint64_t *random);

#endif
