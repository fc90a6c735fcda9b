/* SPDX-License-Identifier: Apache-2.0 */
/* Which device a call notifies, and what a caller is told of its token. */
#include "box_fixture.h"

#include <stdlib.h>
#include <string.h>

/* A relay with a sender for "known" tokens. */
static enum tg_can_push can_push_known(const void *ctx, const struct tg_notification_token *token,
                                       int64_t now_s)
{
    (void)now_s;
    return ctx == NULL && tg_bytes_is_equal(token->type, TG_LIT("known")) ? TG_CAN_PUSH_YES
                                                                          : TG_CAN_PUSH_NO;
}

static struct tg_notification_token token(const char *type, const char *data)
{
    return (struct tg_notification_token){ .is_present = true,
                                           .type = tg_bytes_str(type),
                                           .token_data = tg_bytes_str(data) };
}

static bool is_token(const struct tg_notification_token *t, const char *data)
{
    return t->is_present && tg_bytes_is_equal(t->token_data, tg_bytes_str(data));
}

static unsigned push_call(struct fixture *f, enum tg_mailbox_call what, char who,
                          unsigned request_no, struct tg_notification_token left)
{
    prepare(f, what, who, request_no);
    f->cmd.can_push = can_push_known;
    f->cmd.token = left;
    f->update.token = left;
    f->create.token = left;
    return run(f);
}

static const struct tg_notification_token none;

static enum tg_can_push refused; /* the answer of can_push_refused */

static enum tg_can_push can_push_refused(const void *ctx, const struct tg_notification_token *token,
                                         int64_t now_s)
{
    (void)ctx;
    (void)token;
    assert_int_equal(now_s, NOW_S);
    return refused;
}

/* spec-test: protocol/4#push-refused-token */
static void refused_token__left_again__false_until_it_is_good_again(void **state)
{
    static const struct {
        enum tg_can_push answer;
        bool is_left;
        bool is_supported;
        unsigned effects; /* of the read */
    } rows[] = {
        { TG_CAN_PUSH_NO, true, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_NO, false, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_AGAIN, true, true, TG_EFFECT_STORE }, /* the store lets pushes resume */
        { TG_CAN_PUSH_AGAIN, false, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_YES, true, true, TG_EFFECT_NONE },
        { TG_CAN_PUSH_YES, false, true, TG_EFFECT_NONE },
    };
    struct tg_notification_token left = token("known", "token a");
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, left), 200);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        refused = rows[i].answer;
        prepare(f, TG_CALL_READ, 'A', 0);
        f->cmd.can_push = can_push_refused;
        f->cmd.token = rows[i].is_left ? left : (struct tg_notification_token){ .type = { 0 } };
        assert_int_equal(run(f), 200);
        assert_int_equal(f->result.is_push_supported, rows[i].is_supported);
        assert_int_equal(f->result.effects, rows[i].effects);
        assert_int_equal(f->result.new_token.is_present, rows[i].effects == TG_EFFECT_STORE);
    }
    free(f);
}

/* A and B with a token each, or without. */
static struct fixture *pushed_new(struct tg_notification_token a, struct tg_notification_token b)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, a), 200);
    assert_false(f->result.notify_token.is_present);
    /* The bind is news for A, once. */
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, b), 200);
    assert_int_equal(f->result.notify_token.is_present, tg_bytes_is_equal(a.type, TG_LIT("known")));
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, b), 200);
    assert_false(f->result.notify_token.is_present);
    return f;
}

/* spec-test: protocol/4#other-side-pushed */
static void each_change__notifies_the_token_of_the_other_side(void **state)
{
    static const struct {
        enum tg_mailbox_call call;
        char who;
        const char *told;
    } cases[] = {
        { TG_CALL_UPDATE, 'A', "token b" },     { TG_CALL_UPDATE, 'B', "token a" },
        { TG_CALL_DELETE, 'A', "token b" },     { TG_CALL_DELETE, 'B', "token a" },
        { TG_CALL_RELINQUISH, 'B', "token a" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

        assert_int_equal(push_call(f, cases[i].call, cases[i].who, 5, none), 200);
        assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
        assert_true(is_token(&f->result.notify_token, cases[i].told));
        assert_false(f->result.new_token.is_present);
        free(f);
    }
}

/* Whether pushes to it have resumed is known to the outbox only. */
static void token_good_again__is_notified(void **state)
{
    static const struct {
        enum tg_can_push answer;
        bool is_notified;
    } rows[] = { { TG_CAN_PUSH_NO, false },
                 { TG_CAN_PUSH_AGAIN, true },
                 { TG_CAN_PUSH_YES, true } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

        refused = rows[i].answer;
        prepare(f, TG_CALL_UPDATE, 'A', 5);
        f->cmd.can_push = can_push_refused;
        assert_int_equal(run(f), 200);
        assert_int_equal(f->result.notify_token.is_present, rows[i].is_notified);
        free(f);
    }
}

static void token_of_another_type_or_none__is_not_notified(void **state)
{
    static const enum tg_mailbox_call calls[] = { TG_CALL_UPDATE, TG_CALL_DELETE,
                                                  TG_CALL_RELINQUISH };

    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(calls); i++) {
        struct fixture *f =
            pushed_new(i % 2 == 0 ? token("other", "token a") : none, token("known", "token b"));

        assert_int_equal(push_call(f, calls[i / 2], 'B', 5, none), 200);
        assert_false(f->result.notify_token.is_present);
        free(f);
    }
}

static void delete__no_recipient__notifies_no_device(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHTS_DEFAULT);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 2, none), 200);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

static void repeated_and_refused_calls__notify_no_device(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 201);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'C', 5, none), 401);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_READ, 'A', 0, none), 200);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_RELINQUISH, 'B', 6, none), 200);
    assert_int_equal(push_call(f, TG_CALL_RELINQUISH, 'B', 6, none), 201);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 7, none), 200);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 7, none), 404);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

static void replaced_token__is_notified_afterwards(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token c")), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 5, none), 200);
    assert_true(is_token(&f->result.notify_token, "token c"));
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, token("other", "token d")), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 6, none), 200);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

/* spec-test: protocol/4#token-good-again */
static void token_that_is_registered_again__is_reported_as_new(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_true(is_token(&f->result.new_token, "token a"));
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token b")), 200);
    assert_true(is_token(&f->result.new_token, "token b"));
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token b")), 200);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, token("known", "token c")), 200);
    assert_true(is_token(&f->result.new_token, "token c"));
    assert_true(is_token(&f->result.notify_token, "token a"));
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 5, token("other", "token d")), 200);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 6, token("other", "token d")), 200);
    assert_false(f->result.new_token.is_present);
    free(f);
}

/* spec-test: protocol/4#push-supported, protocol/4#push-token-on-record */
static void push_supported__of_the_request_token_else_of_the_stored_one(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), none);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 6, token("other", "x")), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 7, token("known", "token b")), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 8, none), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 9, token("other", "x")), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 8, none), 201);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 6, token("known", "y")), 201);
    assert_false(f->result.is_push_supported);
    free(f);
}

static void push_supported__of_a_forgotten_create__is_repeated(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_true(f->result.is_push_supported);
    for (unsigned i = 0; i < TG_REQUESTS_KEPT; i++) {
        assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 10 + i, token("other", "x")), 200);
    }
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 30, none), 200);
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_true(f->result.is_push_supported);
    free(f);
}

static void update__repeated__repeats_the_push_answer_of_the_first(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_UPDATE, 'B', 5);
    f->update.token = (struct tg_notification_token){ .is_present = true,
                                                      .type = TG_LIT("known"),
                                                      .token_data = TG_LIT("data") };
    f->cmd.can_push = can_push_known;
    assert_int_equal(run(f), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 201);
    assert_true(f->result.is_push_supported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_token__left_again__false_until_it_is_good_again),
        cmocka_unit_test(each_change__notifies_the_token_of_the_other_side),
        cmocka_unit_test(token_good_again__is_notified),
        cmocka_unit_test(token_of_another_type_or_none__is_not_notified),
        cmocka_unit_test(delete__no_recipient__notifies_no_device),
        cmocka_unit_test(repeated_and_refused_calls__notify_no_device),
        cmocka_unit_test(replaced_token__is_notified_afterwards),
        cmocka_unit_test(token_that_is_registered_again__is_reported_as_new),
        cmocka_unit_test(push_supported__of_the_request_token_else_of_the_stored_one),
        cmocka_unit_test(push_supported__of_a_forgotten_create__is_repeated),
        BOUND(update__repeated__repeats_the_push_answer_of_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
