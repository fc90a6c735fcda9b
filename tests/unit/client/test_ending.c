/* SPDX-License-Identifier: Apache-2.0 */
/* How a transfer ends, between two sessions and a relay that is honest. test_ending_attacks.c has
   the relays and wallets that are not. */
#include "unit/client/wallet_fixture.h"

/* ---- steps ---------------------------------------------------------------------------------- */

static enum tigress_want runs(struct fixture *f, struct tigress_session *s)
{
    return fake_relay_run(&f->relay, s);
}

static void sends(struct fixture *f, struct tigress_session *s, const char *message)
{
    assert_int_equal(tigress_session_send(s, message, strlen(message)), TIGRESS_OK);
    assert_int_equal(runs(f, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_SENT);
}

static void receives(struct fixture *f, struct tigress_session *s)
{
    assert_int_equal(tigress_session_wait(s), TIGRESS_OK);
    assert_int_equal(runs(f, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
}

/* The transfer until the last of `count` messages was received. */
static void exchange(struct fixture *f, unsigned count)
{
    receive_first(f);
    for (unsigned n = 2; n <= count; n++) {
        sends(f, n % 2 == 0 ? f->bob : f->alice, n % 2 == 0 ? MESSAGE_2 : MESSAGE_3);
        receives(f, n % 2 == 0 ? f->alice : f->bob);
    }
}

static void assert_end(struct tigress_session *s, enum tigress_end end, enum tigress_proof proof)
{
    assert_string_equal(tigress_end_name(tigress_session_end(s)), tigress_end_name(end));
    assert_int_equal(tigress_session_end_proof(s), proof);
    assert_int_equal(strlen(tigress_end_text(end, proof)) > 10, end != TIGRESS_END_NONE);
}

/* ---- every pair of sides that keep to the rules --------------------------------------------- */

enum who { ALICE, BOB };

static const struct row {
    const char *name;
    bool is_v1;         /* bob does not know envelope v2 */
    unsigned exchanged; /* messages before the end; 0: nobody has opened it */
    enum who ender;
    bool is_cancel; /* or else finish */
    enum tigress_end own;
    enum tigress_error error; /* of the other side; TIGRESS_OK: it is done */
    enum tigress_end end;     /* of the other side */
    enum tigress_proof proof;
} rows[] = {
    { "receiver finishes, one message", false, 1, BOB, false, TIGRESS_END_COMPLETED, TIGRESS_OK,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_LINK },
    { "receiver declines, one message", false, 1, BOB, true, TIGRESS_END_DECLINED,
      TIGRESS_E_DECLINED, TIGRESS_END_DECLINED, TIGRESS_PROOF_LINK },
    { "sender cancels, one message", false, 1, ALICE, true, TIGRESS_END_WITHDRAWN_OPENED,
      TIGRESS_E_WITHDRAWN, TIGRESS_END_CANCELLED, TIGRESS_PROOF_LINK },
    { "sender finishes, two messages", false, 2, ALICE, false, TIGRESS_END_COMPLETED, TIGRESS_OK,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE },
    { "sender cancels, two messages", false, 2, ALICE, true, TIGRESS_END_WITHDRAWN_OPENED,
      TIGRESS_E_WITHDRAWN, TIGRESS_END_CANCELLED, TIGRESS_PROOF_DEVICE },
    { "receiver declines, two messages", false, 2, BOB, true, TIGRESS_END_DECLINED,
      TIGRESS_E_DECLINED, TIGRESS_END_DECLINED, TIGRESS_PROOF_LINK },
    { "receiver finishes, three messages", false, 3, BOB, false, TIGRESS_END_COMPLETED, TIGRESS_OK,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE },
    { "receiver declines, three messages", false, 3, BOB, true, TIGRESS_END_DECLINED,
      TIGRESS_E_DECLINED, TIGRESS_END_DECLINED, TIGRESS_PROOF_DEVICE },
    { "sender finishes, four messages", false, 4, ALICE, false, TIGRESS_END_COMPLETED, TIGRESS_OK,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE },
    { "v1: sender finishes, two messages", true, 2, ALICE, false, TIGRESS_END_COMPLETED, TIGRESS_OK,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_LINK },
    { "v1: receiver finishes, three messages", true, 3, BOB, false, TIGRESS_END_COMPLETED,
      TIGRESS_OK, TIGRESS_END_COMPLETED, TIGRESS_PROOF_LINK },
    { "v1: receiver declines, three messages", true, 3, BOB, true, TIGRESS_END_DECLINED,
      TIGRESS_E_DECLINED, TIGRESS_END_DECLINED, TIGRESS_PROOF_LINK },
};

/* spec-test: protocol/7#end-proved
   spec-test: protocol/7#end-note-base-key
   spec-test: protocol/7#end-note-history */
static void end__of_each_pair_with_notes__told_to_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        void *own = NULL;
        struct fixture *f = NULL;
        struct tigress_session *ender = NULL;
        struct tigress_session *other = NULL;

        assert_int_equal(set_up(&own), 0);
        f = own;
        if (row->is_v1) {
            assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
        }
        exchange(f, row->exchanged);
        ender = row->ender == ALICE ? f->alice : f->bob;
        other = row->ender == ALICE ? f->bob : f->alice;
        assert_end(ender, TIGRESS_END_NONE, TIGRESS_PROOF_NONE);
        assert_int_equal(row->is_cancel ? tigress_session_cancel(ender)
                                        : tigress_session_finish(ender),
                         TIGRESS_OK);
        assert_int_equal(runs(f, ender), TIGRESS_DONE);
        assert_int_equal(strlen(f->relay.end_note), 103);
        assert_end(ender, row->own, TIGRESS_PROOF_OWN);
        assert_int_equal(tigress_session_wait(other), TIGRESS_OK);
        assert_int_equal(runs(f, other), row->error == TIGRESS_OK ? TIGRESS_DONE : TIGRESS_FAILED);
        assert_string_equal(tigress_error_name(tigress_session_error(other)),
                            tigress_error_name(row->error));
        assert_end(other, row->end, row->proof);
        assert_int_equal(tear_down(&own), 0);
    }
}

static void cancel__before_anybody_opened__withdrawn(void **state)
{
    struct fixture *f = *state;

    create(f);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_NO);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_WITHDRAWN, TIGRESS_PROOF_OWN);
}

/* It said "none" once; what it says now counts. */
static void cancel__opened_since_the_last_look__withdrawn_but_opened(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_NO);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_WITHDRAWN_OPENED, TIGRESS_PROOF_OWN);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_YES);
}

static void cancel__relay_does_not_say__not_called_unopened(void **state)
{
    struct fixture *f = *state;

    create(f);
    f->relay.is_old = true;
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_WITHDRAWN_OPENED, TIGRESS_PROOF_OWN);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_UNKNOWN);
}

static void cancel__before_anything_was_sent__withdrawn_without_a_request(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_WITHDRAWN, TIGRESS_PROOF_OWN);
    assert_int_equal(f->relay.request_count, 0);
}

static void cancel__of_a_create_whose_answer_was_lost__leaves_a_note(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->alice);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_string_equal(f->relay.ended, "ended-by-initiator");
    assert_int_equal(strlen(f->relay.note), 103);
    assert_end(f->alice, TIGRESS_END_WITHDRAWN, TIGRESS_PROOF_OWN);
}

/* ---- both at once --------------------------------------------------------------------------- */

/* spec-test: protocol/7#end-proved */
static void race__cancel_after_a_finish__told_completed(void **state)
{
    struct fixture *f = *state;

    exchange(f, 3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_COMPLETED);
    assert_end(f->alice, TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE);
}

static void race__finish_after_a_cancel__told_cancelled(void **state)
{
    struct fixture *f = *state;

    exchange(f, 3);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
    assert_end(f->bob, TIGRESS_END_CANCELLED, TIGRESS_PROOF_DEVICE);
}

static void race__both_finish__both_done(void **state)
{
    struct fixture *f = *state;

    exchange(f, 3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_finish(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE);
}

/* The relay has message 3, alice does not know it, and bob ends the transfer with it. */
static void finish__after_a_message_whose_answer_was_lost__still_proved(void **state)
{
    struct fixture *f = *state;

    exchange(f, 2);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->alice);
    receives(f, f->bob);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    assert_end(f->alice, TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE);
}

/* The mailbox ended with a message in it that the other side never read. */
static void end__with_an_unread_message__cancel_is_told_and_finish_is_not_believed(void **state)
{
    for (int is_cancel = 0; is_cancel < 2; is_cancel++) {
        void *own = NULL;
        struct fixture *f = NULL;

        (void)state;
        assert_int_equal(set_up(&own), 0);
        f = own;
        exchange(f, 2);
        sends(f, f->alice, MESSAGE_3);
        assert_int_equal(is_cancel ? tigress_session_cancel(f->alice)
                                   : tigress_session_finish(f->alice),
                         TIGRESS_OK);
        assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
        assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
        assert_int_equal(runs(f, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, is_cancel ? TIGRESS_E_WITHDRAWN : TIGRESS_E_UNCONFIRMED);
        assert_int_equal(tear_down(&own), 0);
    }
}

/* ---- a note is final ------------------------------------------------------------------------ */

static void reload(struct tigress_session **s)
{
    unsigned char *saved = NULL;
    size_t len = 0;
    struct tigress_session *fresh = NULL;

    assert_int_equal(tigress_session_save(*s, &saved, &len), TIGRESS_OK);
    tigress_session_free(s);
    assert_int_equal(tigress_session_resume(&fresh, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
    *s = fresh;
}

/* spec-test: protocol/7#end-note-made-once */
static void note__once_made__same_bytes_after_each_restart_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    char note[sizeof(f->relay.end_note)];
    char id[sizeof(f->relay.request_id)];

    exchange(f, 3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    reload(&f->bob);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    memcpy(note, f->relay.end_note, sizeof(note));
    memcpy(id, f->relay.request_id, sizeof(id));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_E_STATE);
        assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
        assert_int_equal(tigress_session_relinquish(f->bob), TIGRESS_E_STATE);
        assert_int_equal(tigress_session_wait(f->bob), TIGRESS_E_STATE);
        assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)),
                         TIGRESS_E_STATE);
        reload(&f->bob);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_string_equal(tigress_session_request(f->bob)->method, "DELETE");
        assert_int_equal(tigress_session_reply_failed(f->bob, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    }
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    assert_string_equal(f->relay.end_note, note);
    assert_string_equal(f->relay.request_id, id);
    assert_end(f->bob, TIGRESS_END_COMPLETED, TIGRESS_PROOF_OWN);
    reload(&f->bob);
    assert_end(f->bob, TIGRESS_END_COMPLETED, TIGRESS_PROOF_OWN);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_DONE);
    reload(&f->alice);
    assert_end(f->alice, TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE);
}

/* The length would tell the note of a finish from that of a cancel. */
static void note__of_each_end__has_one_length(void **state)
{
    struct fixture *f = *state;
    size_t len = 0;

    exchange(f, 3);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    len = strlen(f->relay.end_note);
    assert_int_equal(len, 103);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
    assert_int_equal(strlen(f->relay.end_note), len);
}

static int no_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return -1;
}

static void note__without_randomness__nothing_is_ended(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_set_random(f->bob, no_random, NULL), TIGRESS_OK);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_RANDOM);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
    assert_int_equal(tigress_session_set_random(f->bob, fake_random, &f->random), TIGRESS_OK);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
}

/* ---- opened --------------------------------------------------------------------------------- */

/* spec-test: protocol/2#known-recipient */
static void wait__that_wants_it__ends_when_a_device_opens(void **state)
{
    struct fixture *f = *state;

    create(f);
    assert_int_equal(tigress_session_want_opened(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    assert_string_equal(f->relay.known_recipient, "none");
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_NO);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.known_recipient, "");
    assert_int_equal(tigress_session_want_opened(f->bob), TIGRESS_E_STATE);
    assert_int_equal(runs(f, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_OPENED);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_YES);
    reload(&f->alice);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_YES);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_OPENED);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    assert_string_equal(f->relay.known_recipient, "bound");
}

static void check__after_a_device_opened__says_so(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_UNCHANGED);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_YES);
    assert_int_equal(tigress_session_relinquish(f->bob), TIGRESS_OK);
    assert_int_equal(runs(f, f->bob), TIGRESS_DONE);
    assert_end(f->bob, TIGRESS_END_NONE, TIGRESS_PROOF_NONE);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(runs(f, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_opened(f->alice), TIGRESS_OPENED_NO);
}

/* spec-test: protocol/4#preview-says-claimed */
static void preview__of_a_claimed_mailbox__says_so(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *late = NULL;

    create(f);
    for (int is_claimed = 0; is_claimed < 2; is_claimed++) {
        assert_int_equal(tigress_recipient_new(&late, f->url, NULL, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_session_want_preview(late), TIGRESS_OK);
        assert_int_equal(runs(f, late), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_opened(late),
                         is_claimed ? TIGRESS_OPENED_YES : TIGRESS_OPENED_NO);
        tigress_session_free(&late);
        if (!is_claimed) {
            assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
            assert_int_equal(runs(f, f->bob), TIGRESS_WANT_INPUT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end__of_each_pair_with_notes__told_to_both_sides),
        CASE(cancel__before_anybody_opened__withdrawn),
        CASE(cancel__opened_since_the_last_look__withdrawn_but_opened),
        CASE(cancel__relay_does_not_say__not_called_unopened),
        CASE(cancel__before_anything_was_sent__withdrawn_without_a_request),
        CASE(cancel__of_a_create_whose_answer_was_lost__leaves_a_note),
        CASE(race__cancel_after_a_finish__told_completed),
        CASE(race__finish_after_a_cancel__told_cancelled),
        CASE(race__both_finish__both_done),
        CASE(finish__after_a_message_whose_answer_was_lost__still_proved),
        cmocka_unit_test(end__with_an_unread_message__cancel_is_told_and_finish_is_not_believed),
        CASE(note__once_made__same_bytes_after_each_restart_and_nothing_else),
        CASE(note__of_each_end__has_one_length),
        CASE(note__without_randomness__nothing_is_ended),
        CASE(wait__that_wants_it__ends_when_a_device_opens),
        CASE(check__after_a_device_opened__says_so),
        CASE(preview__of_a_claimed_mailbox__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
