/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

/* spec-test: protocol/7#intent-before-anything */
static void initiator__intent_not_confirmed__nothing_is_sent(void **state)
{
    struct fixture *f = *state;

    for (int64_t t = 0; t < 5; t++) {
        assert_int_equal(tigress_session_step(f->alice, FAKE_NOW + t), TIGRESS_WANT_INPUT);
    }
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_INTENT);
    assert_null(tigress_session_request(f->alice));
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_finish(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
}

static void stateless__create_read_finish__both_done(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_message(f->bob, MESSAGE_1);
    assert_string_equal(tigress_session_message_format(f->bob), "digitalwallet.carkey.ccc");
    assert_string_equal(tigress_session_title(f->bob), "A key");
    assert_string_equal(tigress_session_vertical(f->bob), "c");
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_error(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
}

static void turn(struct fixture *f, struct tigress_session *from, struct tigress_session *to,
                 const char *message)
{
    assert_int_equal(tigress_session_send(from, message, strlen(message)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, from), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(from), TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_wait(to), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, to), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(to), TIGRESS_INPUT_MESSAGE);
    assert_message(to, message);
}

/* spec-test: protocol/7#flows-any-number-of-turns */
static void stateful__many_turns__each_message_arrives(void **state)
{
    struct fixture *f = *state;
    char message[96];

    receive_first(f);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(message, sizeof(message), "{\"format\":\"x\",\"content\":{\"n\":%d}}", i);
        turn(f, i % 2 == 0 ? f->bob : f->alice, i % 2 == 0 ? f->alice : f->bob, message);
    }
    assert_int_equal(f->relay.version, 41);
    assert_int_equal(tigress_session_version(f->alice), 41);
}

static void send__twice_in_a_row__second_refused(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    turn(f, f->bob, f->alice, MESSAGE_2);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_UNCHANGED);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_E_STATE);
}

static void check__nothing_new__unchanged_and_answer_still_possible(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->bob);
    assert_string_equal(f->relay.prefer, "wait=0");
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_UNCHANGED);
    turn(f, f->bob, f->alice, MESSAGE_2);
}

/* spec-test: protocol/7#fresh-claim-per-transfer */
static void claims__two_sessions__differ_and_preview_has_none(void **state)
{
    struct fixture *f = *state;

    create(f);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_want_preview(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->bob);
    assert_string_equal(f->relay.method, "GET");
    assert_string_equal(f->relay.claim, "");
    assert_string_equal(f->relay.proof, "");
    assert_string_equal(f->relay.recipient, "");
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_PREVIEW);
    assert_string_equal(tigress_session_description(f->bob), "For you");
    assert_int_equal(tigress_session_accept(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    assert_int_equal(strlen(f->relay.recipient), 36);
    assert_int_equal(f->relay.recipient[14], '4');
    assert_string_not_equal(f->relay.recipient, f->relay.initiator);
}

/* spec-test: protocol/6#proof-sent-on-every-read
   spec-test: protocol/6#verifier-is-opt-in */
static void proof__asked_for__verifier_on_create_proof_on_read(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_require_proof(f->alice), TIGRESS_OK);
    invite(f);
    assert_true(strncmp(f->relay.verifier, "verifier=", 9) == 0);
    assert_int_equal(strlen(f->relay.verifier), 9 + 43);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->bob);
    assert_true(strncmp(f->relay.proof, "proof=", 6) == 0);
    assert_string_not_equal(f->relay.proof + 6, f->relay.verifier + 9);
}

static void proof__not_asked_for__no_verifier_but_proof_on_read(void **state)
{
    struct fixture *f = *state;

    invite(f);
    assert_string_equal(f->relay.verifier, "");
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->bob);
    assert_true(strncmp(f->relay.proof, "proof=", 6) == 0);
}

#define PROOF_SECRET "hXlr6aRC7KgJpOLTNZaLsw=="
#define BOUND_PROOF "proof=GyaJCoOErSpv12SKN_YpOCYi0hD3PA1sP7m4b-2ELys"
#define OLD_PROOF "proof=C54SnpyjQkWSd30QQNHZWXg7OM5k8RCG29mQoR2uL5U"

/* The proof of the first read, with a secret that is known. */
static void read_proof(struct fixture *f, const char *relay, bool is_old_allowed, unsigned status)
{
    char url[TIGRESS_SHARE_URL_MAX];
    struct fake_answer *answer = NULL;

    (void)snprintf(url, sizeof(url), "%s/v1/m/" FAKE_MAILBOX "#" PROOF_SECRET, relay);
    tigress_session_free(&f->bob);
    assert_int_equal(tigress_recipient_new(&f->bob, url, NULL, NULL, 0), TIGRESS_OK);
    if (is_old_allowed) {
        assert_int_equal(tigress_session_allow_old_proof(f->bob), TIGRESS_OK);
    }
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_init(&f->relay);
    answer = calloc(1, sizeof(*answer));
    assert_non_null(answer);
    fake_relay_handle(&f->relay, tigress_session_request(f->bob), answer);
    free(answer);
    assert_int_equal(tigress_session_reply(f->bob, status, NULL, 0, NULL, 0), TIGRESS_OK);
}

/* spec-test: protocol/6#proof-bound-to-relay */
static void proof__of_one_relay__another_than_that_of_any_other(void **state)
{
    static const char *const others[] = { "https://relay.example:8443", "https://relay2.example",
                                          "http://localhost", "https://relay.example.org" };
    struct fixture *f = *state;

    read_proof(f, "https://relay.example", false, 503);
    assert_string_equal(f->relay.proof, BOUND_PROOF);
    read_proof(f, "https://RELAY.example:443", false, 503);
    assert_string_equal(f->relay.proof, BOUND_PROOF);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        read_proof(f, others[i], false, 503);
        assert_string_not_equal(f->relay.proof, BOUND_PROOF);
        assert_string_not_equal(f->relay.proof, OLD_PROOF);
    }
}

/* spec-test: protocol/6#old-proof-allowed-by-wallet */
static void proof__old_form__only_where_the_wallet_allowed_it(void **state)
{
    struct fixture *f = *state;

    read_proof(f, "https://relay.example", false, 401);
    assert_string_equal(f->relay.proof, BOUND_PROOF);
    assert_failed(f->bob, TIGRESS_E_DENIED); /* and nothing else was sent */
    assert_int_equal(tigress_session_allow_old_proof(f->bob), TIGRESS_E_STATE);
    read_proof(f, "https://relay.example", true, 503);
    assert_string_equal(f->relay.proof, OLD_PROOF);
    read_proof(f, "https://relay2.example", true, 503);
    assert_string_equal(f->relay.proof, OLD_PROOF);
}

static void relinquish__recipient__unbound_and_done(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_relinquish(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_relinquish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_string_equal(f->relay.method, "PATCH");
    assert_string_equal(f->relay.recipient, "");
    assert_true(f->relay.exists);
}

static void old_relay__no_versions__still_works_by_envelope(void **state)
{
    struct fixture *f = *state;

    f->relay.has_versions = false;
    receive_first(f);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_true(tigress_session_deadline_s(f->alice) > FAKE_NOW);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_string_equal(f->relay.if_match, "");
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
}

static void secret_apart__wrong_then_right__opens(void **state)
{
    struct fixture *f = *state;
    char bare[TIGRESS_SHARE_URL_MAX];
    char secret[TIGRESS_SECRET_TEXT_MAX];

    create(f);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_TIGRESS_BARE, bare, sizeof(bare)),
        TIGRESS_OK);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_SECRET, secret, sizeof(secret)),
        TIGRESS_OK);
    assert_null(strchr(bare, '#'));
    assert_int_equal(tigress_recipient_new(&f->bob, bare, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SECRET);
    assert_int_equal(tigress_session_set_secret(f->bob, "nonsense"), TIGRESS_E_SECRET);
    assert_int_equal(tigress_session_set_secret(f->bob, "AAAAAAAAAAAAAAAAAAAAAA=="), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_DECRYPT);
    assert_int_equal(tigress_session_set_secret(f->bob, secret), TIGRESS_OK);
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    assert_int_equal(tigress_session_set_secret(f->bob, secret), TIGRESS_E_STATE);
}

static void secret_of_32_bytes__aes_256__opens(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_secret_len(f->alice, 24), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_secret_len(f->alice, 32), TIGRESS_OK);
    receive_first(f);
    assert_string_equal(f->relay.type, TIGRESS_AEAD_AES_256_GCM);
    assert_message(f->bob, MESSAGE_1);
}

static void settings__after_first_step__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_set_rights(f->alice, "R"), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_display(f->alice, "t", "d", ""), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_secret_len(f->alice, 32), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 10), TIGRESS_OK);
}

static void share_url__sms__fits_160_characters(void **state)
{
    struct fixture *f = *state;

    create(f);
    assert_true(strlen(f->url) - strlen("relay.example") + 60 <= 160);
    assert_non_null(strstr(f->url, "?v=c#"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(initiator__intent_not_confirmed__nothing_is_sent),
        CASE(stateless__create_read_finish__both_done),
        CASE(stateful__many_turns__each_message_arrives),
        CASE(send__twice_in_a_row__second_refused),
        CASE(check__nothing_new__unchanged_and_answer_still_possible),
        CASE(claims__two_sessions__differ_and_preview_has_none),
        CASE(proof__asked_for__verifier_on_create_proof_on_read),
        CASE(proof__not_asked_for__no_verifier_but_proof_on_read),
        CASE(proof__of_one_relay__another_than_that_of_any_other),
        CASE(proof__old_form__only_where_the_wallet_allowed_it),
        CASE(relinquish__recipient__unbound_and_done),
        CASE(old_relay__no_versions__still_works_by_envelope),
        CASE(secret_apart__wrong_then_right__opens),
        CASE(secret_of_32_bytes__aes_256__opens),
        CASE(settings__after_first_step__refused),
        CASE(share_url__sms__fits_160_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
