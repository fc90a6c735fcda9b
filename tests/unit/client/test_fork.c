/* SPDX-License-Identifier: Apache-2.0 */
/* One saved state loaded twice: the transfer continues from one copy, and the other detects it. */
#include "unit/client/wallet_fixture.h"

static struct tigress_session *copy_of(struct fixture *f, const struct tigress_session *s)
{
    struct tigress_session *copy = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&copy, saved, len, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(copy, fake_random, &f->random), TIGRESS_OK);
    tigress_free(saved, len);
    return copy;
}

static void sends(struct fixture *f, struct tigress_session *s, const char *message)
{
    assert_int_equal(tigress_session_send(s, message, strlen(message)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_SENT);
}

static void receives(struct fixture *f, struct tigress_session *s, const char *message)
{
    assert_int_equal(tigress_session_wait(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_message(s, message);
}

/* With envelope v2, and without. */
static void begin(struct fixture *f, bool is_v2)
{
    if (!is_v2) {
        assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    }
    receive_first(f);
}

static void restart(struct fixture **f)
{
    void *state = *f;

    assert_int_equal(tear_down(&state), 0);
    assert_int_equal(set_up(&state), 0);
    *f = state;
}

/* spec-test: protocol/7#saved-state-twice */
static void second_copy_sends__elsewhere_and_nothing_overwritten(void **state)
{
    struct fixture *f = *state;

    for (int is_v2 = 0; is_v2 < 2; is_v2++) {
        struct tigress_session *copy = NULL;
        static char kept[sizeof(f->relay.data)];
        unsigned changes = 0;

        begin(f, is_v2 == 1);
        copy = copy_of(f, f->bob);
        sends(f, f->bob, MESSAGE_2);
        memcpy(kept, f->relay.data, sizeof(kept));
        changes = f->relay.change_count;
        assert_int_equal(tigress_session_send(copy, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_FAILED);
        assert_failed(copy, TIGRESS_E_ELSEWHERE);
        assert_message(copy, MESSAGE_1);
        assert_int_equal(tigress_session_retry(copy), TIGRESS_E_STATE);
        assert_string_equal(f->relay.data, kept);
        assert_int_equal(f->relay.change_count, changes);
        tigress_session_free(&copy);
        receives(f, f->alice, MESSAGE_2);
        sends(f, f->alice, MESSAGE_1);
        receives(f, f->bob, MESSAGE_1);
        restart(&f);
    }
    *state = f;
}

/* spec-test: protocol/7#saved-state-twice */
static void second_copy_sends__after_the_other_side_has_answered__elsewhere(void **state)
{
    struct fixture *f = *state;

    for (int is_v2 = 0; is_v2 < 2; is_v2++) {
        struct tigress_session *copy = NULL;

        begin(f, is_v2 == 1);
        copy = copy_of(f, f->bob);
        sends(f, f->bob, MESSAGE_2);
        receives(f, f->alice, MESSAGE_2);
        sends(f, f->alice, MESSAGE_3);
        assert_int_equal(tigress_session_send(copy, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_FAILED);
        assert_failed(copy, TIGRESS_E_ELSEWHERE);
        assert_message(copy, MESSAGE_1);
        tigress_session_free(&copy);
        receives(f, f->bob, MESSAGE_3);
        restart(&f);
    }
    *state = f;
}

static void second_copy__of_the_initiator__elsewhere_too(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copy = NULL;

    begin(f, true);
    sends(f, f->bob, MESSAGE_2);
    receives(f, f->alice, MESSAGE_2);
    copy = copy_of(f, f->alice);
    sends(f, f->alice, MESSAGE_3);
    assert_int_equal(tigress_session_send(copy, MESSAGE_1, strlen(MESSAGE_1)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_FAILED);
    assert_failed(copy, TIGRESS_E_ELSEWHERE);
    tigress_session_free(&copy);
    receives(f, f->bob, MESSAGE_3);
}

/* The copy was as far as sending: both hold the same sealed message, and there is no second. */
static void second_copy__of_the_same_message__sent_once_and_both_know(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copy = NULL;

    begin(f, true);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    copy = copy_of(f, f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(copy), TIGRESS_INPUT_SENT);
    assert_int_equal(f->relay.change_count, 2);
    tigress_session_free(&copy);
}

/* Envelope v2 shows which side sealed a message; v1 does not. */
static void second_copy_waits__message_of_the_first__not_delivered_as_the_other_sides(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copy = NULL;

    begin(f, true);
    sends(f, f->bob, MESSAGE_2);
    receives(f, f->alice, MESSAGE_2);
    copy = copy_of(f, f->alice);
    sends(f, f->alice, MESSAGE_3);
    assert_int_equal(tigress_session_wait(copy), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_FAILED);
    assert_failed(copy, TIGRESS_E_TAMPERED);
    assert_message(copy, MESSAGE_2);
    tigress_session_free(&copy);
}

/* ---- similar, but not a copy ------------------------------------------------------------ */

/* Something on the way sent our request twice, and we get the second answer. */
static void first_try__answered_as_a_repetition_of_ours__sent(void **state)
{
    struct fixture *f = *state;

    for (int is_v2 = 0; is_v2 < 2; is_v2++) {
        struct fake_answer *answer = calloc(1, sizeof(*answer));

        begin(f, is_v2 == 1);
        assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_handle(&f->relay, tigress_session_request(f->bob), answer);
        assert_int_equal(answer->status, 200);
        free(answer);
        fake_relay_serve(&f->relay, f->bob);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
        assert_int_equal(f->relay.change_count, 2);
        receives(f, f->alice, MESSAGE_2);
        restart(&f);
    }
    *state = f;
}

/* ---- a relay that lies about a first send --------------------------------------------------- */

#define SAYS_201 "{\"isPushNotificationSupported\":false}"

static void send_and_get_201(struct fixture *f)
{
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    fake_relay_say(f->bob, 201, SAYS_201);
}

/* spec-test: protocol/7#false-repetition */
static void first_try__answered_201_and_nothing_is_new__a_lie_not_a_copy(void **state)
{
    struct fixture *f = *state;

    for (int is_v2 = 0; is_v2 < 2; is_v2++) {
        begin(f, is_v2 == 1);
        send_and_get_201(f);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_serve(&f->relay, f->bob); /* 204 */
        assert_failed(f->bob, TIGRESS_E_PROTOCOL);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
        assert_int_equal(f->relay.change_count, 2);
        receives(f, f->alice, MESSAGE_2);
        restart(&f);
    }
    *state = f;
}

/* The old message under a new version, and an invented one. */
static void first_try__answered_201_and_a_known_or_invented_message__a_lie(void **state)
{
    struct fixture *f = *state;
    static char kept[sizeof(f->relay.data)];

    for (int is_invented = 0; is_invented < 2; is_invented++) {
        begin(f, true);
        send_and_get_201(f);
        memcpy(kept, f->relay.data, sizeof(kept));
        f->relay.version++;
        if (is_invented == 1) {
            memset(f->relay.data, 'A', 720);
        }
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_serve(&f->relay, f->bob);
        assert_failed(f->bob, TIGRESS_E_PROTOCOL);
        f->relay.version--;
        memcpy(f->relay.data, kept, sizeof(kept));
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
        receives(f, f->alice, MESSAGE_2);
        restart(&f);
    }
    *state = f;
}

/* The lie is checked as often as it is told. */
static void first_try__answered_201_twice__checked_twice(void **state)
{
    struct fixture *f = *state;

    begin(f, true);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    for (unsigned i = 0; i < 2; i++) {
        fake_relay_say(f->bob, 201, SAYS_201);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_serve(&f->relay, f->bob);
        assert_failed(f->bob, TIGRESS_E_PROTOCOL);
        assert_non_null(strstr(tigress_session_error_text(f->bob), "not in the mailbox"));
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
}

static void lost_answer__other_side_has_answered_since__sent_and_received(void **state)
{
    struct fixture *f = *state;

    begin(f, true);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    receives(f, f->alice, MESSAGE_2);
    sends(f, f->alice, MESSAGE_3);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    receives(f, f->bob, MESSAGE_3);
}

/* The process died after the request, and its state was saved before. */
static void resumed__before_the_request__other_side_has_answered_since__sent(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *later = NULL;

    begin(f, true);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    later = copy_of(f, f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    receives(f, f->alice, MESSAGE_2);
    sends(f, f->alice, MESSAGE_3);
    tigress_session_free(&f->bob);
    f->bob = later;
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    receives(f, f->bob, MESSAGE_3);
}

/* ---- detection, with failures on the way --------------------------------------------------- */

static void verify__lost_answer_nonsense_and_a_new_process__elsewhere_in_the_end(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copy = NULL;
    struct tigress_session *again = NULL;

    begin(f, true);
    copy = copy_of(f, f->bob);
    sends(f, f->bob, MESSAGE_2);
    assert_int_equal(tigress_session_set_tries(copy, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_send(copy, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(copy, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, copy);
    assert_int_equal(tigress_session_step(copy, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_string_equal(tigress_session_request(copy)->method, "POST");
    fake_relay_serve_lost(&f->relay, copy);
    assert_failed(copy, TIGRESS_E_NETWORK);
    assert_int_equal(tigress_session_retry(copy), TIGRESS_OK);
    fake_relay_say(copy, 200, "{\"payload\":7}");
    assert_failed(copy, TIGRESS_E_PROTOCOL);
    assert_int_equal(tigress_session_retry(copy), TIGRESS_OK);
    assert_int_equal(tigress_session_wait(copy), TIGRESS_E_STATE);
    again = copy_of(f, copy);
    tigress_session_free(&copy);
    assert_int_equal(fake_relay_run(&f->relay, again), TIGRESS_FAILED);
    assert_failed(again, TIGRESS_E_ELSEWHERE);
    tigress_session_free(&again);
}

static void verify__nothing_newer_in_the_mailbox__a_lie(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copy = NULL;

    begin(f, true);
    copy = copy_of(f, f->bob);
    sends(f, f->bob, MESSAGE_2);
    assert_int_equal(tigress_session_send(copy, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(copy, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, copy);
    fake_relay_say(copy, 204, "");
    assert_failed(copy, TIGRESS_E_PROTOCOL);
    tigress_session_free(&copy);
}

/* ---- endings -------------------------------------------------------------------------------- */

static void first_copy_ended_it__second_reports_that_this_side_did(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *copies[2];

    begin(f, true);
    copies[0] = copy_of(f, f->bob);
    copies[1] = copy_of(f, f->bob);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_check(copies[0]), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, copies[0]), TIGRESS_FAILED);
    assert_failed(copies[0], TIGRESS_E_UNCONFIRMED);
    assert_non_null(strstr(tigress_session_error_text(copies[0]), "another copy"));
    assert_int_equal(tigress_session_finish(copies[1]), TIGRESS_OK);
    /* Its note is another one, so the relay does not confirm it. */
    assert_int_equal(fake_relay_run(&f->relay, copies[1]), TIGRESS_FAILED);
    assert_failed(copies[1], TIGRESS_E_UNCONFIRMED);
    tigress_session_free(&copies[0]);
    tigress_session_free(&copies[1]);
}

static void request_ids__of_one_transfer__all_differ_and_are_random_uuids(void **state)
{
    struct fixture *f = *state;
    char seen[6][64];

    begin(f, true);
    memcpy(seen[0], f->relay.changes[0], 64);
    sends(f, f->bob, MESSAGE_2);
    memcpy(seen[1], f->relay.request_id, 64);
    receives(f, f->alice, MESSAGE_2);
    sends(f, f->alice, MESSAGE_3);
    memcpy(seen[2], f->relay.request_id, 64);
    receives(f, f->bob, MESSAGE_3);
    sends(f, f->bob, MESSAGE_2);
    memcpy(seen[3], f->relay.request_id, 64);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    memcpy(seen[4], f->relay.request_id, 64);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    memcpy(seen[5], f->relay.request_id, 64);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(strlen(seen[i]), 36);
        assert_int_equal(seen[i][14], '4');
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[i], seen[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(second_copy_sends__elsewhere_and_nothing_overwritten),
        CASE(second_copy_sends__after_the_other_side_has_answered__elsewhere),
        CASE(second_copy__of_the_initiator__elsewhere_too),
        CASE(second_copy__of_the_same_message__sent_once_and_both_know),
        CASE(second_copy_waits__message_of_the_first__not_delivered_as_the_other_sides),
        CASE(first_try__answered_as_a_repetition_of_ours__sent),
        CASE(first_try__answered_201_and_nothing_is_new__a_lie_not_a_copy),
        CASE(first_try__answered_201_and_a_known_or_invented_message__a_lie),
        CASE(first_try__answered_201_twice__checked_twice),
        CASE(lost_answer__other_side_has_answered_since__sent_and_received),
        CASE(resumed__before_the_request__other_side_has_answered_since__sent),
        CASE(verify__lost_answer_nonsense_and_a_new_process__elsewhere_in_the_end),
        CASE(verify__nothing_newer_in_the_mailbox__a_lie),
        CASE(first_copy_ended_it__second_reports_that_this_side_did),
        CASE(request_ids__of_one_transfer__all_differ_and_are_random_uuids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
