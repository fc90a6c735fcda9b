/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ledger/fullness.h"

#define HOUR_S 3600
#define DEFAULT_S (48 * HOUR_S)
#define MAX_S (30 * 24 * HOUR_S)

static void of__parts_of_the_maximum__in_thousandths(void **state)
{
    (void)state;
    assert_int_equal(tg_fullness_of(5, 0), 0);
    assert_int_equal(tg_fullness_of(0, 10), 0);
    assert_int_equal(tg_fullness_of(5, 10), 500);
    assert_int_equal(tg_fullness_of(10, 10), TG_FULL);
    assert_int_equal(tg_fullness_of(11, 10), TG_FULL);
    assert_int_equal(tg_fullness_of(999, 1000), 999);
    assert_int_equal(tg_fullness_of(UINT64_MAX / 2, UINT64_MAX), 500);
    assert_int_equal(tg_fullness_of(UINT64_MAX, UINT64_MAX), TG_FULL);
}

/* spec-test: protocol/3#longest-lives-first */
static void longest__falls_evenly_from_half_to_nine_tenths__none_when_full(void **state)
{
    (void)state;
    assert_int_equal(tg_fullness_longest_s(0, DEFAULT_S, MAX_S), MAX_S);
    assert_int_equal(tg_fullness_longest_s(500, DEFAULT_S, MAX_S), MAX_S);
    assert_int_equal(tg_fullness_longest_s(700, DEFAULT_S, MAX_S), (MAX_S + DEFAULT_S) / 2);
    assert_int_equal(tg_fullness_longest_s(900, DEFAULT_S, MAX_S), DEFAULT_S);
    assert_int_equal(tg_fullness_longest_s(999, DEFAULT_S, MAX_S), DEFAULT_S);
    assert_int_equal(tg_fullness_longest_s(1000, DEFAULT_S, MAX_S), 0);
    for (unsigned full = 0; full < TG_FULL; full++) {
        assert_true(tg_fullness_longest_s(full + 1, DEFAULT_S, MAX_S) <=
                    tg_fullness_longest_s(full, DEFAULT_S, MAX_S));
    }
    /* A relay whose default is its maximum. */
    assert_int_equal(tg_fullness_longest_s(700, MAX_S, MAX_S), MAX_S);
}

static void price__rises_from_half_on(void **state)
{
    (void)state;
    assert_int_equal(tg_fullness_price(0), 100);
    assert_int_equal(tg_fullness_price(500), 100);
    assert_int_equal(tg_fullness_price(750), 400);
    assert_int_equal(tg_fullness_price(900), 2500);
    assert_int_equal(tg_fullness_price(990), 250000);
    for (unsigned full = 0; full < TG_FULL; full++) {
        assert_true(tg_fullness_price(full + 1) >= tg_fullness_price(full));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of__parts_of_the_maximum__in_thousandths),
        cmocka_unit_test(longest__falls_evenly_from_half_to_nine_tenths__none_when_full),
        cmocka_unit_test(price__rises_from_half_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
