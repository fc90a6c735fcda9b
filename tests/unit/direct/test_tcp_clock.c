/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of a device that hosts a mailbox, on clocks that the test moves. */
#include "support/c/unit.h"
#include "support/c/moved_clocks.h"

#include "direct/tcp.h"

static int64_t seconds(struct tg_tcp_clock *clock)
{
    return tg_tcp_clock_ms(clock) / 1000 - FAKE_START_S;
}

static void clock__set_ahead_and_back__runs_on(void **state)
{
    struct tg_tcp_clock clock = { .is_running = false };

    (void)state;
    assert_int_equal(seconds(&clock), 0);
    fake_pass(10000);
    assert_int_equal(seconds(&clock), 10);
    fake.wall_ms += INT64_C(40) * 86400 * 1000;
    fake_pass(3000);
    assert_int_equal(seconds(&clock), 13);
    fake.wall_ms -= INT64_C(40) * 86400 * 1000 + 3600 * 1000;
    fake_pass(1000);
    assert_int_equal(seconds(&clock), 14);
}

/* A clock that was wrong before is right in the end. */
static void clock__stands_there_for_an_hour__followed(void **state)
{
    struct tg_tcp_clock clock = { .is_running = false };
    int64_t from_s = seconds(&clock);

    (void)state;
    fake.wall_ms += INT64_C(7200) * 1000;
    assert_int_equal(seconds(&clock), from_s);
    for (int minute = 0; minute < 59; minute++) {
        fake_pass(60000);
        assert_int_equal(seconds(&clock), from_s + 60 * (minute + 1));
    }
    fake_pass(120000);
    assert_int_equal(seconds(&clock), from_s + 61 * 60 + 7200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock__set_ahead_and_back__runs_on),
        cmocka_unit_test(clock__stands_there_for_an_hour__followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
