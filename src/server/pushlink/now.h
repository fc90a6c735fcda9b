/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/now.h - reads one of the two clocks of net/clock.h.
 * Layer: L4; for pushlink/ alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_PUSHLINK_NOW_H
#define TG_SERVER_PUSHLINK_NOW_H

#include "server/net/clock.h"

/* Milliseconds that never go back. */
static inline uint64_t tg_push_now_ms(void)
{
    uint64_t mono_ms = 0;
    int64_t s = 0;

    tg_clock_read(&s, &mono_ms);
    return mono_ms;
}

/* UTC seconds. */
static inline int64_t tg_push_now_s(void)
{
    uint64_t mono_ms = 0;
    int64_t s = 0;

    tg_clock_read(&s, &mono_ms);
    return s;
}

#endif
