/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <string.h>

#include "base/bytes.h"
#include "server/http/waiters.h"

static struct tg_waiters table;
static struct tg_waiter *woken[512];
static size_t woken_count;
static bool is_removed_when_woken;
static struct tg_waiter *victim; /* removed when any waiter is woken */

static void on_woken(struct tg_waiter *waiter)
{
    woken[woken_count++] = waiter;
    if (is_removed_when_woken) {
        tg_waiters_remove(&table, waiter);
    }
    if (victim != NULL) {
        tg_waiters_remove(&table, victim);
    }
}

static int setup(void **state)
{
    (void)state;
    tg_waiters_init(&table);
    woken_count = 0;
    is_removed_when_woken = false;
    victim = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_waiters_deinit(&table);
    return 0;
}

static enum tg_err add(struct tg_waiter *waiter, const struct tg_store_key *key)
{
    waiter->woken = on_woken;
    return tg_waiters_add(&table, waiter, key);
}

static struct tg_store_key key_of(size_t n)
{
    struct tg_store_key key = { { 0 } };

    memcpy(key.bytes, &n, sizeof(n));
    return key;
}

static void wake__one_key__other_waiters_not_woken(void **state)
{
    struct tg_waiter waiters[300] = { 0 };
    struct tg_store_key key = { { 0 } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(waiters); i++) {
        key = key_of(i / 2);
        assert_int_equal(add(&waiters[i], &key), TG_OK);
    }
    key = key_of(17);
    assert_int_equal(tg_waiters_wake(&table, &key), 2);
    assert_int_equal(woken_count, 0);
    assert_false(tg_waiters_run(&table, 10));
    assert_int_equal(woken_count, 2);
    assert_ptr_equal(woken[0], &waiters[34]);
    assert_ptr_equal(woken[1], &waiters[35]);
    assert_int_equal(table.count, 300);
    key = key_of(1000);
    assert_int_equal(tg_waiters_wake(&table, &key), 0);
    is_removed_when_woken = true;
    tg_waiters_wake_all(&table);
    assert_true(tg_waiters_run(&table, 299));
    assert_int_equal(woken_count, 2 + 299);
    assert_false(tg_waiters_run(&table, 299));
    assert_int_equal(woken_count, 2 + 300);
    assert_int_equal(table.count, 0);
}

static void wake__keys_in_one_bucket__distinguished(void **state)
{
    struct tg_waiter a = { 0 };
    struct tg_waiter b = { 0 };
    struct tg_store_key first = key_of(5);
    struct tg_store_key second = first;

    (void)state;
    second.bytes[TG_STORE_KEY_LEN - 1] = 1; /* the hash looks at the first bytes */
    assert_int_equal(add(&a, &first), TG_OK);
    assert_int_equal(add(&b, &second), TG_OK);
    assert_int_equal(tg_waiters_wake(&table, &second), 1);
    assert_false(tg_waiters_run(&table, 10));
    assert_ptr_equal(woken[0], &b);
    tg_waiters_remove(&table, &a);
    tg_waiters_remove(&table, &b);
}

static void wake__first_removes_second__second_not_woken(void **state)
{
    struct tg_waiter a = { 0 };
    struct tg_waiter b = { 0 };
    struct tg_store_key key = key_of(5);

    (void)state;
    assert_int_equal(add(&a, &key), TG_OK);
    assert_int_equal(add(&b, &key), TG_OK);
    victim = &b;
    assert_int_equal(tg_waiters_wake(&table, &key), 2);
    assert_false(tg_waiters_run(&table, 10));
    assert_int_equal(woken_count, 1);
    assert_ptr_equal(woken[0], &a);
    assert_int_equal(table.count, 1);
    tg_waiters_remove(&table, &a);
}

/* The table grows while waiters are marked and in no bucket. */
static void wake__table_grows_before_the_run__each_woken_once(void **state)
{
    struct tg_waiter waiters[300] = { 0 };
    struct tg_store_key key = key_of(1);

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(add(&waiters[i], &key), TG_OK);
    }
    assert_int_equal(tg_waiters_wake(&table, &key), 50);
    assert_true(tg_waiters_run(&table, 10));
    for (size_t i = 50; i < TG_COUNT(waiters); i++) {
        key = key_of(i);
        assert_int_equal(add(&waiters[i], &key), TG_OK);
    }
    key = key_of(1);
    assert_int_equal(tg_waiters_wake(&table, &key), 10); /* those that ran wait again */
    assert_false(tg_waiters_run(&table, 1000));
    assert_int_equal(woken_count, 10 + 50);
    assert_int_equal(table.count, 300);
    key = key_of(299);
    assert_int_equal(tg_waiters_wake(&table, &key), 1);
    for (size_t i = 0; i < TG_COUNT(waiters); i++) {
        tg_waiters_remove(&table, &waiters[i]); /* also the one that is marked */
    }
    assert_false(tg_waiters_run(&table, 1000));
}

static void remove__twice__nothing_happens(void **state)
{
    struct tg_waiter a = { 0 };
    struct tg_store_key key = key_of(5);

    (void)state;
    tg_waiters_remove(&table, &a);
    assert_int_equal(add(&a, &key), TG_OK);
    assert_int_equal(add(&a, &key), TG_E_BUG);
    tg_waiters_remove(&table, &a);
    tg_waiters_remove(&table, &a);
    assert_int_equal(table.count, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wake__one_key__other_waiters_not_woken),
        CASE(wake__keys_in_one_bucket__distinguished),
        CASE(wake__first_removes_second__second_not_woken),
        CASE(wake__table_grows_before_the_run__each_woken_once),
        CASE(remove__twice__nothing_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
