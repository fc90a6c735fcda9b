/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/moment.h - the time of a decision: one time, or two while the clocks of the machine
 * disagree. Layer: L0.      Threads: any.      Blocks: no.
 *
 * The true time is between low_s and high_s. A decision that cannot be taken back, such as removing
 * a record or binding a device, needs both. base/timekeeper.h makes the moments of the relay.
 */
#ifndef TG_BASE_MOMENT_H
#define TG_BASE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct tg_moment {
    int64_t low_s; /* UTC seconds; never below that of an earlier moment */
    int64_t high_s;
    uint32_t retry_s; /* when to ask again what is disputed now, in seconds */
};

/* How a time lies to a moment. */
enum tg_when {
    TG_WHEN_REACHED, /* by both */
    TG_WHEN_DISPUTED,
    TG_WHEN_AHEAD /* by both */
};

/* The moment of one clock that is not doubted. */
static inline struct tg_moment tg_moment_sure(int64_t now_s)
{
    return (struct tg_moment){ .low_s = now_s, .high_s = now_s, .retry_s = 1 };
}

static inline bool tg_moment_is_sure(const struct tg_moment *m)
{
    return m->low_s == m->high_s;
}

static inline enum tg_when tg_moment_when(const struct tg_moment *m, int64_t at_s)
{
    return at_s <= m->low_s    ? TG_WHEN_REACHED
           : at_s <= m->high_s ? TG_WHEN_DISPUTED
                               : TG_WHEN_AHEAD;
}

/* When to ask again about at_s, which is disputed: it is reached after at_s - low_s at the latest,
   if the clock runs. */
static inline uint32_t tg_moment_retry_s(const struct tg_moment *m, int64_t at_s)
{
    int64_t left_s = at_s - m->low_s;

    return left_s > 0 && left_s < (int64_t)m->retry_s ? (uint32_t)left_s : m->retry_s;
}

#endif
