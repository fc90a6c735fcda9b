/* SPDX-License-Identifier: Apache-2.0 */
/* Notification tokens: sent once, and replaced at any time. */
#include "unit/client/wallet_fixture.h"

static void set(struct tigress_session *s, const char *data)
{
    assert_int_equal(tigress_session_set_notification_token(s, "type", data), TIGRESS_OK);
}

static void reload(struct fixture *f, struct tigress_session **s)
{
    unsigned char *saved = NULL;
    size_t len = 0;
    struct tigress_session *fresh = NULL;

    assert_int_equal(tigress_session_save(*s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&fresh, saved, len, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(fresh, fake_random, &f->random), TIGRESS_OK);
    tigress_free(saved, len);
    tigress_session_free(s);
    *s = fresh;
}

static void serve(struct fixture *f, struct tigress_session *s)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, s);
}

static bool last_had_token(const struct fixture *f)
{
    return strstr(f->relay.body, "notificationToken") != NULL;
}

static void send(struct tigress_session *s, const char *message)
{
    assert_int_equal(tigress_session_send(s, message, strlen(message)), TIGRESS_OK);
}

static void look(struct fixture *f, struct tigress_session *s, enum tigress_input expected)
{
    assert_int_equal(tigress_session_check(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), expected);
}

static void both__token_before_the_first_request__sent_with_it_and_not_again(void **state)
{
    struct fixture *f = *state;

    set(f->alice, "good-a");
    invite(f);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 1);
    set(f->bob, "good-b");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.tokens[1], "good-b");
    assert_int_equal(tigress_session_is_push_supported(f->bob), 1);
    send(f->bob, MESSAGE_2);
    serve(f, f->bob);
    assert_false(last_had_token(f));
    assert_int_equal(tigress_session_is_push_supported(f->bob), 1);
    look(f, f->alice, TIGRESS_INPUT_MESSAGE);
    assert_false(last_had_token(f));
}

static void both__token_type_without_a_provider__not_supported(void **state)
{
    struct fixture *f = *state;

    set(f->alice, "bad-a");
    invite(f);
    set(f->bob, "bad-b");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.tokens[1], "bad-b");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
    assert_int_equal(tigress_session_is_push_supported(f->bob), 0);
}

static void replaced__then_a_message__sent_with_it(void **state)
{
    struct fixture *f = *state;

    set(f->alice, "good-a");
    receive_first(f);
    set(f->bob, "good-b");
    assert_int_equal(tigress_session_is_push_supported(f->bob), 0);
    send(f->bob, MESSAGE_2);
    serve(f, f->bob);
    assert_string_equal(f->relay.method, "PUT");
    assert_string_equal(f->relay.tokens[1], "good-b");
    assert_int_equal(tigress_session_is_push_supported(f->bob), 1);
    look(f, f->bob, TIGRESS_INPUT_UNCHANGED);
    assert_false(last_had_token(f));
}

static void replaced__then_a_read__sent_with_it_and_the_answer_is_used(void **state)
{
    struct fixture *f = *state;

    set(f->alice, "good-a");
    create(f);
    set(f->alice, "bad-a");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    serve(f, f->alice);
    assert_string_equal(f->relay.tokens[0], "bad-a");
    assert_string_equal(f->relay.known, ""); /* a long poll would not answer now */
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_UNCHANGED);
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
    set(f->alice, "good-again");
    look(f, f->alice, TIGRESS_INPUT_UNCHANGED);
    assert_string_equal(f->relay.tokens[0], "good-again");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 1);
}

static void replaced__then_a_wait__sent_first_and_polled_directly_after(void **state)
{
    struct fixture *f = *state;

    create(f);
    set(f->alice, "good-a");
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    serve(f, f->alice);
    assert_true(last_had_token(f));
    assert_string_equal(f->relay.prefer, "");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 1);
    serve(f, f->alice); /* no pause in between: the relay behaved as expected */
    assert_false(last_had_token(f));
    assert_string_equal(f->relay.prefer, "wait=55");
}

static void replaced__while_a_wait_was_interrupted__the_next_request_has_it(void **state)
{
    struct fixture *f = *state;

    create(f);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "type", "good-a"),
                     TIGRESS_E_STATE);
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    set(f->alice, "good-a");
    serve(f, f->alice);
    assert_string_equal(f->relay.tokens[0], "good-a");
}

/* The first attempt may have arrived: the relay ignores its repetition as a duplicate. */
static void replaced__between_two_attempts_of_a_message__sent_after_it(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    set(f->bob, "good-1");
    send(f->bob, MESSAGE_2);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    assert_string_equal(f->relay.tokens[1], "good-1");
    set(f->bob, "good-2");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_string_equal(f->relay.tokens[1], "good-1");
    assert_int_equal(tigress_session_is_push_supported(f->bob), 0);
    look(f, f->bob, TIGRESS_INPUT_UNCHANGED);
    assert_string_equal(f->relay.tokens[1], "good-2");
    assert_int_equal(tigress_session_is_push_supported(f->bob), 1);
}

static void replaced__between_two_attempts_of_the_create__sent_after_it(void **state)
{
    struct fixture *f = *state;

    set(f->alice, "good-1");
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->alice);
    set(f->alice, "good-2");
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.tokens[0], "good-1");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
    look(f, f->alice, TIGRESS_INPUT_UNCHANGED);
    assert_string_equal(f->relay.tokens[0], "good-2");
}

static void replaced__message_meets_a_conflict__sent_in_spite_of_it(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    send(f->bob, MESSAGE_2);
    serve(f, f->bob);
    look(f, f->alice, TIGRESS_INPUT_MESSAGE);
    f->relay.version++; /* a new version without a new message */
    set(f->alice, "good-a");
    send(f->alice, MESSAGE_3);
    serve(f, f->alice); /* 412 */
    assert_string_equal(f->relay.tokens[0], "");
    serve(f, f->alice);
    assert_string_equal(f->relay.method, "POST");
    assert_false(last_had_token(f));
    serve(f, f->alice);
    assert_string_equal(f->relay.method, "PUT");
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 1);
}

static void replaced__process_dies__saved_and_sent_by_the_next(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    set(f->bob, "good-b");
    reload(f, &f->bob);
    assert_int_equal(tigress_session_is_push_supported(f->bob), 0);
    send(f->bob, MESSAGE_2);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    reload(f, &f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_string_equal(f->relay.tokens[1], "good-b");
    look(f, f->bob, TIGRESS_INPUT_UNCHANGED);
    assert_false(last_had_token(f)); /* every attempt carried it, so the relay has it */
    reload(f, &f->bob);
    look(f, f->bob, TIGRESS_INPUT_UNCHANGED);
    assert_false(last_had_token(f));
}

static void replaced__relay_that_confirms_nothing_in_a_read__not_supported(void **state)
{
    struct fixture *f = *state;

    f->relay.is_silent_about_reads = true;
    create(f);
    set(f->alice, "good-a");
    look(f, f->alice, TIGRESS_INPUT_UNCHANGED);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
    look(f, f->alice, TIGRESS_INPUT_UNCHANGED);
    assert_false(last_had_token(f));
}

static void replaced__relay_out_of_order__kept_for_the_next_try(void **state)
{
    struct fixture *f = *state;

    create(f);
    set(f->alice, "good-a");
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    fake_relay_say(f->alice, 503, "");
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 1);
}

static void set__bad_text_or_over__refused_and_the_old_one_stays(void **state)
{
    static char text[4200];
    struct fixture *f = *state;

    memset(text, 'a', sizeof(text) - 1);
    set(f->alice, "good-a");
    assert_int_equal(tigress_session_set_notification_token(f->alice, "", "x"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "x", ""), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "x", NULL),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "x", "\xff"),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "x", text), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_notification_token(NULL, "x", "y"), TIGRESS_E_ARGUMENT);
    receive_first(f);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_set_notification_token(f->bob, "x", "y"), TIGRESS_E_STATE);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_set_notification_token(f->bob, "x", "y"), TIGRESS_E_STATE);
}

static void topic__named__sent_with_the_token_also_after_a_restart(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_notification_token_for(f->alice, "com.apple.apns",
                                                                "com.example.wallet", "good-a"),
                     TIGRESS_OK);
    reload(f, &f->alice);
    invite(f);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_non_null(strstr(f->relay.body, "\"tokenTopic\":\"com.example.wallet\""));
    set(f->bob, "good-b");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_true(last_had_token(f));
    assert_null(strstr(f->relay.body, "tokenTopic"));
}

static void topic__empty_or_too_long__refused_and_the_old_token_stays(void **state)
{
    static char text[257];
    struct fixture *f = *state;

    memset(text, 'a', 256);
    set(f->alice, "good-a");
    assert_int_equal(tigress_session_set_notification_token_for(f->alice, "x", text, "y"),
                     TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_notification_token_for(f->alice, "x", "", "y"),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token_for(f->alice, "x", text + 1, NULL),
                     TIGRESS_E_ARGUMENT);
    invite(f);
    assert_string_equal(f->relay.tokens[0], "good-a");
    assert_int_equal(tigress_session_set_notification_token_for(f->alice, "x", text + 1, "y"),
                     TIGRESS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(topic__named__sent_with_the_token_also_after_a_restart,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(topic__empty_or_too_long__refused_and_the_old_token_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            both__token_before_the_first_request__sent_with_it_and_not_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both__token_type_without_a_provider__not_supported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(replaced__then_a_message__sent_with_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__then_a_read__sent_with_it_and_the_answer_is_used,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__then_a_wait__sent_first_and_polled_directly_after,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            replaced__while_a_wait_was_interrupted__the_next_request_has_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__between_two_attempts_of_a_message__sent_after_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__between_two_attempts_of_the_create__sent_after_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__message_meets_a_conflict__sent_in_spite_of_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__process_dies__saved_and_sent_by_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            replaced__relay_that_confirms_nothing_in_a_read__not_supported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced__relay_out_of_order__kept_for_the_next_try, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(set__bad_text_or_over__refused_and_the_old_one_stays,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
