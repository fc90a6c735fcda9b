/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of the daemon's threads on clocks that the test moves. */
#include "support/c/unit.h"
#include "support/c/moved_clocks.h"

#include "server/http/env.h"
#include "server/net/clock.h"

#include <stdio.h>
#include <string.h>

struct fixture {
    struct tg_clock clock;
    struct tg_clock_hand hand;
    struct tg_log log;
    uint64_t mono_ms;
    char events[2048]; /* "name first-field\n" each */
};

static void keep_event(void *ctx, enum tg_log_level level, const char *name,
                       const struct tg_log_field *fields, size_t field_count)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->events);

    assert_int_equal(level, TG_LOG_WARNING);
    assert_true(field_count > 0);
    (void)snprintf(f->events + len, sizeof(f->events) - len, "%s %lld\n", name,
                   (long long)fields[0].value);
}

static int setup(void **state)
{
    static struct fixture f;
    const struct tg_time_kept none = { .has_mark = false };

    memset(&f, 0, sizeof(f));
    fake.wall_ms = FAKE_START_S * 1000;
    fake.slow_count = 0;
    f.log = (struct tg_log){ .write = keep_event, .ctx = &f };
    assert_int_equal(tg_clock_init(&f.clock, &f.log), TG_OK);
    assert_int_equal(tg_clock_start(&f.clock, &none, 0), TG_TIME_START_OK);
    tg_clock_hand_init(&f.hand, &f.clock);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_clock_deinit(&f->clock);
    return 0;
}

static void assert_reads(struct fixture *f, int64_t low_s, int64_t high_s)
{
    struct tg_moment m = tg_clock_read(&f->hand, &f->mono_ms);

    assert_int_equal(m.low_s, FAKE_START_S + low_s);
    assert_int_equal(m.high_s, FAKE_START_S + high_s);
}

static void read__time_passes__runs_between_looks(void **state)
{
    struct fixture *f = *state;

    assert_reads(f, 0, 0);
    for (int i = 0; i < 40; i++) {
        fake_pass(100);
        assert_reads(f, (i + 1) / 10, (i + 1) / 10);
    }
    assert_string_equal(f->events, "");
}

/* Only the two coarse clocks are read, except a few times a second. */
static void read__no_leap__two_clocks_each(void **state)
{
    struct fixture *f = *state;
    unsigned before = 0;

    assert_reads(f, 0, 0);
    before = fake.read_count;
    for (int i = 0; i < 100; i++) {
        fake_pass(2);
        assert_reads(f, 0, 0);
    }
    assert_int_equal(fake.read_count - before, 200);
}

/* At once, not at the next look. */
static void read__leap__seen_by_the_next_read(void **state)
{
    struct fixture *f = *state;
    struct tg_clock_state seen;

    fake_pass(10);
    assert_reads(f, 0, 0);
    fake.wall_ms += INT64_C(40) * 86400 * 1000;
    assert_reads(f, 0, 40 * 86400);
    tg_clock_state(&f->clock, &seen);
    assert_int_equal(seen.ahead_count, 1);
    assert_int_equal(seen.back_count, 0);
    assert_int_equal(seen.difference_s, 40 * 86400);
    fake_pass(3000);
    fake.wall_ms -= INT64_C(40) * 86400 * 1000;
    assert_reads(f, 3, 3);
    fake.wall_ms -= 3600 * 1000;
    assert_reads(f, 3, 3);
    fake_pass(5000);
    assert_reads(f, 3, 8);
    tg_clock_state(&f->clock, &seen);
    assert_int_equal(seen.ahead_count, 1);
    assert_int_equal(seen.back_count, 2);
    assert_int_equal(seen.difference_s, -3600);
}

static void read__suspension__no_leap(void **state)
{
    struct fixture *f = *state;

    assert_reads(f, 0, 0);
    fake.wall_ms += 9 * 3600 * 1000;
    fake.boot_ms += 9 * 3600 * 1000;
    assert_reads(f, 9 * 3600, 9 * 3600);
    assert_string_equal(f->events, "");
}

/* A thread that is interrupted between two readings does not see a leap. */
static void read__interrupted__reads_again(void **state)
{
    struct fixture *f = *state;

    fake_pass(1000);
    fake.slow_count = 8;
    (void)tg_clock_read(&f->hand, &f->mono_ms);
    fake_pass(1000);
    (void)tg_clock_read(&f->hand, &f->mono_ms);
    assert_string_equal(f->events, "");
}

/* A hand that looked earlier is not below one that looked later. */
static void read__two_threads__no_decision_below_an_earlier_one(void **state)
{
    struct fixture *f = *state;
    struct tg_clock_hand other;
    uint64_t mono_ms = 0;
    struct tg_moment m;

    tg_clock_hand_init(&other, &f->clock);
    fake_pass(240);
    atomic_store(&f->clock.used_s, FAKE_START_S + 7);
    m = tg_clock_read(&other, &mono_ms);
    assert_int_equal(m.low_s, FAKE_START_S + 7);
    assert_int_equal(m.high_s, FAKE_START_S + 7);
    assert_int_equal(tg_clock_keep(&f->clock).mark_s, FAKE_START_S + 7);
    assert_int_equal(tg_clock_likely_s(&other, mono_ms), FAKE_START_S);
}

static void log__many_leaps__a_line_a_minute(void **state)
{
    struct fixture *f = *state;
    struct tg_clock_state seen;

    for (int i = 0; i < 5; i++) {
        fake.wall_ms += 3600 * 1000;
        (void)tg_clock_read(&f->hand, &f->mono_ms);
        fake_pass(1000);
        fake.wall_ms -= 3600 * 1000;
        (void)tg_clock_read(&f->hand, &f->mono_ms);
    }
    assert_string_equal(f->events, "clock.leapt_ahead 3600\n");
    fake_pass(60000);
    (void)tg_clock_read(&f->hand, &f->mono_ms);
    assert_string_equal(f->events, "clock.leapt_ahead 3600\nclock.leapt_again 0\n");
    fake_pass(60000);
    (void)tg_clock_read(&f->hand, &f->mono_ms);
    assert_string_equal(f->events, "clock.leapt_ahead 3600\nclock.leapt_again 0\n");
    tg_clock_state(&f->clock, &seen);
    assert_int_equal(seen.ahead_count, 5);
    assert_int_equal(seen.back_count, 5);
}

static void start__after_the_mark__reported(void **state)
{
    struct fixture *f = *state;
    const struct tg_time_kept kept = { .has_mark = true, .mark_s = FAKE_START_S - 86400 };
    struct tg_clock_state seen;

    assert_int_equal(tg_clock_start(&f->clock, &kept, 0), TG_TIME_START_OK);
    tg_clock_hand_init(&f->hand, &f->clock);
    assert_reads(f, -86400, 0);
    assert_string_equal(f->events, "clock.ahead_at_start 86400\n");
    tg_clock_state(&f->clock, &seen);
    assert_int_equal(seen.difference_s, 86400);
    assert_int_equal(seen.ahead_count, 0);
}

static void start__refused__may_be_tried_again(void **state)
{
    struct fixture *f = *state;
    const struct tg_time_kept kept = { .has_mark = true, .mark_s = FAKE_START_S + 301 };

    assert_int_equal(tg_clock_start(&f->clock, &kept, 0), TG_TIME_START_BELOW_MARK);
    assert_int_equal(tg_clock_start(&f->clock, &kept, FAKE_START_S + 1),
                     TG_TIME_START_BEFORE_BUILD);
    fake_pass(1000);
    assert_int_equal(tg_clock_start(&f->clock, &kept, 0), TG_TIME_START_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(read__time_passes__runs_between_looks),
        TEST(read__no_leap__two_clocks_each),
        TEST(read__leap__seen_by_the_next_read),
        TEST(read__suspension__no_leap),
        TEST(read__interrupted__reads_again),
        TEST(read__two_threads__no_decision_below_an_earlier_one),
        TEST(log__many_leaps__a_line_a_minute),
        TEST(start__after_the_mark__reported),
        TEST(start__refused__may_be_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
