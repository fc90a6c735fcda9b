/* SPDX-License-Identifier: Apache-2.0 */
/* Who loses its place when memory is short. */
#include "support/c/fixed_rng.h"
#include "support/c/unit.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/ledger/ledger.h"

#include <stdio.h>

#define HOLDERS_MAX 3000u
#define KIB ((size_t)1024)
#define SHARE (100 * KIB)

struct fixture {
    struct tg_ledger *ledger;
    struct tg_holders *h;
    struct tg_holder list[HOLDERS_MAX];
    struct tg_payer payers[HOLDERS_MAX];
    struct tg_mem_owner *owners[HOLDERS_MAX];
    void *blocks[HOLDERS_MAX];
    size_t held[HOLDERS_MAX];
    size_t used;
    size_t woken[2];
};

static void on_wake(void *ctx, size_t worker)
{
    struct fixture *f = ctx;

    f->woken[worker]++;
}

static struct fixture *fixture_new(void)
{
    struct fixture *f = tg_mem_calloc(1, sizeof(*f));
    const struct tg_ledger_settings settings = {
        .burst = 1, .worker_count = 2, .max = { HOLDERS_MAX, 1 }, .wake = on_wake, .wake_ctx = f
    };

    assert_non_null(f);
    assert_int_equal(tg_ledger_new(&f->ledger, &settings, &fixed_rng), TG_OK);
    f->h = tg_ledger_holders(f->ledger, TG_PLACE_CONNECTION);
    return f;
}

static void fixture_free(struct fixture *f)
{
    for (size_t i = 0; i < f->used; i++) {
        tg_holders_leave(f->h, &f->list[i]);
        tg_ledger_release_memory(f->ledger, &f->payers[i], f->held[i]);
        tg_mem_free(f->blocks[i]);
        assert_true(tg_mem_owner_free(&f->owners[i]));
    }
    tg_ledger_free(&f->ledger);
    tg_mem_free(f);
}

/* A connection of an address, with what it holds. */
static struct tg_holder *enter(struct fixture *f, const char *address, enum tg_worth worth,
                               size_t held)
{
    size_t i = f->used++;
    struct tg_network network;
    struct tg_mem_owner *before = NULL;

    assert_true(i < HOLDERS_MAX);
    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
    tg_ledger_find(f->ledger, &f->payers[i], &network, 0);
    f->owners[i] = tg_mem_owner_new();
    assert_non_null(f->owners[i]);
    before = tg_mem_enter(f->owners[i]);
    f->blocks[i] = tg_mem_alloc(held);
    (void)tg_mem_enter(before);
    assert_non_null(f->blocks[i]);
    f->held[i] = held;
    tg_ledger_hold_memory(f->ledger, &f->payers[i], held);
    f->list[i].memory = f->owners[i];
    assert_true(tg_holders_enter(f->h, &f->list[i], &f->payers[i], i % 2, worth));
    return &f->list[i];
}

/* Each of another network. */
static void enter_spread(struct fixture *f, enum tg_worth worth, size_t held, size_t count)
{
    char address[32];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(address, sizeof(address), "10.%zu.%zu.1", i / 250, i % 250);
        (void)enter(f, address, worth, held);
    }
}

/* What is freed now. Its memory is gone at once, as after its end. */
static struct tg_holder *relieve_one(struct fixture *f)
{
    struct tg_holder *victim = NULL;
    size_t i = 0;

    assert_in_range(tg_ledger_relieve(f->ledger, SHARE, 1), 0, 1000 * KIB);
    for (size_t worker = 0; worker < 2 && victim == NULL; worker++) {
        victim = tg_holders_next_doomed(f->h, worker);
    }
    if (victim != NULL) {
        i = (size_t)(victim - f->list);
        assert_true(victim->leaving >= f->held[i]);
        tg_ledger_release_memory(f->ledger, &f->payers[i], f->held[i]);
        f->held[i] = 0;
        victim->memory = NULL;
    }
    return victim;
}

/* spec-test: protocol/3#memory-order */
static void relieve__networks_over_their_share__by_worth_then_by_network_then_by_size(void **state)
{
    struct fixture *f = fixture_new();
    struct tg_holder *waiting = enter(f, "192.0.2.1", TG_WORTH_WAITING, 400 * KIB);
    struct tg_holder *proven = enter(f, "192.0.2.1", TG_WORTH_PROVEN, 20 * KIB);
    struct tg_holder *small = enter(f, "192.0.2.1", TG_WORTH_NONE, 20 * KIB);
    struct tg_holder *large = enter(f, "192.0.2.1", TG_WORTH_NONE, 40 * KIB);
    struct tg_holder *other = enter(f, "203.0.113.1", TG_WORTH_NONE, 300 * KIB);

    (void)state;
    /* Below their share, whatever their worth. */
    enter_spread(f, TG_WORTH_NONE, 90 * KIB, 20);
    assert_ptr_equal(relieve_one(f), large);
    assert_ptr_equal(relieve_one(f), small);
    assert_ptr_equal(relieve_one(f), other);
    assert_ptr_equal(relieve_one(f), proven);
    assert_ptr_equal(relieve_one(f), waiting);
    fixture_free(f);
}

static void relieve__nobody_over_the_share__worthless_of_the_network_that_holds_most(void **state)
{
    struct fixture *f = fixture_new();
    struct tg_holder *newcomer = NULL;
    struct tg_holder *most = NULL;

    (void)state;
    (void)enter(f, "192.0.2.1", TG_WORTH_WAITING, 95 * KIB);
    enter_spread(f, TG_WORTH_NONE, 20 * KIB, 20);
    most = enter(f, "203.0.113.1", TG_WORTH_NONE, 90 * KIB);
    newcomer = enter(f, "198.51.100.1", TG_WORTH_NONE, 48 * KIB);
    assert_ptr_equal(relieve_one(f), most);
    /* About equal: the oldest goes, not the newcomer, whose handshake needs most. */
    for (size_t i = 0; i < 20; i++) {
        assert_ptr_equal(relieve_one(f), &f->list[1 + i]);
    }
    assert_ptr_equal(relieve_one(f), newcomer);
    assert_ptr_equal(relieve_one(f), &f->list[0]);
    assert_null(relieve_one(f));
    fixture_free(f);
}

/* A /24 is one network for the share, and its address that holds most loses first. */
static void relieve__one_address_of_a_24__not_its_neighbours(void **state)
{
    struct fixture *f = fixture_new();
    struct tg_holder *neighbour = enter(f, "192.0.2.1", TG_WORTH_NONE, 60 * KIB);
    struct tg_holder *first = enter(f, "192.0.2.2", TG_WORTH_NONE, 200 * KIB);
    struct tg_holder *second = enter(f, "192.0.2.2", TG_WORTH_NONE, 20 * KIB);

    (void)state;
    assert_ptr_equal(relieve_one(f), first);
    /* Within the share now: 80 KiB of one network. */
    assert_true(neighbour->is_in && second->is_in);
    fixture_free(f);
}

static void relieve__needs_much__as_many_as_hold_it_and_no_more(void **state)
{
    struct fixture *f = fixture_new();
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        (void)enter(f, "192.0.2.1", TG_WORTH_NONE, 10 * KIB);
    }
    assert_in_range(tg_ledger_relieve(f->ledger, SHARE, 50 * KIB), 50 * KIB, 61 * KIB);
    while (tg_holders_next_doomed(f->h, 0) != NULL || tg_holders_next_doomed(f->h, 1) != NULL) {
        count++;
    }
    assert_int_equal(count, 5);
    assert_int_equal(f->woken[0], 1);
    assert_int_equal(f->woken[1], 1);
    assert_true(tg_ledger_relieve(f->ledger, SHARE, SIZE_MAX) > 0);
    while (tg_holders_next_doomed(f->h, 0) != NULL || tg_holders_next_doomed(f->h, 1) != NULL) {
        count++;
    }
    assert_int_equal(count, 5 + TG_HOLDERS_RELIEF_MAX);
    fixture_free(f);
}

static void relieve__thousands_of_networks__the_one_over_its_share(void **state)
{
    struct fixture *f = fixture_new();
    struct tg_holder *most = NULL;

    (void)state;
    enter_spread(f, TG_WORTH_NONE, 1 * KIB, 600);
    most = enter(f, "203.0.113.1", TG_WORTH_PROVEN, 300 * KIB);
    enter_spread(f, TG_WORTH_NONE, 1 * KIB, 600);
    assert_int_equal(tg_ledger_network_count(f->ledger), 601);
    assert_ptr_equal(relieve_one(f), most);
    assert_int_equal(tg_ledger_network_count(f->ledger), 600);
    fixture_free(f);
}

static void relieve__exempt_and_without_memory__nobody(void **state)
{
    static const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct fixture *f = fixture_new();
    struct tg_network network;

    (void)state;
    assert_int_equal(tg_ledger_relieve(f->ledger, SHARE, 1), 0);
    assert_true(tg_holders_enter(f->h, &f->list[f->used++], &exempt, 0, TG_WORTH_NONE));
    assert_int_equal(tg_ledger_relieve(f->ledger, SHARE, 1), 0);
    assert_true(tg_network_of_text(&network, TG_LIT("192.0.2.1")));
    tg_ledger_find(f->ledger, &f->payers[1], &network, 0);
    assert_true(tg_holders_enter(f->h, &f->list[f->used++], &f->payers[1], 0, TG_WORTH_NONE));
    assert_int_equal(tg_ledger_relieve(f->ledger, SHARE, 1), 0);
    assert_int_equal(tg_ledger_network_count(NULL), 0);
    fixture_free(f);
}

/* A network that holds exactly its share is not over it: its worth does not matter. */
static void relieve__one_at_its_share_and_one_above__the_one_above(void **state)
{
    struct fixture *f = fixture_new();
    struct tg_holder *above = NULL;

    (void)state;
    (void)enter(f, "192.0.2.1", TG_WORTH_NONE, SHARE);
    above = enter(f, "203.0.113.1", TG_WORTH_WAITING, SHARE + 1);
    assert_ptr_equal(relieve_one(f), above);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relieve__networks_over_their_share__by_worth_then_by_network_then_by_size),
        cmocka_unit_test(relieve__nobody_over_the_share__worthless_of_the_network_that_holds_most),
        cmocka_unit_test(relieve__one_address_of_a_24__not_its_neighbours),
        cmocka_unit_test(relieve__needs_much__as_many_as_hold_it_and_no_more),
        cmocka_unit_test(relieve__thousands_of_networks__the_one_over_its_share),
        cmocka_unit_test(relieve__exempt_and_without_memory__nobody),
        cmocka_unit_test(relieve__one_at_its_share_and_one_above__the_one_above),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
