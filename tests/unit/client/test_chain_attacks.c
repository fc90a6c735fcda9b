/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope v2 between two sessions, with a relay that attacks their messages. */
#include "unit/client/recording_relay.h"

#define KEY_NINE "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* spec-test: protocol/7#envelope-v2-reflection-and-rollback */
static void reflection__own_last_message_with_a_new_version__refused(void **state)
{
    struct fixture *f = *state;

    go_to(f, 2);
    show(f, kept[2]);
    assert_refused(f, f->bob, "own message", 2);
    receive_number(f, 2);
}

/* spec-test: protocol/7#envelope-v2-reflection-and-rollback */
static void reflection_and_rollback__every_earlier_message__refused(void **state)
{
    struct fixture *f = *state;

    go_to(f, 7);
    receive_number(f, 7);
    send_number(f, 8);
    for (unsigned old = 1; old < 8; old++) {
        show(f, kept[old]);
        assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_TAMPERED);
        assert_non_null(strstr(tigress_session_error_text(f->bob),
                               old % 2 == 0 ? "own message" : "older message"));
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        show(f, kept[old]);
        assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
        assert_failed(f->alice, TIGRESS_E_TAMPERED);
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    show_truth(f, 8);
    receive_number(f, 8);
    send_number(f, 9);
    receive_number(f, 9);
}

/* The same after a save and resume: earlier messages are still known. */
static void rollback__after_resume__refused(void **state)
{
    struct fixture *f = *state;
    unsigned char *saved = NULL;
    size_t len = 0;

    go_to(f, 4);
    assert_int_equal(tigress_session_save(f->bob, &saved, &len), TIGRESS_OK);
    tigress_session_free(&f->bob);
    assert_int_equal(tigress_session_resume(&f->bob, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
    show(f, kept[3]);
    assert_refused(f, f->bob, "older message", 4);
}

/* Messages that the other side sealed with the right keys for another position. Only a side loaded
   twice from one save makes them. */
static void reordering__message_of_another_position__refused(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *twin = NULL;

    go_to(f, 3);
    receive_number(f, 3);
    send_number(f, 4);
    /* A second fourth message, for alice, who has received the first one: it is refused as message
       4 and as message 6. */
    receive_number(f, 4);
    twin = twin_of(f->alice);
    send_number(f, 5);
    receive_number(f, 5);
    f->relay.version--;
    memset(f->relay.changes, 0,
           sizeof(f->relay.changes)); /* or the relay would refuse the second one as a duplicate */
    assert_int_equal(tigress_session_send(twin, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, twin), TIGRESS_WANT_INPUT);
    tigress_session_free(&twin);
    f->relay.version += 5;
    assert_refused(f, f->bob, "not the next one", 5);
}

/* An omitted message: an older copy of bob gets the fifth message without the third. */
static void dropping__a_message_in_between__refused(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *yesterday = NULL;

    go_to(f, 2);
    yesterday = twin_of(f->bob);
    receive_number(f, 2);
    send_number(f, 3);
    receive_number(f, 3);
    send_number(f, 4);
    receive_number(f, 4);
    send_number(f, 5);
    assert_refused(f, yesterday, "not the next one", 3);
    assert_message(yesterday, "{\"format\":\"x\",\"content\":{\"n\":3}}");
    tigress_session_free(&yesterday);
}

/* spec-test: protocol/7#envelope-v2-additional-data */
static void truncation_and_bit_flips__every_few_bytes__refused_and_intact(void **state)
{
    struct fixture *f = *state;
    size_t len = 0;

    go_to(f, 3);
    len = strlen(kept[3]);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    for (size_t i = 1; i < len; i += 5) {
        memcpy(f->relay.data, kept[3], MAILBOX_ROOM);
        if (i % 2 == 0) {
            f->relay.data[i] = '\0';
        } else {
            f->relay.data[i] = f->relay.data[i] == 'A' ? 'B' : 'A';
        }
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_TAMPERED);
        assert_message(f->bob, MESSAGE_1);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
    show_truth(f, 3);
    receive_number(f, 3);
    send_number(f, 4);
    receive_number(f, 4);
}

/* spec-test: protocol/7#envelope-v2-no-downgrade */
static void downgrade__v1_message_sealed_with_the_secret__refused_by_both(void **state)
{
    struct fixture *f = *state;

    go_to(f, 2);
    show_v1(f, MESSAGE_3);
    assert_refused(f, f->bob, "the old envelope format", 2);
    receive_number(f, 2);
    show_v1(f, MESSAGE_3);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_TAMPERED);
    assert_non_null(strstr(tigress_session_error_text(f->alice), "the old envelope format"));
    show_truth(f, 2);
    assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    send_number(f, 3);
    receive_number(f, 3);
}

/* Without the secret the relay cannot remove the key from either first message. */
static void downgrade__first_messages_changed__do_not_open(void **state)
{
    struct fixture *f = *state;

    go_to(f, 2);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    show(f, kept[2]);
    f->relay.data[200] = f->relay.data[200] == 'A' ? 'B' : 'A';
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECRYPT);
    /* It cannot answer with the offer itself either. */
    show(f, kept[1]);
    assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_UNCHANGED);
    assert_message(f->alice, "");
    show_truth(f, 2);
    receive_number(f, 2);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
}

/* A relay that exchanges the first messages of two transfers under one secret is detected too. Here
   it gives the recipient another offer than the initiator's; the third message shows this.
 */
static void swapped_offer__third_message_does_not_open(void **state)
{
    struct fixture *f = *state;

    invite(f);
    show_v1(f, "{\"format\":\"x\",\"content\":{},\"tigressV2\":{\"publicKey\":\"" KEY_NINE "\"}}");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    send_number(f, 2);
    receive_number(f, 2);
    send_number(f, 3);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_TAMPERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(reflection__own_last_message_with_a_new_version__refused),
        CASE(reflection_and_rollback__every_earlier_message__refused),
        CASE(rollback__after_resume__refused),
        CASE(reordering__message_of_another_position__refused),
        CASE(dropping__a_message_in_between__refused),
        CASE(truncation_and_bit_flips__every_few_bytes__refused_and_intact),
        CASE(downgrade__v1_message_sealed_with_the_secret__refused_by_both),
        CASE(downgrade__first_messages_changed__do_not_open),
        CASE(swapped_offer__third_message_does_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
