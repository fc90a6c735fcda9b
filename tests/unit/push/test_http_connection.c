/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/push/push_fixture.h"

#include "push/http_connection.h"

static void have_room__connection_not_proven__one_request_at_a_time(void **state)
{
    struct tg_push_connections all = { .is_one_stream_first = true };
    struct tg_push_connection c = { .all = &all, .local_port = 1000 };

    (void)state;
    assert_true(tg_push_connections_have_room(&all, 0));
    assert_false(tg_push_connections_have_room(&all, 1));
    tg_push_connection_prove(&c);
    assert_true(tg_push_connections_have_room(&all, 1));
    assert_true(tg_push_connections_have_room(&all, 1000));
}

static void have_room__a_request_proves_a_connection__no_other_starts(void **state)
{
    struct tg_push_connections all = { .is_one_stream_first = true, .is_proven = true };
    struct tg_push_connection probe = { .all = &all };
    struct tg_push_connection other = { .all = &all };

    (void)state;
    all.probe = &probe;
    assert_false(tg_push_connections_have_room(&all, 0));
    tg_push_connection_end(&other);
    assert_false(tg_push_connections_have_room(&all, 0));
    tg_push_connection_end(&probe);
    assert_true(tg_push_connections_have_room(&all, 0));
}

static void have_room__provider_without_the_rule__always(void **state)
{
    const struct tg_push_connections all = { .is_one_stream_first = false };

    (void)state;
    assert_true(tg_push_connections_have_room(&all, 0));
    assert_true(tg_push_connections_have_room(&all, 1000));
}

static void prove__more_connections_than_are_remembered__the_oldest_is_replaced(void **state)
{
    struct tg_push_connections all = { .is_one_stream_first = true };

    (void)state;
    for (long port = 1; port <= (long)TG_PUSH_PROVEN_MAX + 1; port++) {
        struct tg_push_connection c = { .all = &all, .local_port = port };

        tg_push_connection_prove(&c);
        tg_push_connection_prove(&c); /* again: uses no further place */
    }
    assert_int_equal(all.proven[0], TG_PUSH_PROVEN_MAX + 1);
    for (long i = 1; i < (long)TG_PUSH_PROVEN_MAX; i++) {
        assert_int_equal(all.proven[i], i + 1);
    }
}

static void prove__request_without_a_connection__remembers_no_port(void **state)
{
    struct tg_push_connections all = { .is_one_stream_first = true };
    struct tg_push_connection c = { .all = &all, .local_port = 0 };

    (void)state;
    tg_push_connection_prove(&c);
    assert_true(all.is_proven);
    assert_int_equal(all.proven_at, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(have_room__connection_not_proven__one_request_at_a_time),
        cmocka_unit_test(have_room__a_request_proves_a_connection__no_other_starts),
        cmocka_unit_test(have_room__provider_without_the_rule__always),
        cmocka_unit_test(prove__more_connections_than_are_remembered__the_oldest_is_replaced),
        cmocka_unit_test(prove__request_without_a_connection__remembers_no_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
