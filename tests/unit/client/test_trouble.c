/* SPDX-License-Identifier: Apache-2.0 */
/* A network that loses answers, and a relay that refuses or attacks. */
#include "unit/client/base_point.h"
#include "unit/client/wallet_fixture.h"

#include "wire/share_url.h"

#include <stdio.h>

/* ---- lost answers --------------------------------------------------------------------------- */

static void create__answer_lost__repeated_with_same_id_and_bytes(void **state)
{
    struct fixture *f = *state;
    static char body[sizeof(f->relay.body)];
    char id[64];

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->alice);
    memcpy(body, f->relay.body, sizeof(body));
    (void)snprintf(id, sizeof(id), "%s", f->relay.request_id);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_deadline_s(f->alice), FAKE_NOW + 1);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_CREATED);
    assert_string_equal(f->relay.request_id, id);
    assert_string_equal(f->relay.body, body);
    assert_int_equal(f->relay.change_count, 1);
}

static void send__answer_lost__repeated_and_written_once(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_string_equal(f->relay.if_match, "");
    fake_relay_serve_lost(&f->relay, f->bob);
    assert_string_equal(f->relay.if_match, "\"1\"");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_int_equal(f->relay.version, 2);
    assert_int_equal(tigress_session_version(f->bob), 2);
}

static void cancel__create_answer_lost__mailbox_found_and_deleted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_E_STATE);
    fake_relay_serve_lost(&f->relay, f->alice);
    assert_true(f->relay.exists);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_false(f->relay.exists);
}

static void cancel__nothing_sent_yet__done_without_a_request(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_DONE);
    assert_int_equal(f->relay.request_count, 0);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_E_STATE);
}

static void network__gone__backs_off_then_fails_then_retry_continues(void **state)
{
    struct fixture *f = *state;
    static const int64_t delays[] = { 1, 2, 4, 8, 16, 32, 60 };
    int64_t now_s = FAKE_NOW;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(tigress_session_step(f->alice, now_s), TIGRESS_WANT_HTTP);
        assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_UNREACHABLE),
                         TIGRESS_OK);
        assert_int_equal(tigress_session_failures(f->alice), i + 1);
        assert_int_equal(tigress_session_step(f->alice, now_s), TIGRESS_WANT_WAIT);
        assert_int_equal(tigress_session_deadline_s(f->alice), now_s + delays[i]);
        now_s += delays[i];
    }
    assert_int_equal(tigress_session_step(f->alice, now_s), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_UNREACHABLE), TIGRESS_OK);
    assert_failed(f->alice, TIGRESS_E_NETWORK);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_NONE);
    assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_retry(f->alice), TIGRESS_E_STATE);
}

static void wait__clock_set_back__no_longer_than_before(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_TIMEOUT), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_step(f->alice, 1000), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_deadline_s(f->alice), 1001);
    tigress_session_wake(f->alice);
    assert_int_equal(tigress_session_step(f->alice, 1000), TIGRESS_WANT_HTTP);
}

static void tls__does_not_verify__fails_at_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_TLS), TIGRESS_OK);
    assert_failed(f->alice, TIGRESS_E_TLS);
}

/* spec-test: protocol/7#own-error */
static void no_answer__each_cause__its_own_error_and_the_place(void **state)
{
    static const struct {
        enum tigress_net_failure failure;
        enum tigress_error error;
    } cases[] = {
        { TIGRESS_NET_NO_NAME, TIGRESS_E_NAME },
        { TIGRESS_NET_NO_ROUTE, TIGRESS_E_ROUTE },
        { TIGRESS_NET_NO_SERVICE, TIGRESS_E_CONNECT },
        { TIGRESS_NET_TIMEOUT, TIGRESS_E_TIMEOUT },
        { TIGRESS_NET_LOST, TIGRESS_E_NETWORK },
        { TIGRESS_NET_UNREACHABLE, TIGRESS_E_NETWORK },
        { TIGRESS_NET_TLS, TIGRESS_E_TLS },
    };
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(f->alice, 1), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_int_equal(tigress_session_reply_failed(f->alice, cases[i].failure), TIGRESS_OK);
        assert_failed(f->alice, cases[i].error);
        assert_non_null(strstr(tigress_session_error_text(f->alice), "relay.example:443."));
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(
        tigress_session_reply_failed_because(f->alice, TIGRESS_NET_TLS, "The certificate burnt."),
        TIGRESS_OK);
    assert_string_equal(tigress_session_error_text(f->alice), "The certificate burnt.");
}

static void interrupted__no_failure_and_calls_are_accepted(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_reply_failed(f->bob, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    assert_int_equal(tigress_session_failures(f->bob), 0);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
}

/* ---- statuses ------------------------------------------------------------------------------- */

static const struct status_case {
    unsigned status;
    const char *body;
    enum tigress_error error; /* TIGRESS_OK: waits and tries again */
} statuses[] = {
    { 400, "{\"detail\":\"x\"}", TIGRESS_E_REFUSED },
    { 401, "", TIGRESS_E_DENIED },
    { 403, "<html>", TIGRESS_E_DENIED },
    { 404, "", TIGRESS_E_GONE },
    { 404, "{\"type\":\"urn:tigress:problem/withdrawn\"}", TIGRESS_E_UNCONFIRMED },
    { 404, "{\"type\":\"urn:tigress:problem/completed\"}", TIGRESS_E_UNCONFIRMED },
    { 404, "{\"type\":\"urn:tigress:problem/ended-by-initiator\"}", TIGRESS_E_UNCONFIRMED },
    { 404, "{\"type\":\"urn:tigress:problem/ended-by-recipient\"}", TIGRESS_E_UNCONFIRMED },
    { 404, "{\"type\":\"urn:tigress:problem/expired\"}", TIGRESS_E_EXPIRED },
    { 404, "{\"type\":\"urn:else:problem/expired\"}", TIGRESS_E_GONE },
    { 405, "", TIGRESS_E_REFUSED },
    { 410, "", TIGRESS_E_GONE },
    { 413, "", TIGRESS_E_REFUSED },
    { 415, "", TIGRESS_E_REFUSED },
    { 408, "", TIGRESS_OK },
    { 429, "", TIGRESS_OK },
    { 500, "", TIGRESS_OK },
    { 502, "<html>", TIGRESS_OK },
    { 503, "", TIGRESS_OK },
    { 200, "", TIGRESS_OK },
    { 200, "<!doctype html><p>Welcome to the hotel network", TIGRESS_OK },
    { 200, "{\"payload\":{\"type\":\"x\"}}", TIGRESS_OK },
    { 200, "{}", TIGRESS_OK },
    { 204, "", TIGRESS_OK },
    { 206, "{}", TIGRESS_OK },
    { 302, "", TIGRESS_OK },
    { 100, "", TIGRESS_OK },
};

/* spec-test: protocol/3#tombstone-tells-who-ended */
static void statuses__on_first_read__named_or_tried_again(void **state)
{
    struct fixture *f = *state;

    create(f);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        tigress_session_free(&f->bob);
        assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
        fake_relay_say(f->bob, statuses[i].status, statuses[i].body);
        if (statuses[i].error == TIGRESS_OK) {
            assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_WAIT);
            assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
            assert_message(f->bob, MESSAGE_1);
            f->relay.recipient[0] = '\0';
        } else {
            assert_failed(f->bob, statuses[i].error);
            assert_int_equal(tigress_session_retry(f->bob), TIGRESS_E_STATE);
        }
    }
}

static void retry_after__is_followed_up_to_a_limit(void **state)
{
    struct fixture *f = *state;
    struct tigress_http_header header = { "RETRY-AFTER", " 90 " };

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(f->alice, 503, &header, 1, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_deadline_s(f->alice), FAKE_NOW + 90);
    header.value = "999999";
    tigress_session_wake(f->alice);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(f->alice, 429, &header, 1, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_true(tigress_session_deadline_s(f->alice) <= FAKE_NOW + 3600);
}

static void relay_detail__control_characters__replaced(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    fake_relay_say(f->alice, 400, "{\"detail\":\"bad\\u001b[2J\\u009bdate\\u00fc\"}");
    assert_failed(f->alice, TIGRESS_E_REFUSED);
    assert_string_equal(tigress_session_relay_detail(f->alice), "bad?[2J??date\xc3\xbc");
}

/* spec-test: protocol/7#url-link-same-relay */
static void create__link_to_another_relay__never_shared(void **state)
{
    static const char *const links[] = {
        "https://evil.example/v1/m/" FAKE_MAILBOX,
        "https://relay.example:444/v1/m/" FAKE_MAILBOX,
        "http://127.0.0.1/v1/m/" FAKE_MAILBOX,
        "https://relay.example/v1/m/1",
        "https://relay.example/v1/m/" FAKE_MAILBOX "#AAAAAAAAAAAAAAAAAAAAAA==",
        "javascript:alert(1)",
    };
    struct fixture *f = *state;
    char body[256];

    assert_int_equal(tigress_session_set_tries(f->alice, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"urlLink\":\"%s\",\"isPushNotificationSupported\":false}", links[i]);
        fake_relay_say(f->alice, 200, body);
        assert_failed(f->alice, TIGRESS_E_PROTOCOL);
        assert_int_equal(
            tigress_session_share_url(f->alice, TIGRESS_FORM_HTTPS, f->url, sizeof(f->url)),
            TIGRESS_E_STATE);
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
}

/* ---- a relay that attacks ------------------------------------------------------------------- */

/* spec-test: protocol/7#replay-and-reflection */
static void wait__own_message_under_a_new_version__not_delivered(void **state)
{
    struct fixture *f = *state;

    create(f);
    f->relay.version = 5; /* the relay reports it as new */
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_WAIT);
    assert_message(f->alice, "");
    assert_int_equal(tigress_session_version(f->alice), 5);
}

static void wait__older_message_again__not_delivered(void **state)
{
    struct fixture *f = *state;
    static char first[sizeof(f->relay.data)];

    /* With envelope v1; test_chain_attacks.c has the same with v2. */
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    memcpy(first, f->relay.data, sizeof(first));
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    memcpy(f->relay.data, first, sizeof(first));
    f->relay.version++;
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_UNCHANGED);
    assert_message(f->bob, MESSAGE_1);
}

static void read__every_bit_flip_and_cut__refused_and_intact(void **state)
{
    struct fixture *f = *state;
    size_t len = 0;

    invite(f);
    len = strlen(f->relay.data);
    for (size_t i = 0; i < len; i += 7) {
        char kept = f->relay.data[i];

        f->relay.data[i] = i % 2 == 0 ? '\0' : (kept == 'A' ? 'B' : 'A');
        if (i > 0) {
            assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
            assert_failed(f->bob, i % 4 == 2 || (i % 4 == 0 && i < 40) ? TIGRESS_E_DAMAGED
                                                                       : TIGRESS_E_DECRYPT);
            assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        }
        f->relay.data[i] = kept;
    }
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
}

static void read__opens_but_is_not_provisioning_information__bad_message(void **state)
{
    static const char *const bad[] = { "[]", "{\"format\":\"x\"}", "{\"format\":1,\"content\":{}}",
                                       "{\"format\":\"x\",\"content\":[]}", "not json" };
    static const unsigned char key[16] = { 0 };
    struct fixture *f = *state;

    create(f);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_HTTPS_BARE, f->url, sizeof(f->url)),
        TIGRESS_OK);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
                     TIGRESS_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *data = NULL;
        size_t len = 0;

        assert_int_equal(tigress_envelope_seal(key, sizeof(key), bad[i], strlen(bad[i]), NULL, NULL,
                                               &data, &len),
                         TIGRESS_OK);
        (void)snprintf(f->relay.data, sizeof(f->relay.data), "%s", data);
        tigress_free(data, len);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_BAD_MESSAGE);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
}

static void read__version_goes_back__refused_and_tried_again(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_set_tries(f->bob, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    f->relay.version = 1;
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    /* The relay answers 204 to a known version above its own: force the content. */
    {
        struct tigress_http_header header = { "Mailbox-Version", "1" };
        static char body[sizeof(f->relay.data) + 512];

        (void)snprintf(body, sizeof(body),
                       "{\"payload\":{\"type\":\"%s\",\"data\":\"%s\"},\"displayInformation\":{"
                       "\"title\":\"\",\"description\":\"\",\"imageURL\":\"\"},\"expiration\":"
                       "\"2030-01-03T00:00:00Z\"}",
                       f->relay.type, f->relay.data);
        assert_int_equal(tigress_session_reply(f->bob, 200, &header, 1, body, strlen(body)),
                         TIGRESS_OK);
    }
    assert_failed(f->bob, TIGRESS_E_PROTOCOL);
    assert_int_equal(tigress_session_version(f->bob), 2);
}

static void answer_nothing(struct tigress_session *s, int64_t now_s)
{
    struct tigress_http_header header = { "Mailbox-Version", "1" };

    assert_int_equal(tigress_session_step(s, now_s), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(s, 204, &header, 1, NULL, 0), TIGRESS_OK);
}

static void wait__polls_not_held__slower_and_slower_then_at_once_when_held(void **state)
{
    struct fixture *f = *state;
    static const int64_t delays[] = { 1, 2, 4, 8, 30, 30 };
    int64_t now_s = FAKE_NOW;

    create(f);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        answer_nothing(f->alice, now_s);
        assert_int_equal(tigress_session_step(f->alice, now_s), TIGRESS_WANT_WAIT);
        assert_int_equal(tigress_session_deadline_s(f->alice), now_s + delays[i]);
        now_s += delays[i];
    }
    answer_nothing(f->alice, now_s);
    assert_int_equal(tigress_session_step(f->alice, now_s + 55), TIGRESS_WANT_HTTP);
}

static void read__version_jumps_ahead__newest_is_delivered(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    f->relay.version = 900;
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
    assert_int_equal(tigress_session_version(f->alice), 900);
}

static void decode_secret(unsigned char key[16], const char *text)
{
    struct tg_secret secret = { .len = 0 };

    assert_int_equal(tg_share_secret_parse(&secret, tg_bytes_str(text), NULL), TG_OK);
    assert_int_equal(secret.len, 16);
    memcpy(key, secret.bytes, 16);
}

/* A wallet that does not wait for its turn sends again, with envelope v1. */
static void send_out_of_turn(struct fixture *f)
{
    unsigned char key[16];
    char secret[TIGRESS_SECRET_TEXT_MAX];
    char *data = NULL;
    size_t len = 0;

    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_SECRET, secret, sizeof(secret)),
        TIGRESS_OK);
    decode_secret(key, secret);
    assert_int_equal(tigress_envelope_seal(key, sizeof(key), MESSAGE_3, strlen(MESSAGE_3), NULL,
                                           NULL, &data, &len),
                     TIGRESS_OK);
    (void)snprintf(f->relay.data, sizeof(f->relay.data), "%s", data);
    tigress_free(data, len);
    f->relay.version++;
}

static void check__another_message_in_our_turn__task_of_a_key_is_forgotten(void **state)
{
    struct fixture *f = *state;
    const struct tigress_key_task task = { .use = TIGRESS_KEY_AGREE,
                                           .key = "a key",
                                           .public_key = base_point };
    const unsigned char shared[TIGRESS_KEY_SHARED_LEN] = { 1 };

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    assert_int_equal(tigress_session_ask_key(f->bob, &task), TIGRESS_OK);
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, sizeof(shared)), TIGRESS_OK);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_UNCHANGED);
    assert_int_equal(tigress_session_key_outcome(f->bob), TIGRESS_KEY_ANSWERED);
    send_out_of_turn(f);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_3);
    assert_int_equal(tigress_session_key_outcome(f->bob), TIGRESS_KEY_NONE);
}

static void send__other_side_was_faster__its_message_comes_first(void **state)
{
    struct fixture *f = *state;

    /* With envelope v2 each turn has one message: see test_chain.c. */
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    send_out_of_turn(f); /* alice has an old version */
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_1, strlen(MESSAGE_1)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_MESSAGE);
    assert_message(f->alice, MESSAGE_3);
    assert_int_equal(f->relay.version, 3);
}

static void send__version_moves_without_news__sent_again_then_given_up(void **state)
{
    struct fixture *f = *state;
    unsigned rounds = 0;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    while (tigress_session_step(f->bob, FAKE_NOW) == TIGRESS_WANT_HTTP && rounds < 20) {
        f->relay.version += strcmp(tigress_session_request(f->bob)->method, "PUT") == 0 ? 1 : 0;
        fake_relay_serve(&f->relay, f->bob);
        rounds++;
    }
    assert_failed(f->bob, TIGRESS_E_CONFLICT);
    assert_int_equal(rounds, 7);
}

static void turns__one_past_the_limit__refused(void **state)
{
    struct fixture *f = *state;
    char message[64];

    receive_first(f);
    for (unsigned i = 1; i < TIGRESS_TURNS_MAX; i++) {
        struct tigress_session *from = i % 2 == 1 ? f->bob : f->alice;
        struct tigress_session *to = i % 2 == 1 ? f->alice : f->bob;

        (void)snprintf(message, sizeof(message), "{\"format\":\"x\",\"content\":{\"n\":%u}}", i);
        assert_int_equal(tigress_session_send(from, message, strlen(message)), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, from), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_wait(to), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, to), TIGRESS_WANT_INPUT);
        assert_message(to, message);
    }
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_1, strlen(MESSAGE_1)), TIGRESS_E_LIMIT);
}

static void reply__wrong_time_or_value__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_reply(f->alice, 200, NULL, 0, "{}", 2), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_reply_failed(f->alice, TIGRESS_NET_LOST), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(f->alice, 99, NULL, 0, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_reply(f->alice, 600, NULL, 0, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_reply(f->alice, 200, NULL, 1, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->alice);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_CREATED);
}

/* spec-test: protocol/3#first-read-binds */
static void third_device__after_the_first__refused(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *eve = NULL;

    receive_first(f);
    assert_int_equal(tigress_recipient_new(&eve, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, eve), TIGRESS_FAILED);
    assert_failed(eve, TIGRESS_E_DENIED);
    assert_message(eve, "");
    tigress_session_free(&eve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(create__answer_lost__repeated_with_same_id_and_bytes),
        CASE(send__answer_lost__repeated_and_written_once),
        CASE(cancel__create_answer_lost__mailbox_found_and_deleted),
        CASE(cancel__nothing_sent_yet__done_without_a_request),
        CASE(network__gone__backs_off_then_fails_then_retry_continues),
        CASE(wait__clock_set_back__no_longer_than_before),
        CASE(tls__does_not_verify__fails_at_once),
        CASE(no_answer__each_cause__its_own_error_and_the_place),
        CASE(interrupted__no_failure_and_calls_are_accepted),
        CASE(statuses__on_first_read__named_or_tried_again),
        CASE(retry_after__is_followed_up_to_a_limit),
        CASE(relay_detail__control_characters__replaced),
        CASE(create__link_to_another_relay__never_shared),
        CASE(wait__own_message_under_a_new_version__not_delivered),
        CASE(wait__older_message_again__not_delivered),
        CASE(read__every_bit_flip_and_cut__refused_and_intact),
        CASE(read__opens_but_is_not_provisioning_information__bad_message),
        CASE(read__version_goes_back__refused_and_tried_again),
        CASE(wait__polls_not_held__slower_and_slower_then_at_once_when_held),
        CASE(read__version_jumps_ahead__newest_is_delivered),
        CASE(check__another_message_in_our_turn__task_of_a_key_is_forgotten),
        CASE(send__other_side_was_faster__its_message_comes_first),
        CASE(send__version_moves_without_news__sent_again_then_given_up),
        CASE(turns__one_past_the_limit__refused),
        CASE(reply__wrong_time_or_value__refused),
        CASE(third_device__after_the_first__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
