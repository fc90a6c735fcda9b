/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/push/push_fixture.h"

#include "push/queue.h"

static void take__appended_jobs__in_their_order(void **state)
{
    struct tg_push_queue queue = { .first = NULL };
    struct tg_push_queue_job jobs[3] = { { .id = 0 }, { .id = 1 }, { .id = 2 } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(jobs); i++) {
        tg_push_queue_append(&queue, &jobs[i]);
    }
    for (size_t i = 0; i < TG_COUNT(jobs); i++) {
        assert_ptr_equal(tg_push_queue_take(&queue), &jobs[i]);
    }
    assert_null(tg_push_queue_take(&queue));
}

static void take__prepended_job__first(void **state)
{
    struct tg_push_queue queue = { .first = NULL };
    struct tg_push_queue_job first = { .id = 1 };
    struct tg_push_queue_job repeated = { .id = 2 };
    struct tg_push_queue_job last = { .id = 3 };

    (void)state;
    tg_push_queue_append(&queue, &first);
    tg_push_queue_prepend(&queue, &repeated);
    tg_push_queue_append(&queue, &last);
    assert_ptr_equal(tg_push_queue_take(&queue), &repeated);
    assert_ptr_equal(tg_push_queue_take(&queue), &first);
    assert_ptr_equal(tg_push_queue_take(&queue), &last);
}

static void append__after_an_empty_queue_was_prepended_or_emptied__is_found(void **state)
{
    struct tg_push_queue queue = { .first = NULL };
    struct tg_push_queue_job a = { .id = 1 };
    struct tg_push_queue_job b = { .id = 2 };

    (void)state;
    tg_push_queue_prepend(&queue, &a);
    tg_push_queue_append(&queue, &b);
    assert_ptr_equal(tg_push_queue_take(&queue), &a);
    assert_ptr_equal(tg_push_queue_take(&queue), &b);
    tg_push_queue_append(&queue, &a);
    assert_ptr_equal(tg_push_queue_take(&queue), &a);
    assert_null(tg_push_queue_take(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__appended_jobs__in_their_order),
        cmocka_unit_test(take__prepended_job__first),
        cmocka_unit_test(append__after_an_empty_queue_was_prepended_or_emptied__is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
