/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/moment.h"

static const struct tg_moment disputed = { .low_s = 100, .high_s = 200, .retry_s = 30 };

static void when__each_edge__reached_disputed_ahead(void **state)
{
    static const struct {
        int64_t at_s;
        enum tg_when when;
    } rows[] = {
        { 99, TG_WHEN_REACHED },   { 100, TG_WHEN_REACHED }, { 101, TG_WHEN_DISPUTED },
        { 200, TG_WHEN_DISPUTED }, { 201, TG_WHEN_AHEAD },   { INT64_MAX, TG_WHEN_AHEAD }
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(tg_moment_when(&disputed, rows[i].at_s), rows[i].when);
    }
}

static void when__one_clock__never_disputed(void **state)
{
    struct tg_moment now = tg_moment_sure(100);

    (void)state;
    assert_true(tg_moment_is_sure(&now));
    assert_false(tg_moment_is_sure(&disputed));
    assert_int_equal(tg_moment_when(&now, 100), TG_WHEN_REACHED);
    assert_int_equal(tg_moment_when(&now, 101), TG_WHEN_AHEAD);
}

static void retry__end_is_near__not_after_it(void **state)
{
    (void)state;
    assert_int_equal(tg_moment_retry_s(&disputed, 200), 30);
    assert_int_equal(tg_moment_retry_s(&disputed, 130), 30);
    assert_int_equal(tg_moment_retry_s(&disputed, 129), 29);
    assert_int_equal(tg_moment_retry_s(&disputed, 101), 1);
    assert_int_equal(tg_moment_retry_s(&disputed, 100), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when__each_edge__reached_disputed_ahead),
        cmocka_unit_test(when__one_clock__never_disputed),
        cmocka_unit_test(retry__end_is_near__not_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
