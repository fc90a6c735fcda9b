/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/fixed_rng.h"
#include "support/c/unit.h"

#include "base/mem.h"
#include "server/ledger/memory.h"

#include <stdint.h>
#include <stdio.h>

#define MIB ((size_t)1 << 20)
#define ACCOUNTS_MAX 700u

struct world {
    struct tg_memory memory;
    struct tg_accounts all;
    struct tg_account *accounts[ACCOUNTS_MAX];
    void *blocks[ACCOUNTS_MAX];
    struct tg_ledger *ledger;
};

static struct world *world_new(size_t max)
{
    struct world *w = tg_mem_calloc(1, sizeof(*w));

    assert_non_null(w);
    tg_memory_init(&w->memory, max, 0);
    w->all.memory = &w->memory;
    for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
        w->accounts[i] = tg_account_open(&w->all);
        assert_non_null(w->accounts[i]);
    }
    tg_memory_init(&w->memory, max, 0); /* the accounts themselves are not what is tested */
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
        tg_mem_free(w->blocks[i]);
        tg_account_close(&w->accounts[i]);
        assert_null(w->accounts[i]);
    }
    assert_null(w->all.retired);
    tg_ledger_free(&w->ledger);
    tg_mem_free(w);
}

/* Accounts first to last belong to this address. */
static void set_address(struct world *w, size_t first, size_t last, const char *address)
{
    struct tg_network network;
    struct tg_payer payer;

    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
    tg_ledger_find(w->ledger, &payer, &network, 0);
    for (size_t i = first; i <= last; i++) {
        tg_account_set_payer(w->accounts[i], &payer);
    }
}

static struct world *world_with_networks(size_t max)
{
    const struct tg_ledger_settings settings = { .burst = 1, .worker_count = 1, .max = { 100, 1 } };
    struct world *w = world_new(max);

    assert_int_equal(tg_ledger_new(&w->ledger, &settings, &fixed_rng), TG_OK);
    w->all.ledger = w->ledger;
    tg_memory_init(&w->memory, max, 0);
    return w;
}

/* Account i takes exactly len bytes, with what the allocator adds. */
static void take(struct world *w, size_t i, size_t len)
{
    struct tg_mem_owner *before = tg_account_enter(w->accounts[i]);

    assert_null(w->blocks[i]);
    w->blocks[i] = tg_mem_alloc(len - 24); /* with the head and the C library's word */
    tg_account_leave(w->accounts[i], before);
    assert_non_null(w->blocks[i]);
    assert_int_equal(tg_account_held(w->accounts[i]), len);
}

/* Takes as much as it may, in pieces of one page, and returns how much that is. */
static size_t take_all(struct world *w, size_t i)
{
    size_t most = 0;

    tg_mem_free(w->blocks[i]);
    w->blocks[i] = NULL;
    while (tg_account_may_take(w->accounts[i], most + 4096)) {
        most += 4096;
    }
    if (most > 0) {
        take(w, i, most);
    }
    return most;
}

static void may_take__alone__a_part_of_all_and_no_byte_more(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    assert_true(tg_account_may_take(w->accounts[0], 64 * MIB / TG_ACCOUNT_PARTS));
    assert_false(tg_account_may_take(w->accounts[0], 64 * MIB / TG_ACCOUNT_PARTS + 1));
    /* What it holds is no longer free. */
    take(w, 0, 3 * MIB);
    assert_true(tg_account_may_take(w->accounts[0], 61 * MIB / TG_ACCOUNT_PARTS - 3 * MIB));
    assert_false(tg_account_may_take(w->accounts[0], 61 * MIB / TG_ACCOUNT_PARTS - 3 * MIB + 1));
    world_free(w);
}

static void may_take__small__as_long_as_anything_is_free(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    take(w, 0, 64 * MIB - TG_ACCOUNT_SMALL);
    assert_true(tg_account_may_take(w->accounts[1], TG_ACCOUNT_SMALL));
    assert_false(tg_account_may_take(w->accounts[1], TG_ACCOUNT_SMALL + 1));
    assert_false(tg_account_may_take(w->accounts[0], 1));
    take(w, 1, TG_ACCOUNT_SMALL - 32);
    assert_true(tg_account_may_take(w->accounts[2], 32));
    assert_false(tg_account_may_take(w->accounts[2], 33));
    world_free(w);
}

/* The product: however many take as much as they may, some memory stays free for another one. */
static void may_take__many_take_all_they_may__some_stays_free(void **state)
{
    struct world *w = world_new(512 * MIB);

    (void)state;
    assert_int_equal(take_all(w, 0), 512 * MIB / TG_ACCOUNT_PARTS);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 40; i++) {
            (void)take_all(w, i);
        }
    }
    assert_true(tg_memory_free(&w->memory) >= 16 * MIB);
    assert_true(tg_account_may_take(w->accounts[650], 1 * MIB));
    world_free(w);
}

static void may_take__hundreds_take_all_they_may__never_more_than_all(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
            (void)take_all(w, i);
            assert_true(tg_memory_used(&w->memory) <= 64 * MIB);
        }
    }
    assert_true(tg_memory_is_short(&w->memory));
    world_free(w);
}

/* ---- networks ---- */

static void network__takes_all_it_may__half_is_left_for_another(void **state)
{
    struct world *w = world_with_networks(512 * MIB);

    (void)state;
    set_address(w, 0, 599, "192.0.2.1");
    set_address(w, 600, 600, "198.51.100.1");
    for (size_t i = 0; i < 600; i++) {
        (void)take_all(w, i);
    }
    /* The small ones of the network may have gone over its share. */
    assert_true(tg_memory_used(&w->memory) <= 512 * MIB / 3 * 2 + MIB);
    assert_false(tg_account_may_take(w->accounts[1], 4096));
    assert_true(tg_account_may_take(w->accounts[600], 512 * MIB / 3 / TG_ACCOUNT_PARTS));
    world_free(w);
}

/* Networks of one owner: a /24 holds at most four times what is free. */
static void network__many_addresses_of_one_24__a_fifth_is_left(void **state)
{
    struct world *w = world_with_networks(512 * MIB);
    char address[16];

    (void)state;
    for (size_t i = 0; i < 250; i++) {
        (void)snprintf(address, sizeof(address), "192.0.2.%u", (unsigned)i + 1);
        set_address(w, i, i, address);
    }
    set_address(w, 600, 600, "198.51.100.1");
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 250; i++) {
            (void)take_all(w, i);
        }
    }
    assert_true(tg_memory_free(&w->memory) >= 512 * MIB / 9 - MIB);
    assert_true(tg_account_may_take(w->accounts[600], MIB));
    world_free(w);
}

static void network__at_its_share__only_its_large_accounts_are_in_the_way(void **state)
{
    struct world *w = world_with_networks(64 * MIB);

    (void)state;
    set_address(w, 0, 299, "192.0.2.1");
    set_address(w, 300, 399, "198.51.100.1");
    take(w, 300, 2 * MIB);
    for (size_t i = 0; i < 15; i++) {
        (void)take_all(w, i);
    }
    assert_true(tg_accounts_are_tight(&w->all));
    assert_true(tg_account_is_in_the_way(w->accounts[0]));
    assert_false(tg_account_is_in_the_way(w->accounts[300]));
    take(w, 250, 4096);
    assert_false(tg_account_is_in_the_way(w->accounts[250]));
    /* A small one of the same network is still served. */
    assert_true(tg_account_may_take(w->accounts[250], 4096));
    world_free(w);
}

static struct tg_holder places[32];

/* Accounts first to last, each of a network of its own, have a connection. */
static void enter_networks(struct world *w, size_t first, size_t last)
{
    struct tg_holders *h = tg_ledger_holders(w->ledger, TG_PLACE_CONNECTION);
    char address[32];

    for (size_t i = first; i <= last; i++) {
        struct tg_network network;
        struct tg_payer payer;

        (void)snprintf(address, sizeof(address), "10.0.%zu.1", i);
        set_address(w, i, i, address);
        assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
        tg_ledger_find(w->ledger, &payer, &network, 0);
        places[i].memory = tg_account_owner(w->accounts[i]);
        assert_true(tg_holders_enter(h, &places[i], &payer, 0, TG_WORTH_NONE));
    }
}

static void leave_networks(struct world *w, size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++) {
        tg_holders_leave(tg_ledger_holders(w->ledger, TG_PLACE_CONNECTION), &places[i]);
    }
}

/* spec-test: protocol/3#memory-reserve */
static void reserve__only_for_networks_within_their_share(void **state)
{
    struct world *w = world_with_networks(64 * MIB);

    (void)state;
    enter_networks(w, 0, 8);
    set_address(w, 10, 10, "10.0.0.1");
    take(w, 20, 34 * MIB);       /* of the relay itself */
    take(w, 0, 20 * MIB);        /* far over the share of 6 MiB */
    take(w, 1, 6 * MIB - 16384); /* just within it */
    assert_in_range(tg_memory_free(&w->memory), 4 * MIB, 4 * MIB + 16384);
    /* Small ones of that network, too: with the reserve it would be theirs. */
    assert_true(TG_NETWORK_SMALL_FACTOR * 4 * MIB > 21 * MIB);
    assert_false(tg_account_may_take(w->accounts[10], 64));
    assert_false(tg_account_may_take(w->accounts[0], 64));
    assert_false(tg_account_may_take(w->accounts[1], 20000));
    /* One within it gets what a connection with the largest request needs, and no more. */
    assert_true(tg_account_may_take(w->accounts[2], TG_ACCOUNT_REQUEST));
    assert_false(tg_account_may_take(w->accounts[2], TG_ACCOUNT_REQUEST + 1));
    take(w, 2, TG_ACCOUNT_REQUEST);
    assert_true(tg_account_may_take(w->accounts[3], TG_ACCOUNT_REQUEST));
    leave_networks(w, 0, 8);
    world_free(w);
}

/* spec-test: protocol/3#memory-reserve */
static void relieve__memory_short__until_the_reserve_is_free_and_not_twice(void **state)
{
    struct world *w = world_with_networks(64 * MIB);
    struct tg_holders *h = tg_ledger_holders(w->ledger, TG_PLACE_CONNECTION);
    struct tg_holder *victim = NULL;

    (void)state;
    enter_networks(w, 0, 15);
    for (size_t i = 0; i < 16; i++) {
        take(w, i, i == 5 ? 5 * MIB : 3 * MIB + 500 * 1024);
    }
    take(w, 20, 2 * MIB);
    assert_false(tg_memory_is_short(&w->memory));
    take(w, 21, 1 * MIB);
    assert_true(tg_memory_is_short(&w->memory));
    tg_memory_left(&w->memory,
                   100 * MIB); /* before the worker that took its place has counted it */
    tg_memory_relieve(&w->memory, w->ledger);
    (void)atomic_fetch_add(&w->memory.leaving, 100 * MIB);
    victim = tg_holders_next_doomed(h, 0);
    assert_ptr_equal(victim, &places[5]); /* the one over its share is enough */
    assert_null(tg_holders_next_doomed(h, 0));
    /* It is still there, and counted. */
    tg_memory_relieve(&w->memory, w->ledger);
    assert_null(tg_holders_next_doomed(h, 0));
    tg_mem_free(w->blocks[5]);
    w->blocks[5] = NULL;
    tg_memory_left(&w->memory, victim->leaving);
    assert_int_equal(atomic_load(&w->memory.leaving), 0);
    assert_false(tg_memory_is_short(&w->memory));
    leave_networks(w, 0, 15);
    world_free(w);
}

static void operator__nothing_free__may_take_and_is_in_nobodys_way(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    take(w, 0, 64 * MIB);
    assert_false(tg_account_may_take(w->accounts[1], 64));
    assert_true(tg_account_is_in_the_way(w->accounts[1]));
    tg_account_set_operator(w->accounts[1]);
    assert_true(tg_account_may_take(w->accounts[1], MIB));
    assert_false(tg_account_is_in_the_way(w->accounts[1]));
    world_free(w);
}

static void network__account_closed__what_it_held_is_free_for_the_network(void **state)
{
    struct world *w = world_with_networks(64 * MIB);
    struct tg_account *first = w->accounts[0];

    (void)state;
    set_address(w, 0, 2, "192.0.2.1");
    take(w, 0, 32 * MIB);
    assert_false(tg_account_may_take(w->accounts[1], MIB));
    tg_account_close(&w->accounts[0]); /* its block is still in use */
    assert_ptr_equal(w->all.retired, first);
    assert_false(tg_account_may_take(w->accounts[1], MIB));
    tg_mem_free(w->blocks[0]);
    w->blocks[0] = NULL;
    tg_accounts_reap(&w->all);
    assert_true(tg_account_may_take(w->accounts[1], MIB));
    world_free(w);
}

static void may_take__sum_overflows__false(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    take(w, 0, 4096);
    assert_false(tg_account_may_take(w->accounts[0], SIZE_MAX));
    assert_false(tg_account_may_take(w->accounts[0], SIZE_MAX - 4096));
    world_free(w);
}

static void no_account__no_limit(void **state)
{
    (void)state;
    assert_true(tg_account_may_take(NULL, MIB));
    assert_int_equal(tg_account_held(NULL), 0);
}

static void overhead__counts_as_used(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    assert_false(tg_memory_is_short(&w->memory));
    atomic_store(&w->memory.overhead, 60 * MIB);
    assert_false(tg_memory_is_short(&w->memory));
    assert_true(tg_account_may_take(w->accounts[0], TG_ACCOUNT_SMALL));
    atomic_store(&w->memory.overhead, 60 * MIB + 1);
    assert_true(tg_memory_is_short(&w->memory));
    atomic_store(&w->memory.overhead, 70 * MIB);
    assert_int_equal(tg_memory_free(&w->memory), 0);
    assert_false(tg_account_may_take(w->accounts[0], 1));
    world_free(w);
}

static void measure__freed_memory_not_returned__overhead_and_trim(void **state)
{
    struct world *w = world_new(64 * MIB);
    size_t rss = 100 * MIB;

    (void)state;
    tg_memory_init(&w->memory, 64 * MIB, rss);
    take(w, 0, 8 * MIB);
    assert_false(tg_memory_measure(&w->memory, rss + 8 * MIB, 10000));
    assert_int_equal(tg_memory_used(&w->memory), 8 * MIB);
    /* The store's pages and the stacks explain so much more. */
    assert_true(tg_memory_measure(&w->memory, rss + 8 * MIB + TG_MEMORY_OVERHEAD, 10250));
    assert_int_equal(tg_memory_used(&w->memory), 8 * MIB);
    assert_false(tg_memory_measure(&w->memory, rss + 9 * MIB + TG_MEMORY_OVERHEAD, 10500));
    assert_int_equal(tg_memory_used(&w->memory), 9 * MIB);
    assert_true(tg_memory_measure(&w->memory, rss + 9 * MIB + TG_MEMORY_OVERHEAD,
                                  10250 + TG_MEMORY_TRIM_MS));
    /* Not known: only the blocks count. */
    assert_false(tg_memory_measure(&w->memory, 0, 99999));
    assert_int_equal(tg_memory_used(&w->memory), 8 * MIB);
    world_free(w);
}

/* Free pages between blocks in use are not worth a walk through the heap. */
static void measure__small_against_what_is_used__no_trim(void **state)
{
    struct world *w = world_new(64 * MIB);
    size_t rss = 100 * MIB;

    (void)state;
    tg_memory_init(&w->memory, 64 * MIB, rss);
    take(w, 0, 48 * MIB);
    assert_false(tg_memory_measure(&w->memory, rss + 59 * MIB, 10000));
    assert_true(tg_memory_measure(&w->memory, rss + 60 * MIB, 10000));
    world_free(w);
}

static void share__many_networks__always_a_small_request(void **state)
{
    struct world *w = world_with_networks(1 * MIB);

    (void)state;
    enter_networks(w, 0, 15); /* an equal part is 56 KiB */
    take(w, 20, 900 * 1024);
    assert_true(tg_account_may_take(w->accounts[2], TG_ACCOUNT_SMALL));
    assert_false(tg_account_may_take(w->accounts[2], TG_ACCOUNT_SMALL + 1));
    leave_networks(w, 0, 15);
    world_free(w);
}

static void tight__less_than_a_small_account_below_half(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    take(w, 0, 30 * MIB - TG_ACCOUNT_SMALL / 2);
    assert_false(tg_accounts_are_tight(&w->all));
    take(w, 1, 64);
    assert_true(tg_accounts_are_tight(&w->all));
    world_free(w);
}

/* What is promised counts for the network, too. */
static void promise__of_a_network__held_until_it_is_withdrawn(void **state)
{
    struct world *w = world_with_networks(64 * MIB);
    struct tg_network network;
    struct tg_payer payer;

    (void)state;
    set_address(w, 0, 0, "192.0.2.1");
    assert_true(tg_network_of_text(&network, TG_LIT("192.0.2.1")));
    tg_ledger_find(w->ledger, &payer, &network, 0);
    tg_account_promise(w->accounts[0], 10 * MIB);
    assert_int_equal(tg_ledger_memory_of(w->ledger, &payer), 10 * MIB);
    take(w, 0, 4 * MIB);
    assert_int_equal(tg_ledger_memory_of(w->ledger, &payer), 10 * MIB);
    tg_account_promise(w->accounts[0], 0);
    assert_int_equal(tg_ledger_memory_of(w->ledger, &payer), 4 * MIB);
    world_free(w);
}

/* Handshakes that begin together. */
static void promise__not_yet_taken__counts_once(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    tg_account_promise(w->accounts[0], 10 * MIB);
    assert_int_equal(tg_memory_used(&w->memory), 10 * MIB);
    take(w, 0, 4 * MIB);
    assert_int_equal(tg_memory_used(&w->memory), 10 * MIB);
    tg_account_promise(w->accounts[1], 1 * MIB);
    take(w, 1, 3 * MIB);
    assert_int_equal(tg_memory_used(&w->memory), 13 * MIB);
    tg_account_promise(w->accounts[0], 0);
    assert_int_equal(tg_memory_used(&w->memory), 7 * MIB);
    tg_account_promise(w->accounts[2], 2 * MIB);
    tg_account_close(&w->accounts[2]);
    assert_in_range(tg_memory_used(&w->memory), 7 * MIB - 1000, 7 * MIB);
    world_free(w);
}

/* A change that is queued outlives its connection. */
static void close__block_in_use__counts_until_it_is_freed(void **state)
{
    struct world *w = world_new(64 * MIB);

    (void)state;
    take(w, 0, 32 * MIB);
    tg_account_close(&w->accounts[0]);
    assert_non_null(w->all.retired);
    tg_accounts_reap(&w->all);
    assert_non_null(w->all.retired);
    assert_int_equal(tg_memory_used(&w->memory), 32 * MIB);
    tg_mem_free(w->blocks[0]);
    w->blocks[0] = NULL;
    tg_accounts_reap(&w->all);
    assert_null(w->all.retired);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(may_take__alone__a_part_of_all_and_no_byte_more),
        cmocka_unit_test(may_take__small__as_long_as_anything_is_free),
        cmocka_unit_test(may_take__many_take_all_they_may__some_stays_free),
        cmocka_unit_test(may_take__hundreds_take_all_they_may__never_more_than_all),
        cmocka_unit_test(may_take__sum_overflows__false),
        cmocka_unit_test(network__takes_all_it_may__half_is_left_for_another),
        cmocka_unit_test(network__many_addresses_of_one_24__a_fifth_is_left),
        cmocka_unit_test(network__at_its_share__only_its_large_accounts_are_in_the_way),
        cmocka_unit_test(reserve__only_for_networks_within_their_share),
        cmocka_unit_test(relieve__memory_short__until_the_reserve_is_free_and_not_twice),
        cmocka_unit_test(operator__nothing_free__may_take_and_is_in_nobodys_way),
        cmocka_unit_test(network__account_closed__what_it_held_is_free_for_the_network),
        cmocka_unit_test(promise__not_yet_taken__counts_once),
        cmocka_unit_test(measure__freed_memory_not_returned__overhead_and_trim),
        cmocka_unit_test(measure__small_against_what_is_used__no_trim),
        cmocka_unit_test(share__many_networks__always_a_small_request),
        cmocka_unit_test(tight__less_than_a_small_account_below_half),
        cmocka_unit_test(promise__of_a_network__held_until_it_is_withdrawn),
        cmocka_unit_test(no_account__no_limit),
        cmocka_unit_test(overhead__counts_as_used),
        cmocka_unit_test(close__block_in_use__counts_until_it_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
