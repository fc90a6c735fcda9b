/* SPDX-License-Identifier: Apache-2.0 */

#include "support/c/unit.h"

#include "server/http/inbox.h"

static struct tg_waiters table;
static size_t woken_count;

static void on_woken(struct tg_waiter *waiter)
{
    (void)waiter;
    woken_count++;
}

static int setup(void **state)
{
    (void)state;
    tg_waiters_init(&table);
    woken_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_waiters_deinit(&table);
    return 0;
}

static struct tg_store_key key_of(uint8_t n)
{
    return (struct tg_store_key){ { n } };
}

static void put__first_key__requests_a_wake_up_and_delivers(void **state)
{
    struct tg_inbox inbox;
    struct tg_waiter a = { .woken = on_woken };
    struct tg_store_key key = key_of(5);
    struct tg_store_key other = key_of(6);

    (void)state;
    assert_int_equal(tg_inbox_init(&inbox), TG_OK);
    assert_int_equal(tg_waiters_add(&table, &a, &key), TG_OK);
    assert_true(tg_inbox_put(&inbox, &other));
    assert_false(tg_inbox_put(&inbox, &key));
    tg_inbox_deliver(&inbox, &table);
    assert_false(tg_waiters_run(&table, 10));
    assert_int_equal(woken_count, 1);
    tg_inbox_deliver(&inbox, &table);
    assert_false(tg_waiters_run(&table, 10));
    assert_int_equal(woken_count, 1);
    assert_true(tg_inbox_put(&inbox, &key));
    tg_waiters_remove(&table, &a);
    tg_inbox_deinit(&inbox);
}

static void put__over_the_maximum__every_waiter_woken(void **state)
{
    struct tg_inbox inbox;
    struct tg_waiter a = { .woken = on_woken };
    struct tg_store_key key = key_of(5);
    struct tg_store_key other = key_of(6);

    (void)state;
    assert_int_equal(tg_inbox_init(&inbox), TG_OK);
    assert_int_equal(tg_waiters_add(&table, &a, &key), TG_OK);
    for (size_t i = 0; i < TG_INBOX_MAX; i++) {
        (void)tg_inbox_put(&inbox, &other);
    }
    assert_int_equal(inbox.count, TG_INBOX_MAX);
    assert_false(inbox.has_overflowed);
    (void)tg_inbox_put(&inbox, &other);
    assert_true(inbox.has_overflowed);
    tg_inbox_deliver(&inbox, &table);
    assert_false(tg_waiters_run(&table, 10));
    assert_int_equal(woken_count, 1);
    assert_false(inbox.has_overflowed);
    tg_waiters_remove(&table, &a);
    tg_inbox_deinit(&inbox);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(put__first_key__requests_a_wake_up_and_delivers),
        CASE(put__over_the_maximum__every_waiter_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
