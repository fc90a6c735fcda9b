/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are spent once, and the series that remember them. */
#include "contract/contract_support.h"

#include <string.h>

#define SERIES 1u
#define END_S 1000

static const struct backend *backend_now;

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, backend_now, NULL);
    assert_int_equal(series_open(&f->client, SERIES, END_S), TG_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void assert_spent(const struct fixture *f, uint64_t spent_count)
{
    struct tg_store_stats stats = { .spent_count = 99 };

    f->store->ops->stats(f->store, &stats);
    assert_int_equal(stats.spent_count, spent_count);
    assert_int_equal(stats.live_count, 0);
    assert_int_equal(stats.ended_count, 0);
}

static size_t sweep_spent(struct fixture *f, int64_t now_s, size_t max_count)
{
    struct call swept = { .verdict = TG_STORE_KEEP };

    sweep_start(&f->client, now_s, max_count, &swept);
    call_finish(&f->client, &swept);
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 0);
    return swept.swept.spent_count;
}

/* ---- spending ------------------------------------------------------------------------------- */

/* spec-test: protocol/6#token-spent-once */
static void key__is_new_once_and_then_known_with_what_was_kept(void **state)
{
    struct fixture *f = *state;
    struct spent spent;

    assert_int_equal(spend(&f->client, SERIES, 7, "first"), TG_SPEND_NEW);
    spend_start(&f->client, SERIES, 7, TG_LIT("second"), &spent);
    spend_finish(&f->client, &spent);
    assert_int_equal(spent.err, TG_OK);
    assert_int_equal(spent.outcome, TG_SPEND_KNOWN);
    assert_int_equal(spent.len, 5);
    assert_memory_equal(spent.bytes, "first", 5);
    assert_int_equal(spend(&f->client, SERIES, 8, ""), TG_SPEND_NEW);
    assert_int_equal(spend(&f->client, SERIES, 8, "x"), TG_SPEND_KNOWN);
    assert_spent(f, 2);
}

static void sealed_bytes_at_the_maximum__are_kept(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[TG_SPENT_SEALED_MAX];
    struct spent spent;

    memset(bytes, 0x5a, sizeof(bytes));
    spend_start(&f->client, SERIES, 1, TG_ARRAY_BYTES(bytes), &spent);
    spend_finish(&f->client, &spent);
    assert_int_equal(spent.outcome, TG_SPEND_NEW);
    spend_start(&f->client, SERIES, 1, TG_LIT("x"), &spent);
    spend_finish(&f->client, &spent);
    assert_int_equal(spent.outcome, TG_SPEND_KNOWN);
    assert_int_equal(spent.len, sizeof(bytes));
    assert_memory_equal(spent.bytes, bytes, sizeof(bytes));
}

static void same_key_in_two_series__is_two_keys(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(series_open(&f->client, 2, END_S), TG_OK);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_NEW);
    assert_int_equal(spend(&f->client, 2, 7, "x"), TG_SPEND_NEW);
    assert_int_equal(spend(&f->client, 2, 7, "x"), TG_SPEND_KNOWN);
    assert_spent(f, 2);
}

static void series_that_was_never_opened__accepts_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(spend(&f->client, 2, 7, "x"), TG_SPEND_CLOSED);
    assert_spent(f, 0);
}

static void spends_in_one_batch__are_done_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct spent first, second, other;

    spend_start(&f->client, SERIES, 7, TG_LIT("a"), &first);
    spend_start(&f->client, SERIES, 7, TG_LIT("b"), &second);
    spend_start(&f->client, SERIES, 8, TG_LIT("c"), &other);
    assert_int_equal(first.done_count, 0);
    spend_finish(&f->client, &other);
    spend_finish(&f->client, &first);
    spend_finish(&f->client, &second);
    assert_int_equal(first.outcome, TG_SPEND_NEW);
    assert_int_equal(second.outcome, TG_SPEND_KNOWN);
    assert_memory_equal(second.bytes, "a", 1);
    assert_int_equal(other.outcome, TG_SPEND_NEW);
}

/* ---- the end of a series -------------------------------------------------------------------- */

/* spec-test: protocol/6#retired-key-for-good */
static void series__is_closed_by_the_sweep_at_its_end_for_good(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_NEW);
    assert_int_equal(sweep_spent(f, END_S - 1, 10), 0);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_KNOWN);
    assert_int_equal(sweep_spent(f, END_S, 10), 1);
    assert_spent(f, 0);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_CLOSED);
    assert_int_equal(spend(&f->client, SERIES, 8, "x"), TG_SPEND_CLOSED);
    assert_int_equal(series_open(&f->client, SERIES, 2 * END_S), TG_E_DENIED);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_CLOSED);
    assert_int_equal(sweep_spent(f, 0, 10), 0);
    assert_spent(f, 0);
}

static void end_of_an_open_series__can_be_moved_both_ways(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_NEW);
    assert_int_equal(series_open(&f->client, SERIES, 2 * END_S), TG_OK);
    assert_int_equal(sweep_spent(f, END_S, 10), 0);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_KNOWN);
    assert_int_equal(series_open(&f->client, SERIES, END_S), TG_OK);
    assert_int_equal(sweep_spent(f, END_S, 10), 1);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_CLOSED);
}

/* The memory store moves a key with the same home into the place of a removed one. */
static void closing__same_keys_in_another_series__stay_known(void **state)
{
    enum { COUNT = 100 };
    struct fixture *f = *state;

    assert_int_equal(series_open(&f->client, 2, 2 * END_S), TG_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(spend(&f->client, SERIES, i, "x"), TG_SPEND_NEW);
        assert_int_equal(spend(&f->client, 2, i, "x"), TG_SPEND_NEW);
    }
    assert_int_equal(sweep_spent(f, END_S, 2 * COUNT), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(spend(&f->client, 2, i, "x"), TG_SPEND_KNOWN);
    }
}

static void closing__removes_the_keys_of_that_series_alone(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;

    for (unsigned series = 2; series <= 4; series++) {
        assert_int_equal(series_open(&f->client, series, series * 1000), TG_OK);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(spend(&f->client, 1 + i % 4, i, "x"), TG_SPEND_NEW);
    }
    /* All that are due are closed, also where the maximum leaves keys behind. */
    assert_int_equal(sweep_spent(f, 2000, 100), 100);
    assert_spent(f, COUNT - 100);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(spend(&f->client, 1 + i % 4, i, "x"),
                         i % 4 < 2 ? TG_SPEND_CLOSED : TG_SPEND_KNOWN);
    }
    assert_int_equal(sweep_spent(f, 0, 1000), COUNT / 2 - 100);
    assert_spent(f, COUNT / 2);
    assert_int_equal(sweep_spent(f, 0, 1000), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(spend(&f->client, 1 + i % 4, i, "x"),
                         i % 4 < 2 ? TG_SPEND_CLOSED : TG_SPEND_KNOWN);
    }
}

static void series__up_to_the_maximum_and_one_more_is_full(void **state)
{
    struct fixture *f = *state;
    struct call *calls = calloc(TG_SERIES_MAX + 1, sizeof(*calls));

    assert_non_null(calls);
    for (unsigned i = 2; i <= TG_SERIES_MAX; i++) {
        series_start(&f->client, i, i % 2 == 0 ? END_S : 2 * END_S, &calls[i]);
    }
    for (unsigned i = 2; i <= TG_SERIES_MAX; i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    free(calls);
    assert_int_equal(series_open(&f->client, TG_SERIES_MAX + 1, END_S), TG_E_FULL);
    assert_int_equal(sweep_spent(f, END_S, 10), 0);
    assert_int_equal(series_open(&f->client, TG_SERIES_MAX + 1, END_S), TG_E_FULL);
    assert_int_equal(series_open(&f->client, 2, END_S), TG_E_DENIED);
    assert_int_equal(series_open(&f->client, 3, 3 * END_S), TG_OK);
    assert_int_equal(spend(&f->client, 3, 1, "x"), TG_SPEND_NEW);
}

static void restore__closes_every_series(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_NEW);
    client_close(&f->client);
    assert_int_equal(f->store->ops->restore(f->store, TG_STORE_RESTORED_KEEP, 0), TG_OK);
    client_open(&f->client, f->store);
    assert_int_equal(spend(&f->client, SERIES, 7, "x"), TG_SPEND_CLOSED);
    assert_int_equal(series_open(&f->client, SERIES, 5 * END_S), TG_E_DENIED);
    (void)sweep_spent(f, 0, 10);
    assert_spent(f, 0);
    assert_int_equal(series_open(&f->client, 2, 5 * END_S), TG_OK);
    assert_int_equal(spend(&f->client, 2, 7, "x"), TG_SPEND_NEW);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* spec-test: protocol/6#spent-full-refuses */
static void spent_limit__admits_n_and_refuses_one_more(void **state)
{
    struct tg_store_limits limits = { .spent_max = 2 };
    struct fixture f;
    struct spent spent;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(series_open(&f.client, 1, END_S), TG_OK);
    assert_int_equal(series_open(&f.client, 2, 2 * END_S), TG_OK);
    assert_int_equal(spend(&f.client, 1, 1, "a"), TG_SPEND_NEW);
    assert_int_equal(spend(&f.client, 2, 2, "b"), TG_SPEND_NEW);
    spend_start(&f.client, 2, 3, TG_LIT("c"), &spent);
    spend_finish(&f.client, &spent);
    assert_int_equal(spent.err, TG_E_FULL);
    assert_spent(&f, 2);
    assert_int_equal(spend(&f.client, 2, 2, "b"), TG_SPEND_KNOWN);
    assert_int_equal(sweep_spent(&f, END_S, 10), 1);
    assert_int_equal(spend(&f.client, 2, 3, "c"), TG_SPEND_NEW);
    fixture_close(&f);
}

static void full_queue__refuses_series_and_spend_through_dispatch(void **state)
{
    struct fixture *f = *state;
    struct call *calls = calloc(TG_STORE_QUEUE_MAX, sizeof(*calls));
    struct spent spent;

    assert_non_null(calls);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        calls[i].verdict = TG_STORE_KEEP;
        call_start(&f->client, i, &calls[i]);
    }
    spend_start(&f->client, SERIES, 1, TG_LIT("x"), &spent);
    spend_finish(&f->client, &spent);
    assert_int_equal(spent.err, TG_E_FULL);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        call_finish(&f->client, &calls[i]);
    }
    assert_spent(f, 0);
    free(calls);
}

/* ---- races ---------------------------------------------------------------------------------- */

#define RACERS 8u
#define RACE_KEYS 500u

struct racer {
    pthread_t thread;
    struct tg_store *store;
    pthread_barrier_t *start;
    uint8_t name;
    bool has_won[RACE_KEYS];
    uint8_t winner[RACE_KEYS]; /* as the store names it */
};

static void *racer_main(void *arg)
{
    struct racer *r = arg;
    struct client c;
    struct spent *spent = calloc(RACE_KEYS, sizeof(*spent));

    assert_non_null(spent);
    client_open(&c, r->store);
    (void)pthread_barrier_wait(r->start);
    for (unsigned i = 0; i < RACE_KEYS; i++) {
        spend_start(&c, SERIES, i, tg_bytes(&r->name, 1), &spent[i]);
    }
    for (unsigned i = 0; i < RACE_KEYS; i++) {
        spend_finish(&c, &spent[i]);
        r->has_won[i] = spent[i].err == TG_OK && spent[i].outcome == TG_SPEND_NEW;
        r->winner[i] = r->has_won[i] ? r->name : spent[i].bytes[0];
    }
    client_close(&c);
    free(spent);
    return NULL;
}

/* spec-test: protocol/6#token-spent-once */
static void concurrent_spends_of_one_key__one_wins_and_all_name_it(void **state)
{
    struct fixture *f = *state;
    struct racer *racers = calloc(RACERS, sizeof(*racers));
    pthread_barrier_t start;

    assert_non_null(racers);
    (void)pthread_barrier_init(&start, NULL, RACERS);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i].store = f->store;
        racers[i].start = &start;
        racers[i].name = (uint8_t)('A' + i);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    }
    for (unsigned i = 0; i < RACERS; i++) {
        (void)pthread_join(racers[i].thread, NULL);
    }
    for (unsigned key = 0; key < RACE_KEYS; key++) {
        unsigned winners = 0;

        for (unsigned i = 0; i < RACERS; i++) {
            winners += racers[i].has_won[key] ? 1 : 0;
            assert_int_equal(racers[i].winner[key], racers[0].winner[key]);
        }
        assert_int_equal(winners, 1);
    }
    assert_spent(f, RACE_KEYS);
    (void)pthread_barrier_destroy(&start);
    free(racers);
}

/* A series that is closed while keys are spent: what was accepted, was accepted before. */
static void spends_beside_a_closing_sweep__are_new_before_it_and_closed_after(void **state)
{
    enum { COUNT = 3000 };
    struct fixture *f = *state;
    struct spent *spent = calloc(COUNT, sizeof(*spent));
    struct call swept = { .verdict = TG_STORE_KEEP };
    unsigned new_count = 0;

    assert_non_null(spent);
    for (unsigned i = 0; i < COUNT; i++) {
        spend_start(&f->client, SERIES, i, TG_LIT("x"), &spent[i]);
        if (i == COUNT / 2) {
            sweep_start(&f->client, END_S, 1000000, &swept);
        }
    }
    call_finish(&f->client, &swept);
    for (unsigned i = 0; i < COUNT; i++) {
        spend_finish(&f->client, &spent[i]);
        assert_int_equal(spent[i].err, TG_OK);
        new_count += spent[i].outcome == TG_SPEND_NEW ? 1 : 0;
        assert_int_equal(spent[i].outcome == TG_SPEND_NEW, i < new_count);
    }
    (void)sweep_spent(f, END_S, 1000000);
    assert_spent(f, 0);
    assert_int_equal(spend(&f->client, SERIES, 0, "x"), TG_SPEND_CLOSED);
    free(spent);
}

/* ---- what outlives the process -------------------------------------------------------------- */

static void reopen(struct fixture *f)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static void reopen__finds_spent_keys_and_closed_series(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(series_open(&f->client, 2, 2 * END_S), TG_OK);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(spend(&f->client, 1 + i % 2, i, "x"), TG_SPEND_NEW);
    }
    reopen(f);
    assert_spent(f, 100);
    assert_int_equal(spend(&f->client, 1, 0, "x"), TG_SPEND_KNOWN);
    assert_int_equal(sweep_spent(f, END_S, 7), 7);
    reopen(f);
    assert_spent(f, 93);
    assert_int_equal(spend(&f->client, 1, 0, "x"), TG_SPEND_CLOSED);
    assert_int_equal(series_open(&f->client, 1, 9 * END_S), TG_E_DENIED);
    assert_int_equal(sweep_spent(f, 0, 1000), 43); /* it goes on where it ended */
    assert_int_equal(spend(&f->client, 2, 1, "x"), TG_SPEND_KNOWN);
    reopen(f);
    assert_spent(f, 50);
    assert_int_equal(series_open(&f->client, 1, 9 * END_S), TG_E_DENIED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest every[] = {
        CASE(key__is_new_once_and_then_known_with_what_was_kept),
        CASE(sealed_bytes_at_the_maximum__are_kept),
        CASE(same_key_in_two_series__is_two_keys),
        CASE(series_that_was_never_opened__accepts_nothing),
        CASE(spends_in_one_batch__are_done_in_their_order),
        CASE(series__is_closed_by_the_sweep_at_its_end_for_good),
        CASE(end_of_an_open_series__can_be_moved_both_ways),
        CASE(closing__same_keys_in_another_series__stay_known),
        CASE(closing__removes_the_keys_of_that_series_alone),
        CASE(series__up_to_the_maximum_and_one_more_is_full),
        CASE(restore__closes_every_series),
        cmocka_unit_test(spent_limit__admits_n_and_refuses_one_more),
        CASE(full_queue__refuses_series_and_spend_through_dispatch),
        CASE(concurrent_spends_of_one_key__one_wins_and_all_name_it),
        CASE(spends_beside_a_closing_sweep__are_new_before_it_and_closed_after),
    };
    static const struct CMUnitTest kept[] = {
        CASE(reopen__finds_spent_keys_and_closed_series),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, every, NULL, NULL);
        if (strcmp(backends[i].name, "memory") != 0) {
            failed += cmocka_run_group_tests_name(backends[i].name, kept, NULL, NULL);
        }
    }
    return failed == 0 ? 0 : 1;
}
