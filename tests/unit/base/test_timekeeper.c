/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of time, with clocks that the test moves. */
#include "support/c/unit.h"

#include "base/timekeeper.h"

#include <string.h>

#define START_S INT64_C(1800000000)
#define BUILD_S (START_S - 86400)
#define BOOT_S 5000
#define MINUTE 60
#define HOUR 3600
#define DAY INT64_C(86400)
#define MS 1000

struct fixture {
    struct tg_timekeeper k;
    struct tg_clocks clocks;
    struct tg_time_report report;
    struct tg_moment now;
    unsigned leap_count, drift_count, settled_count;
    int64_t low_before_s;
};

static void look(struct fixture *f)
{
    tg_timekeeper_observe(&f->k, &f->clocks, f->low_before_s, &f->report);
    f->now = tg_time_view_at(&f->report.view, 0);
    f->leap_count += f->report.event == TG_TIME_LEAP;
    f->drift_count += f->report.event == TG_TIME_DRIFT;
    f->settled_count += f->report.event == TG_TIME_SETTLED;
    /* What holds at all times. */
    assert_true(f->now.low_s >= f->low_before_s);
    assert_true(f->now.low_s <= f->now.high_s);
    assert_in_range(f->now.retry_s, 1, TG_TIME_RETRY_MAX_S);
    f->low_before_s = f->now.low_s;
}

/* Both clocks run, and are looked at every ten seconds. */
static void run(struct fixture *f, int64_t seconds)
{
    while (seconds > 0) {
        int64_t step_s = seconds < 10 ? seconds : 10;

        f->clocks.wall_ms += step_s * MS;
        f->clocks.boot_ms += step_s * MS;
        seconds -= step_s;
        look(f);
    }
}

static void leap(struct fixture *f, int64_t seconds)
{
    f->clocks.wall_ms += seconds * MS;
    look(f);
}

static int64_t wall_s(const struct fixture *f)
{
    return f->clocks.wall_ms / MS;
}

/* The seconds since the start by the boot clock, as a time: what is right when the start was. */
static int64_t right_s(const struct fixture *f)
{
    return START_S + f->clocks.boot_ms / MS - BOOT_S;
}

static void assert_sure(const struct fixture *f, int64_t at_s)
{
    assert_int_equal(f->now.low_s, at_s);
    assert_int_equal(f->now.high_s, at_s);
}

static enum tg_time_start start_with(struct fixture *f, int64_t wall_ahead_s,
                                     const struct tg_time_kept *kept)
{
    memset(f, 0, sizeof(*f));
    f->clocks = (struct tg_clocks){ (START_S + wall_ahead_s) * MS, BOOT_S * MS };
    return tg_timekeeper_start(&f->k, &f->clocks, kept, BUILD_S);
}

static void start_new(struct fixture *f)
{
    assert_int_equal(start_with(f, 0, &(struct tg_time_kept){ .has_mark = false }),
                     TG_TIME_START_OK);
    look(f);
    assert_sure(f, START_S);
}

/* spec-test: protocol/3#clock-leap-stands protocol/3#time-not-below-earlier */
/* ---- leaps ---------------------------------------------------------------------------------- */

static void observe__no_leap__one_time(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    run(&f, 3 * DAY);
    assert_sure(&f, START_S + 3 * DAY);
    assert_int_equal(f.leap_count + f.drift_count + f.settled_count, 0);
    assert_int_equal(f.report.difference_ms, 0);
}

static void observe__leap_ahead_for_some_time__as_if_it_had_not_been(void **state)
{
    static const int64_t times_s[] = { 3, 59 * MINUTE };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(times_s); i++) {
        start_new(&f);
        run(&f, 100);
        leap(&f, 40 * DAY);
        assert_int_equal(f.now.low_s, START_S + 100);
        assert_int_equal(f.now.high_s, START_S + 100 + 40 * DAY);
        assert_int_equal(f.report.event, TG_TIME_LEAP);
        assert_int_equal(f.report.leap_ms, 40 * DAY * MS);
        assert_int_equal(f.report.difference_ms, 40 * DAY * MS);
        run(&f, times_s[i]);
        assert_int_equal(f.now.low_s, right_s(&f));
        assert_int_equal(f.now.high_s, right_s(&f) + 40 * DAY);
        leap(&f, -40 * DAY);
        assert_sure(&f, right_s(&f));
        assert_int_equal(f.report.difference_ms, 0);
        run(&f, 2 * HOUR);
        assert_sure(&f, right_s(&f));
        assert_int_equal(f.leap_count, 2);
        assert_int_equal(f.settled_count, 0);
    }
}

static void observe__leap_ahead_stands_for_61_minutes__believed(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    run(&f, 1234);
    leap(&f, 40 * DAY);
    run(&f, HOUR);
    assert_int_equal(f.now.low_s, right_s(&f)); /* the minute of the leap still counts */
    run(&f, MINUTE);
    assert_sure(&f, right_s(&f) + 40 * DAY);
    assert_sure(&f, wall_s(&f));
    assert_int_equal(f.settled_count, 1);
    run(&f, DAY);
    assert_sure(&f, wall_s(&f));
    assert_int_equal(f.leap_count, 1);
}

/* The mark holds the low edge, and the time that has passed holds the high one. */
static void observe__leap_back__disputed_then_the_mark(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    run(&f, 2 * HOUR);
    leap(&f, -2 * HOUR);
    assert_int_equal(f.report.difference_ms, -2 * HOUR * MS);
    run(&f, 30 * MINUTE);
    assert_int_equal(f.now.low_s, START_S + 2 * HOUR);
    assert_int_equal(f.now.high_s, START_S + 2 * HOUR + 30 * MINUTE);
    run(&f, 31 * MINUTE);
    assert_sure(&f, START_S + 2 * HOUR);
    assert_int_equal(f.settled_count, 1);
    assert_int_equal(f.report.difference_ms, -59 * MINUTE * MS);
    run(&f, 58 * MINUTE);
    assert_sure(&f, START_S + 2 * HOUR);
    run(&f, 2 * MINUTE);
    assert_sure(&f, wall_s(&f));
    assert_int_equal(f.report.difference_ms, 0);
}

static void observe__leap_back_for_a_while__continues_by_the_boot_clock(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    run(&f, HOUR);
    leap(&f, -HOUR);
    run(&f, 59 * MINUTE);
    leap(&f, HOUR);
    assert_sure(&f, right_s(&f));
    assert_int_equal(f.settled_count, 0);
}

/* ---- who tries again ------------------------------------------------------------------------ */

static void observe__many_leaps__the_mark_runs_no_faster_than_the_boot_clock(void **state)
{
    static const int64_t sizes_s[] = { 3, 60, HOUR, 40 * DAY, -HOUR, 100 * DAY };
    struct fixture f;

    (void)state;
    start_new(&f);
    for (unsigned i = 0; i < 300; i++) {
        int64_t size_s = sizes_s[i % TG_COUNT(sizes_s)];

        leap(&f, size_s);
        run(&f, 1 + i % (59 * MINUTE));
        assert_true(f.now.low_s <= right_s(&f));
        leap(&f, -size_s);
        run(&f, 1);
        assert_sure(&f, right_s(&f));
    }
}

/* Further ahead every minute: what is believed is what the clock has shown for a whole hour. */
static void observe__leap_after_leap_in_one_direction__an_hour_behind(void **state)
{
    struct fixture f;
    unsigned minutes = 0;

    (void)state;
    start_new(&f);
    for (minutes = 1; minutes <= 600; minutes++) {
        leap(&f, 10);
        run(&f, MINUTE);
        assert_true(f.now.low_s <= right_s(&f) + 10 * (int64_t)(minutes > 60 ? minutes - 60 : 0));
    }
    assert_true(f.now.high_s - f.now.low_s <= 620);
    run(&f, 61 * MINUTE);
    assert_sure(&f, wall_s(&f));
}

static void observe__second_leap_in_the_hour__each_is_believed_after_its_own(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    leap(&f, HOUR);
    run(&f, 30 * MINUTE);
    leap(&f, 40 * DAY);
    run(&f, 29 * MINUTE);
    assert_int_equal(f.now.low_s, right_s(&f));
    run(&f, 2 * MINUTE);
    assert_int_equal(f.now.low_s, right_s(&f) + HOUR);
    assert_int_equal(f.now.high_s, right_s(&f) + HOUR + 40 * DAY);
    run(&f, 30 * MINUTE);
    assert_sure(&f, wall_s(&f));
}

/* ---- small differences ---------------------------------------------------------------------- */

static void observe__slow_drift__followed_without_an_event(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    for (unsigned minutes = 0; minutes < 3000; minutes++) {
        f.clocks.wall_ms += 20; /* 333 ppm */
        run(&f, MINUTE);
        assert_true(f.now.low_s == f.now.high_s);
    }
    assert_true(wall_s(&f) - f.now.low_s <= 2);
    assert_int_equal(f.leap_count + f.drift_count + f.settled_count, 0);
}

static void observe__fast_drift__reported_once_and_bounded(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    for (unsigned minutes = 0; minutes < 3000; minutes++) {
        f.clocks.wall_ms += 600; /* 1 per cent */
        run(&f, MINUTE);
        assert_true(f.now.high_s - f.now.low_s <= 38);
        assert_true(wall_s(&f) - f.report.view.likely_ms / MS <= 38);
    }
    assert_int_equal(f.leap_count, 0);
    assert_int_equal(f.drift_count, 1);
}

static void observe__within_the_tolerance__no_leap(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    leap(&f, 2);
    assert_sure(&f, START_S);
    assert_int_equal(f.leap_count, 0);
    f.clocks.wall_ms += 1;
    look(&f);
    assert_int_equal(f.now.high_s, START_S + 2);
    assert_int_equal(f.now.low_s, START_S);
    assert_int_equal(f.drift_count, 1);
}

/* The boot clock runs on while the machine sleeps, as the wall clock does. */
static void observe__suspension__time_has_passed(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    f.clocks.wall_ms += 9 * HOUR * MS;
    f.clocks.boot_ms += 9 * HOUR * MS;
    look(&f);
    assert_sure(&f, START_S + 9 * HOUR);
    assert_int_equal(f.leap_count, 0);
}

/* A leap in a suspension is new at its end. */
static void observe__leap_in_a_suspension__the_hour_begins_then(void **state)
{
    static const int64_t asleep_s[] = { 40 * MINUTE, 9 * HOUR };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(asleep_s); i++) {
        start_new(&f);
        f.clocks.wall_ms += (asleep_s[i] + 40 * DAY) * MS;
        f.clocks.boot_ms += asleep_s[i] * MS;
        look(&f);
        assert_int_equal(f.now.low_s, START_S + asleep_s[i]);
        assert_int_equal(f.now.high_s, START_S + asleep_s[i] + 40 * DAY);
        run(&f, 59 * MINUTE);
        assert_int_equal(f.now.low_s, right_s(&f));
        run(&f, 2 * MINUTE);
        assert_sure(&f, wall_s(&f));
    }
}

/* ---- start ---------------------------------------------------------------------------------- */

static void start__wall_clock_before_the_build__refused(void **state)
{
    struct fixture f;
    struct tg_time_kept none = { .has_mark = false };

    (void)state;
    assert_int_equal(start_with(&f, BUILD_S - START_S - 1, &none), TG_TIME_START_BEFORE_BUILD);
    assert_int_equal(start_with(&f, BUILD_S - START_S, &none), TG_TIME_START_OK);
}

static void start__below_the_mark__refused_beyond_five_minutes(void **state)
{
    static const struct {
        int64_t below_s;
        enum tg_time_start verdict;
    } rows[] = { { 240, TG_TIME_START_OK },
                 { 300, TG_TIME_START_OK },
                 { 301, TG_TIME_START_BELOW_MARK },
                 { 360, TG_TIME_START_BELOW_MARK },
                 { 40 * DAY, TG_TIME_START_BELOW_MARK } };
    struct tg_time_kept kept = { .has_mark = true, .mark_s = START_S, .is_complete = true };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(start_with(&f, 0,
                                    &(struct tg_time_kept){ .has_mark = true,
                                                            .mark_s = START_S + rows[i].below_s,
                                                            .is_complete = true }),
                         rows[i].verdict);
    }
    assert_int_equal(start_with(&f, -240, &kept), TG_TIME_START_OK);
    look(&f);
    assert_sure(&f, START_S);
    assert_int_equal(f.report.difference_ms, -240 * MS);
    run(&f, 240);
    assert_sure(&f, START_S);
    run(&f, 10);
    assert_sure(&f, START_S + 10);
}

/* The run before may have decided at a time that it could not write down any more. */
static void start__killed_and_the_clock_set_back__disputed_beyond_the_mark(void **state)
{
    struct tg_time_kept kept = { .has_mark = true, .mark_s = START_S, .is_complete = false };
    struct fixture f;

    (void)state;
    assert_int_equal(start_with(&f, -60, &kept), TG_TIME_START_OK);
    look(&f);
    assert_int_equal(f.now.low_s, START_S);
    assert_int_equal(f.now.high_s, START_S + TG_TIME_UNSAVED_S);
    run(&f, 60 + TG_TIME_UNSAVED_S);
    assert_sure(&f, START_S + TG_TIME_UNSAVED_S);
}

static void start__same_boot_and_clock_not_set__one_time(void **state)
{
    struct tg_time_kept kept;
    struct fixture f;

    (void)state;
    start_new(&f);
    run(&f, 500);
    kept = tg_timekeeper_keep(&f.k);
    assert_int_equal(kept.mark_s, START_S + 500);
    f.clocks.wall_ms += 3 * DAY * MS;
    f.clocks.boot_ms += 3 * DAY * MS;
    assert_int_equal(tg_timekeeper_start(&f.k, &f.clocks, &kept, BUILD_S), TG_TIME_START_OK);
    look(&f);
    assert_sure(&f, START_S + 500 + 3 * DAY);
    assert_int_equal(f.report.difference_ms, 0);
}

/* Off for a weekend, and the machine too: nobody knows how long. */
static void start__another_boot_after_the_mark__both_times_for_an_hour(void **state)
{
    struct tg_time_kept kept = { .has_mark = true,
                                 .mark_s = START_S - 3 * DAY,
                                 .has_anchor = true,
                                 .anchor_ms = (START_S - 100 * DAY) * MS,
                                 .is_complete = true };
    struct fixture f;

    (void)state;
    assert_int_equal(start_with(&f, 0, &kept), TG_TIME_START_OK);
    look(&f);
    assert_int_equal(f.now.low_s, START_S - 3 * DAY);
    assert_int_equal(f.now.high_s, START_S);
    assert_int_equal(f.report.difference_ms, 3 * DAY * MS);
    assert_int_equal(f.leap_count, 0);
    run(&f, 59 * MINUTE);
    assert_int_equal(f.now.low_s, right_s(&f) - 3 * DAY);
    run(&f, 2 * MINUTE);
    assert_sure(&f, wall_s(&f));
    assert_int_equal(f.settled_count, 1);
}

/* What other computers compare with their own time: after a leap the time from before, after a
   start the clock of the computer. */
static void view__likely__runs_on_over_a_leap_and_is_the_clock_after_a_start(void **state)
{
    struct tg_time_kept kept = { .has_mark = true, .mark_s = START_S - 3 * DAY };
    struct fixture f;

    (void)state;
    start_new(&f);
    leap(&f, 40 * DAY);
    run(&f, 10 * MINUTE);
    assert_int_equal(f.report.view.likely_ms / MS, right_s(&f));
    leap(&f, -41 * DAY);
    run(&f, 10 * MINUTE);
    assert_int_equal(f.report.view.likely_ms / MS, right_s(&f));
    run(&f, HOUR);
    assert_int_equal(f.report.view.likely_ms / MS, wall_s(&f));
    assert_int_equal(start_with(&f, 0, &kept), TG_TIME_START_OK);
    look(&f);
    assert_int_equal(f.report.view.likely_ms / MS, START_S);
    run(&f, HOUR + 2 * MINUTE);
    assert_int_equal(f.report.view.likely_ms / MS, wall_s(&f));
    leap(&f, DAY);
    assert_int_equal(f.report.view.likely_ms / MS, wall_s(&f) - DAY);
}

/* Restarts with a clock that is a little further ahead each time do not push the mark. */
static void start__again_and_again_ahead__the_mark_runs_no_faster(void **state)
{
    struct tg_time_kept kept = { .has_mark = true, .mark_s = START_S, .is_complete = true };
    struct fixture f;

    (void)state;
    for (int64_t i = 1; i <= 50; i++) {
        assert_int_equal(start_with(&f, i * 240, &kept), TG_TIME_START_OK);
        look(&f);
        run(&f, 20);
        kept = tg_timekeeper_keep(&f.k);
        kept.has_anchor = false;
        assert_int_equal(kept.mark_s, START_S + i * 20);
    }
}

/* ---- between observations ------------------------------------------------------------------- */

static void view__later__both_edges_run(void **state)
{
    struct fixture f;
    struct tg_moment later;

    (void)state;
    start_new(&f);
    leap(&f, DAY);
    later = tg_time_view_at(&f.report.view, 2500);
    assert_int_equal(later.low_s, START_S + 2);
    assert_int_equal(later.high_s, START_S + DAY + 2);
    leap(&f, -2 * DAY);
    later = tg_time_view_at(&f.report.view, 2500);
    assert_int_equal(later.low_s, START_S);
    assert_int_equal(later.high_s, START_S + 2);
}

/* What a thread has used between two observations is not undone by the second one. */
static void observe__moments_were_used_since__not_below_them(void **state)
{
    struct fixture f;

    (void)state;
    start_new(&f);
    f.low_before_s = tg_time_view_at(&f.report.view, 9000).low_s;
    leap(&f, -HOUR);
    assert_int_equal(f.now.low_s, START_S + 9);
    assert_int_equal(tg_timekeeper_keep(&f.k).mark_s, START_S + 9);
}

static void observe__retry__as_long_as_the_dispute_has_lasted(void **state)
{
    static const struct {
        int64_t after_s;
        uint32_t retry_s;
    } rows[] = { { 0, 5 }, { 5, 5 }, { 60, 60 }, { 600, 600 }, { 2400, 600 }, { 3600, 60 } };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        start_new(&f);
        run(&f, 100);
        leap(&f, DAY);
        run(&f, rows[i].after_s);
        assert_int_equal(f.now.retry_s, rows[i].retry_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observe__no_leap__one_time),
        cmocka_unit_test(observe__leap_ahead_for_some_time__as_if_it_had_not_been),
        cmocka_unit_test(observe__leap_ahead_stands_for_61_minutes__believed),
        cmocka_unit_test(observe__leap_back__disputed_then_the_mark),
        cmocka_unit_test(observe__leap_back_for_a_while__continues_by_the_boot_clock),
        cmocka_unit_test(observe__many_leaps__the_mark_runs_no_faster_than_the_boot_clock),
        cmocka_unit_test(observe__leap_after_leap_in_one_direction__an_hour_behind),
        cmocka_unit_test(observe__second_leap_in_the_hour__each_is_believed_after_its_own),
        cmocka_unit_test(observe__slow_drift__followed_without_an_event),
        cmocka_unit_test(observe__fast_drift__reported_once_and_bounded),
        cmocka_unit_test(observe__within_the_tolerance__no_leap),
        cmocka_unit_test(observe__suspension__time_has_passed),
        cmocka_unit_test(observe__leap_in_a_suspension__the_hour_begins_then),
        cmocka_unit_test(start__wall_clock_before_the_build__refused),
        cmocka_unit_test(start__below_the_mark__refused_beyond_five_minutes),
        cmocka_unit_test(start__killed_and_the_clock_set_back__disputed_beyond_the_mark),
        cmocka_unit_test(start__same_boot_and_clock_not_set__one_time),
        cmocka_unit_test(start__another_boot_after_the_mark__both_times_for_an_hour),
        cmocka_unit_test(start__again_and_again_ahead__the_mark_runs_no_faster),
        cmocka_unit_test(view__likely__runs_on_over_a_leap_and_is_the_clock_after_a_start),
        cmocka_unit_test(view__later__both_edges_run),
        cmocka_unit_test(observe__moments_were_used_since__not_below_them),
        cmocka_unit_test(observe__retry__as_long_as_the_dispute_has_lasted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
