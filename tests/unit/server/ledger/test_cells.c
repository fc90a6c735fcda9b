/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "server/ledger/cells.h"

#include <pthread.h>

static const uint8_t key[TG_CELLS_KEY_LEN] = { 1, 2, 3 };
static const struct tg_bytes name = { (const uint8_t *)"name", 4 };

static struct tg_spot find(uint8_t purpose, uint64_t period, struct tg_bytes of)
{
    struct tg_spot spot = { { 0 } };

    assert_int_equal(tg_spot_find(&spot, TG_ARRAY_BYTES(key), purpose, period, of), TG_OK);
    return spot;
}

static bool is_same(struct tg_spot a, struct tg_spot b)
{
    return a.cell[0] == b.cell[0] && a.cell[1] == b.cell[1];
}

static void spot__same_input_same__any_other_input_unrelated(void **state)
{
    struct tg_spot spot = find(1, 5, name);
    struct tg_spot other = spot;
    uint8_t other_key[TG_CELLS_KEY_LEN] = { 1, 2, 4 };

    (void)state;
    assert_true(is_same(spot, find(1, 5, name)));
    assert_false(is_same(spot, find(2, 5, name)));
    assert_false(is_same(spot, find(1, 6, name)));
    assert_false(is_same(spot, find(1, 5, TG_LIT("nam"))));
    assert_int_equal(tg_spot_find(&other, TG_ARRAY_BYTES(other_key), 1, 5, name), TG_OK);
    assert_false(is_same(spot, other));
}

/* Of 20,000 names no cell of a row gets more than a few: nobody can rely on a crowd. */
static void spot__many_names__spread_over_the_row(void **state)
{
    uint8_t *used = tg_mem_calloc(TG_CELLS, 1);
    unsigned most = 0;

    (void)state;
    assert_non_null(used);
    for (uint32_t i = 0; i < 20000; i++) {
        uint8_t text[3] = { (uint8_t)i, (uint8_t)(i >> 8), 7 };
        struct tg_spot spot = find(1, 0, TG_ARRAY_BYTES(text));

        used[spot.cell[0]]++;
        most = used[spot.cell[0]] > most ? used[spot.cell[0]] : most;
    }
    assert_in_range(most, 1, 9);
    tg_mem_free(used);
}

static void buckets__fill_leak_and_stop_at_full(void **state)
{
    struct tg_buckets *b = tg_mem_calloc(1, sizeof(*b));
    struct tg_spot spot = find(1, 0, name);

    (void)state;
    assert_non_null(b);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1000), 0);
    tg_buckets_add(b, spot, 60, 100, 1000);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1000), 60);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1059), 1);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1061), 0);
    tg_buckets_add(b, spot, 60, 100, 1010);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1010), 100);
    tg_buckets_add(b, spot, INT64_MAX, 100, 1010);
    assert_int_equal(tg_buckets_level_ns(b, spot, 1010), 100);
    assert_int_equal(tg_buckets_level_ns(b, spot, 2000), 0);
    tg_mem_free(b);
}

/* spec-test: protocol/3#rate-limit */
static void buckets__one_cell_shared__the_other_row_tells_apart(void **state)
{
    struct tg_buckets *b = tg_mem_calloc(1, sizeof(*b));
    struct tg_spot spot = { { 5, 6 } };
    struct tg_spot near = { { 5, 7 } };
    struct tg_spot beside = { { 4, 6 } };
    struct tg_spot twin = { { 5, 6 } };

    (void)state;
    assert_non_null(b);
    tg_buckets_add(b, spot, 100, 100, 0);
    assert_int_equal(tg_buckets_level_ns(b, near, 0), 0);
    assert_int_equal(tg_buckets_level_ns(b, beside, 0), 0);
    assert_int_equal(tg_buckets_level_ns(b, twin, 0), 100);
    tg_mem_free(b);
}

static void counts__add_and_subtract__exact__smaller_row_counts(void **state)
{
    struct tg_counts *c = tg_mem_calloc(1, sizeof(*c));
    struct tg_spot spot = { { 1, 2 } };
    struct tg_spot near = { { 1, 3 } };
    struct tg_spot beside = { { 4, 2 } };

    (void)state;
    assert_non_null(c);
    tg_counts_add(c, spot, 10);
    assert_int_equal(tg_counts_of(c, near), 0);
    assert_int_equal(tg_counts_of(c, beside), 0);
    tg_counts_add(c, near, 5);
    assert_int_equal(tg_counts_of(c, spot), 10);
    assert_int_equal(tg_counts_of(c, near), 5);
    tg_counts_subtract(c, spot, 10);
    assert_int_equal(tg_counts_of(c, spot), 0);
    assert_int_equal(tg_counts_of(c, near), 5);
    tg_counts_subtract(c, near, 5);
    assert_int_equal(tg_counts_of(c, near), 0);
    tg_mem_free(c);
}

struct racer {
    struct tg_buckets *buckets;
    struct tg_counts *counts;
};

static void *race(void *ctx)
{
    static const struct tg_spot spot = { { 9, 9 } };
    struct racer *r = ctx;

    for (size_t i = 0; i < 1000; i++) {
        tg_buckets_add(r->buckets, spot, 1, INT64_MAX / 2, 0);
        tg_counts_add(r->counts, spot, 3);
        tg_counts_subtract(r->counts, spot, 2);
    }
    return NULL;
}

static void cells__four_threads_at_once__nothing_lost(void **state)
{
    static const struct tg_spot spot = { { 9, 9 } };
    struct racer r = { tg_mem_calloc(1, sizeof(*r.buckets)), tg_mem_calloc(1, sizeof(*r.counts)) };
    pthread_t threads[4];

    (void)state;
    assert_non_null(r.buckets);
    assert_non_null(r.counts);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, race, &r), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(tg_buckets_level_ns(r.buckets, spot, 0), 4000);
    assert_int_equal(tg_counts_of(r.counts, spot), 4000);
    tg_mem_free(r.buckets);
    tg_mem_free(r.counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spot__same_input_same__any_other_input_unrelated),
        cmocka_unit_test(spot__many_names__spread_over_the_row),
        cmocka_unit_test(buckets__fill_leak_and_stop_at_full),
        cmocka_unit_test(buckets__one_cell_shared__the_other_row_tells_apart),
        cmocka_unit_test(counts__add_and_subtract__exact__smaller_row_counts),
        cmocka_unit_test(cells__four_threads_at_once__nothing_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
