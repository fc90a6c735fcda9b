/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/clock.h"

#include "server/http/env.h"

#include <time.h>

#define MS_PER_S 1000
#define LOOK_EVERY_MS 250u
#define SAME_MS 100  /* the coarse clocks differ by this much more only after a leap */
#define AT_ONCE_MS 2 /* readings further apart belong to a thread that was interrupted */
#define TRIES_MAX 4u
#define QUIET_MS 60000u /* between two events in the log */

/* ---- the system's clocks -------------------------------------------------------------------- */

static int64_t read_ms(clockid_t id)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * MS_PER_S + ts.tv_nsec / 1000000;
}

uint64_t tg_clock_mono_ms(void)
{
    return (uint64_t)read_ms(CLOCK_MONOTONIC_COARSE);
}

/* A thread that is interrupted between the readings tries again. */
static uint64_t now(struct tg_clocks *out)
{
    int64_t mono_ms = 0;

    for (unsigned i = 0; i < TRIES_MAX; i++) {
        mono_ms = read_ms(CLOCK_MONOTONIC);
        out->boot_ms = read_ms(CLOCK_BOOTTIME);
        out->wall_ms = read_ms(CLOCK_REALTIME);
        if (read_ms(CLOCK_MONOTONIC) - mono_ms <= AT_ONCE_MS) {
            break;
        }
    }
    return (uint64_t)mono_ms;
}

void tg_clock_now(struct tg_clocks *out)
{
    (void)now(out);
}

/* ---- the clock ------------------------------------------------------------------------------ */

enum tg_err tg_clock_init(struct tg_clock *clock, const struct tg_log *log)
{
    *clock = (struct tg_clock){ .log = log };
    return pthread_mutex_init(&clock->lock, NULL) == 0 ? TG_OK : TG_E_NOMEM;
}

void tg_clock_deinit(struct tg_clock *clock)
{
    (void)pthread_mutex_destroy(&clock->lock);
}

enum tg_time_start tg_clock_start(struct tg_clock *clock, const struct tg_time_kept *kept,
                                  int64_t build_s)
{
    struct tg_clocks clocks;
    struct tg_time_report report;
    enum tg_time_start start = TG_TIME_START_OK;

    tg_clock_now(&clocks);
    start = tg_timekeeper_start(&clock->keeper, &clocks, kept, build_s);
    if (start != TG_TIME_START_OK) {
        return start;
    }
    tg_timekeeper_observe(&clock->keeper, &clocks, 0, &report);
    clock->state.difference_s = report.difference_ms / MS_PER_S;
    atomic_store(&clock->used_s, tg_time_view_at(&report.view, 0).low_s);
    if (clock->state.difference_s != 0) {
        TG_LOG(clock->log, TG_LOG_WARNING,
               clock->state.difference_s > 0 ? "clock.ahead_at_start" : "clock.behind_at_start",
               { "seconds", clock->state.difference_s });
    }
    return TG_TIME_START_OK;
}

void tg_clock_state(struct tg_clock *clock, struct tg_clock_state *out)
{
    (void)pthread_mutex_lock(&clock->lock);
    *out = clock->state;
    (void)pthread_mutex_unlock(&clock->lock);
}

struct tg_time_kept tg_clock_keep(struct tg_clock *clock)
{
    int64_t used_s = atomic_load(&clock->used_s);
    struct tg_time_kept kept;

    (void)pthread_mutex_lock(&clock->lock);
    kept = tg_timekeeper_keep(&clock->keeper);
    (void)pthread_mutex_unlock(&clock->lock);
    kept.mark_s = kept.mark_s > used_s ? kept.mark_s : used_s;
    return kept;
}

/* ---- events --------------------------------------------------------------------------------- */

static const char *name_of(const struct tg_time_report *report)
{
    switch (report->event) {
    case TG_TIME_STEADY:
        break;
    case TG_TIME_LEAP:
        return report->leap_ms > 0 ? "clock.leapt_ahead" : "clock.leapt_back";
    case TG_TIME_DRIFT:
        return "clock.drifted_apart";
    case TG_TIME_SETTLED:
        return "clock.settled";
    }
    return "clock.leapt_again";
}

/* At most one line a minute; what was left out is counted in the next line. */
static void write_event(struct tg_clock *clock, const struct tg_time_report *report,
                        uint64_t mono_ms)
{
    bool is_event = report->event != TG_TIME_STEADY;

    if (mono_ms < clock->quiet_until_ms) {
        clock->unwritten_count += is_event ? 1 : 0;
        return;
    }
    if (!is_event && clock->unwritten_count == 0) {
        return;
    }
    TG_LOG(clock->log, TG_LOG_WARNING, name_of(report), { "seconds", report->leap_ms / MS_PER_S },
           { "difference_s", clock->state.difference_s },
           { "unwritten", (int64_t)clock->unwritten_count });
    clock->unwritten_count = 0;
    clock->quiet_until_ms = mono_ms + QUIET_MS;
}

/* Under the lock. */
static void take_report(struct tg_clock *clock, const struct tg_time_report *report,
                        uint64_t mono_ms)
{
    clock->state.difference_s = report->difference_ms / MS_PER_S;
    if (report->event == TG_TIME_LEAP || report->event == TG_TIME_DRIFT) {
        bool is_ahead =
            report->event == TG_TIME_LEAP ? report->leap_ms > 0 : report->difference_ms > 0;

        clock->state.ahead_count += is_ahead ? 1 : 0;
        clock->state.back_count += is_ahead ? 0 : 1;
    }
    write_event(clock, report, mono_ms);
}

/* ---- hands ---------------------------------------------------------------------------------- */

static void look(struct tg_clock_hand *hand)
{
    struct tg_clock *clock = hand->clock;
    struct tg_time_report report;
    struct tg_clocks clocks;

    (void)pthread_mutex_lock(&clock->lock);
    hand->from_ms = now(&clocks);
    tg_timekeeper_observe(&clock->keeper, &clocks, atomic_load(&clock->used_s), &report);
    take_report(clock, &report, hand->from_ms);
    (void)pthread_mutex_unlock(&clock->lock);
    hand->view = report.view;
    hand->until_ms = hand->from_ms + LOOK_EVERY_MS;
    hand->offset_ms = clocks.wall_ms - (int64_t)hand->from_ms;
}

void tg_clock_hand_init(struct tg_clock_hand *hand, struct tg_clock *clock)
{
    *hand = (struct tg_clock_hand){ .clock = clock };
    look(hand);
}

static int64_t elapsed_ms(const struct tg_clock_hand *hand, uint64_t mono_ms)
{
    return mono_ms > hand->from_ms ? (int64_t)(mono_ms - hand->from_ms) : 0;
}

/* No decision of the process is below one that any of its threads has made before. */
static void keep_up(struct tg_clock *clock, struct tg_moment *m)
{
    int64_t used_s = atomic_load(&clock->used_s);

    while (m->low_s > used_s && !atomic_compare_exchange_weak(&clock->used_s, &used_s, m->low_s)) {
    }
    m->low_s = m->low_s > used_s ? m->low_s : used_s;
    m->high_s = m->high_s > m->low_s ? m->high_s : m->low_s;
}

struct tg_moment tg_clock_read(struct tg_clock_hand *hand, uint64_t *mono_ms)
{
    int64_t wall_ms = read_ms(CLOCK_REALTIME_COARSE);
    struct tg_moment m;
    int64_t moved_ms = 0;

    *mono_ms = tg_clock_mono_ms();
    moved_ms = wall_ms - (int64_t)*mono_ms - hand->offset_ms;
    if (*mono_ms >= hand->until_ms || moved_ms > SAME_MS || moved_ms < -SAME_MS) {
        look(hand);
    }
    m = tg_time_view_at(&hand->view, elapsed_ms(hand, *mono_ms));
    keep_up(hand->clock, &m);
    return m;
}

int64_t tg_clock_likely_s(const struct tg_clock_hand *hand, uint64_t mono_ms)
{
    return (hand->view.likely_ms + elapsed_ms(hand, mono_ms)) / MS_PER_S;
}

uint64_t tg_clock_us(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void tg_clock_tick(struct tg_env *env)
{
    env->now = tg_clock_read(env->hand, &env->now_mono_ms);
}
