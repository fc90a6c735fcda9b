/* SPDX-License-Identifier: Apache-2.0 */
/* Which relays a session may use, and attempts to circumvent that. */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define ID FAKE_MAILBOX
#define SECRET "AAAAAAAAAAAAAAAAAAAAAA=="

/* ---- the list ------------------------------------------------------------------------------- */

static const struct allow_case {
    const char *origin;
    const char *entry;
    int is_allowed;
} allows[] = {
    { "https://relay.example", "relay.example", 1 },
    { "https://relay.example", "RELAY.example", 1 },
    { "https://Relay.EXAMPLE", "relay.example", 1 },
    { "https://relay.example", "relay.example:443", 1 },
    { "https://relay.example:443", "relay.example", 1 },
    { "https://relay.example:8443", "relay.example:8443", 1 },
    { "https://[2001:db8::1]:8443", "[2001:db8::1]:8443", 1 },
    { "https://[2001:db8::1]", "[2001:db8::1]", 1 },
    { "https://[2001:db8::1]", "[2001:0DB8:0:0::1]", 1 },
    { "https://[2001:0db8:0::0001]", "[2001:db8::1]:443", 1 },
    { "https://192.0.2.7", "192.0.2.7", 1 },
    { "https://xn--rely-0qa.example", "XN--rely-0qa.example", 1 },
    { "http://localhost", "localhost:80", 1 },
    { "http://localhost:8080", "localhost:8080", 1 },
    { "tigress-direct://192.0.2.7:4444", "192.0.2.7:4444", 1 },

    { "https://relay.example:8443", "relay.example", 0 },
    { "https://relay.example", "relay.example:8443", 0 },
    { "https://relay.example:8443", "relay.example:443", 0 },
    { "https://evilrelay.example", "relay.example", 0 },
    { "https://a.relay.example", "relay.example", 0 },
    { "https://relay.example.evil.example", "relay.example", 0 },
    { "https://relay.exampl", "relay.example", 0 },
    { "https://relay.example", "relay.exampl", 0 },
    { "https://relay", "relay.example", 0 },
    { "https://relay-example", "relay.example", 0 },
    { "https://xn--rely-0qa.example", "relay.example", 0 },
    { "https://xn--rely-1qa.example", "xn--rely-0qa.example", 0 },
    { "https://[2001:db8::2]", "[2001:db8::1]", 0 },
    { "https://[2001:db8::1]:8443", "[2001:db8::1]", 0 },
    { "https://[::ffff:192.0.2.7]", "192.0.2.7", 0 },
    { "https://192.0.2.7", "[::ffff:192.0.2.7]", 0 },
    { "https://192.0.2.70", "192.0.2.7", 0 },
    { "https://localhost", "localhost:80", 0 },
    { "http://localhost", "localhost:443", 0 },
    { "tigress-direct://192.0.2.7:4444", "192.0.2.7", 0 },
    { "tigress-direct://192.0.2.7:443", "192.0.2.7", 0 },
};

static void share_url(char *out, size_t cap, const char *origin)
{
    (void)snprintf(out, cap, "%s%s" ID "#" SECRET, origin,
                   strncmp(origin, "tigress-direct:", 15) == 0 ? "/" : "/v1/m/");
}

/* spec-test: protocol/7#relay-allow-list */
static void allow_list__exact_hosts__nothing_else_allowed(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(allows) / sizeof(allows[0]); i++) {
        struct tigress_share_url *url = NULL;
        char text[TIGRESS_SHARE_URL_MAX];

        share_url(text, sizeof(text), allows[i].origin);
        assert_int_equal(tigress_share_url_parse(&url, text, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_share_url_is_relay_allowed(url, &allows[i].entry, 1),
                         allows[i].is_allowed);
        tigress_share_url_free(&url);
        tigress_session_free(&f->bob);
        assert_int_equal(tigress_recipient_new(&f->bob, text, NULL, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_session_allow_relay(f->bob, "other.example"), TIGRESS_OK);
        assert_int_equal(tigress_session_allow_relay(f->bob, allows[i].entry), TIGRESS_OK);
        if (allows[i].is_allowed) {
            assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        } else {
            assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
            assert_null(tigress_session_request(f->bob));
            assert_null(strstr(tigress_session_error_text(f->bob), "example"));
        }
    }
}

/* An entry that can never match would silently make the list refuse.
   spec-test: protocol/7#relay-allow-list */
static void allow_list__entry_that_could_never_match__refused_and_not_on_the_list(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "*",
        "*.relay.example",
        ".relay.example",
        "relay.example.",
        "relay..example",
        " relay.example",
        "relay.example ",
        "relay.example\n",
        "https://relay.example",
        "relay.example/",
        "relay.example/v1/m",
        "user@relay.example",
        "relay.example#x",
        "relay.example:",
        "relay.example:x",
        "relay.example:0",
        "relay.example:65536",
        "relay.example:+443",
        "relay.example:443:443",
        "r\xc3\xa9lay.example",
        "relay%2eexample",
        "2001:db8::1",
        "[2001:db8::1",
        "[2001:db8::1]443",
        "[fe80::1%eth0]",
        "[192.0.2.7]",
        "192.0.2",
        "0x7f000001",
    };
    struct fixture *f = *state;
    char text[TIGRESS_SHARE_URL_MAX];

    share_url(text, sizeof(text), "https://relay.example");
    assert_int_equal(tigress_recipient_new(&f->bob, text, NULL, NULL, 0), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tigress_share_url *url = NULL;

        assert_int_equal(tigress_session_allow_relay(f->bob, bad[i]), TIGRESS_E_ARGUMENT);
        assert_int_equal(tigress_share_url_parse(&url, text, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_share_url_is_relay_allowed(url, &bad[i], 1), 0);
        tigress_share_url_free(&url);
    }
    assert_int_equal(tigress_session_allow_relay(f->bob, NULL), TIGRESS_E_ARGUMENT);
    /* The list is still empty, so every relay may be used. */
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
}

/* A link that imitates an allowed relay is invalid or names another host. */
static void allow_list__link_that_imitates_an_allowed_host__gets_no_request(void **state)
{
    static const char *const links[] = {
        "https://relay.example@evil.example/v1/m/" ID,
        "https://relay.example:443@evil.example/v1/m/" ID,
        "https://evil.example/v1/m/" ID "?relay.example",
        "https://evil.example#@relay.example/v1/m/" ID,
        "https://relay.example\\@evil.example/v1/m/" ID,
        "https://relay.example%00.evil.example/v1/m/" ID,
        "https://relay.example%2eevil.example/v1/m/" ID,
        "https://relay.example./v1/m/" ID,
        "https://relay\xe3\x80\x82"
        "example/v1/m/" ID,
        "https://r\xd0\xb5lay.example/v1/m/" ID,
        "https://relay.example\t/v1/m/" ID,
        "tigress://evil.example/v1/m/" ID,
        "http://relay.example/v1/m/" ID,
        "http://localhost/v1/m/" ID,
        "tigress-direct://relay.example:444/" ID,
        "//evil.example/v1/m/" ID,
        "evil.example/v1/m/" ID,
        "https://evil.example/?u=https%3A%2F%2Fevil2.example%2Fv1%2Fm%2F" ID,
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        enum tigress_error error = tigress_recipient_new(&f->bob, links[i], SECRET, NULL, 0);

        if (error == TIGRESS_OK) {
            assert_int_equal(tigress_session_allow_relay(f->bob, "relay.example"), TIGRESS_OK);
            assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
            tigress_session_free(&f->bob);
        } else {
            assert_true(error == TIGRESS_E_URL || error == TIGRESS_E_SECRET);
        }
    }
}

static void allow_list__65th_host__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_recipient_new(&f->bob, "https://b.example/v1/m/" ID, NULL, NULL, 0),
                     TIGRESS_OK);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(tigress_session_allow_relay(f->bob, "a.example"), TIGRESS_OK);
    }
    assert_int_equal(tigress_session_allow_relay(f->bob, "b.example"), TIGRESS_E_LIMIT);
    assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
}

/* ---- the policy ----------------------------------------------------------------------------- */

struct judge {
    unsigned calls;
    int verdict;
    char seen[160];
};

static int judge(void *ctx, const struct tigress_relay *relay)
{
    struct judge *j = ctx;

    j->calls++;
    (void)snprintf(j->seen, sizeof(j->seen), "%s %s %u %s %d", relay->scheme, relay->host,
                   relay->port, relay->vertical, (int)relay->role);
    return j->verdict;
}

/* spec-test: protocol/7#relay-policy */
static void policy__recipient__sees_every_part_before_the_first_request(void **state)
{
    static const struct {
        const char *url;
        const char *seen;
    } cases[] = {
        { "https://Relay.example/v1/m/" ID "?v=c", "https relay.example 443 c 2" },
        { "tigress://relay.example:8443/v1/m/" ID, "https relay.example 8443  2" },
        { "http://127.0.0.1/v1/m/" ID "?v=zz", "http 127.0.0.1 80 zz 2" },
        { "https://[2001:DB8::1]/v1/m/" ID, "https [2001:db8::1] 443  2" },
        { "tigress-direct://192.0.2.7:4444/" ID "?v=h", "tigress-direct 192.0.2.7 4444 h 2" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct judge j = { .verdict = 1 };

        assert_int_equal(tigress_recipient_new(&f->bob, cases[i].url, SECRET, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_session_set_relay_policy(f->bob, judge, &j), TIGRESS_OK);
        assert_int_equal(j.calls, 0);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_string_equal(j.seen, cases[i].seen);
        assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_int_equal(j.calls, 1);
        tigress_session_free(&f->bob);
    }
}

/* spec-test: protocol/7#relay-policy */
static void policy__anything_but_one__refused_and_nothing_is_sent(void **state)
{
    static const int verdicts[] = { 0, -1, 2, 256 };
    struct fixture *f = *state;

    create(f);
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        struct judge j = { .verdict = verdicts[i] };
        unsigned before = f->relay.request_count;

        assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_session_want_preview(f->bob), TIGRESS_OK);
        assert_int_equal(tigress_session_set_relay_policy(f->bob, judge, &j), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_E_STATE);
        assert_int_equal(f->relay.request_count, before);
        assert_int_equal(j.calls, 1);
        tigress_session_free(&f->bob);
    }
}

/* spec-test: protocol/7#relay-policy */
static void policy__initiator__asked_after_intent_and_before_the_create(void **state)
{
    struct fixture *f = *state;
    struct judge j = { .verdict = 0 };

    assert_int_equal(tigress_session_set_relay_policy(f->alice, judge, &j), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(j.calls, 0);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_NOT_ALLOWED);
    assert_string_equal(j.seen, "https relay.example 443 c 1");
    assert_int_equal(f->relay.request_count, 0);
}

static void policy__and_list__both_must_agree(void **state)
{
    struct fixture *f = *state;
    struct judge j = { .verdict = 1 };

    create(f);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_relay_policy(f->bob, judge, &j), TIGRESS_OK);
    assert_int_equal(tigress_session_allow_relay(f->bob, "other.example"), TIGRESS_OK);
    assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
    assert_int_equal(j.calls, 0);
}

/* spec-test: protocol/7#relay-policy */
static void policy__after_resume__called_again(void **state)
{
    struct fixture *f = *state;
    struct judge j = { .verdict = 0 };
    unsigned char *saved = NULL;
    size_t len = 0;
    unsigned before = 0;

    receive_first(f);
    assert_int_equal(tigress_session_save(f->bob, &saved, &len), TIGRESS_OK);
    tigress_session_free(&f->bob);
    assert_int_equal(tigress_session_resume(&f->bob, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
    assert_int_equal(tigress_session_set_relay_policy(f->bob, judge, &j), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    before = f->relay.request_count;
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NOT_ALLOWED);
    assert_int_equal(f->relay.request_count, before);
    assert_int_equal(j.calls, 1);
}

static void policy__set_while_a_request_is_under_way__refused(void **state)
{
    struct fixture *f = *state;
    struct judge j = { .verdict = 0 };

    invite(f);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_set_relay_policy(f->bob, judge, &j), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_relay_policy(NULL, judge, &j), TIGRESS_E_ARGUMENT);
    fake_relay_serve(&f->relay, f->bob);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(j.calls, 0);
    assert_int_equal(tigress_session_set_relay_policy(f->bob, NULL, NULL), TIGRESS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(allow_list__exact_hosts__nothing_else_allowed),
        CASE(allow_list__entry_that_could_never_match__refused_and_not_on_the_list),
        CASE(allow_list__link_that_imitates_an_allowed_host__gets_no_request),
        CASE(allow_list__65th_host__refused),
        CASE(policy__recipient__sees_every_part_before_the_first_request),
        CASE(policy__anything_but_one__refused_and_nothing_is_sent),
        CASE(policy__initiator__asked_after_intent_and_before_the_create),
        CASE(policy__and_list__both_must_agree),
        CASE(policy__after_resume__called_again),
        CASE(policy__set_while_a_request_is_under_way__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
