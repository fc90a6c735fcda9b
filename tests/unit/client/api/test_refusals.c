/* SPDX-License-Identifier: Apache-2.0 */
/* A refused call names the value that was wrong and what was expected, and never repeats the value
   of a text. */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define SECRET "AAECAwQFBgcICQoLDA0ODw=="

static char long_text[4200];

/* The last len bytes of a text of 'a's. */
static const char *of_len(size_t len)
{
    memset(long_text, 'a', sizeof(long_text) - 1);
    return long_text + sizeof(long_text) - 1 - len;
}

static void assert_refused(struct tigress_session *s, enum tigress_error got,
                           enum tigress_error expected, const char *sentence)
{
    assert_string_equal(tigress_error_name(got), tigress_error_name(expected));
    assert_string_equal(tigress_session_error_text(s), sentence);
}

static void settings_of_initiator__wrong_value__named_with_what_was_expected(void **state)
{
    struct tigress_session *s = ((struct fixture *)*state)->alice;

    assert_refused(s, tigress_session_set_secret_len(s, 17), TIGRESS_E_ARGUMENT,
                   "secret_len: expected 16 or 32 bytes, got 17");
    assert_refused(s, tigress_session_set_display(s, of_len(257), NULL, NULL), TIGRESS_E_LIMIT,
                   "title: expected at most 256 bytes");
    assert_refused(s, tigress_session_set_display(s, "", of_len(1025), ""), TIGRESS_E_LIMIT,
                   "description: expected at most 1024 bytes");
    assert_refused(s, tigress_session_set_display(s, "", "", of_len(2049)), TIGRESS_E_LIMIT,
                   "image_url: expected at most 2048 bytes");
    assert_refused(s, tigress_session_set_display(s, "", "\xff", ""), TIGRESS_E_ARGUMENT,
                   "description: expected UTF-8");
    assert_refused(s, tigress_session_set_expiration(s, -1), TIGRESS_E_ARGUMENT,
                   "expires_at_s: expected UTC seconds of the years 1970 to 9999, 0 to "
                   "253402300799, got -1");
    assert_refused(s, tigress_session_set_rights(s, "RX"), TIGRESS_E_ARGUMENT,
                   "rights: expected one or more of the letters R, W and D, each at most once");
    assert_refused(s, tigress_session_set_vertical(s, of_len(33)), TIGRESS_E_LIMIT,
                   "vertical: expected at most 32 bytes");
    assert_refused(s, tigress_session_set_vertical(s, "a&b"), TIGRESS_E_ARGUMENT,
                   "vertical: expected ASCII letters, digits, '-', '.', '_' and '~'");
    assert_refused(s, tigress_session_set_private_token(s, "a b"), TIGRESS_E_ARGUMENT,
                   "token: expected base64url text");
    assert_refused(s, tigress_session_set_private_token(s, of_len(2049)), TIGRESS_E_LIMIT,
                   "token: expected at most 2048 bytes");
    assert_refused(s, tigress_session_set_private_token(s, NULL), TIGRESS_E_ARGUMENT,
                   "token: NULL is expected only at INPUT_PRIVATE_TOKEN");
}

static void settings_of_both__wrong_value__named_with_what_was_expected(void **state)
{
    struct tigress_session *s = ((struct fixture *)*state)->alice;

    assert_refused(s, tigress_session_set_notification_token(s, "", "x"), TIGRESS_E_ARGUMENT,
                   "type: expected 1 to 128 bytes");
    assert_refused(s, tigress_session_set_notification_token(s, of_len(129), "x"), TIGRESS_E_LIMIT,
                   "type: expected at most 128 bytes");
    assert_refused(s, tigress_session_set_notification_token(s, "x", of_len(4097)), TIGRESS_E_LIMIT,
                   "token_data: expected at most 4096 bytes");
    assert_refused(s, tigress_session_set_notification_token(s, "x", "\xff"), TIGRESS_E_ARGUMENT,
                   "token_data: expected UTF-8");
    assert_refused(s, tigress_session_set_poll_s(s, 601), TIGRESS_E_ARGUMENT,
                   "poll_s: expected 1 to 600, got 601");
    assert_refused(s, tigress_session_set_tries(s, 0), TIGRESS_E_ARGUMENT,
                   "tries: expected 1 to 1000, got 0");
    assert_refused(s, tigress_session_want_attestation(s, (enum tigress_attestation_when)4),
                   TIGRESS_E_ARGUMENT,
                   "when: expected a value of enum tigress_attestation_when, 0 to 3, got 4");
    assert_refused(s, tigress_session_set_attestation(s, NULL, 1), TIGRESS_E_ARGUMENT,
                   "attestation: expected an object and its length, or NULL and 0");
    assert_refused(s, tigress_session_set_attestation(s, (const unsigned char *)"x", 1),
                   TIGRESS_E_STATE, "attestation: expected at INPUT_ATTESTATION");
}

static void settings_of_recipient__wrong_value__named_with_what_was_expected(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *s = NULL;

    invite(f);
    s = f->bob;
    assert_refused(s, tigress_session_allow_relay(s, "*.example"), TIGRESS_E_ARGUMENT,
                   "host: expected host or host:port as in a URL: no scheme, no path, no "
                   "wildcard, no dot at the end, ASCII, IPv6 in brackets");
    assert_refused(s, tigress_session_allow_relay(s, of_len(300)), TIGRESS_E_LIMIT,
                   "host: expected at most 261 bytes");
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(tigress_session_allow_relay(s, "relay.example"), TIGRESS_OK);
    }
    assert_refused(s, tigress_session_allow_relay(s, "relay.example"), TIGRESS_E_LIMIT,
                   "host: expected at most 64 relays");
    assert_refused(s, tigress_session_set_secret(s, NULL), TIGRESS_E_ARGUMENT,
                   "secret: expected base64 text, got NULL");
    assert_int_equal(tigress_session_set_secret(s, "!!"), TIGRESS_E_SECRET);
    assert_non_null(strstr(tigress_session_error_text(s), "secret: expected 16 or 32 bytes"));
    assert_refused(s, tigress_session_want_private_token(s), TIGRESS_E_STATE,
                   "want_private_token: expected a session of an initiator");
    assert_refused(s, tigress_session_set_rights(s, "R"), TIGRESS_E_STATE,
                   "rights: only an initiator has this setting");
    assert_refused(f->alice, tigress_session_allow_relay(f->alice, "x"), TIGRESS_E_STATE,
                   "host: only a recipient has this setting");
}

static void settings__after_the_first_step__refused_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *s = f->alice;
    static const char after[] = ": expected before the first tigress_session_step()";
    char sentence[TIGRESS_TEXT_MAX];

    receive_first(f);
#define ASSERT_CLOSED(session, call, name)                                                         \
    do {                                                                                           \
        (void)snprintf(sentence, sizeof(sentence), "%s%s", name, after);                           \
        assert_refused(session, call, TIGRESS_E_STATE, sentence);                                  \
    } while (0)
    ASSERT_CLOSED(s, tigress_session_set_secret_len(s, 16), "secret_len");
    ASSERT_CLOSED(s, tigress_session_set_display(s, "", "", ""), "display information");
    ASSERT_CLOSED(s, tigress_session_set_expiration(s, 0), "expires_at_s");
    ASSERT_CLOSED(s, tigress_session_set_rights(s, "R"), "rights");
    ASSERT_CLOSED(s, tigress_session_set_vertical(s, "a"), "vertical");
    ASSERT_CLOSED(s, tigress_session_require_proof(s), "require_proof");
    ASSERT_CLOSED(s, tigress_session_disable_envelope_v2(s), "disable_envelope_v2");
    ASSERT_CLOSED(s, tigress_session_want_attestation(s, TIGRESS_ATTEST_ASKED), "when");
    ASSERT_CLOSED(f->bob, tigress_session_allow_relay(f->bob, "x"), "host");
    ASSERT_CLOSED(f->bob, tigress_session_want_preview(f->bob), "want_preview");
    assert_refused(s, tigress_session_want_private_token(s), TIGRESS_E_STATE,
                   "want_private_token: expected before the first tigress_session_step()");
    assert_refused(s, tigress_session_set_private_token(s, "x"), TIGRESS_E_STATE,
                   "token: expected before confirm_intent, or at INPUT_PRIVATE_TOKEN");
    assert_refused(f->bob, tigress_session_set_secret(f->bob, SECRET), TIGRESS_E_STATE,
                   "secret: not possible now, at INPUT_MESSAGE");
}

static void settings__while_a_request_is_under_way__refused_with_the_reason(void **state)
{
    struct tigress_session *s = ((struct fixture *)*state)->alice;

    assert_int_equal(tigress_session_confirm_intent(s), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_refused(s, tigress_session_set_notification_token(s, "x", "x"), TIGRESS_E_STATE,
                   "notification token: not possible while a request is under way");
    assert_refused(s, tigress_session_set_relay_policy(s, NULL, NULL), TIGRESS_E_STATE,
                   "policy: not possible while a request is under way");
}

static void calls__refused__name_the_state_of_the_session(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *s = f->alice;
    char why[TIGRESS_TEXT_MAX];

    assert_refused(s, tigress_session_finish(s), TIGRESS_E_STATE,
                   "finish: not possible now, at INPUT_INTENT");
    receive_first(f);
    assert_refused(f->bob, tigress_session_accept(f->bob), TIGRESS_E_STATE,
                   "accept: not possible now, at INPUT_MESSAGE");
    assert_int_equal(tigress_session_send(f->bob, "[]", 2), TIGRESS_E_MESSAGE);
    assert_int_equal(tigress_message_check("[]", 2, why, sizeof(why)), TIGRESS_E_MESSAGE);
    assert_string_equal(tigress_session_error_text(f->bob), why);
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_E_STATE);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "TIGRESS_CLASS_RETRY"));
}

/* spec-test: protocol/7#intent-evidence */
static void intent__evidence__of_this_share_or_refused(void **state)
{
    static const char *const old =
        "confirmed_at_s: expected a consent of the last 300 seconds; ask "
        "the user again";
    struct fixture *f = *state;
    struct tigress_session *s = f->alice;

    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_refused(s, tigress_session_confirm_intent_by(s, (enum tigress_user_check)0, FAKE_NOW),
                   TIGRESS_E_ARGUMENT,
                   "check: expected a value of enum tigress_user_check, 1 or 2, got 0");
    assert_refused(s, tigress_session_confirm_intent_by(s, (enum tigress_user_check)3, FAKE_NOW),
                   TIGRESS_E_ARGUMENT,
                   "check: expected a value of enum tigress_user_check, 1 or 2, got 3");
    assert_refused(s, tigress_session_confirm_intent_by(s, TIGRESS_USER_VERIFIED, FAKE_NOW - 301),
                   TIGRESS_E_ARGUMENT, old);
    assert_refused(s, tigress_session_confirm_intent_by(s, TIGRESS_USER_VERIFIED, -1),
                   TIGRESS_E_ARGUMENT, old);
    assert_refused(s, tigress_session_confirm_intent_by(s, TIGRESS_USER_VERIFIED, INT64_MIN),
                   TIGRESS_E_ARGUMENT, old);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT); /* nothing is sent */
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_INTENT);
    assert_int_equal(tigress_session_confirm_intent_by(NULL, TIGRESS_USER_VERIFIED, FAKE_NOW),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_confirm_intent_by(s, TIGRESS_USER_VERIFIED, FAKE_NOW - 300),
                     TIGRESS_OK);
    assert_refused(s, tigress_session_confirm_intent_by(s, TIGRESS_USER_VERIFIED, FAKE_NOW),
                   TIGRESS_E_STATE, "confirm_intent: not possible now, at WANT_HTTP");
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
}

/* The user may take the time: the step that asked was long ago, the consent is new. */
static void intent__long_after_the_step_that_asked__accepted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_confirm_intent_by(f->alice, TIGRESS_USER_PRESENT, INT64_MAX),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
}

static int broken_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return -1;
}

static void sentence__next_call_or_step__forgotten(void **state)
{
    struct tigress_session *s = ((struct fixture *)*state)->alice;

    assert_int_equal(tigress_session_set_tries(s, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_tries(s, 8), TIGRESS_OK);
    assert_string_equal(tigress_session_error_text(s), "");
    assert_int_equal(tigress_session_set_poll_s(s, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_error(s), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_string_equal(tigress_session_error_text(s), "");
    assert_int_equal(tigress_session_set_random(s, broken_random, NULL), TIGRESS_OK);
    assert_refused(s, tigress_session_confirm_intent(s), TIGRESS_E_RANDOM,
                   tigress_error_text(TIGRESS_E_RANDOM));
}

/* A reply that ends the session: the error and its sentence belong together. */
static void sentence__reply_after_a_refused_call__names_why_the_session_failed(void **state)
{
    struct tigress_session *s = ((struct fixture *)*state)->alice;

    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_confirm_intent(s), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_set_poll_s(s, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_reply_failed(s, TIGRESS_NET_TLS), TIGRESS_OK);
    assert_int_equal(tigress_session_error(s), TIGRESS_E_TLS);
    assert_non_null(strstr(tigress_session_error_text(s), "certificate"));
    assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_set_poll_s(s, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_reply(s, 418, NULL, 0, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_error(s), TIGRESS_E_REFUSED);
    assert_non_null(strstr(tigress_session_error_text(s), "418"));
}

static void share_url__wrong_secret__names_what_was_expected(void **state)
{
    struct tigress_share_url *url = NULL;
    char why[TIGRESS_TEXT_MAX] = "old";

    (void)state;
    assert_int_equal(tigress_share_url_new(&url, "https://relay.example",
                                           "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11", "", NULL, NULL,
                                           0),
                     TIGRESS_OK);
    assert_int_equal(tigress_share_url_set_secret(url, "xyz", why, sizeof(why)), TIGRESS_E_SECRET);
    assert_non_null(strstr(why, "secret: expected 16 or 32 bytes"));
    assert_null(strstr(why, "xyz"));
    assert_int_equal(tigress_share_url_set_secret(url, SECRET, why, sizeof(why)), TIGRESS_OK);
    assert_string_equal(why, "");
    tigress_share_url_free(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(settings_of_initiator__wrong_value__named_with_what_was_expected),
        CASE(settings_of_both__wrong_value__named_with_what_was_expected),
        CASE(settings_of_recipient__wrong_value__named_with_what_was_expected),
        CASE(settings__after_the_first_step__refused_with_the_reason),
        CASE(settings__while_a_request_is_under_way__refused_with_the_reason),
        CASE(calls__refused__name_the_state_of_the_session),
        CASE(intent__evidence__of_this_share_or_refused),
        CASE(intent__long_after_the_step_that_asked__accepted),
        CASE(sentence__next_call_or_step__forgotten),
        CASE(sentence__reply_after_a_refused_call__names_why_the_session_failed),
        CASE(share_url__wrong_secret__names_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
