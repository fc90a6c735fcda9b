/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timekeeper.h"

#include <stddef.h>

#define MS_PER_S 1000
#define MS_PER_MIN (60 * MS_PER_S)
#define SLOT_COUNT (TG_TIME_STAND_MIN + 1) /* the minute that runs, and the hour before it */

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_near(int64_t a, int64_t b)
{
    return a - b <= TG_TIME_TOLERANCE_MS && b - a <= TG_TIME_TOLERANCE_MS;
}

/* ---- the last hour -------------------------------------------------------------------------- */

static void set_slot(struct tg_timekeeper *k, int64_t minute, int64_t offset_ms)
{
    k->least_ms[minute % SLOT_COUNT] = offset_ms;
    k->greatest_ms[minute % SLOT_COUNT] = offset_ms;
}

static void fill_hour(struct tg_timekeeper *k, int64_t minute, int64_t offset_ms)
{
    k->minute = minute;
    for (int64_t i = 0; i < SLOT_COUNT; i++) {
        set_slot(k, i, offset_ms);
    }
}

/* In minutes without an observation the clock stood where it was last seen. */
static void remember(struct tg_timekeeper *k, int64_t minute, int64_t offset_ms)
{
    if (minute - k->minute >= SLOT_COUNT) {
        fill_hour(k, minute, k->seen_ms);
    }
    while (k->minute < minute) {
        set_slot(k, ++k->minute, k->seen_ms);
    }
    size_t at = (size_t)(k->minute % SLOT_COUNT);

    k->least_ms[at] = lesser(k->least_ms[at], offset_ms);
    k->greatest_ms[at] = greater(k->greatest_ms[at], offset_ms);
}

/* spec: protocol/3#clock-leap-stands
   The nearest time to the believed one that the wall clock has shown in the last hour: it was there
   or beyond for all of it. */
static void believe(struct tg_timekeeper *k)
{
    int64_t least_ms = k->least_ms[0];
    int64_t greatest_ms = k->greatest_ms[0];

    for (size_t i = 1; i < SLOT_COUNT; i++) {
        least_ms = lesser(least_ms, k->least_ms[i]);
        greatest_ms = greater(greatest_ms, k->greatest_ms[i]);
    }
    k->anchor_ms = lesser(greater(k->anchor_ms, least_ms), greatest_ms);
    k->likely_ms = lesser(greater(k->likely_ms, least_ms), greatest_ms);
}

/* ---- start ---------------------------------------------------------------------------------- */

enum tg_time_start tg_timekeeper_start(struct tg_timekeeper *k, const struct tg_clocks *clocks,
                                       const struct tg_time_kept *kept, int64_t build_s)
{
    int64_t offset_ms = clocks->wall_ms - clocks->boot_ms;
    int64_t mark_ms = kept->has_mark ? kept->mark_s * MS_PER_S : clocks->wall_ms;
    int64_t ahead_ms = clocks->wall_ms - mark_ms;

    if (clocks->wall_ms < build_s * MS_PER_S) {
        return TG_TIME_START_BEFORE_BUILD;
    }
    if (ahead_ms < -TG_TIME_BELOW_MAX_S * MS_PER_S) {
        return TG_TIME_START_BELOW_MARK;
    }
    *k = (struct tg_timekeeper){ .anchor_ms = offset_ms,
                                 .likely_ms = offset_ms,
                                 .mark_ms = kept->has_mark ? mark_ms : 0,
                                 .high_floor_ms = mark_ms,
                                 .seen_ms = offset_ms,
                                 .since_ms = clocks->boot_ms };
    if (kept->has_anchor && is_near(kept->anchor_ms, offset_ms)) {
        k->anchor_ms = kept->anchor_ms; /* the same boot, and the clock was not set */
    } else if (kept->has_mark && ahead_ms > TG_TIME_TOLERANCE_MS) {
        k->anchor_ms = mark_ms - clocks->boot_ms;
        k->is_apart = true;
    } else if (kept->has_mark && !kept->is_complete) {
        k->high_floor_ms = mark_ms + TG_TIME_UNSAVED_S * MS_PER_S;
    }
    fill_hour(k, clocks->boot_ms / MS_PER_MIN, k->anchor_ms);
    return TG_TIME_START_OK;
}

/* ---- observations --------------------------------------------------------------------------- */

static enum tg_time_event event_of(const struct tg_timekeeper *k, int64_t leap_ms, bool was_apart)
{
    if (!is_near(leap_ms, 0)) {
        return TG_TIME_LEAP;
    }
    if (k->is_apart == was_apart) {
        return TG_TIME_STEADY;
    }
    return k->is_apart ? TG_TIME_DRIFT : TG_TIME_SETTLED;
}

/* As long as the dispute has lasted: soon after a short leap, seldom during a long one, and not
   later than its end. */
static uint32_t retry_of(const struct tg_timekeeper *k, int64_t boot_ms)
{
    int64_t age_s = (boot_ms - k->since_ms) / MS_PER_S;
    int64_t left_s = (int64_t)SLOT_COUNT * 60 - age_s;
    int64_t wait_s = lesser(greater(age_s, TG_TIME_RETRY_MIN_S), TG_TIME_RETRY_MAX_S);

    return (uint32_t)greater(lesser(wait_s, left_s), 1);
}

/* spec: protocol/3#time-not-below-earlier */
static void look(struct tg_timekeeper *k, const struct tg_clocks *clocks, struct tg_time_view *out)
{
    int64_t believed_ms = k->anchor_ms + clocks->boot_ms;

    *out = (struct tg_time_view){
        .low_ms = k->is_apart ? lesser(believed_ms, clocks->wall_ms) : believed_ms,
        .high_ms = k->is_apart ? greater(believed_ms, clocks->wall_ms) : believed_ms,
        .high_floor_ms = k->high_floor_ms,
        .likely_ms = k->likely_ms + clocks->boot_ms,
        .retry_s = retry_of(k, clocks->boot_ms)
    };
    k->mark_ms = greater(k->mark_ms, out->low_ms);
    out->low_floor_ms = k->mark_ms;
}

void tg_timekeeper_observe(struct tg_timekeeper *k, const struct tg_clocks *clocks, int64_t used_s,
                           struct tg_time_report *out)
{
    int64_t offset_ms = clocks->wall_ms - clocks->boot_ms;
    int64_t leap_ms = offset_ms - k->seen_ms;
    bool was_apart = k->is_apart;

    remember(k, clocks->boot_ms / MS_PER_MIN, offset_ms);
    k->seen_ms = offset_ms;
    believe(k);
    k->is_apart = !is_near(offset_ms, k->anchor_ms);
    k->mark_ms = greater(k->mark_ms, used_s * MS_PER_S);
    *out = (struct tg_time_report){ .event = event_of(k, leap_ms, was_apart) };
    if (out->event == TG_TIME_LEAP || out->event == TG_TIME_DRIFT) {
        k->since_ms = clocks->boot_ms;
    }
    out->leap_ms = out->event == TG_TIME_LEAP ? leap_ms : 0;
    look(k, clocks, &out->view);
    out->difference_ms = k->is_apart ? offset_ms - k->anchor_ms : clocks->wall_ms - k->mark_ms;
    if (is_near(out->difference_ms, 0)) {
        out->difference_ms = 0;
    }
}

struct tg_time_kept tg_timekeeper_keep(const struct tg_timekeeper *k)
{
    return (struct tg_time_kept){ .has_mark = true,
                                  .mark_s = k->mark_ms / MS_PER_S,
                                  .has_anchor = true,
                                  .anchor_ms = k->anchor_ms };
}

struct tg_moment tg_time_view_at(const struct tg_time_view *view, int64_t elapsed_ms)
{
    int64_t low_ms = greater(view->low_floor_ms, view->low_ms + elapsed_ms);
    int64_t high_ms = greater(view->high_floor_ms, view->high_ms + elapsed_ms);

    return (struct tg_moment){ .low_s = low_ms / MS_PER_S,
                               .high_s = greater(low_ms, high_ms) / MS_PER_S,
                               .retry_s = view->retry_s };
}
