/* SPDX-License-Identifier: Apache-2.0 */
/* Each failure has its own error and says which value was wrong; and a refused answer leaves
   nothing behind. */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define DISPLAY                                                                                    \
    "\"displayInformation\":{\"title\":\"Evil\",\"description\":\"Evil\","                         \
    "\"imageURL\":\"https://evil/\"},\"expiration\":\"2031-01-01T00:00:00Z\"}"

static void say_content(struct tigress_session *s, const char *type, const char *data)
{
    char *body = NULL;
    size_t cap = strlen(data) + 512;

    body = calloc(1, cap);
    (void)snprintf(body, cap, "{\"payload\":{\"type\":\"%s\",\"data\":\"%s\"}," DISPLAY, type,
                   data);
    fake_relay_say(s, 200, body);
    free(body);
}

static void assert_says(struct tigress_session *s, enum tigress_error error, const char *text)
{
    assert_failed(s, error);
    if (strstr(tigress_session_error_text(s), text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, tigress_session_error_text(s));
    }
}

/* What a read must say about an envelope. long_len: data is so many 'A' instead. */
static const struct envelope_row {
    const char *type, *data;
    size_t long_len;
    enum tigress_error error;
    const char *text;
} envelopes[] = {
    { "AEAD_AES_128_GCM", NULL, 60000, TIGRESS_E_OVERSIZE, "at most 54652 characters, got 60000" },
    { "AEAD_AES_128_GCM", NULL, 54656, TIGRESS_E_OVERSIZE, "got 54656" },
    { "AEAD_AES_128_GCM", NULL, 54652, TIGRESS_E_OVERSIZE, "after decoding" },
    { "AEAD_AES_128_GCM", NULL, 54648, TIGRESS_E_DECRYPT, "payload.data: does not decrypt" },
    { "AEAD_AES_128_GCM", "AAAA*AAA", 0, TIGRESS_E_DAMAGED, "at byte 4" },
    { "AEAD_AES_128_GCM", "AAAAA", 0, TIGRESS_E_DAMAGED, "got 5 characters" },
    { "AEAD_AES_128_GCM", "AAAA", 0, TIGRESS_E_DAMAGED, "got 3 bytes" },
    { "AEAD_ROT13", "AAAA", 0, TIGRESS_E_ALGORITHM, "got AEAD_ROT13" },
    { "<b>6cb1a7f0-54e1", "AAAA", 0, TIGRESS_E_ALGORITHM, "got a text of 16 bytes" },
    { "AEAD_AES_256_GCM", "AAAA", 0, TIGRESS_E_DECRYPT,
      "a secret of 16 bytes, got the one for 32" },
};

/* spec-test: protocol/7#own-error */
static void read__envelope_that_does_not_open__its_own_error_and_the_value(void **state)
{
    struct fixture *f = *state;
    static char longest[60001];

    invite(f);
    for (size_t i = 0; i < TG_COUNT(envelopes); i++) {
        const struct envelope_row *row = &envelopes[i];

        memset(longest, 'A', row->long_len);
        longest[row->long_len] = '\0';
        say_content(f->bob, row->type, row->data != NULL ? row->data : longest);
        assert_says(f->bob, row->error, row->text);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
}

/* After the agreement on v2 it is tampering, with the same value. */
static void read__under_v2__tampered_and_the_value(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    say_content(f->bob, "AEAD_AES_128_GCM", "AAAA*AAA");
    assert_says(f->bob, TIGRESS_E_TAMPERED, "at byte 4");
}

/* spec-test: protocol/7#own-error */
static void answer__refused__the_status_in_the_sentence(void **state)
{
    struct fixture *f = *state;

    invite(f);
    assert_int_equal(tigress_session_set_tries(f->bob, 1), TIGRESS_OK);
    fake_relay_say(f->bob, 503, "");
    assert_says(f->bob, TIGRESS_E_UNAVAILABLE, "503");
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    fake_relay_say(f->bob, 200, "{\"payload\":{\"type\":\"x\"}}");
    assert_says(f->bob, TIGRESS_E_PROTOCOL, "payload.data: expected");
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    fake_relay_say(f->bob, 418, "");
    assert_says(f->bob, TIGRESS_E_REFUSED, "418");
}

static void create__answer_with_another_relay__the_member_in_the_sentence(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_tries(f->alice, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    fake_relay_say(f->alice, 200,
                   "{\"urlLink\":\"https://evil.example/v1/m/" FAKE_MAILBOX
                   "\",\"isPushNotificationSupported\":true}");
    assert_says(f->alice, TIGRESS_E_PROTOCOL, "urlLink: expected the URL of a mailbox of relay");
    assert_string_equal(tigress_session_mailbox_id(f->alice), "");
    assert_int_equal(tigress_session_is_push_supported(f->alice), 0);
}

/* ---- nothing from a refused answer ---------------------------------------------------------- */

static void assert_display(const struct tigress_session *s, const char *title, int64_t expires_at_s)
{
    assert_string_equal(tigress_session_title(s), title);
    assert_string_equal(tigress_session_image_url(s), title[0] == '\0' ? "" : "https://i/");
    assert_int_equal(tigress_session_expires_at_s(s), expires_at_s);
}

/* spec-test: protocol/7#nothing-from-rejected-answers */
static void read__refused__title_and_expiration_as_before(void **state)
{
    struct fixture *f = *state;
    static const int64_t expires_at_s = FAKE_NOW + 2 * 86400;

    invite(f);
    say_content(f->bob, "AEAD_ROT13", "AAAA");
    assert_failed(f->bob, TIGRESS_E_ALGORITHM);
    assert_display(f->bob, "", 0);
    assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_display(f->bob, "A key", expires_at_s);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    say_content(f->bob, "AEAD_AES_128_GCM", "AAAA*AAA");
    assert_failed(f->bob, TIGRESS_E_DAMAGED);
    assert_display(f->bob, "A key", expires_at_s);
    /* The initiator, too: its expiration is what the accepted answers say. */
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    say_content(f->alice, "AEAD_AES_128_GCM", "AAAA*AAA");
    assert_failed(f->alice, TIGRESS_E_DAMAGED);
    assert_int_equal(tigress_session_expires_at_s(f->alice), 0);
}

/* spec-test: protocol/7#image-https-or-none */
static void image__not_https__empty(void **state)
{
    static const char *const urls[] = { "http://i/",          "javascript:alert(1)",
                                        "file:///etc/passwd", "https://i /",
                                        "https://",           "//i/" };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(urls); i++) {
        assert_int_equal(tigress_session_set_display(f->alice, "t", "d", urls[i]),
                         TIGRESS_E_ARGUMENT);
        assert_non_null(strstr(tigress_session_error_text(f->alice), "image_url: expected"));
    }
    invite(f);
    assert_int_equal(tigress_session_want_preview(f->bob), TIGRESS_OK);
    fake_relay_say(f->bob, 200,
                   "{\"displayInformation\":{\"title\":\"t\",\"description\":\"d\",\"imageURL\":"
                   "\"http://i/\"},\"expiration\":\"2030-01-03T00:00:00Z\"}");
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_string_equal(tigress_session_title(f->bob), "t");
    assert_string_equal(tigress_session_image_url(f->bob), "");
}

/* ---- a pause that the relay asks for -------------------------------------------------------- */

static void reply_503(struct tigress_session *s, const char *retry_after, const char *date)
{
    const struct tigress_http_header headers[] = { { "retry-after", retry_after },
                                                   { "date", date } };

    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(s, 503, headers, TG_COUNT(headers), NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_WAIT);
}

/* spec-test: protocol/2#retry-after */
static void retry_after__seconds_and_dates__kept_or_cut_and_visible(void **state)
{
    static const char *const now = "Tue, 01 Jan 2030 00:00:00 GMT";
    static const struct {
        const char *value, *date;
        unsigned max_s;
        int64_t wait_s;
    } rows[] = {
        { "30", "", 3600, 30 },
        { "3600", "", 3600, 3600 },
        { "3601", "", 3600, 3600 }, /* seen: a wait of one second */
        { "99999999999999999999999999", "", 3600, 3600 },
        { "3601", "", 10, 10 },
        { "-5", "", 3600, 1 },
        { "soon", "", 3600, 1 },
        { "Tue, 01 Jan 2030 00:02:00 GMT", "", 3600, 120 },
        { "Tuesday, 01-Jan-30 00:02:00 GMT", now, 3600, 120 },
        { "Tue Jan  1 00:02:00 2030", "Tue, 01 Jan 2030 00:01:30 GMT", 3600, 30 },
        { "Wed, 01 Jan 2031 00:00:00 GMT", now, 3600, 3600 },
        { "Mon, 31 Dec 2029 00:00:00 GMT", now, 3600, 1 },
    };
    struct fixture *f = *state;

    invite(f);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(tigress_session_set_wait_max_s(f->bob, rows[i].max_s), TIGRESS_OK);
        assert_int_equal(tigress_session_wait_reason(f->bob), TIGRESS_OK);
        assert_string_equal(tigress_session_wait_text(f->bob), "");
        reply_503(f->bob, rows[i].value, rows[i].date);
        assert_int_equal(tigress_session_deadline_s(f->bob), FAKE_NOW + rows[i].wait_s);
        assert_int_equal(tigress_session_wait_reason(f->bob), TIGRESS_E_UNAVAILABLE);
        assert_non_null(strstr(tigress_session_wait_text(f->bob), "503"));
        tigress_session_wake(f->bob);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    }
}

static void wait_max__out_of_bounds__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_wait_max_s(f->alice, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_wait_max_s(f->alice, 3601), TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(tigress_session_error_text(f->alice), "got 3601"));
    assert_int_equal(tigress_session_set_wait_max_s(NULL, 1), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_wait_reason(NULL), TIGRESS_E_ARGUMENT);
    assert_string_equal(tigress_session_wait_text(NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(read__envelope_that_does_not_open__its_own_error_and_the_value),
        CASE(read__under_v2__tampered_and_the_value),
        CASE(answer__refused__the_status_in_the_sentence),
        CASE(create__answer_with_another_relay__the_member_in_the_sentence),
        CASE(read__refused__title_and_expiration_as_before),
        CASE(image__not_https__empty),
        CASE(retry_after__seconds_and_dates__kept_or_cut_and_visible),
        CASE(wait_max__out_of_bounds__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
