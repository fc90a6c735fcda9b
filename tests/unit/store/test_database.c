/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "store/database.h"
#include "store/store.h"

#include <string.h>

/* A store in a database, with its answer. */
struct one {
    struct tg_store base;
    struct tg_store_database answer;
};

/* A store that consists of others. */
struct above {
    struct tg_store base;
    struct tg_store *parts[2];
};

static void answer(const struct tg_store *s, struct tg_store_database *out)
{
    *out = ((const struct one *)s)->answer;
}

static struct tg_store *part(struct tg_store *s, size_t index)
{
    return index < 2 ? ((struct above *)s)->parts[index] : NULL;
}

static const struct tg_store_ops in_one = { .database = answer };
static const struct tg_store_ops in_several = { .part = part };
static const struct tg_store_ops in_none = { .part = NULL };

static void database__of_several__sums_and_the_first_trouble(void **state)
{
    struct one a = { .base = { .ops = &in_one },
                     .answer = { .up_count = 1,
                                 .wanted_count = 2,
                                 .losses = { [TG_REASON_DATABASE_SLOW] = 3 },
                                 .batch_count = 4,
                                 .change_count = 5,
                                 .conflict_count = 6,
                                 .overtaken_count = 7,
                                 .doubt_count = 8,
                                 .is_synchronous = true,
                                 .waits = { [1] = 9 },
                                 .wait_sum_us = 10 } };
    struct one b = a;
    struct above all = { .base = { .ops = &in_several }, .parts = { &a.base, &b.base } };
    struct tg_store_database sum;

    (void)state;
    assert_true(tg_store_database(&all.base, &sum));
    assert_int_equal(sum.up_count, 2);
    assert_int_equal(sum.wanted_count, 4);
    assert_int_equal(sum.losses[TG_REASON_DATABASE_SLOW], 6);
    assert_int_equal(sum.batch_count, 8);
    assert_int_equal(sum.change_count, 10);
    assert_int_equal(sum.conflict_count, 12);
    assert_int_equal(sum.overtaken_count, 14);
    assert_int_equal(sum.doubt_count, 16);
    assert_int_equal(sum.waits[1], 18);
    assert_int_equal(sum.wait_sum_us, 20);
    assert_true(sum.is_synchronous);
    assert_string_equal(sum.trouble.text, "");
    b.answer.is_synchronous = false;
    tg_fault_set(&b.answer.trouble, "the second");
    assert_true(tg_store_database(&all.base, &sum));
    assert_false(sum.is_synchronous);
    assert_string_equal(sum.trouble.text, "the second");
    tg_fault_set(&a.answer.trouble, "the first");
    assert_true(tg_store_database(&all.base, &sum));
    assert_string_equal(sum.trouble.text, "the first");
}

static void database__of_one__as_it_answers(void **state)
{
    struct one a = { .base = { .ops = &in_one }, .answer = { .up_count = 3 } };
    struct tg_store_database out;

    (void)state;
    assert_true(tg_store_database(&a.base, &out));
    assert_int_equal(out.up_count, 3);
}

static void database__of_no_database__zero(void **state)
{
    struct one a = { .base = { .ops = &in_none } };
    struct above all = { .base = { .ops = &in_several }, .parts = { &a.base, &a.base } };
    struct tg_store_database out = { .up_count = 1 };

    (void)state;
    assert_false(tg_store_database(&a.base, &out));
    assert_int_equal(out.up_count, 0);
    assert_false(tg_store_database(&all.base, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(database__of_several__sums_and_the_first_trouble),
        cmocka_unit_test(database__of_one__as_it_answers),
        cmocka_unit_test(database__of_no_database__zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
