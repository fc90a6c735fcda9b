/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/clock.h - the time of the daemon's threads: the system's clocks under the one policy
 * of base/timekeeper.h.
 * Layer: L4.      Threads: a clock for the process, a hand for each thread.      Blocks: no.
 * Secrets: none.
 *
 * A thread reads only the coarse clocks. It finds out where the wall clock was set since it last
 * looked, because the two coarse clocks then differ by another amount; it reads the exact clocks
 * then, and a few times a second.
 */
#ifndef TG_SERVER_NET_CLOCK_H
#define TG_SERVER_NET_CLOCK_H

#include "base/log.h"
#include "base/timekeeper.h"

#include <pthread.h>
#include <stdatomic.h>

struct tg_env;

/* What an operator sees of it. */
struct tg_clock_state {
    int64_t difference_s; /* the system's clock minus the time of decisions */
    uint64_t ahead_count; /* leaps */
    uint64_t back_count;
};

struct tg_clock {
    pthread_mutex_t lock; /* of all up to used_s */
    struct tg_timekeeper keeper;
    struct tg_clock_state state;
    const struct tg_log *log;
    uint64_t quiet_until_ms; /* no event is written before */
    uint64_t unwritten_count;

    _Atomic int64_t used_s; /* the latest low time of a moment */
};

/* Sets it up without a time. The clock must not move. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_clock_init(struct tg_clock *clock, const struct tg_log *log);
void tg_clock_deinit(struct tg_clock *clock);

/* Begins the run, before any hand is set up. A start that is refused may be tried again. */
enum tg_time_start tg_clock_start(struct tg_clock *clock, const struct tg_time_kept *kept,
                                  int64_t build_s);

/* Any thread. */
void tg_clock_state(struct tg_clock *clock, struct tg_clock_state *out);
/* What to keep of it: every decision so far is at mark_s or before. Any thread. */
struct tg_time_kept tg_clock_keep(struct tg_clock *clock);

struct tg_clock_hand {
    struct tg_clock *clock;
    struct tg_time_view view;
    uint64_t from_ms; /* monotonic: when view was made */
    uint64_t until_ms;
    int64_t offset_ms; /* of the two coarse clocks */
};

void tg_clock_hand_init(struct tg_clock_hand *hand, struct tg_clock *clock);
/* The moment now, and milliseconds that never go back; a few milliseconds late at most. */
struct tg_moment tg_clock_read(struct tg_clock_hand *hand, uint64_t *mono_ms);
/* UTC seconds that run on, as of the last tg_clock_read: the better guess of the two times, without
   the mark. For times that other computers compare with their own. */
int64_t tg_clock_likely_s(const struct tg_clock_hand *hand, uint64_t mono_ms);
/* Milliseconds that never go back, a few late at most. Any thread. */
uint64_t tg_clock_mono_ms(void);
/* Monotonic microseconds, exact: to measure work. Any thread. */
uint64_t tg_clock_us(void);

/* Sets the times of env from its hand. Call it at the start of every callback of the loop. */
void tg_clock_tick(struct tg_env *env);

/* The system's clocks, both at one instant. */
void tg_clock_now(struct tg_clocks *out);

#endif
