/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/clock.h - the clocks of this node, for deadlines and for the comparison with the
 * database's.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: any.   Blocks: no.
 */
#ifndef TG_STORE_POSTGRES_CLOCK_H
#define TG_STORE_POSTGRES_CLOCK_H

#include <stdint.h>

uint64_t tg_pg_mono_ms(void);
int64_t tg_pg_utc_ms(void);

#endif
