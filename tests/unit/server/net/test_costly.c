/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/fail_at.h"
#include "support/c/unit.h"

#include <string.h>

#include "server/net/costly.h"

#define US_PER_MS 1000u
#define WORK_US 3000u
#define REST_US ((uint64_t)WORK_US * TG_COSTLY_REST)

FAIL_WRAP_CALLOC()

static const struct tg_turn_key A = { .cell = 1, .wide = 1 };
static const struct tg_turn_key A2 = { .cell = 2, .wide = 1 }; /* another part of A's network */
static const struct tg_turn_key B = { .cell = 3, .wide = 3 };

static struct tg_costly costly;
static struct tg_link links[8];

/* Two networks use the worker at this time. */
#define START_US 1000000u

static int setup(void **state)
{
    (void)state;
    memset(links, 0, sizeof(links));
    assert_int_equal(tg_costly_init(&costly), TG_OK);
    tg_costly_note_turn(&costly, A, START_US);
    tg_costly_note_turn(&costly, B, START_US);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_costly_deinit(&costly);
    return 0;
}

/* How many a release gives; the first of them in *first. */
static size_t release(uint64_t now_us, struct tg_link **first)
{
    struct tg_link released;
    struct tg_link *link = NULL;
    size_t count = 0;

    tg_list_init(&released);
    *first = NULL;
    tg_costly_release(&costly, now_us, &released);
    while ((link = tg_list_shift(&released)) != NULL) {
        *first = count++ == 0 ? link : *first;
    }
    return count;
}

/* spec-test: protocol/3#costly-handshakes */
static void may__a_network_that_did__rests_in_proportion(void **state)
{
    (void)state;
    assert_true(tg_costly_may(&costly, A, START_US));
    tg_costly_done(&costly, A, START_US, WORK_US);
    assert_false(tg_costly_may(&costly, A, START_US + REST_US - 1));
    assert_true(tg_costly_may(&costly, A, START_US + REST_US));
}

static void may__another_part_of_the_wider_network__rests_too(void **state)
{
    (void)state;
    tg_costly_done(&costly, A, START_US, WORK_US);
    assert_false(tg_costly_may(&costly, A2, START_US));
    assert_true(tg_costly_may(&costly, B, START_US));
}

static void may__network_alone_for_long__does_not_rest(void **state)
{
    uint64_t alone_us = START_US + (uint64_t)TG_COSTLY_ALONE_MS * US_PER_MS;

    (void)state;
    tg_costly_note_turn(&costly, B, START_US + 1); /* the same network again */
    tg_costly_done(&costly, B, alone_us - 1, WORK_US);
    assert_false(tg_costly_may(&costly, B, alone_us - 1));
    assert_true(tg_costly_may(&costly, B, alone_us));
    tg_costly_note_turn(&costly, A, alone_us);
    assert_false(tg_costly_may(&costly, B, alone_us));
}

static void may__the_only_network_since_the_start__does_not_rest(void **state)
{
    struct tg_costly c;

    (void)state;
    assert_int_equal(tg_costly_init(&c), TG_OK);
    tg_costly_note_turn(&c, A, START_US);
    tg_costly_done(&c, A, START_US, WORK_US);
    assert_true(tg_costly_may(&c, A, START_US));
    tg_costly_note_turn(&c, A, START_US);
    assert_true(tg_costly_may(&c, A, START_US));
    tg_costly_deinit(&c);
}

static void release__many_of_one_network__one_after_each_rest(void **state)
{
    struct tg_link *first = NULL;

    (void)state;
    tg_costly_done(&costly, A, START_US, WORK_US);
    tg_costly_wait(&costly, A, &links[0]);
    tg_costly_wait(&costly, A2, &links[1]);
    assert_int_equal(release(START_US + REST_US - 1, &first), 0);
    assert_int_equal(release(START_US + REST_US, &first), 1);
    assert_ptr_equal(first, &links[0]);
    assert_false(tg_costly_may(&costly, A, START_US + REST_US)); /* until it is done */
    assert_int_equal(release(START_US + REST_US + 1, &first), 0);
    tg_costly_done(&costly, A, START_US + 2 * REST_US, WORK_US);
    assert_int_equal(release(START_US + 3 * REST_US, &first), 1);
    assert_ptr_equal(first, &links[1]);
    assert_int_equal(costly.count, 0);
    assert_true(tg_list_is_empty(&costly.ring));
}

static void release__several_networks__one_of_each(void **state)
{
    struct tg_link *first = NULL;

    (void)state;
    tg_costly_done(&costly, A, START_US, WORK_US);
    tg_costly_wait(&costly, A, &links[0]);
    tg_costly_wait(&costly, A, &links[1]);
    tg_costly_wait(&costly, B, &links[2]);
    assert_int_equal(release(START_US, &first), 1);
    assert_ptr_equal(first, &links[2]);
    tg_costly_wait(&costly, B, &links[3]);
    assert_int_equal(release(START_US + 3 * REST_US, &first), 2);
    assert_int_equal(costly.count, 1);
    tg_costly_remove(&costly, &links[1]);
}

static void release__network_alone__all_at_once(void **state)
{
    uint64_t alone_us = START_US + (uint64_t)TG_COSTLY_ALONE_MS * US_PER_MS;
    struct tg_link *first = NULL;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        tg_costly_wait(&costly, A, &links[i]);
    }
    assert_int_equal(release(alone_us, &first), 4);
}

static void remove__waiting_one__not_released(void **state)
{
    struct tg_link *first = NULL;

    (void)state;
    tg_costly_wait(&costly, A, &links[0]);
    tg_costly_wait(&costly, A, &links[1]);
    tg_costly_remove(&costly, &links[0]);
    tg_costly_remove(&costly, &links[0]);
    assert_int_equal(costly.count, 1);
    assert_int_equal(release(START_US, &first), 1);
    assert_ptr_equal(first, &links[1]);
}

static void init__no_memory__error_and_deinit(void **state)
{
    struct tg_costly c;

    (void)state;
    fail_at(1);
    assert_int_equal(tg_costly_init(&c), TG_E_NOMEM);
    fail_at(0);
    tg_costly_deinit(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(may__a_network_that_did__rests_in_proportion),
        TEST(may__another_part_of_the_wider_network__rests_too),
        TEST(may__network_alone_for_long__does_not_rest),
        TEST(may__the_only_network_since_the_start__does_not_rest),
        TEST(release__many_of_one_network__one_after_each_rest),
        TEST(release__several_networks__one_of_each),
        TEST(release__network_alone__all_at_once),
        TEST(remove__waiting_one__not_released),
        cmocka_unit_test(init__no_memory__error_and_deinit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
