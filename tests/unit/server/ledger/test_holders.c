/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/fixed_rng.h"
#include "support/c/unit.h"

#include "base/mem.h"
#include "server/ledger/holders.h"
#include "server/ledger/ledger.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define HOLDERS_MAX 70000u

struct fixture {
    struct tg_ledger *ledger;
    struct tg_holders *h;
    struct tg_holder *list; /* HOLDERS_MAX of them */
    size_t used;
    size_t woken[2];
};

static void on_wake(void *ctx, size_t worker)
{
    struct fixture *f = ctx;

    f->woken[worker]++;
}

static struct fixture *fixture_new(size_t max)
{
    const struct tg_ledger_settings settings = { .burst = 1, .worker_count = 1 };
    struct fixture *f = tg_mem_calloc(1, sizeof(*f));

    assert_non_null(f);
    f->list = tg_mem_calloc(HOLDERS_MAX, sizeof(*f->list));
    assert_non_null(f->list);
    assert_int_equal(tg_ledger_new(&f->ledger, &settings, &fixed_rng), TG_OK);
    assert_int_equal(tg_holders_new(&f->h, max, 2, on_wake, f), TG_OK);
    return f;
}

static void fixture_free(struct fixture *f)
{
    for (size_t i = 0; i < f->used; i++) {
        tg_holders_leave(f->h, &f->list[i]);
    }
    assert_int_equal(tg_holders_count(f->h), 0);
    tg_holders_free(&f->h);
    tg_ledger_free(&f->ledger);
    tg_mem_free(f->list);
    tg_mem_free(f);
}

static struct tg_payer payer(struct fixture *f, const char *address)
{
    struct tg_network network;
    struct tg_payer p;

    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
    tg_ledger_find(f->ledger, &p, &network, 0);
    return p;
}

/* NULL: refused. */
static struct tg_holder *enter(struct fixture *f, const char *address, enum tg_worth worth)
{
    struct tg_payer p = payer(f, address);
    struct tg_holder *holder = &f->list[f->used];

    assert_true(f->used < HOLDERS_MAX);
    if (!tg_holders_enter(f->h, holder, &p, 0, worth)) {
        return NULL;
    }
    f->used++;
    return holder;
}

static void enter_many(struct fixture *f, const char *address, enum tg_worth worth, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_non_null(enter(f, address, worth));
    }
}

/* Each from another address: before, a number, after. */
static void enter_spread(struct fixture *f, const char *before, const char *after,
                         enum tg_worth worth, unsigned count)
{
    bool is_ipv6 = strchr(before, ':') != NULL;
    char address[64];

    for (unsigned i = 0; i < count; i++) {
        if (is_ipv6) {
            (void)snprintf(address, sizeof(address), "%s%x%s", before, i, after);
        } else {
            (void)snprintf(address, sizeof(address), "%s%u%s", before, i, after);
        }
        assert_non_null(enter(f, address, worth));
    }
}

static struct tg_holder *doomed(struct fixture *f)
{
    return tg_holders_next_doomed(f->h, 0);
}

/* ---- below the limit ---- */

static void enter__places_free__nobody_is_doomed_whatever_a_network_holds(void **state)
{
    struct fixture *f = fixture_new(100);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 100);
    assert_int_equal(tg_holders_count(f->h), 100);
    assert_null(doomed(f));
    fixture_free(f);
}

static void enter__no_place_at_all__refused(void **state)
{
    struct fixture *f = fixture_new(0);

    (void)state;
    assert_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    fixture_free(f);
}

/* ---- at the limit ---- */

static void enter__one_address_holds_all__another_network_gets_a_place_each_time(void **state)
{
    struct fixture *f = fixture_new(1000);
    struct tg_holder *honest[24];

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 1000);
    for (unsigned i = 0; i < 24; i++) {
        char address[32];

        (void)snprintf(address, sizeof(address), "198.51.%u.1", i);
        honest[i] = enter(f, address, TG_WORTH_NONE);
        assert_non_null(honest[i]);
        assert_ptr_equal(doomed(f), &f->list[i]); /* the oldest of the attacker */
    }
    assert_int_equal(tg_holders_count(f->h), 1000);
    assert_null(doomed(f));
    fixture_free(f);
}

static void enter__attacker_tries_again_and_again__takes_no_place_of_others(void **state)
{
    struct fixture *f = fixture_new(100);
    struct tg_holder *one = NULL;

    (void)state;
    one = enter(f, "198.51.100.1", TG_WORTH_NONE);
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 99);
    /* A newcomer of the network that holds most displaces one of its own. */
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 500);
    for (size_t i = 0; i < 500; i++) {
        assert_ptr_not_equal(doomed(f), one);
    }
    assert_true(one->is_in);
    fixture_free(f);
}

static void enter__65536_networks_of_one_48__count_as_one_that_holds_most(void **state)
{
    struct fixture *f = fixture_new(2000);
    struct tg_holder *honest = NULL;

    (void)state;
    enter_many(f, "203.0.113.1", TG_WORTH_NONE, 20); /* an office */
    enter_spread(f, "2001:db8:7:", "::1", TG_WORTH_NONE, 1980);
    honest = enter(f, "2001:db8:8::1", TG_WORTH_NONE);
    assert_non_null(honest);
    assert_ptr_equal(doomed(f), &f->list[20]);
    /* Its other addresses take no places of others. */
    for (unsigned i = 0; i < 100; i++) {
        char address[32];

        (void)snprintf(address, sizeof(address), "2001:db8:7:ff%02x::1", i);
        assert_null(enter(f, address, TG_WORTH_NONE));
        assert_null(doomed(f));
    }
    fixture_free(f);
}

/* The /24 may hold 4 times as much as one address. */
static void enter__address_and_24__the_larger_burden_loses(void **state)
{
    struct fixture *f = fixture_new(130);

    (void)state;
    enter_spread(f, "203.0.113.", "", TG_WORTH_NONE, 100); /* a burden of 25 */
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 30);
    for (unsigned i = 0; i < 5; i++) {
        char address[32];

        (void)snprintf(address, sizeof(address), "198.51.%u.1", i);
        assert_non_null(enter(f, address, TG_WORTH_NONE));
        assert_ptr_equal(doomed(f), &f->list[100 + i]);
    }
    assert_non_null(enter(f, "198.51.99.1", TG_WORTH_NONE));
    assert_in_range((size_t)(doomed(f) - f->list), 0, 105);
    fixture_free(f);
}

static void enter__every_network_holds_one__newcomer_refused(void **state)
{
    struct fixture *f = fixture_new(50);

    (void)state;
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 50);
    assert_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    assert_null(doomed(f));
    fixture_free(f);
}

static void enter__every_network_holds_two__newcomer_displaces_one(void **state)
{
    struct fixture *f = fixture_new(100);

    (void)state;
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 50);
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 50);
    assert_non_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    assert_non_null(doomed(f));
    fixture_free(f);
}

/* ---- worth ---- */

static void enter__worth__none_first_then_proven_then_waiting(void **state)
{
    struct fixture *f = fixture_new(300);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_WAITING, 100);
    enter_many(f, "203.0.113.1", TG_WORTH_PROVEN, 98);
    enter_many(f, "198.51.100.1", TG_WORTH_NONE, 102);
    for (unsigned i = 0; i < 270; i++) {
        char address[32];
        struct tg_holder *victim = NULL;

        (void)snprintf(address, sizeof(address), "10.%u.%u.1", i / 250, i % 250);
        assert_non_null(enter(f, address, TG_WORTH_WAITING));
        victim = doomed(f);
        assert_non_null(victim);
        if (i == 0) {
            assert_int_equal(victim->worth, TG_WORTH_NONE);
        }
    }
    fixture_free(f);
}

/* Idle connections of an attacker go before long polls of a larger network. */
static void enter__worthless_network_smaller_than_a_waiting_one__goes_first(void **state)
{
    struct fixture *f = fixture_new(1600);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_WAITING, 1000); /* phones behind one address */
    enter_many(f, "203.0.113.1", TG_WORTH_NONE, 490);
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 110);
    for (unsigned i = 0; i < 100; i++) {
        char address[32];

        (void)snprintf(address, sizeof(address), "10.0.%u.1", i);
        assert_non_null(enter(f, address, TG_WORTH_NONE));
        assert_ptr_equal(doomed(f), &f->list[1000 + i]);
    }
    fixture_free(f);
}

/* Homes with two connections are under the average while an attacker holds most, whatever worth it
   has bought. */
static void enter__attacker_with_worth__homes_in_a_handshake_keep_their_places(void **state)
{
    struct fixture *f = fixture_new(1000);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_WAITING, 800);
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 100);
    enter_spread(f, "198.51.", ".1", TG_WORTH_NONE, 100);
    for (unsigned i = 0; i < 100; i++) {
        char address[32];

        (void)snprintf(address, sizeof(address), "10.0.%u.1", i);
        assert_non_null(enter(f, address, TG_WORTH_NONE));
        assert_ptr_equal(doomed(f), &f->list[i]);
    }
    fixture_free(f);
}

static void set_worth__holder_moves_to_the_end_of_its_class(void **state)
{
    struct fixture *f = fixture_new(3);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 3);
    tg_holders_set_worth(f->h, &f->list[0], TG_WORTH_PROVEN);
    tg_holders_set_worth(f->h, &f->list[1], TG_WORTH_WAITING);
    tg_holders_set_worth(f->h, &f->list[1], TG_WORTH_NONE);
    assert_non_null(enter(f, "198.51.100.1", TG_WORTH_NONE));
    assert_ptr_equal(doomed(f), &f->list[2]);
    assert_non_null(enter(f, "198.51.101.1", TG_WORTH_NONE));
    assert_ptr_equal(doomed(f), &f->list[1]);
    fixture_free(f);
}

static void enter__oldest_is_in_a_request__an_idle_one_goes(void **state)
{
    struct fixture *f = fixture_new(3);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_PROVEN, 3);
    atomic_store(&f->list[0].is_active, true);
    assert_non_null(enter(f, "198.51.100.1", TG_WORTH_NONE));
    assert_ptr_equal(doomed(f), &f->list[1]);
    fixture_free(f);
}

static void enter__own_network_has_only_worthy_places__newcomer_refused(void **state)
{
    struct fixture *f = fixture_new(3);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_WAITING, 2);
    enter_many(f, "192.0.2.1", TG_WORTH_PROVEN, 1);
    assert_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    assert_null(doomed(f));
    fixture_free(f);
}

/* ---- exempt, doomed, workers ---- */

static void exempt__loses_its_place_to_nobody__takes_that_of_the_heaviest(void **state)
{
    const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct fixture *f = fixture_new(3);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(tg_holders_enter(f->h, &f->list[f->used++], &exempt, 0, TG_WORTH_NONE));
    }
    assert_non_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    assert_true(tg_holders_enter(f->h, &f->list[f->used++], &exempt, 0, TG_WORTH_NONE));
    assert_ptr_equal(doomed(f), &f->list[2]);
    assert_false(tg_holders_enter(f->h, &f->list[f->used], &exempt, 0, TG_WORTH_NONE));
    assert_null(enter(f, "192.0.2.1", TG_WORTH_NONE));
    fixture_free(f);
}

/* Two of five places of three networks are a fair share and no more: the network with less worth
   keeps them. One without a network that has come and gone changes nothing. */
static void share__exactly_reached__not_over_it(void **state)
{
    const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct fixture *f = fixture_new(5);

    (void)state;
    assert_true(tg_holders_enter(f->h, &f->list[f->used], &exempt, 0, TG_WORTH_NONE));
    tg_holders_leave(f->h, &f->list[f->used++]);
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 2);
    enter_many(f, "198.51.100.1", TG_WORTH_WAITING, 3);
    assert_non_null(enter(f, "203.0.113.1", TG_WORTH_NONE));
    assert_ptr_equal(doomed(f), &f->list[3]);
    fixture_free(f);
}

static void refused_payer__gets_no_place(void **state)
{
    const struct tg_payer refused = { .kind = TG_PAYER_REFUSED };
    struct fixture *f = fixture_new(3);

    (void)state;
    assert_false(tg_holders_enter(f->h, &f->list[0], &refused, 0, TG_WORTH_NONE));
    assert_int_equal(tg_holders_count(f->h), 0);
    assert_false(tg_holders_make_room(f->h, &refused));
    fixture_free(f);
}

/* The newcomers are of worker 0. */
static void assert_woken_once(size_t worker)
{
    struct fixture *f = fixture_new(4);
    struct tg_payer p = payer(f, "192.0.2.1");

    for (size_t i = 0; i < 4; i++) {
        assert_true(tg_holders_enter(f->h, &f->list[f->used++], &p, worker, TG_WORTH_NONE));
    }
    assert_non_null(enter(f, "198.51.100.1", TG_WORTH_NONE));
    assert_non_null(enter(f, "198.51.101.1", TG_WORTH_NONE));
    assert_int_equal(f->woken[worker], 1);
    assert_int_equal(f->woken[1 - worker], 0);
    assert_null(tg_holders_next_doomed(f->h, 1 - worker));
    assert_ptr_equal(tg_holders_next_doomed(f->h, worker), &f->list[0]);
    /* The second one ends by itself before its worker looks. */
    tg_holders_leave(f->h, &f->list[1]);
    assert_null(tg_holders_next_doomed(f->h, worker));
    assert_int_equal(tg_holders_count(f->h), 4);
    fixture_free(f);
}

static void doomed__of_another_worker__that_worker_is_woken_once(void **state)
{
    (void)state;
    assert_woken_once(1);
}

/* It may have looked at its doomed holders before the turn in which this happens. */
static void doomed__of_the_same_worker__it_is_woken_once(void **state)
{
    (void)state;
    assert_woken_once(0);
}

static void doomed__changes_after_that__without_effect(void **state)
{
    struct fixture *f = fixture_new(1);

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 1);
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 1);
    tg_holders_set_worth(f->h, &f->list[0], TG_WORTH_WAITING);
    assert_ptr_equal(doomed(f), &f->list[0]);
    assert_false(f->list[0].is_in);
    tg_holders_leave(f->h, &f->list[0]);
    assert_int_equal(tg_holders_count(f->h), 1);
    fixture_free(f);
}

static void make_room__places_free__dooms_the_heaviest_anyway(void **state)
{
    struct fixture *f = fixture_new(100);
    struct tg_payer other = payer(f, "198.51.100.1");

    (void)state;
    enter_many(f, "192.0.2.1", TG_WORTH_NONE, 3);
    assert_true(tg_holders_make_room(f->h, &other));
    assert_ptr_equal(doomed(f), &f->list[0]);
    assert_int_equal(tg_holders_count(f->h), 2);
    fixture_free(f);
}

/* ---- many ---- */

/* The heaps are right after any mixture of steps: the victim has the largest burden. */
static void mixture__victim_is_always_of_the_largest_burden(void **state)
{
    struct fixture *f = fixture_new(400);
    unsigned seed = 12345;
    size_t held[40] = { 0 };
    unsigned network_of[2000] = { 0 };
    char address[32];

    (void)state;
    for (size_t i = 0; i < 2000; i++) {
        struct tg_holder *victim = NULL;
        unsigned network = 0;

        seed = seed * 1103515245u + 12345u;
        network = (seed >> 16) % 40;
        network = network * network / 40; /* some hold more */
        (void)snprintf(address, sizeof(address), "10.0.%u.1", network);
        network_of[i] = network;
        if (enter(f, address, TG_WORTH_NONE) == NULL) {
            f->used++; /* keeps the index of the network */
            continue;
        }
        held[network]++;
        victim = doomed(f);
        if (victim != NULL) {
            unsigned loser = network_of[victim - f->list];

            for (size_t k = 0; k < 40; k++) {
                assert_true(held[loser] >= held[k] - (k == network ? 1 : 0));
            }
            held[loser]--;
        }
    }
    assert_int_equal(tg_holders_count(f->h), 400);
    fixture_free(f);
}

static void networks__60000_at_once__places_given_and_returned(void **state)
{
    struct fixture *f = fixture_new(60000);
    char address[32];

    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        (void)snprintf(address, sizeof(address), "10.%u.%u.1", i / 250, i % 250);
        assert_non_null(enter(f, address, TG_WORTH_NONE));
    }
    assert_int_equal(tg_holders_count(f->h), 60000);
    fixture_free(f);
}

struct racer {
    struct fixture *f;
    size_t worker;
    const char *address;
};

static void *race(void *ctx)
{
    struct racer *r = ctx;
    struct tg_payer p = payer(r->f, r->address);
    struct tg_holder *own = &r->f->list[r->worker * 1000];

    for (size_t i = 0; i < 20000; i++) {
        struct tg_holder *holder = &own[i % 50];

        tg_holders_leave(r->f->h, holder);
        if (tg_holders_enter(r->f->h, holder, &p, r->worker, TG_WORTH_NONE)) {
            atomic_store(&holder->is_active, i % 3 == 0);
            tg_holders_set_worth(r->f->h, holder, (enum tg_worth)(i % TG_WORTH_COUNT));
        }
        while (tg_holders_next_doomed(r->f->h, r->worker) != NULL) {
        }
    }
    for (size_t i = 0; i < 50; i++) {
        tg_holders_leave(r->f->h, &own[i]);
    }
    return NULL;
}

static void two_workers__at_once__every_place_returned(void **state)
{
    struct fixture *f = fixture_new(40);
    struct racer racers[2] = { { f, 0, "192.0.2.1" }, { f, 1, "198.51.100.1" } };
    pthread_t threads[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enter__places_free__nobody_is_doomed_whatever_a_network_holds),
        cmocka_unit_test(enter__no_place_at_all__refused),
        cmocka_unit_test(enter__one_address_holds_all__another_network_gets_a_place_each_time),
        cmocka_unit_test(enter__attacker_tries_again_and_again__takes_no_place_of_others),
        cmocka_unit_test(enter__65536_networks_of_one_48__count_as_one_that_holds_most),
        cmocka_unit_test(enter__address_and_24__the_larger_burden_loses),
        cmocka_unit_test(enter__every_network_holds_one__newcomer_refused),
        cmocka_unit_test(enter__every_network_holds_two__newcomer_displaces_one),
        cmocka_unit_test(enter__worth__none_first_then_proven_then_waiting),
        cmocka_unit_test(enter__worthless_network_smaller_than_a_waiting_one__goes_first),
        cmocka_unit_test(enter__attacker_with_worth__homes_in_a_handshake_keep_their_places),
        cmocka_unit_test(set_worth__holder_moves_to_the_end_of_its_class),
        cmocka_unit_test(enter__oldest_is_in_a_request__an_idle_one_goes),
        cmocka_unit_test(enter__own_network_has_only_worthy_places__newcomer_refused),
        cmocka_unit_test(exempt__loses_its_place_to_nobody__takes_that_of_the_heaviest),
        cmocka_unit_test(share__exactly_reached__not_over_it),
        cmocka_unit_test(refused_payer__gets_no_place),
        cmocka_unit_test(doomed__of_another_worker__that_worker_is_woken_once),
        cmocka_unit_test(doomed__of_the_same_worker__it_is_woken_once),
        cmocka_unit_test(doomed__changes_after_that__without_effect),
        cmocka_unit_test(make_room__places_free__dooms_the_heaviest_anyway),
        cmocka_unit_test(mixture__victim_is_always_of_the_largest_burden),
        cmocka_unit_test(networks__60000_at_once__places_given_and_returned),
        cmocka_unit_test(two_workers__at_once__every_place_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
