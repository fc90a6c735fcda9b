/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/push/push_fixture.h"

#include "push/schedule.h"

#define EXPIRES (NOW + 48 * 3600)
#define DRAWS 200

struct fixture {
    struct tg_push_schedule schedule;
    struct tg_push_route route;
    struct tg_rng rng;
    uint8_t next;
    int64_t now_s;
    struct tg_push_decision decision;
};

static enum tg_err fill_ones(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0xff, len);
    return TG_OK;
}

static enum tg_err fill_nothing(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

static int set_up(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    f.rng = (struct tg_rng){ .fill = fill_counting, .ctx = &f.next };
    f.now_s = NOW;
    *state = &f;
    return 0;
}

/* Decides on the first attempt of a push to token `token`. */
static const struct tg_push_decision *decide(struct fixture *f, uint8_t token,
                                             enum tg_push_action action, uint32_t wait_s)
{
    uint8_t tag[TG_PUSH_TAG_LEN] = { token, token };
    const struct tg_push_attempt attempt = { .tag = tag, .expires_s = EXPIRES };
    const struct tg_push_verdict verdict = { action, wait_s, "word", 0 };

    tg_push_schedule_decide(&f->decision, &f->schedule, &f->route, &verdict, &attempt, f->now_s,
                            &f->rng);
    return &f->decision;
}

static void assert_result(const struct tg_push_decision *d, enum tg_push_result result)
{
    assert_int_equal(d->next, TG_PUSH_NEXT_SETTLE);
    assert_int_equal(d->result, result);
    assert_int_equal(d->retry_at_s != 0, result == TG_PUSH_RESULT_RETRY);
}

static void assert_retry(const struct fixture *f, int64_t from_s, int64_t to_s)
{
    assert_result(&f->decision, TG_PUSH_RESULT_RETRY);
    assert_in_range(f->decision.retry_at_s - f->now_s, from_s, to_s);
}

static void decide__taken_dropped_given_up__settled_and_the_route_stays_open(void **state)
{
    struct fixture *f = *state;

    assert_result(decide(f, 1, TG_PUSH_TAKEN, 0), TG_PUSH_RESULT_TAKEN);
    assert_result(decide(f, 1, TG_PUSH_DROP_TOKEN, 0), TG_PUSH_RESULT_DROPPED);
    assert_result(decide(f, 1, TG_PUSH_BLAME_REQUEST, 0), TG_PUSH_RESULT_GIVEN_UP);
    assert_true(f->decision.must_report);
    assert_result(decide(f, 1, TG_PUSH_BLAME_REQUEST, 0), TG_PUSH_RESULT_GIVEN_UP);
    assert_false(f->decision.must_report);
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
}

static void decide__provider_waits__at_least_ten_seconds_and_doubled_up_to_the_longest(void **state)
{
    static const int64_t longest[] = { 10, 20, 40, 80, 160, 320, 640, 900, 900, 900 };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(longest); i++) {
        for (int draw = 0; draw < DRAWS; draw++) {
            struct tg_push_route before = f->route;

            (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
            assert_retry(f, 10, longest[i]);
            assert_true(tg_push_route_is_in_backoff(&f->route, f->decision.retry_at_s - 1));
            assert_false(tg_push_route_is_in_backoff(&f->route, f->decision.retry_at_s));
            if (draw + 1 < DRAWS) {
                f->route = before;
            }
        }
        f->now_s = f->route.backoff_until_s;
    }
}

/* Full jitter: both ends of the range occur. */
static void decide__provider_waits__spread_over_the_whole_range(void **state)
{
    struct fixture *f = *state;

    f->route.failure_count = 3;
    f->rng.fill = fill_ones;
    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    assert_retry(f, 10, 80);
    f->route = (struct tg_push_route){ .failure_count = 3 };
    f->rng.fill = fill_nothing; /* no random bytes: the longest wait */
    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    assert_retry(f, 80, 80);
}

static void decide__many_failures_during_one_backoff__count_as_one(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 100; i++) {
        (void)decide(f, (uint8_t)i, TG_PUSH_WAIT_PROVIDER, 0);
        assert_retry(f, 10, 20);
    }
    assert_int_equal(f->route.failure_count, 1);
}

static void decide__retry_after__that_long_and_at_most_six_hours(void **state)
{
    static const uint32_t asked[][2] = {
        { 1, 1 }, { 3600, 3600 }, { 21600, 21600 }, { 21601, 21600 }, { UINT32_MAX, 21600 }
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(asked); i++) {
        f->route = (struct tg_push_route){ .backoff_until_s = 0 };
        (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, asked[i][0]);
        assert_retry(f, asked[i][1], asked[i][1]);
    }
}

static void decide__a_success_during_backoff__ends_only_a_wait_of_our_own(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    (void)decide(f, 2, TG_PUSH_TAKEN, 0);
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
    assert_int_equal(f->route.failure_count, 0);

    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 3600);
    (void)decide(f, 2, TG_PUSH_TAKEN, 0);
    assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s + 3599));

    /* After that backoff a success can end the next one again. */
    f->now_s += 3600;
    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    (void)decide(f, 2, TG_PUSH_TAKEN, 0);
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
}

static void decide__configuration__five_minutes_and_one_report_in_that_time(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 1, TG_PUSH_BLAME_CONFIG, 0);
    assert_retry(f, 300, 300);
    assert_true(f->decision.must_report);
    (void)decide(f, 2, TG_PUSH_BLAME_CONFIG, 0);
    assert_false(f->decision.must_report);
    (void)decide(f, 2, TG_PUSH_TAKEN, 0);
    assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s + 299));
    f->now_s += 299;
    (void)decide(f, 1, TG_PUSH_BLAME_CONFIG, 0);
    assert_false(f->decision.must_report);
    f->now_s += 1;
    (void)decide(f, 1, TG_PUSH_BLAME_CONFIG, 0);
    assert_true(f->decision.must_report);
}

static void may_report__more_reasons_than_are_remembered__the_oldest_is_replaced(void **state)
{
    static const char reasons[TG_PUSH_REPORTED_MAX + 1][3] = { "a", "b", "c", "d", "e", "f",
                                                               "g", "h", "i", "j", "k", "l",
                                                               "m", "n", "o", "p", "q" };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(reasons); i++) {
        f->now_s++;
        assert_true(tg_push_schedule_may_report(&f->schedule, reasons[i], f->now_s));
        assert_false(tg_push_schedule_may_report(&f->schedule, reasons[i], f->now_s));
    }
    assert_false(tg_push_schedule_may_report(&f->schedule, "q", f->now_s));
    assert_true(tg_push_schedule_may_report(&f->schedule, "a", f->now_s));
}

static void decide__one_token_waits__the_provider_does_not(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 1, TG_PUSH_WAIT_TOKEN, 0);
    assert_retry(f, 10, 10);
    (void)decide(f, 1, TG_PUSH_WAIT_TOKEN, 0);
    assert_retry(f, 10, 20);
    (void)decide(f, 1, TG_PUSH_WAIT_TOKEN, 0);
    assert_retry(f, 10, 40);
    (void)decide(f, 2, TG_PUSH_WAIT_TOKEN, 0);
    assert_retry(f, 10, 10);
    (void)decide(f, 1, TG_PUSH_TAKEN, 0);
    (void)decide(f, 1, TG_PUSH_WAIT_TOKEN, 0);
    assert_retry(f, 10, 10);
    (void)decide(f, 1, TG_PUSH_WAIT_TOKEN, 777);
    assert_retry(f, 777, 777);
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
}

static void decide__a_wait_past_the_expiration__given_up(void **state)
{
    struct fixture *f = *state;

    f->now_s = EXPIRES - 100;
    assert_result(decide(f, 1, TG_PUSH_WAIT_TOKEN, 100), TG_PUSH_RESULT_GIVEN_UP);
    assert_result(decide(f, 1, TG_PUSH_WAIT_TOKEN, 99), TG_PUSH_RESULT_RETRY);
    assert_result(decide(f, 1, TG_PUSH_WAIT_PROVIDER, 101), TG_PUSH_RESULT_GIVEN_UP);
    assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s + 100));
}

static void decide__renew_repeat_and_reconnect__once_and_then_a_fault(void **state)
{
    static const uint8_t tag[TG_PUSH_TAG_LEN] = { 1 };
    static const struct {
        enum tg_push_action action;
        enum tg_push_next next;
        int64_t from_s, to_s;
    } rows[] = { { TG_PUSH_RENEW, TG_PUSH_NEXT_RENEW, 300, 300 },
                 { TG_PUSH_REPEAT, TG_PUSH_NEXT_REPEAT, 10, 10 },
                 { TG_PUSH_RECONNECT, TG_PUSH_NEXT_CONNECT, 10, 10 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        const struct tg_push_attempt second = { .tag = tag,
                                                .expires_s = EXPIRES,
                                                .is_repetition = true };
        static const char *const reasons[] = { "one", "two", "three" };
        const struct tg_push_verdict verdict = { rows[i].action, 0, reasons[i], 0 };

        f->route = (struct tg_push_route){ .backoff_until_s = 0 };
        assert_int_equal(decide(f, 1, rows[i].action, 0)->next, rows[i].next);
        assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
        tg_push_schedule_decide(&f->decision, &f->schedule, &f->route, &verdict, &second, f->now_s,
                                &f->rng);
        assert_retry(f, rows[i].from_s, rows[i].to_s);
        assert_true(f->decision.must_report);
        assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s));
    }
}

static void suspect__before_any_success__no_token_is_dropped(void **state)
{
    struct fixture *f = *state;

    for (uint8_t token = 1; token < 50; token++) {
        (void)decide(f, token, TG_PUSH_SUSPECT_TOKEN, 0);
        assert_retry(f, 10, 10);
        assert_int_equal(f->decision.must_report,
                         token == 2); /* only the first may be bad itself */
        assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
    }
}

static void suspect__after_a_success__that_token_is_dropped(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 1, TG_PUSH_SUSPECT_TOKEN, 0);
    assert_retry(f, 10, 10);
    (void)decide(f, 2, TG_PUSH_TAKEN, 0);
    assert_result(decide(f, 1, TG_PUSH_SUSPECT_TOKEN, 0), TG_PUSH_RESULT_DROPPED);
    assert_false(f->decision.must_report);
}

static void suspect__two_tokens_since_the_last_success__the_second_stays(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 9, TG_PUSH_TAKEN, 0);
    assert_result(decide(f, 1, TG_PUSH_SUSPECT_TOKEN, 0), TG_PUSH_RESULT_DROPPED);
    (void)decide(f, 2, TG_PUSH_SUSPECT_TOKEN, 0);
    assert_retry(f, 10, 10);
    assert_true(f->decision.must_report);
    (void)decide(f, 3, TG_PUSH_SUSPECT_TOKEN, 0);
    assert_retry(f, 10, 10);
    (void)decide(f, 2, TG_PUSH_SUSPECT_TOKEN, 0);
    assert_retry(f, 10, 20);
    (void)decide(f, 9, TG_PUSH_TAKEN, 0);
    assert_result(decide(f, 2, TG_PUSH_SUSPECT_TOKEN, 0), TG_PUSH_RESULT_DROPPED);
}

/* Decides on a push to token `token` at origin `origin`. */
static const struct tg_push_decision *decide_at(struct fixture *f, uint8_t origin, uint8_t token,
                                                enum tg_push_action action)
{
    uint8_t tag[TG_PUSH_TAG_LEN] = { token, token };
    uint8_t at[TG_PUSH_ORIGIN_TAG_LEN] = { origin };
    const struct tg_push_attempt attempt = { .tag = tag, .origin = at, .expires_s = EXPIRES };
    const struct tg_push_verdict verdict = { action, 0, "word", 0 };

    tg_push_schedule_decide(&f->decision, &f->schedule, &f->route, &verdict, &attempt, f->now_s,
                            &f->rng);
    return &f->decision;
}

/* spec-test: protocol/4#push-judged-where-it-failed */
static void doubt__after_any_number_of_successes__no_token_is_dropped(void **state)
{
    struct fixture *f = *state;

    for (uint8_t token = 1; token < 20; token++) {
        assert_result(decide_at(f, 1, 200, TG_PUSH_TAKEN), TG_PUSH_RESULT_TAKEN);
        (void)decide_at(f, 1, token, TG_PUSH_DOUBT_SENDER);
        assert_retry(f, 10, 10);
        assert_false(f->decision.must_report); /* one token at a time: it may be bad itself */
        assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
    }
}

static void doubt__two_tokens_at_one_origin__reported_whatever_another_accepts(void **state)
{
    struct fixture *f = *state;

    (void)decide_at(f, 1, 1, TG_PUSH_DOUBT_SENDER);
    assert_false(f->decision.must_report);
    (void)decide_at(f, 2, 9, TG_PUSH_TAKEN);
    (void)decide_at(f, 1, 2, TG_PUSH_DOUBT_SENDER);
    assert_retry(f, 10, 10);
    assert_true(f->decision.must_report);
}

static void suspect__success_at_another_origin__proves_nothing(void **state)
{
    struct fixture *f = *state;

    (void)decide_at(f, 1, 9, TG_PUSH_TAKEN);
    (void)decide_at(f, 2, 1, TG_PUSH_SUSPECT_TOKEN);
    assert_retry(f, 10, 10);
    assert_result(decide_at(f, 1, 2, TG_PUSH_SUSPECT_TOKEN), TG_PUSH_RESULT_DROPPED);
}

static void origins__one_more_than_are_remembered__the_longest_unused_is_forgotten(void **state)
{
    struct fixture *f = *state;

    for (uint8_t i = 0; i < TG_PUSH_ORIGINS_MAX; i++) {
        (void)decide_at(f, (uint8_t)(i + 1), 9, TG_PUSH_TAKEN);
    }
    (void)decide_at(f, 1, 9, TG_PUSH_TAKEN); /* 2 is now the longest unused */
    (void)decide_at(f, 200, 9, TG_PUSH_TAKEN);
    assert_result(decide_at(f, 1, 1, TG_PUSH_SUSPECT_TOKEN), TG_PUSH_RESULT_DROPPED);
    assert_result(decide_at(f, 200, 1, TG_PUSH_SUSPECT_TOKEN), TG_PUSH_RESULT_DROPPED);
    (void)decide_at(f, 2, 1, TG_PUSH_SUSPECT_TOKEN);
    assert_retry(f, 10, 10);
}

static void refuse__in_backoff_or_full__at_the_end_of_the_backoff_or_within_seconds(void **state)
{
    struct fixture *f = *state;

    for (int draw = 0; draw < DRAWS; draw++) {
        tg_push_schedule_refuse(&f->decision, &f->route, EXPIRES, f->now_s, &f->rng);
        assert_retry(f, 1, 3);
    }
    f->route.backoff_until_s = f->now_s + 3600;
    for (int draw = 0; draw < DRAWS; draw++) {
        tg_push_schedule_refuse(&f->decision, &f->route, EXPIRES, f->now_s, &f->rng);
        assert_retry(f, 3600, 3610);
    }
    tg_push_schedule_refuse(&f->decision, &f->route, f->now_s + 3600, f->now_s, &f->rng);
    assert_result(&f->decision, TG_PUSH_RESULT_GIVEN_UP);
}

/* The relay's time went back by an hour: a backoff of seconds does not last for an hour. */
static void back_off__the_time_went_back__over(void **state)
{
    struct fixture *f = *state;

    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s));
    f->now_s -= 3600;
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s));
    (void)decide(f, 1, TG_PUSH_WAIT_PROVIDER, 0);
    assert_true(tg_push_route_is_in_backoff(&f->route, f->now_s));
    assert_false(tg_push_route_is_in_backoff(&f->route, f->now_s + TG_PUSH_LAST_WAIT_S));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        CASE(back_off__the_time_went_back__over),
        CASE(decide__taken_dropped_given_up__settled_and_the_route_stays_open),
        CASE(decide__provider_waits__at_least_ten_seconds_and_doubled_up_to_the_longest),
        CASE(decide__provider_waits__spread_over_the_whole_range),
        CASE(decide__many_failures_during_one_backoff__count_as_one),
        CASE(decide__retry_after__that_long_and_at_most_six_hours),
        CASE(decide__a_success_during_backoff__ends_only_a_wait_of_our_own),
        CASE(decide__configuration__five_minutes_and_one_report_in_that_time),
        CASE(may_report__more_reasons_than_are_remembered__the_oldest_is_replaced),
        CASE(decide__one_token_waits__the_provider_does_not),
        CASE(decide__a_wait_past_the_expiration__given_up),
        CASE(decide__renew_repeat_and_reconnect__once_and_then_a_fault),
        CASE(suspect__before_any_success__no_token_is_dropped),
        CASE(suspect__after_a_success__that_token_is_dropped),
        CASE(suspect__two_tokens_since_the_last_success__the_second_stays),
        CASE(doubt__after_any_number_of_successes__no_token_is_dropped),
        CASE(doubt__two_tokens_at_one_origin__reported_whatever_another_accepts),
        CASE(suspect__success_at_another_origin__proves_nothing),
        CASE(origins__one_more_than_are_remembered__the_longest_unused_is_forgotten),
        CASE(refuse__in_backoff_or_full__at_the_end_of_the_backoff_or_within_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
