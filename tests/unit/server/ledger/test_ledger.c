/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/fixed_rng.h"
#include "support/c/unit.h"

#include "server/ledger/ledger.h"

#include <stdio.h>

static struct tg_ledger *open_ledger(uint32_t rate, uint32_t burst)
{
    const struct tg_ledger_settings settings = { .rate = rate, .burst = burst, .worker_count = 1 };
    struct tg_ledger *l = NULL;

    assert_int_equal(tg_ledger_new(&l, &settings, &fixed_rng), TG_OK);
    return l;
}

static struct tg_payer payer(const struct tg_ledger *l, const char *address, uint64_t now_ms)
{
    struct tg_network network;
    struct tg_payer p;

    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
    tg_ledger_find(l, &p, &network, now_ms);
    assert_int_equal(p.kind, TG_PAYER_NETWORK);
    return p;
}

/* An ordinary request: head and rest. */
static bool request(struct tg_ledger *l, const struct tg_payer *p, uint64_t now_ms)
{
    return tg_ledger_charge(l, p, TG_WORK_HEAD, now_ms) == 0 &&
           tg_ledger_charge(l, p, TG_WORK_REQUEST, now_ms) == 0;
}

static unsigned requests(struct tg_ledger *l, const char *address, uint64_t now_ms, unsigned tries)
{
    struct tg_payer p = payer(l, address, now_ms);
    unsigned count = 0;

    for (unsigned i = 0; i < tries; i++) {
        count += request(l, &p, now_ms) ? 1 : 0;
    }
    return count;
}

/* spec-test: protocol/3#rate-limit */
static void charge__burst__n_admitted_and_the_next_refused(void **state)
{
    struct tg_ledger *l = open_ledger(10, 5);
    struct tg_payer p = payer(l, "192.0.2.1", 1000);

    (void)state;
    assert_int_equal(requests(l, "192.0.2.1", 1000, 5), 5);
    assert_int_equal(tg_ledger_charge(l, &p, TG_WORK_HEAD, 1000), 1);
    assert_int_equal(requests(l, "192.0.2.1", 1100, 9), 1);
    assert_int_equal(requests(l, "192.0.2.1", 60000, 99), 5);
    tg_ledger_free(&l);
    assert_null(l);
}

static void charge__refused__states_the_seconds_until_it_is_admitted(void **state)
{
    struct tg_ledger *l = open_ledger(1, 100);
    struct tg_payer p = payer(l, "192.0.2.1", 5000);
    unsigned wait_s = 0;

    (void)state;
    assert_int_equal(requests(l, "192.0.2.1", 5000, 100), 100);
    wait_s = tg_ledger_charge(l, &p, TG_WORK_HANDSHAKE, 5000);
    assert_in_range(wait_s, 2, 60);
    assert_int_not_equal(
        tg_ledger_charge(l, &p, TG_WORK_HANDSHAKE, 5000 + (wait_s - 1) * 1000 - 100), 0);
    assert_int_equal(tg_ledger_charge(l, &p, TG_WORK_HANDSHAKE, 5000 + wait_s * 1000), 0);
    tg_ledger_free(&l);
}

static void charge__wider_tier__four_times_the_budget_and_no_more(void **state)
{
    struct tg_ledger *l = open_ledger(10, 100);
    unsigned admitted = 0;
    char address[32];

    (void)state;
    for (unsigned i = 1; i < 255; i++) {
        (void)snprintf(address, sizeof(address), "192.0.2.%u", i);
        admitted += requests(l, address, 1000, 10);
    }
    assert_in_range(admitted, 395, 400);
    assert_int_equal(requests(l, "192.0.3.1", 1000, 200), 100);
    tg_ledger_free(&l);
}

/* A provider may give each customer a /48. */
static void charge__65536_networks_of_one_48__share_four_budgets(void **state)
{
    struct tg_ledger *l = open_ledger(10, 1000);
    unsigned admitted = 0;
    char address[64];

    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8:7:%x::1", i);
        admitted += requests(l, address, 1000, 1);
    }
    assert_in_range(admitted, 3980, 4000);
    /* The many spots that it has touched hold nearly nothing: another network has its budget. */
    assert_int_equal(requests(l, "2001:db8:8::1", 1000, 2000), 1000);
    tg_ledger_free(&l);
}

static void charge__one_56__two_budgets(void **state)
{
    struct tg_ledger *l = open_ledger(10, 100);
    unsigned admitted = 0;
    char address[64];

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8:7:%x::1", i);
        admitted += requests(l, address, 1000, 10);
    }
    assert_in_range(admitted, 195, 200);
    tg_ledger_free(&l);
}

static void charge__more_than_a_whole_budget__admitted_when_nothing_is_spent(void **state)
{
    struct tg_ledger *l = open_ledger(10, 1);
    struct tg_payer p = payer(l, "192.0.2.1", 1000);

    (void)state;
    assert_int_equal(tg_ledger_charge(l, &p, TG_WORK_HANDSHAKE, 1000), 0);
    assert_int_not_equal(tg_ledger_charge(l, &p, TG_WORK_HEAD, 1000), 0);
    tg_ledger_free(&l);
}

static void spend__over_the_budget__never_more_than_a_full_bucket(void **state)
{
    struct tg_ledger *l = open_ledger(10, 10);
    struct tg_payer p = payer(l, "192.0.2.1", 1000);

    (void)state;
    tg_ledger_spend(l, &p, TG_WORK_KIB, UINT32_MAX, 1000);
    assert_false(request(l, &p, 1000));
    assert_true(request(l, &p, 2000));
    tg_ledger_free(&l);
}

/* The dearest work, at the slowest rate, as often as can be said. */
static void spend__price_beyond_64_bits__a_full_bucket(void **state)
{
    struct tg_ledger *l = open_ledger(1, 10);
    struct tg_payer p = payer(l, "192.0.2.1", 1000);

    (void)state;
    tg_ledger_spend(l, &p, TG_WORK_PROOF, UINT32_MAX, 1000);
    assert_false(request(l, &p, 1000));
    assert_false(request(l, &p, 1900));
    assert_true(request(l, &p, 2900));
    tg_ledger_free(&l);
}

static void salt__changes__budget_starts_again_and_the_payer_is_stale(void **state)
{
    struct tg_ledger *l = open_ledger(1, 10);
    uint64_t edge_ms = TG_LEDGER_WORK_SALT_MS;
    struct tg_payer p = payer(l, "192.0.2.1", edge_ms - 1);

    (void)state;
    assert_int_equal(requests(l, "192.0.2.1", edge_ms - 1, 20), 10);
    assert_false(tg_ledger_is_stale(&p, edge_ms - 1));
    assert_true(tg_ledger_is_stale(&p, edge_ms));
    assert_int_equal(requests(l, "192.0.2.1", edge_ms, 20), 10);
    /* A payer that is not found again uses the cells of the old salt: still limited. */
    assert_false(request(l, &p, edge_ms));
    tg_ledger_free(&l);
}

static void exempt_or_no_limit__all_admitted(void **state)
{
    struct tg_ledger *l = open_ledger(1, 1);
    struct tg_ledger *open = open_ledger(0, 1);
    const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct tg_payer p = payer(open, "192.0.2.1", 0);

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(request(l, &exempt, 0));
        assert_true(request(open, &p, 0));
    }
    tg_ledger_free(&l);
    tg_ledger_free(&open);
}

static void refused_payer__refused_and_found_again(void **state)
{
    struct tg_ledger *l = open_ledger(1, 1);
    const struct tg_payer refused = { .kind = TG_PAYER_REFUSED };

    (void)state;
    assert_int_equal(tg_ledger_charge(l, &refused, TG_WORK_HEAD, 0), 1);
    assert_true(tg_ledger_is_stale(&refused, 0));
    tg_ledger_free(&l);
}

/* A proof costs 67 requests. */
static void charge_spare__half_of_the_budget_is_left(void **state)
{
    struct tg_ledger *l = open_ledger(1, 200);
    struct tg_payer p = payer(l, "192.0.2.1", 0);

    (void)state;
    assert_true(tg_ledger_charge_spare(l, &p, TG_WORK_PROOF, 0));
    assert_false(tg_ledger_charge_spare(l, &p, TG_WORK_PROOF, 0));
    assert_int_equal(tg_ledger_charge(l, &p, TG_WORK_PROOF, 0), 0);
    p.kind = TG_PAYER_REFUSED;
    assert_false(tg_ledger_charge_spare(l, &p, TG_WORK_PROOF, 0));
    p.kind = TG_PAYER_EXEMPT;
    assert_true(tg_ledger_charge_spare(l, &p, TG_WORK_PROOF, 0));
    tg_ledger_free(&l);
}

static void new__out_of_range__refused_and_untouched(void **state)
{
    static const struct tg_ledger_settings bad[] = { { .rate = TG_LEDGER_RATE_MAX + 1, .burst = 1 },
                                                     { .rate = 1, .burst = 0 },
                                                     { .rate = 1,
                                                       .burst = TG_LEDGER_BURST_MAX + 1 } };
    struct tg_ledger *l = NULL;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(tg_ledger_new(&l, &bad[i], &fixed_rng), TG_E_LIMIT);
        assert_null(l);
    }
}

/* ---- memory ---- */

static void memory__held_and_released__counted_in_each_tier(void **state)
{
    struct tg_ledger *l = open_ledger(1, 1);
    struct tg_payer a = payer(l, "192.0.2.1", 0);
    struct tg_payer b = payer(l, "192.0.2.2", 0);

    (void)state;
    tg_ledger_hold_memory(l, &a, 60);
    tg_ledger_hold_memory(l, &b, 40);
    assert_int_equal(tg_ledger_memory_of(l, &a), 60); /* the /24 holds 100, and may hold 4 times */
    assert_int_equal(tg_ledger_memory_of(l, &b), 40);
    tg_ledger_release_memory(l, &a, 60);
    tg_ledger_release_memory(l, &b, 40);
    assert_int_equal(tg_ledger_memory_of(l, &a), 0);
    tg_ledger_free(&l);
}

static void memory__salt_changes_while_held__released_exactly(void **state)
{
    struct tg_ledger *l = open_ledger(1, 1);
    struct tg_payer before = payer(l, "192.0.2.1", 0);
    struct tg_payer after = payer(l, "192.0.2.1", TG_LEDGER_WORK_SALT_MS);

    (void)state;
    tg_ledger_hold_memory(l, &before, 10);
    assert_int_equal(tg_ledger_memory_of(l, &after), 10);
    tg_ledger_release_memory(l, &after, 10);
    assert_int_equal(tg_ledger_memory_of(l, &before), 0);
    tg_ledger_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charge__burst__n_admitted_and_the_next_refused),
        cmocka_unit_test(charge_spare__half_of_the_budget_is_left),
        cmocka_unit_test(charge__refused__states_the_seconds_until_it_is_admitted),
        cmocka_unit_test(charge__wider_tier__four_times_the_budget_and_no_more),
        cmocka_unit_test(charge__65536_networks_of_one_48__share_four_budgets),
        cmocka_unit_test(charge__one_56__two_budgets),
        cmocka_unit_test(charge__more_than_a_whole_budget__admitted_when_nothing_is_spent),
        cmocka_unit_test(spend__over_the_budget__never_more_than_a_full_bucket),
        cmocka_unit_test(spend__price_beyond_64_bits__a_full_bucket),
        cmocka_unit_test(salt__changes__budget_starts_again_and_the_payer_is_stale),
        cmocka_unit_test(exempt_or_no_limit__all_admitted),
        cmocka_unit_test(refused_payer__refused_and_found_again),
        cmocka_unit_test(new__out_of_range__refused_and_untouched),
        cmocka_unit_test(memory__held_and_released__counted_in_each_tier),
        cmocka_unit_test(memory__salt_changes_while_held__released_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
