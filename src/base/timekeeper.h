/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/timekeeper.h - the one policy of time: from the wall clock, which can be set, and the boot
 * clock, which cannot, to the moments of decisions. Decision 0018 has the reasons.
 * Layer: L0.      Threads: one at a time.      Blocks: no, and reads no clock.
 *
 * The believed time runs with the boot clock. It follows the wall clock only to where that has
 * stood for the whole last hour, so a leap has no effect before. While the two are apart, a moment
 * has both. No moment is below the mark, the latest low time of earlier moments.
 */
#ifndef TG_BASE_TIMEKEEPER_H
#define TG_BASE_TIMEKEEPER_H

#include "base/err.h"
#include "base/moment.h"

#define TG_TIME_STAND_MIN 60      /* minutes until a leap is believed */
#define TG_TIME_TOLERANCE_MS 2000 /* a smaller difference is no leap */
#define TG_TIME_BELOW_MAX_S 300   /* a start further below the mark is refused */
#define TG_TIME_UNSAVED_S 5       /* a decision is durable in the mark after this time at most */
#define TG_TIME_RETRY_MIN_S 5u
#define TG_TIME_RETRY_MAX_S 600u

/* One reading of the two clocks. */
struct tg_clocks {
    int64_t wall_ms; /* UTC milliseconds since 1970 */
    int64_t boot_ms; /* milliseconds since boot, suspension included */
};

/* What is kept from one run to the next. */
struct tg_time_kept {
    bool has_mark;
    int64_t mark_s;
    bool has_anchor;
    int64_t anchor_ms; /* the believed time minus the boot clock */
    bool is_complete;  /* no decision was later than mark_s */
};

/* Both edges of the moment and how they run on until the next observation. */
struct tg_time_view {
    int64_t low_ms; /* these two run with the clock */
    int64_t high_ms;
    int64_t low_floor_ms; /* these two stand */
    int64_t high_floor_ms;
    int64_t likely_ms; /* runs: the better guess of the two, for other computers; may be below the
                          mark */
    uint32_t retry_s;
};

enum tg_time_event {
    TG_TIME_STEADY,
    TG_TIME_LEAP,   /* the wall clock was set */
    TG_TIME_DRIFT,  /* without a leap it is apart from the believed time */
    TG_TIME_SETTLED /* without a leap it is apart no longer: it has stood for an hour */
};

struct tg_time_report {
    struct tg_time_view view;
    enum tg_time_event event;
    int64_t leap_ms;       /* with TG_TIME_LEAP */
    int64_t difference_ms; /* wall clock minus the time of decisions; 0 within the tolerance */
};

struct tg_timekeeper {
    int64_t anchor_ms;     /* the believed time minus the boot clock */
    int64_t likely_ms;     /* the same, but at first what the wall clock showed at the start */
    int64_t mark_ms;       /* no moment is below it */
    int64_t high_floor_ms; /* decisions of the run before may have gone up to it */
    int64_t seen_ms;       /* the wall clock minus the boot clock, last time */
    int64_t since_ms;      /* boot clock: the last leap, or the start */
    bool is_apart;
    /* For each minute of the last hour the least and the greatest of what seen_ms was. */
    int64_t minute;
    int64_t least_ms[TG_TIME_STAND_MIN + 1];
    int64_t greatest_ms[TG_TIME_STAND_MIN + 1];
};

enum tg_time_start {
    TG_TIME_START_OK,
    TG_TIME_START_BEFORE_BUILD, /* the wall clock is certainly wrong */
    TG_TIME_START_BELOW_MARK    /* by more than TG_TIME_BELOW_MAX_S */
};

/*
 * Begins a run. Where kept names no continuation of the wall clock, the time is believed to be the
 * mark, and the wall clock is apart from it until it has stood for an hour.
 *   build_s   the date of the program; a wall clock before it is refused
 */
enum tg_time_start tg_timekeeper_start(struct tg_timekeeper *k, const struct tg_clocks *clocks,
                                       const struct tg_time_kept *kept, int64_t build_s);

/* Takes a reading.
 *   used_s   the latest low time of any moment so far, as tg_time_view_at() gave it; 0: none */
void tg_timekeeper_observe(struct tg_timekeeper *k, const struct tg_clocks *clocks, int64_t used_s,
                           struct tg_time_report *out);

/* What the next run needs; is_complete is false. */
struct tg_time_kept tg_timekeeper_keep(const struct tg_timekeeper *k);

/* The moment elapsed_ms after the observation. */
struct tg_moment tg_time_view_at(const struct tg_time_view *view, int64_t elapsed_ms);

#endif
