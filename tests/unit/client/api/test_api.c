/* SPDX-License-Identifier: Apache-2.0 */
/* Share URLs, envelopes, settings and their limits, as an application uses them. */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define ID "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
#define SECRET "AAECAwQFBgcICQoLDA0ODw=="

static const struct url_case {
    const char *text;
    enum tigress_error error;
} urls[] = {
    { "https://relay.example/v1/m/" ID "?v=c#" SECRET, TIGRESS_OK },
    { "tigress://relay.example:8443/v1/m/" ID "#" SECRET, TIGRESS_OK },
    { "https://relay.example/v1/m/" ID, TIGRESS_OK },
    { "http://127.0.0.1:8080/v1/m/" ID, TIGRESS_OK },
    { "http://[::1]/v1/m/" ID, TIGRESS_OK },
    { "https://relay.example/v1/m/" ID "#AAECAwQFBgcICQoLDA0ODw", TIGRESS_OK },
    { "http://relay.example/v1/m/" ID, TIGRESS_E_URL },
    { "http://127.0.0.1.evil.example/v1/m/" ID, TIGRESS_E_URL },
    { "ftp://relay.example/v1/m/" ID, TIGRESS_E_URL },
    { "https://user@relay.example/v1/m/" ID, TIGRESS_E_URL },
    { "https://relay.example/v2/m/" ID, TIGRESS_E_URL },
    { "https://relay.example/v1/m/1234", TIGRESS_E_URL },
    { "https://relay.example/v1/m/" ID "/x", TIGRESS_E_URL },
    { "https://relay.example/v1/m/" ID "#short", TIGRESS_E_SECRET },
    { "https://relay.example/v1/m/" ID "#AAECAwQFBgcICQoLDA0OD\xc3\xa4==", TIGRESS_E_SECRET },
    { "", TIGRESS_E_URL },
};

/* spec-test: protocol/7#checks-before-first-request
   spec-test: protocol/7#damaged-secret-is-told-apart */
static void recipient__each_kind_of_url__taken_or_refused_without_repeating_it(void **state)
{
    struct fixture *f = *state;
    char why[TIGRESS_TEXT_MAX];

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct tigress_share_url *url = NULL;

        tigress_session_free(&f->bob);
        assert_int_equal(tigress_recipient_new(&f->bob, urls[i].text, NULL, why, sizeof(why)),
                         urls[i].error);
        assert_int_equal(strlen(why) > 0, urls[i].error != TIGRESS_OK);
        assert_null(strstr(why, "relay.example"));
        assert_null(strstr(why, "AAEC"));
        assert_int_equal(tigress_share_url_parse(&url, urls[i].text, why, sizeof(why)),
                         urls[i].error);
        assert_int_equal(url != NULL, urls[i].error == TIGRESS_OK);
        tigress_share_url_free(&url);
    }
}

static void share_url__forms__as_documented(void **state)
{
    struct tigress_share_url *url = NULL;
    char out[TIGRESS_SHARE_URL_MAX];

    (void)state;
    assert_int_equal(tigress_share_url_new(&url, "https://Relay.Example:8443/", ID, "h",
                                           "AAECAwQFBgcICQoLDA0ODw", NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_share_url_format(url, TIGRESS_FORM_HTTPS, out, sizeof(out)),
                     TIGRESS_OK);
    assert_string_equal(out, "https://relay.example:8443/v1/m/" ID "?v=h#" SECRET);
    assert_int_equal(tigress_share_url_format(url, TIGRESS_FORM_TIGRESS_BARE, out, sizeof(out)),
                     TIGRESS_OK);
    assert_string_equal(out, "tigress://relay.example:8443/v1/m/" ID "?v=h");
    assert_int_equal(tigress_share_url_format(url, TIGRESS_FORM_SECRET, out, sizeof(SECRET)),
                     TIGRESS_OK);
    assert_string_equal(out, SECRET);
    assert_int_equal(tigress_share_url_format(url, TIGRESS_FORM_SECRET, out, sizeof(SECRET) - 1),
                     TIGRESS_E_LIMIT);
    assert_string_equal(out, "");
    assert_int_equal(tigress_share_url_port(url), 8443);
    assert_string_equal(tigress_share_url_host(url), "relay.example");
    assert_string_equal(tigress_share_url_mailbox_id(url), ID);
    assert_string_equal(tigress_share_url_vertical(url), "h");
    assert_int_equal(tigress_share_url_has_secret(url), 1);
    assert_int_equal(tigress_share_url_set_secret(url, "x", NULL, 0), TIGRESS_E_SECRET);
    assert_int_equal(tigress_share_url_format(url, TIGRESS_FORM_SECRET, out, sizeof(out)),
                     TIGRESS_OK);
    assert_string_equal(out, SECRET);
    tigress_share_url_free(&url);
    assert_null(url);
}

static void relay_url__with_more_than_an_origin__refused(void **state)
{
    static const char *const bad[] = { "https://relay.example/x",
                                       "https://relay.example?x",
                                       "https://relay.example#x",
                                       "tigress://relay.example",
                                       "http://relay.example",
                                       "relay.example",
                                       "https://",
                                       "://x",
                                       "https://a b",
                                       "https://u@relay.example",
                                       "https://relay.example:0",
                                       "https://relay_example",
                                       "tigress-direct://192.0.2.7",
                                       "" };
    struct tigress_session *s = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char why[256] = "";

        assert_int_equal(
            tigress_initiator_new(&s, bad[i], MESSAGE_1, strlen(MESSAGE_1), why, sizeof(why)),
            TIGRESS_E_URL);
        assert_null(s);
        /* The sentence is about what was given. */
        assert_memory_equal(why, "relay URL", 9);
        assert_non_null(strstr(why, "expected"));
    }
}

static void relay_url__too_long__refused_with_the_limit(void **state)
{
    static char url[2100] = "https://";
    char why[256] = "";
    struct tigress_session *s = NULL;

    (void)state;
    memset(url + 8, 'a', sizeof(url) - 9);
    assert_int_not_equal(
        tigress_initiator_new(&s, url, MESSAGE_1, strlen(MESSAGE_1), why, sizeof(why)), TIGRESS_OK);
    assert_null(s);
    assert_memory_equal(why, "relay URL: expected at most ", 28);
}

/* spec-test: protocol/7#provisioning-information */
static void message__each_kind__taken_or_refused(void **state)
{
    static const struct {
        const char *json;
        enum tigress_error error;
    } cases[] = {
        { "{\"format\":\"x\",\"content\":{}}", TIGRESS_OK },
        { " {\"content\":{\"a\":[1]},\"format\":\"x\",\"tigressVN\":{\"k\":1}} ", TIGRESS_OK },
        { "{\"format\":\"x\",\"content\":{},\"tigressV2\":{}}", TIGRESS_E_MESSAGE },
        { "{\"format\":\"\",\"content\":{}}", TIGRESS_E_MESSAGE },
        { "{\"format\":\"x\",\"content\":\"{}\"}", TIGRESS_E_MESSAGE },
        { "{\"format\":\"x\"}", TIGRESS_E_MESSAGE },
        { "{\"format\":\"x\",\"format\":\"y\",\"content\":{}}", TIGRESS_E_MESSAGE },
        { "{\"format\":\"x\",\"content\":{}}x", TIGRESS_E_MESSAGE },
        { "[]", TIGRESS_E_MESSAGE },
        { "", TIGRESS_E_MESSAGE },
    };
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            tigress_message_check(cases[i].json, strlen(cases[i].json), why, sizeof(why)),
            cases[i].error);
        assert_int_equal(strlen(why) > 0, cases[i].error != TIGRESS_OK);
    }
}

static void message__at_the_limit_and_one_past_it(void **state)
{
    static char big[TIGRESS_MESSAGE_MAX + 2];
    static const char head[] = "{\"format\":\"x\",\"content\":{\"a\":\"";

    (void)state;
    memset(big, 'a', sizeof(big));
    memcpy(big, head, sizeof(head) - 1);
    memcpy(big + TIGRESS_MESSAGE_MAX - 3, "\"}}", 3);
    assert_int_equal(tigress_message_check(big, TIGRESS_MESSAGE_MAX, NULL, 0), TIGRESS_OK);
    big[TIGRESS_MESSAGE_MAX] = ' ';
    assert_int_equal(tigress_message_check(big, TIGRESS_MESSAGE_MAX + 1, NULL, 0), TIGRESS_E_LIMIT);
}

static void message__largest__is_transferred(void **state)
{
    struct fixture *f = *state;
    static char big[TIGRESS_MESSAGE_FIRST_MAX + 1];
    static const char head[] = "{\"format\":\"x\",\"content\":{\"a\":\"";

    memset(big, 'b', TIGRESS_MESSAGE_FIRST_MAX);
    memcpy(big, head, sizeof(head) - 1);
    memcpy(big + TIGRESS_MESSAGE_FIRST_MAX - 3, "\"}}", 3);
    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, big, TIGRESS_MESSAGE_FIRST_MAX), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, big);
}

static void envelope__round_trip_and_damage(void **state)
{
    static const unsigned char key[32] = { 1, 2, 3 };
    char *data = NULL;
    char *json = NULL;
    size_t data_len = 0;
    size_t json_len = 0;

    (void)state;
    assert_int_equal(
        tigress_envelope_seal(key, 32, MESSAGE_1, strlen(MESSAGE_1), NULL, NULL, &data, &data_len),
        TIGRESS_OK);
    assert_int_equal(data_len, strlen(data));
    assert_int_equal(data_len, (12 + 512 + 16) / 3 * 4);
    assert_int_equal(
        tigress_envelope_open(key, 32, tigress_envelope_type(32), data, data_len, &json, &json_len),
        TIGRESS_OK);
    assert_string_equal(json, MESSAGE_1);
    tigress_free(json, json_len);
    json = NULL;
    assert_int_equal(
        tigress_envelope_open(key, 32, tigress_envelope_type(16), data, data_len, &json, &json_len),
        TIGRESS_E_DECRYPT);
    assert_int_equal(tigress_envelope_open(key, 32, "AEAD_X", data, data_len, &json, &json_len),
                     TIGRESS_E_ALGORITHM);
    assert_int_equal(
        tigress_envelope_open(key, 32, tigress_envelope_type(32), "A", 1, &json, &json_len),
        TIGRESS_E_DAMAGED);
    assert_int_equal(
        tigress_envelope_open(key, 16, tigress_envelope_type(16), data, data_len, &json, &json_len),
        TIGRESS_E_DECRYPT);
    assert_int_equal(
        tigress_envelope_open(key, 17, tigress_envelope_type(16), data, data_len, &json, &json_len),
        TIGRESS_E_SECRET);
    assert_null(json);
    tigress_free(data, data_len);
    assert_string_equal(tigress_envelope_type(15), "");
}

static int broken_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return -1;
}

static void random__fails__nothing_changes_and_a_good_one_continues(void **state)
{
    struct fixture *f = *state;
    char *data = NULL;
    size_t len = 0;
    static const unsigned char key[16] = { 1 };

    assert_int_equal(tigress_session_set_random(f->alice, broken_random, NULL), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_RANDOM);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_INTENT);
    assert_int_equal(tigress_session_set_random(f->alice, fake_random, &f->random), TIGRESS_OK);
    receive_first(f);
    assert_int_equal(tigress_session_set_random(f->bob, broken_random, NULL), TIGRESS_OK);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_E_RANDOM);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
    assert_int_equal(tigress_envelope_seal(key, 16, "{}", 2, broken_random, NULL, &data, &len),
                     TIGRESS_E_RANDOM);
    assert_null(data);
}

static void settings__each_limit__at_n_and_past_it(void **state)
{
    struct fixture *f = *state;
    static char text[4200];

    memset(text, 'a', sizeof(text) - 1);
    assert_int_equal(tigress_session_set_display(f->alice, text + 4199 - 256, NULL, NULL),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_display(f->alice, text + 4199 - 257, NULL, NULL),
                     TIGRESS_E_LIMIT);
    assert_int_equal(strlen(tigress_session_title(f->alice)), 256);
    assert_int_equal(tigress_session_set_display(f->alice, "", text + 4199 - 1024, ""), TIGRESS_OK);
    assert_int_equal(tigress_session_set_display(f->alice, "", text + 4199 - 1025, ""),
                     TIGRESS_E_LIMIT);
    memcpy(text + 4199 - 2048, "https://", 8);
    assert_int_equal(tigress_session_set_display(f->alice, "", "", text + 4199 - 2048), TIGRESS_OK);
    assert_int_equal(tigress_session_set_display(f->alice, "", "", text + 4199 - 2049),
                     TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_display(f->alice, "\xff", "", ""), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_vertical(f->alice, text + 4199 - 32), TIGRESS_OK);
    assert_int_equal(tigress_session_set_vertical(f->alice, text + 4199 - 33), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_vertical(f->alice, "a&b"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_rights(f->alice, "DWR"), TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(f->alice, "RR"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_rights(f->alice, ""), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "", "x"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_notification_token(f->alice, text + 4199 - 129, "x"),
                     TIGRESS_E_LIMIT);
    assert_int_equal(
        tigress_session_set_notification_token(f->alice, "webpush", text + 4199 - 4096),
        TIGRESS_OK);
    assert_int_equal(
        tigress_session_set_notification_token(f->alice, "webpush", text + 4199 - 4097),
        TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 600), TIGRESS_OK);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 601), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_tries(f->alice, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_tries(f->alice, 1001), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_expiration(f->alice, -1), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_expiration(f->alice, INT64_C(253402300799)), TIGRESS_OK);
    assert_int_equal(tigress_session_want_preview(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_allow_relay(f->alice, "x"), TIGRESS_E_STATE);
}

static void create__body__holds_what_was_set_and_no_secret(void **state)
{
    struct fixture *f = *state;
    char secret[TIGRESS_SECRET_TEXT_MAX];

    assert_int_equal(tigress_session_set_display(f->alice, "Tï\"tle", "Desc", "https://i/"),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_expiration(f->alice, FAKE_NOW + 86400), TIGRESS_OK);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "webpush", "tok"),
                     TIGRESS_OK);
    create(f);
    assert_non_null(strstr(f->relay.body, "2030-01-02T00:00:00Z"));
    assert_non_null(strstr(f->relay.body, "Tï\\\"tle"));
    assert_non_null(strstr(f->relay.body, "\"RWD\""));
    assert_non_null(strstr(f->relay.body, "\"tok\""));
    assert_null(strstr(f->relay.body, "carkey"));
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_SECRET, secret, sizeof(secret)),
        TIGRESS_OK);
    assert_null(strstr(f->relay.body, secret));
    assert_null(strchr(f->relay.url, '#'));
    assert_string_equal(f->relay.url, FAKE_RELAY "/v1/m");
}

static void errors__each_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(tigress_error_name(TIGRESS_E_GONE), "E_GONE");
    assert_string_equal(tigress_error_name((enum tigress_error)9999), "E_UNKNOWN");
    assert_true(strlen(tigress_error_text((enum tigress_error)9999)) > 0);
    assert_string_equal(tigress_version(), TIGRESS_VERSION);
    assert_int_equal(tigress_abi(), TIGRESS_ABI);
    tigress_free(NULL, 0);
}

static void null_handles__harmless(void **state)
{
    struct tigress_session *none = NULL;

    (void)state;
    tigress_session_free(NULL);
    tigress_session_free(&none);
    tigress_share_url_free(NULL);
    assert_int_equal(tigress_session_step(NULL, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_wait(NULL), TIGRESS_E_ARGUMENT);
    assert_string_equal(tigress_session_message(NULL, NULL), "");
    assert_null(tigress_session_request(NULL));
    tigress_session_wake(NULL);
    assert_int_equal(tigress_initiator_new(NULL, "", "", 0, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_recipient_new(&none, NULL, NULL, NULL, 0), TIGRESS_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(recipient__each_kind_of_url__taken_or_refused_without_repeating_it),
        CASE(share_url__forms__as_documented),
        CASE(relay_url__with_more_than_an_origin__refused),
        CASE(relay_url__too_long__refused_with_the_limit),
        CASE(message__each_kind__taken_or_refused),
        CASE(message__at_the_limit_and_one_past_it),
        CASE(message__largest__is_transferred),
        CASE(envelope__round_trip_and_damage),
        CASE(random__fails__nothing_changes_and_a_good_one_continues),
        CASE(settings__each_limit__at_n_and_past_it),
        CASE(create__body__holds_what_was_set_and_no_secret),
        CASE(errors__each_has_a_name_and_a_sentence),
        CASE(null_handles__harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
