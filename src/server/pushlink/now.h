/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/now.h - the times of the push link.
 * Layer: L4; for pushlink/ alone.      Threads: the link's.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_PUSHLINK_NOW_H
#define TG_SERVER_PUSHLINK_NOW_H

#include "server/net/clock.h"

/* Milliseconds that never go back. */
static inline uint64_t tg_push_now_ms(void)
{
    return tg_clock_mono_ms();
}

/* UTC seconds, the earlier time of the moment: an entry is due, is leased and expires by it. So
   none is removed before it has expired by both times, and none waits for a time that a wrong clock
   has shown. */
static inline int64_t tg_push_now_s(struct tg_clock_hand *hand)
{
    uint64_t mono_ms = 0;

    return tg_clock_read(hand, &mono_ms).low_s;
}

#endif
