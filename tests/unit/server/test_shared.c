/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <string.h>

#include "server/shared.h"

#define NOW_MS 1000000u

static struct tg_shared shared;

static int setup(void **state)
{
    (void)state;
    memset(&shared, 0, sizeof(shared));
    shared.worker_count = 3;
    for (size_t i = 0; i < shared.worker_count; i++) {
        tg_shared_beat(&shared, i, NOW_MS);
    }
    return 0;
}

static void alive__every_worker_within_the_limit__true(void **state)
{
    (void)state;
    assert_true(tg_shared_is_alive(&shared, NOW_MS));
    assert_true(tg_shared_is_alive(&shared, NOW_MS + TG_DEAD_AFTER_MS));
    assert_false(tg_shared_is_alive(&shared, NOW_MS + TG_DEAD_AFTER_MS + 1));
}

static void alive__one_worker_stops__false_until_it_runs_again(void **state)
{
    uint64_t later_ms = NOW_MS + TG_DEAD_AFTER_MS + 1;

    (void)state;
    for (size_t stopped = 0; stopped < shared.worker_count; stopped++) {
        for (size_t i = 0; i < shared.worker_count; i++) {
            tg_shared_beat(&shared, i, i == stopped ? NOW_MS : later_ms);
        }
        assert_false(tg_shared_is_alive(&shared, later_ms));
        tg_shared_beat(&shared, stopped, later_ms);
        assert_true(tg_shared_is_alive(&shared, later_ms));
    }
}

/* The clocks of two threads may be read in either order. */
static void alive__last_run_in_the_future__true(void **state)
{
    (void)state;
    assert_true(tg_shared_is_alive(&shared, NOW_MS - 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(alive__every_worker_within_the_limit__true, setup),
        cmocka_unit_test_setup(alive__one_worker_stops__false_until_it_runs_again, setup),
        cmocka_unit_test_setup(alive__last_run_in_the_future__true, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
