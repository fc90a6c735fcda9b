/* SPDX-License-Identifier: Apache-2.0 */
/* States that earlier versions saved: tests/data/saved_state_v2, without end notes, _v3 to _v6. */
#include "unit/client/wallet_fixture.h"

#include "client/session.h"

#include <stdio.h>

static struct tigress_session *resume_of(unsigned version, const char *name)
{
    char path[512];
    unsigned char data[4096];
    struct tigress_session *s = NULL;
    FILE *file = NULL;
    size_t len = 0;

    (void)snprintf(path, sizeof(path), TG_TEST_DATA "/saved_state_v%u/%s.bin", version, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    assert_true(len > 100 && len < sizeof(data));
    assert_int_equal(tigress_session_resume(&s, data, len, NULL, 0), TIGRESS_OK);
    return s;
}

static const char *claim_of(const struct tigress_session *s)
{
    const struct tigress_http_request *request = tigress_session_request(s);

    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, "Mailbox-Device-Claim") == 0) {
            return request->headers[i].value;
        }
    }
    return "";
}

static struct tigress_session *resume(const char *name)
{
    return resume_of(2, name);
}

/* spec-test: protocol/7#saved-state-versions */
static void saved__by_an_earlier_version__continues(void **state)
{
    static const struct {
        const char *name;
        enum tigress_want want;
        enum tigress_input input;
        enum tigress_v2 v2;
    } rows[] = {
        { "initiator_intent", TIGRESS_WANT_INPUT, TIGRESS_INPUT_INTENT, TIGRESS_V2_OPEN },
        { "initiator_creating", TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, TIGRESS_V2_OPEN },
        { "initiator_attesting", TIGRESS_WANT_INPUT, TIGRESS_INPUT_ATTESTATION, TIGRESS_V2_OPEN },
        { "initiator_created", TIGRESS_WANT_INPUT, TIGRESS_INPUT_CREATED, TIGRESS_V2_OPEN },
        { "initiator_message", TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE, TIGRESS_V2_AGREED },
        { "initiator_deleting", TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, TIGRESS_V2_AGREED },
        { "recipient_invited", TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, TIGRESS_V2_OPEN },
        { "recipient_message", TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE, TIGRESS_V2_OPEN },
        { "recipient_sending", TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, TIGRESS_V2_AGREED },
        { "recipient_third", TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE, TIGRESS_V2_AGREED },
        { "recipient_v1", TIGRESS_WANT_INPUT, TIGRESS_INPUT_SENT, TIGRESS_V2_GIVEN_UP },
        { "recipient_done", TIGRESS_DONE, TIGRESS_INPUT_NONE, TIGRESS_V2_OPEN },
    };

    (void)state;
    for (unsigned i = 0; i < 4 * TG_COUNT(rows); i++) {
        unsigned row = i / 4;
        struct tigress_session *s = resume_of(3 + i % 4, rows[row].name);

        assert_int_equal(tigress_session_step(s, FAKE_NOW), rows[row].want);
        assert_int_equal(tigress_session_input(s), rows[row].input);
        assert_int_equal(tigress_session_v2(s), rows[row].v2);
        assert_int_equal(tigress_session_take_v2_event(s),
                         i % 4 < 2 ? TIGRESS_V2_OPEN : rows[row].v2);
        assert_int_equal(tigress_session_key_outcome(s), TIGRESS_KEY_NONE);
        assert_int_equal(tigress_session_pake(s), TIGRESS_PAKE_NONE);
        tigress_session_free(&s);
    }
}

/* The relay as it was: the state of the recipient before its answer was sent repeats the answer. */
static void receive_first_of_saved(struct fixture *f)
{
    f->bob = resume_of(3, "recipient_sending");
    f->alice = resume_of(3, "initiator_message");
    f->relay.exists = true;
    f->relay.version = 1;
    assert_int_equal(tigress_session_set_random(f->alice, fake_random, &f->random), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    (void)snprintf(f->relay.initiator, sizeof(f->relay.initiator), "%s", claim_of(f->alice));
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    (void)snprintf(f->relay.recipient, sizeof(f->relay.recipient), "%s", f->relay.claim);
}

/* Both sides of one transfer, saved by version 3, go on from the third message. */
static void saved__by_version_3__both_sides_exchange_under_v2(void **state)
{
    struct fixture *f = *state;

    tigress_session_free(&f->alice);
    receive_first_of_saved(f);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_DEVICE);
}

static void saved__by_an_older_version__continues(void **state)
{
    static const struct {
        const char *name;
        enum tigress_want want;
        enum tigress_input input;
    } rows[] = {
        { "initiator_intent", TIGRESS_WANT_INPUT, TIGRESS_INPUT_INTENT },
        { "initiator_created", TIGRESS_WANT_INPUT, TIGRESS_INPUT_CREATED },
        { "initiator_message", TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE },
        { "initiator_delete", TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE },
        { "recipient_message", TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE },
        { "recipient_sent", TIGRESS_WANT_INPUT, TIGRESS_INPUT_SENT },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tigress_session *s = resume(rows[i].name);

        assert_int_equal(tigress_session_step(s, FAKE_NOW), rows[i].want);
        assert_int_equal(tigress_session_input(s), rows[i].input);
        assert_int_equal(tigress_session_end(s), TIGRESS_END_NONE);
        assert_int_equal(tigress_session_opened(s), TIGRESS_OPENED_UNKNOWN);
        tigress_session_free(&s);
    }
}

static bool has_note(const struct tigress_session *s)
{
    const struct tigress_http_request *request = tigress_session_request(s);
    bool has = false;

    for (size_t i = 0; i < request->header_count; i++) {
        has = has || strcmp(request->headers[i].name, "Mailbox-End-Note") == 0;
    }
    return has;
}

/* It does not know the history, so it neither states nor believes one. */
static void saved__by_an_older_version__leaves_and_believes_no_note(void **state)
{
    struct tigress_session *s = resume("recipient_message");
    struct tg_end_note note = { .end = TG_END_NOTE_CANCELLED, .sent = 1, .received = 0 };
    struct tg_buf text;
    char body[512];

    (void)state;
    assert_int_equal(tigress_session_finish(s), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_false(has_note(s));
    tigress_session_free(&s);
    s = resume("recipient_message");
    memcpy(note.transcript, s->chain.transcript, TG_SHA256_LEN);
    tg_buf_init(&text, TG_END_NOTE_TEXT_LEN);
    assert_int_equal(tg_end_note_seal(&text, &s->url.secret, &s->url.mailbox,
                                      TG_ENVELOPE2_INITIATOR, &note, &tg_rng_system),
                     TG_OK);
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"urn:tigress:problem/ended-by-initiator\",\"endNote\":\"%.*s\"}",
                   (int)text.len, (const char *)text.ptr);
    tg_buf_deinit(&text);
    assert_int_equal(tigress_session_check(s), TIGRESS_OK);
    fake_relay_say(s, 404, body);
    assert_failed(s, TIGRESS_E_UNCONFIRMED);
    tigress_session_free(&s);
}

/* A transfer that had not begun gets a history. */
static void saved__before_the_create__leaves_a_note(void **state)
{
    struct fixture *f = *state;

    tigress_session_free(&f->alice);
    f->alice = resume("initiator_intent");
    assert_int_equal(tigress_session_set_random(f->alice, fake_random, &f->random), TIGRESS_OK);
    receive_first(f);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(strlen(f->relay.note), 103);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
}

/* A delete that the older version had begun is repeated without a note, and done. */
static void saved__in_the_middle_of_a_delete__done(void **state)
{
    struct tigress_session *s = resume("initiator_delete");

    (void)state;
    fake_relay_say(s, 200, "");
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(s), TIGRESS_END_COMPLETED);
    tigress_session_free(&s);
    s = resume("initiator_delete");
    fake_relay_say(s, 404, "{\"type\":\"urn:tigress:problem/ended-by-initiator\"}");
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_DONE);
    tigress_session_free(&s);
}

/* What cannot be: refused, not repaired. */
static void saved__with_an_ending_that_cannot_be__refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned decided, end, proof, opened;
        const char *note;
    } rows[] = {
        { 4, 0, 0, 0, "" }, { 1, 0, 0, 0, "" }, { 0, 8, 0, 0, "" },
        { 0, 0, 4, 0, "" }, { 0, 0, 0, 3, "" }, { 0, 0, 0, 0, "AA" },
    };

    receive_first(f);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tigress_session *s = NULL;
        unsigned char *saved = NULL;
        size_t len = 0;

        assert_int_equal(tigress_session_save(f->bob, &saved, &len), TIGRESS_OK);
        assert_int_equal(tigress_session_resume(&s, saved, len, NULL, 0), TIGRESS_OK);
        tigress_free(saved, len);
        s->ending.decided = (enum tg_end_note_end)rows[i].decided;
        s->ending.end = (enum tigress_end)rows[i].end;
        s->ending.proof = (enum tigress_proof)rows[i].proof;
        s->mailbox.opened = (enum tigress_opened)rows[i].opened;
        tg_buf_append_str(&s->ending.note, rows[i].note);
        assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
        tigress_session_free(&s);
        assert_int_equal(tigress_session_resume(&s, saved, len, NULL, 0), TIGRESS_E_SAVED_STATE);
        tigress_free(saved, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved__by_an_earlier_version__continues),
        CASE(saved__by_version_3__both_sides_exchange_under_v2),
        cmocka_unit_test(saved__by_an_older_version__continues),
        cmocka_unit_test(saved__by_an_older_version__leaves_and_believes_no_note),
        CASE(saved__before_the_create__leaves_a_note),
        cmocka_unit_test(saved__in_the_middle_of_a_delete__done),
        CASE(saved__with_an_ending_that_cannot_be__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
