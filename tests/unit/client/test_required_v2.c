/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope v2 on demand: bare first messages, roles, the event, and what is refused without it. */
#include "unit/client/recording_relay.h"

#include "client/session.h"

#define KEY_NINE "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BARE "{\"format\":\"tigress.v2\",\"content\":{}"
#define OFFER(role) BARE ",\"tigressV2\":{\"publicKey\":\"" KEY_NINE "\"" role "}}"
#define OFFER_TO_ALL(role)                                                                         \
    "{\"format\":\"x\",\"content\":{},\"tigressV2\":{\"publicKey\":\"" KEY_NINE "\"" role "}}"

static void require(struct tigress_session *s)
{
    assert_int_equal(tigress_session_require_v2(s), TIGRESS_OK);
}

/* The initiator requires v2; bob has read the offer, answered it, and waits. */
static void offer_and_answer(struct fixture *f)
{
    require(f->alice);
    invite(f);
    keep(f, 1);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    keep(f, 2);
    assert_int_equal(f->relay.version, 2);
}

static void third_message(struct fixture *f)
{
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
    keep(f, 3);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
}

/* ---- the agreement -------------------------------------------------------------------------- */

/* spec-test: protocol/7#envelope-v2-required
   spec-test: protocol/7#envelope-v2-bare */
static void required_by_the_initiator__content_begins_with_the_third_message(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    offer_and_answer(f);
    assert_message(f->bob, "");
    assert_string_equal(tigress_session_message_format(f->bob), "");
    open_v1(f, kept[1], text, sizeof(text));
    assert_non_null(strstr(text, BARE ",\"tigressV2\":{\"publicKey\":\""));
    assert_non_null(strstr(text, "\"role\":\"initiator\"}}"));
    open_v1(f, kept[2], text, sizeof(text));
    assert_non_null(strstr(text, BARE ",\"tigressV2\":{\"publicKey\":\""));
    assert_non_null(strstr(text, "\"role\":\"recipient\"}}"));
    third_message(f);
    assert_message(f->bob, MESSAGE_1);
    assert_message(f->alice, "");
    open_v1(f, kept[3], text, sizeof(text));
    assert_string_equal(text, "");
    send_number(f, 4);
    receive_number(f, 4);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
}

/* spec-test: protocol/7#envelope-v2-required */
static void required_by_the_initiator__no_right_to_write__refused_before_the_create(void **state)
{
    static const char *const rights[] = { "R", "D", "RD", "DR" };
    struct fixture *f = *state;

    require(f->alice);
    for (size_t i = 0; i < TG_COUNT(rights); i++) {
        assert_int_equal(tigress_session_set_rights(f->alice, rights[i]), TIGRESS_OK);
        assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_ARGUMENT);
        assert_non_null(strstr(tigress_session_error_text(f->alice), "expected W"));
        assert_int_equal(
            tigress_session_confirm_intent_by(f->alice, TIGRESS_USER_VERIFIED, FAKE_NOW),
            TIGRESS_E_ARGUMENT);
        assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_INTENT);
    }
    assert_int_equal(f->relay.request_count, 0);
    tigress_session_free(&f->alice);
    assert_int_equal(
        tigress_initiator_new(&f->alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
        TIGRESS_OK);
    require(f->alice);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_ARGUMENT);
}

static void required_by_both__agreed(void **state)
{
    struct fixture *f = *state;

    require(f->alice);
    invite(f);
    require(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    third_message(f);
    assert_message(f->bob, MESSAGE_1);
}

static void required_by_the_recipient__offer_with_content__agreed(void **state)
{
    struct fixture *f = *state;

    invite(f);
    require(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    send_number(f, 2);
    receive_number(f, 2);
    assert_int_equal(tigress_session_v2(f->bob), TIGRESS_V2_AGREED);
}

/* The third message has what the library reveals in it. */
static void required__longest_message__third(void **state)
{
    static char big[TIGRESS_MESSAGE_FIRST_MAX + 1];
    static const char head[] = "{\"format\":\"x\",\"content\":{\"a\":\"";
    struct fixture *f = *state;

    memset(big, 'b', TIGRESS_MESSAGE_FIRST_MAX);
    memcpy(big, head, sizeof(head) - 1);
    memcpy(big + TIGRESS_MESSAGE_FIRST_MAX - 3, "\"}}", 3);
    tigress_session_free(&f->alice);
    assert_int_equal(
        tigress_initiator_new(&f->alice, FAKE_RELAY, big, TIGRESS_MESSAGE_FIRST_MAX, NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(f->alice, "RWD"), TIGRESS_OK);
    offer_and_answer(f);
    third_message(f);
    assert_message(f->bob, big);
}

static void settings__contradict_or_come_late__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_require_v2(NULL), TIGRESS_E_ARGUMENT);
    require(f->alice);
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_E_STATE);
    invite(f);
    assert_int_equal(tigress_session_require_v2(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_require_v2(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_v2(f->bob), TIGRESS_V2_DISABLED);
    assert_int_equal(tigress_session_take_v2_event(f->bob), TIGRESS_V2_OPEN);
    assert_int_equal(tigress_session_v2(NULL), TIGRESS_V2_OPEN);
    assert_int_equal(tigress_session_take_v2_event(NULL), TIGRESS_V2_OPEN);
}

/* ---- the event ------------------------------------------------------------------------------ */

static void assert_event_once(struct tigress_session *s, enum tigress_v2 event)
{
    struct tigress_session *twin = twin_of(s);

    assert_int_equal(tigress_session_v2(s), event);
    assert_int_equal(tigress_session_take_v2_event(s), event);
    assert_int_equal(tigress_session_take_v2_event(s), TIGRESS_V2_OPEN);
    assert_int_equal(tigress_session_v2(s), event);
    assert_int_equal(tigress_session_take_v2_event(twin), event);
    tigress_session_free(&twin);
}

/* spec-test: protocol/7#envelope-v2-event */
static void event__agreed__once_for_each_side(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_take_v2_event(f->bob), TIGRESS_V2_OPEN);
    send_number(f, 2);
    assert_event_once(f->bob, TIGRESS_V2_AGREED);
    assert_int_equal(tigress_session_take_v2_event(f->alice), TIGRESS_V2_OPEN);
    receive_number(f, 2);
    assert_event_once(f->alice, TIGRESS_V2_AGREED);
}

/* spec-test: protocol/7#envelope-v2-event */
static void event__given_up__once_for_each_side(void **state)
{
    struct fixture *f = *state;

    invite(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    send_number(f, 2);
    receive_number(f, 2);
    assert_event_once(f->alice, TIGRESS_V2_GIVEN_UP);
    assert_int_equal(tigress_session_take_v2_event(f->bob), TIGRESS_V2_OPEN);
}

static void event__no_offer__given_up(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    assert_event_once(f->bob, TIGRESS_V2_GIVEN_UP);
    assert_int_equal(tigress_session_v2(f->alice), TIGRESS_V2_DISABLED);
}

/* ---- without v2 ----------------------------------------------------------------------------- */

/* spec-test: protocol/7#envelope-v2-required */
static void required_by_the_recipient__no_offer__refused_before_content(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    invite(f);
    require(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NO_V2);
    assert_message(f->bob, "");
    assert_string_equal(tigress_session_title(f->bob), "");
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
}

/* The answers of wallets that do not agree: none sees the application's message. */
static void required_by_the_initiator__other_answers__refused(void **state)
{
    static const struct {
        const char *json;
        enum tigress_error error;
        const char *word;
    } rows[] = {
        { "{\"format\":\"x\",\"content\":{}}", TIGRESS_E_NO_V2, "no key of envelope v2" },
        { BARE "}", TIGRESS_E_NO_V2, "no key of envelope v2" },
        { BARE ",\"tigressV2\":null}", TIGRESS_E_NO_V2, "no key of envelope v2" },
        { OFFER(""), TIGRESS_E_NO_V2, "older version" },
        { OFFER(",\"role\":null"), TIGRESS_E_NO_V2, "older version" },
        { OFFER(",\"role\":\"initiator\""), TIGRESS_E_BAD_MESSAGE, "expected \"recipient\"" },
        { OFFER(",\"role\":7"), TIGRESS_E_BAD_MESSAGE, "tigressV2.role" },
        { OFFER_TO_ALL(",\"role\":\"recipient\""), TIGRESS_E_BAD_MESSAGE, "format" },
        { BARE ",\"tigressV2\":{\"role\":\"recipient\"}}", TIGRESS_E_BAD_MESSAGE, "publicKey" },
    };
    struct fixture *f = *state;

    offer_and_answer(f);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        show_v1(f, rows[i].json);
        assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
        assert_failed(f->alice, rows[i].error);
        assert_non_null(strstr(tigress_session_error_text(f->alice), rows[i].word));
        assert_int_equal(tigress_session_v2(f->alice), TIGRESS_V2_OPEN);
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    show_truth(f, 2);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
}

/* spec-test: protocol/7#envelope-v2-roles */
static void offers_with_a_wrong_role__refused_also_where_v2_is_not_required(void **state)
{
    static const char *const offers[] = {
        OFFER(",\"role\":\"recipient\""),
        OFFER_TO_ALL(",\"role\":\"recipient\""),
        OFFER_TO_ALL(",\"role\":[]"),
        BARE "}",
    };
    struct fixture *f = *state;

    invite(f);
    keep(f, 1);
    for (size_t i = 0; i < TG_COUNT(offers); i++) {
        show_v1(f, offers[i]);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_BAD_MESSAGE);
        assert_message(f->bob, "");
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
    show_truth(f, 1);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
}

/* An initiator of an earlier version names no role: v2 with those who do not require it. */
static void offer_of_an_older_version__v2_or_refused_where_required(void **state)
{
    struct fixture *f = *state;

    invite(f);
    require(f->bob);
    show_v1(f, OFFER_TO_ALL(""));
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NO_V2);
    tigress_session_free(&f->bob);
    f->relay.recipient[0] = '\0';
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, "{\"format\":\"x\",\"content\":{}}");
    send_number(f, 2);
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
}

static void bare_offer__v2_disabled__refused(void **state)
{
    struct fixture *f = *state;

    require(f->alice);
    invite(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NO_V2);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "switched off"));
}

static void bare_format__from_the_application__refused(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, BARE "}", strlen(BARE "}")), TIGRESS_E_MESSAGE);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "tigress.v2"));
}

/* The relay shows the offer as its answer, and the answer to the device that made it. */
static void reflection__of_the_bare_messages__nothing_sent(void **state)
{
    struct fixture *f = *state;

    offer_and_answer(f);
    show(f, kept[1]);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_UNCHANGED);
    show(f, kept[2]);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_TAMPERED);
    show_truth(f, 2);
    f->relay.version = (unsigned)tigress_session_version(f->bob);
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    f->relay.version = 9;
    third_message(f);
}

/* ---- interruptions -------------------------------------------------------------------------- */

static void reload(struct tigress_session **s)
{
    struct tigress_session *twin = twin_of(*s);

    tigress_session_free(s);
    *s = twin;
}

/* Every request of the agreement is lost once, and each side is loaded from its saved state before
   every step. */
static void agreement__lost_answers_and_reloads__the_same_messages(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    require(f->alice);
    reload(&f->alice);
    assert_int_equal(tigress_session_set_random(f->alice, fake_random, &f->random), TIGRESS_OK);
    invite(f);
    reload(&f->bob);
    for (unsigned version = 1; version < 2;) {
        enum tigress_want want = tigress_session_step(f->bob, FAKE_NOW);

        if (want == TIGRESS_WANT_WAIT) {
            tigress_session_wake(f->bob);
            continue;
        }
        assert_int_equal(want, TIGRESS_WANT_HTTP);
        fake_relay_serve_lost(&f->relay, f->bob);
        reload(&f->bob);
        tigress_session_wake(f->bob);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_serve(&f->relay, f->bob);
        reload(&f->bob);
        version = f->relay.version;
    }
    keep(f, 2);
    open_v1(f, kept[2], text, sizeof(text));
    assert_non_null(strstr(text, BARE));
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    reload(&f->alice);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->alice);
    reload(&f->alice);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* spec-test: protocol/7#envelope-v2-end */
static void finish__before_v2_can_prove_it__refused(void **state)
{
    struct fixture *f = *state;

    invite(f);
    require(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "finish"));
    send_number(f, 2);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    receive_number(f, 2);
    send_number(f, 3);
    receive_number(f, 3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_DEVICE);
}

/* A note that anybody with the link can make: "completed", after message 1. */
static void show_completed(struct fixture *f)
{
    const struct tigress_session *s = f->alice;
    struct tg_end_note note = { .end = TG_END_NOTE_COMPLETED, .sent = 0, .received = 1 };
    struct tg_buf text;

    memcpy(note.transcript, s->history.last, TG_SHA256_LEN);
    tg_buf_init(&text, TG_END_NOTE_TEXT_LEN);
    assert_int_equal(tg_end_note_seal(&text, &s->url.secret, &s->url.mailbox,
                                      TG_ENVELOPE2_RECIPIENT, &note, &tg_rng_system),
                     TG_OK);
    f->relay.exists = false;
    f->relay.ended = "ended-by-recipient";
    memcpy(f->relay.note, text.ptr, text.len);
    tg_buf_deinit(&text);
}

/* spec-test: protocol/7#envelope-v2-end */
static void note_under_the_secret__completed__not_believed_where_v2_is_required(void **state)
{
    struct fixture *f = *state;

    require(f->alice);
    create(f);
    show_completed(f);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_UNCONFIRMED);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_NONE);
}

static void note_under_the_secret__completed__believed_where_v2_is_offered(void **state)
{
    struct fixture *f = *state;

    create(f);
    show_completed(f);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_LINK);
}

/* Declined needs no proof of a device: the sender loses nothing by it. */
static void note_under_the_secret__declined__believed(void **state)
{
    struct fixture *f = *state;

    offer_and_answer(f);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_LINK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(required_by_the_initiator__content_begins_with_the_third_message),
        CASE(required_by_the_initiator__no_right_to_write__refused_before_the_create),
        CASE(required_by_both__agreed),
        CASE(required_by_the_recipient__offer_with_content__agreed),
        CASE(required__longest_message__third),
        CASE(settings__contradict_or_come_late__refused),
        CASE(event__agreed__once_for_each_side),
        CASE(event__given_up__once_for_each_side),
        CASE(event__no_offer__given_up),
        CASE(required_by_the_recipient__no_offer__refused_before_content),
        CASE(required_by_the_initiator__other_answers__refused),
        CASE(offers_with_a_wrong_role__refused_also_where_v2_is_not_required),
        CASE(offer_of_an_older_version__v2_or_refused_where_required),
        CASE(bare_offer__v2_disabled__refused),
        CASE(bare_format__from_the_application__refused),
        CASE(reflection__of_the_bare_messages__nothing_sent),
        CASE(agreement__lost_answers_and_reloads__the_same_messages),
        CASE(finish__before_v2_can_prove_it__refused),
        CASE(note_under_the_secret__completed__not_believed_where_v2_is_required),
        CASE(note_under_the_secret__completed__believed_where_v2_is_offered),
        CASE(note_under_the_secret__declined__believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
