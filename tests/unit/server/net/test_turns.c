/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/fail_at.h"
#include "support/c/unit.h"

#include <string.h>

#include "server/net/turns.h"

#define ITEMS 1000u

FAIL_WRAP_CALLOC()

struct item {
    struct tg_link link;
    char name;
};

struct fixture {
    struct tg_turns turns;
    struct item items[ITEMS];
    size_t item_count;
};

static int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    assert_int_equal(tg_turns_init(&f.turns, 1000), TG_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->turns.count, 0);
    assert_null(tg_turns_take(&f->turns));
    tg_turns_deinit(&f->turns);
    return 0;
}

/* Cells that do not depend on the salt, so that no two of a test are the same. */
static struct tg_turn_key key(unsigned cell, unsigned wide)
{
    return (struct tg_turn_key){ .cell = (uint16_t)cell, .wide = (uint16_t)wide };
}

static void put(struct fixture *f, struct tg_turn_key k, char name)
{
    struct item *item = &f->items[f->item_count++];

    assert_true(f->item_count <= ITEMS);
    item->name = name;
    tg_turns_put(&f->turns, k, &item->link);
}

static char take(struct fixture *f)
{
    struct tg_link *link = tg_turns_take(&f->turns);

    return link == NULL ? '-' : TG_CONTAINER(link, struct item, link)->name;
}

static void assert_order(struct fixture *f, const char *names)
{
    for (; *names != '\0'; names++) {
        assert_int_equal(take(f), *names);
    }
}

static void take__networks_alike__in_turns(void **state)
{
    struct fixture *f = *state;

    put(f, key(1, 1), 'a');
    put(f, key(1, 1), 'b');
    put(f, key(1, 1), 'c');
    put(f, key(2, 2), 'x');
    put(f, key(2, 2), 'y');
    assert_int_equal(f->turns.count, 5);
    assert_order(f, "axbyc-");
}

static void take__network_that_has_worked__after_the_others(void **state)
{
    struct fixture *f = *state;

    tg_turns_charge(&f->turns, key(1, 1), 100000);
    for (size_t i = 0; i < 900; i++) {
        put(f, key(1, 1), 'b');
    }
    put(f, key(2, 2), 'q');
    put(f, key(2, 2), 'q');
    assert_order(f, "qqb");
    put(f, key(3, 3), 'r');
    assert_order(f, "rb");
    while (take(f) != '-') {
    }
}

/* Everything of a busy network arrived first and together, when it had not yet worked. */
static void take__others_come_during_a_burst__after_one_turn(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 500; i++) {
        put(f, key(1, 1), 'b');
    }
    assert_int_equal(take(f), 'b');
    tg_turns_charge(&f->turns, key(1, 1), TG_TURNS_QUIET_US);
    for (size_t i = 0; i < 100; i++) {
        put(f, key(2, 2), 'q');
        assert_order(f, "qb");
        tg_turns_charge(&f->turns, key(1, 1), 300);
        tg_turns_charge(&f->turns, key(2, 2), 10);
    }
    while (take(f) != '-') {
    }
}

static void take__two_busy_networks__share(void **state)
{
    struct fixture *f = *state;
    size_t turns[2] = { 0 };

    for (size_t i = 0; i < 400; i++) {
        put(f, key(1, 1), 'a');
        put(f, key(2, 2), 'b');
    }
    for (size_t i = 0; i < 300; i++) {
        bool is_a = take(f) == 'a';

        turns[is_a ? 0 : 1]++;
        tg_turns_charge(&f->turns, is_a ? key(1, 1) : key(2, 2), 500);
    }
    assert_in_range(turns[0], 140, 160);
    while (take(f) != '-') {
    }
}

/* Many small networks of one owner. */
static void take__wide_network_that_has_worked__after_the_others(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 64; i++) {
        tg_turns_charge(&f->turns, key(100 + i, 9), TG_TURNS_QUIET_US / 32);
        put(f, key(100 + i, 9), 'b');
    }
    tg_turns_charge(&f->turns, key(2, 2), TG_TURNS_QUIET_US / 2);
    put(f, key(2, 2), 'q');
    assert_order(f, "qb");
    while (take(f) != '-') {
    }
}

static void take__networks_of_a_wide_one__together_one_turn(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 64; i++) {
        put(f, key(100 + i, 9), 'b');
    }
    for (size_t i = 0; i < 3; i++) {
        put(f, key(2, 2), 'q');
    }
    assert_order(f, "bqbqbqbb");
    while (take(f) != '-') {
    }
}

static void take__in_a_wide_network__who_used_the_least_first(void **state)
{
    struct fixture *f = *state;

    tg_turns_charge(&f->turns, key(1, 9), TG_TURNS_QUIET_US * 8);
    for (size_t i = 0; i < 3; i++) {
        put(f, key(1, 9), 'b');
        put(f, key(2, 9), 'q');
    }
    assert_order(f, "qqqbbb-");
}

static void put__cell_of_two_wide_networks__each_comes(void **state)
{
    struct fixture *f = *state;

    put(f, key(1, 1), 'a');
    put(f, key(1, 2), 'b'); /* waits with the first */
    tg_turns_remove(&f->turns, &f->items[0].link);
    assert_order(f, "b-");
    put(f, key(1, 1), 'a');
    tg_turns_remove(&f->turns, &f->items[2].link);
    put(f, key(1, 2), 'b');
    assert_order(f, "b-");
}

static void halve__work_is_long_ago__quiet_again(void **state)
{
    struct fixture *f = *state;

    tg_turns_charge(&f->turns, key(1, 1), TG_TURNS_QUIET_US * 8);
    put(f, key(1, 1), 'b');
    tg_turns_halve(&f->turns, 1000 + TG_TURNS_HALF_MS - 1);
    put(f, key(2, 2), 'q');
    assert_int_equal(take(f), 'q');
    for (size_t i = 1; i <= 4; i++) {
        tg_turns_halve(&f->turns, 1000 + i * TG_TURNS_HALF_MS);
    }
    put(f, key(2, 2), 'q');
    assert_order(f, "bq-");
}

static void charge__without_end__no_overflow(void **state)
{
    struct fixture *f = *state;

    tg_turns_charge(&f->turns, key(1, 1), UINT64_MAX);
    tg_turns_charge(&f->turns, key(1, 1), UINT64_MAX);
    put(f, key(1, 1), 'b');
    put(f, key(2, 2), 'q');
    assert_order(f, "qb-");
}

static void remove__waiting__does_not_come(void **state)
{
    struct fixture *f = *state;

    put(f, key(1, 1), 'a');
    put(f, key(1, 1), 'b');
    put(f, key(2, 2), 'c');
    tg_turns_remove(&f->turns, &f->items[0].link);
    tg_turns_remove(&f->turns, &f->items[2].link);
    tg_turns_remove(&f->turns, &f->items[2].link);
    assert_int_equal(f->turns.count, 1);
    assert_order(f, "b-");
}

static void key__of_a_payer__narrowest_and_widest_tier(void **state)
{
    struct tg_payer payer = { .kind = TG_PAYER_NETWORK, .family = TG_NETWORK_IPV6 };
    struct tg_turn_key k = { 0 };

    (void)state;
    payer.held[0].cell[0] = 5;
    payer.held[1].cell[0] = 6;
    payer.held[2].cell[0] = (uint16_t)(7 + TG_TURNS_WIDES);
    k = tg_turns_key(&payer);
    assert_int_equal(k.cell, 5);
    assert_int_equal(k.wide, 7);
    payer.family = TG_NETWORK_IPV4; /* two tiers */
    assert_int_equal(tg_turns_key(&payer).wide, 6);
    payer.kind = TG_PAYER_EXEMPT;
    k = tg_turns_key(&payer);
    assert_int_equal(k.cell, 0);
    assert_int_equal(k.wide, 0);
}

static void init__no_memory__refused(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        struct tg_turns turns;

        fail_at(n);
        assert_int_equal(tg_turns_init(&turns, 0), TG_E_NOMEM);
        fail_at(0);
        tg_turns_deinit(&turns);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(take__networks_alike__in_turns),
        CASE(take__network_that_has_worked__after_the_others),
        CASE(take__others_come_during_a_burst__after_one_turn),
        CASE(take__two_busy_networks__share),
        CASE(take__wide_network_that_has_worked__after_the_others),
        CASE(take__networks_of_a_wide_one__together_one_turn),
        CASE(take__in_a_wide_network__who_used_the_least_first),
        CASE(put__cell_of_two_wide_networks__each_comes),
        CASE(halve__work_is_long_ago__quiet_again),
        CASE(charge__without_end__no_overflow),
        CASE(remove__waiting__does_not_come),
        CASE(key__of_a_payer__narrowest_and_widest_tier),
        cmocka_unit_test(init__no_memory__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
