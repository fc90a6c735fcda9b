/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct tg_bytes net_a = { (const uint8_t *)"\x0a\x00\x00", 3 };
static const struct tg_bytes net_b = { (const uint8_t *)"\x0a\x00\x01", 3 };

static struct tg_limits *open_limits(uint32_t rate_per_s, uint32_t burst)
{
    struct tg_limits *limits = NULL;

    assert_int_equal(tg_limits_new(&limits, rate_per_s, burst, &tg_rng_system), TG_OK);
    return limits;
}

static unsigned admit_many(struct tg_limits *limits, struct tg_bytes net, int64_t mono_ms,
                           unsigned tries)
{
    unsigned retry_after_s = 0, admitted = 0;

    for (unsigned i = 0; i < tries; i++) {
        admitted += tg_limits_admit(limits, net, mono_ms, &retry_after_s) ? 1 : 0;
    }
    return admitted;
}

/* spec-test: protocol/3#rate-limit */
static void admit__burst__n_admitted_and_the_next_refused(void **state)
{
    struct tg_limits *limits = open_limits(10, 5);
    unsigned retry_after_s = 0;

    (void)state;
    assert_int_equal(admit_many(limits, net_a, 1000, 5), 5);
    assert_false(tg_limits_admit(limits, net_a, 1000, &retry_after_s));
    assert_int_equal(retry_after_s, 1);
    tg_limits_free(&limits);
    assert_null(limits);
}

static void admit__time_passes__admits_at_the_rate(void **state)
{
    struct tg_limits *limits = open_limits(10, 5);

    (void)state;
    assert_int_equal(admit_many(limits, net_a, 1000, 9), 5);
    assert_int_equal(admit_many(limits, net_a, 1099, 1), 0);
    assert_int_equal(admit_many(limits, net_a, 1100, 9), 1);
    assert_int_equal(admit_many(limits, net_a, 1300, 9), 2);
    assert_int_equal(admit_many(limits, net_a, 60000, 99), 5);
    tg_limits_free(&limits);
}

/* Of 64 other networks nearly all have separate cells. */
static void admit__other_networks__not_affected(void **state)
{
    struct tg_limits *limits = open_limits(1, 1);
    unsigned admitted = 0;

    (void)state;
    assert_int_equal(admit_many(limits, net_a, 1000, 2), 1);
    for (uint8_t i = 0; i < 64; i++) {
        uint8_t net[3] = { 192, 168, i };

        admitted += admit_many(limits, TG_ARRAY_BYTES(net), 1000, 1);
    }
    assert_true(admitted >= 60);
    tg_limits_free(&limits);
}

static void admit__next_salt__starts_over_in_another_cell(void **state)
{
    struct tg_limits *limits = open_limits(1, 2);
    unsigned fresh = 0;

    (void)state;
    /* The last moment of one period and the first of the next: if both used the same cell, the
       burst would be exhausted. */
    for (int64_t period = 1; period <= 8; period++) {
        int64_t edge_ms = period * TG_LIMITS_SALT_MS;

        (void)admit_many(limits, net_a, edge_ms - 1, 9);
        fresh += admit_many(limits, net_a, edge_ms, 9) == 2 ? 1 : 0;
    }
    assert_true(fresh >= 7);
    tg_limits_free(&limits);
}

static void admit__refused__states_the_seconds_to_wait(void **state)
{
    struct tg_limits *limits = open_limits(1, 10);
    unsigned retry_after_s = 77;

    (void)state;
    assert_int_equal(admit_many(limits, net_a, 5000, 10), 10);
    assert_false(tg_limits_admit(limits, net_a, 5000, &retry_after_s));
    assert_int_equal(retry_after_s, 1);
    retry_after_s = 77;
    assert_true(tg_limits_admit(limits, net_a, 6000, &retry_after_s));
    assert_int_equal(retry_after_s, 77);
    tg_limits_free(&limits);
}

static void admit__no_limit__all_admitted(void **state)
{
    struct tg_limits *limits = open_limits(0, 1);

    (void)state;
    assert_int_equal(admit_many(limits, net_b, 0, 10000), 10000);
    assert_int_equal(admit_many(NULL, net_b, 0, 10), 10);
    tg_limits_free(&limits);
}

static void new__out_of_range__refused_and_untouched(void **state)
{
    struct tg_limits *limits = NULL;

    (void)state;
    assert_int_equal(tg_limits_new(&limits, TG_LIMITS_RATE_MAX + 1, 1, &tg_rng_system), TG_E_LIMIT);
    assert_int_equal(tg_limits_new(&limits, 1, 0, &tg_rng_system), TG_E_LIMIT);
    assert_int_equal(tg_limits_new(&limits, 1, TG_LIMITS_BURST_MAX + 1, &tg_rng_system),
                     TG_E_LIMIT);
    assert_null(limits);
}

struct racer {
    struct tg_limits *limits;
    unsigned admitted;
};

static void *race(void *ctx)
{
    struct racer *r = ctx;

    r->admitted = admit_many(r->limits, net_a, 1000, 200);
    return NULL;
}

static void admit__four_threads_at_once__never_more_than_the_burst(void **state)
{
    struct tg_limits *limits = open_limits(1, 100);
    struct racer racers[4];
    pthread_t threads[4];
    unsigned sum = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        racers[i] = (struct racer){ limits, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += racers[i].admitted;
    }
    assert_int_equal(sum, 100);
    tg_limits_free(&limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admit__burst__n_admitted_and_the_next_refused),
        cmocka_unit_test(admit__time_passes__admits_at_the_rate),
        cmocka_unit_test(admit__other_networks__not_affected),
        cmocka_unit_test(admit__next_salt__starts_over_in_another_cell),
        cmocka_unit_test(admit__refused__states_the_seconds_to_wait),
        cmocka_unit_test(admit__no_limit__all_admitted),
        cmocka_unit_test(new__out_of_range__refused_and_untouched),
        cmocka_unit_test(admit__four_threads_at_once__never_more_than_the_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
