/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox that is alive by one clock and expired by the other. */
#include "box_fixture.h"

static struct tg_moment between(int64_t low_s, int64_t high_s)
{
    return (struct tg_moment){ .low_s = NOW_S + low_s, .high_s = NOW_S + high_s, .retry_s = 40 };
}

/* spec-test: protocol/3#clock-disputed */
static void any_call__expired_by_one_time__503_and_unchanged(void **state)
{
    static const char callers[] = { 'A', 'B', 'C', 0 };
    struct fixture *f = *state;

    f->now = between(3560, 3600);
    for (size_t i = 0; i < TG_COUNT(callers); i++) {
        for (int c = TG_CALL_PREVIEW; c <= TG_CALL_RELINQUISH; c++) {
            assert_int_equal(call(f, (enum tg_mailbox_call)c, callers[i], 5), 503);
            assert_int_equal(f->result.outcome, TG_OUTCOME_REFUSED);
            assert_int_equal(f->result.retry_after_s, 40);
            assert_null(f->result.problem);
            assert_false(f->result.was_once_valid);
            assert_false(f->result.is_claim_challenge);
            assert_unchanged(f);
        }
    }
}

/* spec-test: protocol/3#clock-disputed protocol/3#expiration */
static void any_call__two_times__each_edge_of_the_dispute(void **state)
{
    static const struct {
        int64_t low_s, high_s;
        unsigned status;
        unsigned retry_s;
    } rows[] = { { 0, 3599, 200, 0 },      { 0, 3600, 503, 40 },     { 3599, 3600, 503, 1 },
                 { 3550, 90000, 503, 40 }, { 3561, 90000, 503, 39 }, { 3600, 90000, 404, 0 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->now = between(rows[i].low_s, rows[i].high_s);
        assert_int_equal(call(f, TG_CALL_READ, 'A', 0), rows[i].status);
        assert_int_equal(f->result.retry_after_s, rows[i].retry_s);
        assert_unchanged(f);
    }
}

/* A tombstone has ended by both times. */
static void any_call__tombstone_expired_by_one_time__its_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_DELETE, 'A', 2), 200);
    f->now = between(0, 3600);
    assert_int_equal(call(f, TG_CALL_READ, 'A', 0), 404);
    assert_string_equal(f->result.problem, "ended-by-initiator");
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 404);
    assert_null(f->result.problem);
    f->create.expiration_s = NOW_S + 90000;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
}

/* spec-test: protocol/3#clock-disputed */
static void create__onto_a_record_expired_by_one_time__503(void **state)
{
    struct fixture *f = *state;

    f->now = between(3500, 3700);
    f->create.expiration_s = NOW_S + 90000;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
    f->create.has_expiration = false;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
}

/* spec-test: protocol/3#clock-disputed-create protocol/3#expiration-not-past */
static void create__expiration_valid_by_one_time__503(void **state)
{
    static const struct {
        int64_t expires_s;
        unsigned status;
    } rows[] = { { -100, 400 },        { -99, 503 },         { 500, 503 },
                 { 501, 200 },         { MAX_S - 100, 200 }, { MAX_S - 99, 503 },
                 { MAX_S + 500, 503 }, { MAX_S + 501, 400 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->exists = false;
        f->now = between(-100, 500);
        f->create.expiration_s = NOW_S + rows[i].expires_s;
        assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), rows[i].status);
        if (rows[i].status == 503) {
            assert_int_equal(f->result.retry_after_s, 40);
        }
    }
}

/* spec-test: protocol/3#clock-disputed-create protocol/3#expiration-default */
static void create__without_expiration_and_two_times__valid_by_both_or_503(void **state)
{
    static const struct {
        int64_t low_s, high_s;
        int64_t expires_s; /* 0: refused */
    } rows[] = { { 0, 0, DEFAULT_S },
                 { 0, 500, 500 + DEFAULT_S },
                 { 0, MAX_S - DEFAULT_S, MAX_S },
                 { 0, MAX_S - DEFAULT_S + 1, MAX_S },
                 { 0, MAX_S - 1, MAX_S },
                 { 0, MAX_S, 0 },
                 { 0, 40 * 86400, 0 } };
    struct fixture *f = *state;

    f->create.has_expiration = false;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->exists = false;
        f->now = between(rows[i].low_s, rows[i].high_s);
        assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), rows[i].expires_s != 0 ? 200 : 503);
        if (rows[i].expires_s != 0) {
            assert_int_equal(f->box.expires_s, NOW_S + rows[i].expires_s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOUND(any_call__expired_by_one_time__503_and_unchanged),
        BOUND(any_call__two_times__each_edge_of_the_dispute),
        BOUND(any_call__tombstone_expired_by_one_time__its_end),
        FRESH(create__onto_a_record_expired_by_one_time__503),
        FRESH(create__expiration_valid_by_one_time__503),
        FRESH(create__without_expiration_and_two_times__valid_by_both_or_503),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
