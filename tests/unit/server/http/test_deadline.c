/* SPDX-License-Identifier: Apache-2.0 */

#include "support/c/unit.h"

#include "server/http/deadline.h"

struct probe {
    struct tg_deadline deadline;
    size_t fired_count;
    struct probe *clears;
    uint64_t again_mono_ms; /* 0: not fired */
};

static struct tg_wheel wheel;

static void on_fired(struct tg_deadline *d)
{
    struct probe *p = TG_CONTAINER(d, struct probe, deadline);

    assert_false(tg_deadline_is_set(d));
    p->fired_count++;
    if (p->clears != NULL) {
        tg_deadline_clear(&p->clears->deadline);
    }
    if (p->again_mono_ms != 0) {
        tg_deadline_set(&wheel, d, p->again_mono_ms);
        p->again_mono_ms = 0;
    }
}

static int setup(void **state)
{
    (void)state;
    tg_wheel_init(&wheel, 1000);
    return 0;
}

/* Times around every edge of the wheel. */
static void fires__not_early_and_at_most_one_tick_late(void **state)
{
    static const uint64_t in_ms[] = { 0,     1,     249,   250,   251,    9999,
                                      63999, 64000, 64001, 70000, 128000, 200000 };

    (void)state;
    for (size_t i = 0; i < sizeof(in_ms) / sizeof(in_ms[0]); i++) {
        struct probe p = { .deadline.fired = on_fired };
        uint64_t from_ms = wheel.now_mono_ms;
        uint64_t fired_ms = 0;

        tg_deadline_set(&wheel, &p.deadline, from_ms + in_ms[i]);
        while (p.fired_count == 0 && wheel.now_mono_ms < from_ms + 300000) {
            tg_wheel_advance(&wheel, wheel.now_mono_ms + 50);
        }
        fired_ms = wheel.now_mono_ms;
        assert_int_equal(p.fired_count, 1);
        assert_true(fired_ms >= from_ms + in_ms[i]);
        assert_true(fired_ms <= from_ms + in_ms[i] + 2 * TG_WHEEL_TICK_MS);
    }
}

static void moved_later__fires_at_the_later_time(void **state)
{
    struct probe p = { .deadline.fired = on_fired };

    (void)state;
    tg_deadline_set(&wheel, &p.deadline, 2000);
    tg_deadline_set(&wheel, &p.deadline, 5000);
    tg_wheel_advance(&wheel, 4900);
    assert_int_equal(p.fired_count, 0);
    tg_wheel_advance(&wheel, 5300);
    assert_int_equal(p.fired_count, 1);
}

static void moved_earlier__fires_at_the_earlier_time(void **state)
{
    struct probe p = { .deadline.fired = on_fired };

    (void)state;
    tg_deadline_set(&wheel, &p.deadline, 50000);
    tg_deadline_set(&wheel, &p.deadline, 2000);
    tg_wheel_advance(&wheel, 2300);
    assert_int_equal(p.fired_count, 1);
}

static void cleared__never_fires(void **state)
{
    struct probe p = { .deadline.fired = on_fired };

    (void)state;
    tg_deadline_clear(&p.deadline);
    tg_deadline_set(&wheel, &p.deadline, 2000);
    tg_deadline_clear(&p.deadline);
    tg_wheel_advance(&wheel, 90000);
    assert_int_equal(p.fired_count, 0);
}

static void fired__clears_another_and_sets_itself_again(void **state)
{
    struct probe b = { .deadline.fired = on_fired };
    struct probe a = { .deadline.fired = on_fired, .clears = &b, .again_mono_ms = 4000 };

    (void)state;
    tg_deadline_set(&wheel, &a.deadline, 2000);
    tg_deadline_set(&wheel, &b.deadline, 2000);
    tg_wheel_advance(&wheel, 2300);
    assert_int_equal(a.fired_count, 1);
    assert_int_equal(b.fired_count, 0);
    tg_wheel_advance(&wheel, 4500);
    assert_int_equal(a.fired_count, 2);
}

static void clock__jumps_over_the_whole_wheel__everything_due_fires_once(void **state)
{
    struct probe p[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        p[i] = (struct probe){ .deadline.fired = on_fired };
        tg_deadline_set(&wheel, &p[i].deadline, 1000 + i * 1000);
    }
    tg_wheel_advance(&wheel, 10000000);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(p[i].fired_count, 1);
    }
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fires__not_early_and_at_most_one_tick_late),
        CASE(moved_later__fires_at_the_later_time),
        CASE(moved_earlier__fires_at_the_earlier_time),
        CASE(cleared__never_fires),
        CASE(fired__clears_another_and_sets_itself_again),
        CASE(clock__jumps_over_the_whole_wheel__everything_due_fires_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
