/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "unit/direct/direct_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count(const struct direct_world *w, enum tigress_direct_event event)
{
    return tigress_direct_host_count(w->host, event);
}

static void assert_message(const struct tigress_session *s, const char *expected)
{
    assert_string_equal(tigress_session_message(s, NULL), expected);
}

static void assert_input(struct direct_world *w, struct tigress_session *s,
                         enum tigress_input input)
{
    enum tigress_want want = direct_run(w, s);

    if (want == TIGRESS_FAILED) {
        print_message("failed: %s\n", tigress_session_error_text(s));
    }
    assert_int_equal(want, TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), input);
}

static void assert_failed(struct direct_world *w, struct tigress_session *s,
                          enum tigress_error error)
{
    assert_int_equal(direct_run(w, s), TIGRESS_FAILED);
    assert_string_equal(tigress_error_name(tigress_session_error(s)), tigress_error_name(error));
}

static void turn(struct direct_world *w, struct tigress_session *from, struct tigress_session *to,
                 const char *message)
{
    assert_int_equal(tigress_session_send(from, message, strlen(message)), TIGRESS_OK);
    assert_input(w, from, TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_wait(to), TIGRESS_OK);
    assert_input(w, to, TIGRESS_INPUT_MESSAGE);
    assert_message(to, message);
}

static void finish(struct direct_world *w)
{
    assert_int_equal(tigress_session_finish(w->bob.session), TIGRESS_OK);
    assert_int_equal(direct_run(w, w->bob.session), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(w->alice), TIGRESS_OK);
    assert_int_equal(direct_run(w, w->alice), TIGRESS_DONE);
}

static void whole_transfer(struct direct_world *w)
{
    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_message(w->bob.session, MESSAGE_1);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    turn(w, w->alice, w->bob.session, MESSAGE_3);
    finish(w);
}

static void events__every_value__has_the_constants_name(void **state)
{
    (void)state;
    for (int value = 0; value < TIGRESS_DIRECT_EVENT_COUNT; value++) {
        const char *name = tigress_direct_event_name((enum tigress_direct_event)value);

        assert_int_equal(strncmp(name, "DIRECT_", 7), 0);
    }
    assert_string_equal(tigress_direct_event_name(TIGRESS_DIRECT_SECOND), "DIRECT_SECOND");
    assert_string_equal(tigress_direct_event_name(TIGRESS_DIRECT_EVENT_COUNT), "UNKNOWN");
}

/* ---- flows ---------------------------------------------------------------------------------- */

/* spec-test: protocol/7#direct-same-rules */
static void stateless__create_read_finish__both_done(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 0);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_message(w->bob.session, MESSAGE_1);
    assert_string_equal(tigress_session_title(w->bob.session), "A key");
    assert_string_equal(tigress_session_vertical(w->bob.session), "c");
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 1);
    finish(w);
    assert_int_equal(count(w, TIGRESS_DIRECT_PROVED), 1);
    assert_int_equal(count(w, TIGRESS_DIRECT_NOT_PROVED), 0);
    assert_int_equal(count(w, TIGRESS_DIRECT_MALFORMED), 0);
}

static void stateful__turns_in_pieces_of_any_size__each_message_arrives(void **state)
{
    static const size_t pieces[] = { 1, 2, 7, 64, 1000 };
    struct direct_world *w = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        direct_set_up((void **)&w);
        w->piece = pieces[i];
        whole_transfer(w);
        direct_tear_down((void **)&w);
    }
}

static void secret_of_32_bytes__same_flow(void **state)
{
    struct direct_world *w = *state;

    assert_int_equal(tigress_session_set_secret_len(w->alice, 32), TIGRESS_OK);
    whole_transfer(w);
}

/* spec-test: protocol/7#direct-url */
static void invitation__is_self_contained_and_no_relay_link(void **state)
{
    struct direct_world *w = *state;
    char text[TIGRESS_SHARE_URL_MAX];

    direct_invite(w);
    assert_int_equal(strncmp(w->url, DIRECT_URL "/", strlen(DIRECT_URL) + 1), 0);
    assert_int_equal(strlen(w->url), strlen(DIRECT_URL) + 1 + 36 + 4 + 1 + 24);
    assert_non_null(strstr(w->url, "?v=c#"));
    assert_int_equal(tigress_session_share_url(w->alice, TIGRESS_FORM_TIGRESS, text, sizeof(text)),
                     TIGRESS_E_URL);
    assert_string_equal(tigress_direct_link_host(w->bob.link), "192.0.2.7");
    assert_int_equal(tigress_direct_link_port(w->bob.link), 4711);
}

static void preview__wanted__sent_over_tls_and_binds_no_device(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_int_equal(tigress_session_want_preview(w->bob.session), TIGRESS_OK);
    assert_input(w, w->bob.session, TIGRESS_INPUT_PREVIEW);
    assert_string_equal(tigress_session_description(w->bob.session), "For you");
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 0);
    assert_int_equal(tigress_session_accept(w->bob.session), TIGRESS_OK);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
}

static void preview__secret_comes_later__secret_first_then_preview(void **state)
{
    struct direct_world *w = *state;
    char secret[TIGRESS_SECRET_TEXT_MAX];

    direct_invite(w);
    tigress_direct_link_free(&w->bob.link); /* bob does not connect */
    assert_int_equal(
        tigress_session_share_url(w->alice, TIGRESS_FORM_SECRET, secret, sizeof(secret)),
        TIGRESS_OK);
    *strchr(w->url, '#') = '\0';
    direct_join(&w->eve, w->url);
    assert_int_equal(tigress_session_want_preview(w->eve.session), TIGRESS_OK);
    assert_input(w, w->eve.session, TIGRESS_INPUT_SECRET);
    assert_int_equal(tigress_session_set_secret(w->eve.session, secret), TIGRESS_OK);
    assert_input(w, w->eve.session, TIGRESS_INPUT_PREVIEW);
    assert_int_equal(tigress_session_accept(w->eve.session), TIGRESS_OK);
    assert_input(w, w->eve.session, TIGRESS_INPUT_MESSAGE);
}

static void wait__change_on_the_other_side__wakes_at_once(void **state)
{
    struct direct_world *w = *state;
    int64_t before_ms = 0;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    assert_int_equal(tigress_session_wait(w->bob.session), TIGRESS_OK);
    for (int i = 0; i < 400; i++) { /* several long polls end without news */
        (void)direct_round(w);
        w->now_ms += 500;
        tigress_direct_host_tick(w->host, w->now_ms);
        tigress_direct_link_tick(w->bob.link, w->now_ms);
        assert_int_not_equal(tigress_session_step(w->bob.session, w->now_ms / 1000),
                             TIGRESS_FAILED);
    }
    assert_int_equal(count(w, TIGRESS_DIRECT_OPENED), 1);
    before_ms = w->now_ms;
    assert_int_equal(tigress_session_send(w->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_message(w->bob.session, MESSAGE_3);
    assert_true(w->now_ms - before_ms < 1000);
}

static void cancel__recipient_waits__gets_withdrawn(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    assert_int_equal(tigress_session_wait(w->bob.session), TIGRESS_OK);
    (void)direct_round(w);
    assert_int_equal(tigress_session_cancel(w->alice), TIGRESS_OK);
    assert_int_equal(direct_run(w, w->alice), TIGRESS_DONE);
    assert_failed(w, w->bob.session, TIGRESS_E_WITHDRAWN);
}

static void expired__accepted_too_late__refused(void **state)
{
    struct direct_world *w = *state;

    assert_int_equal(tigress_session_set_expiration(w->alice, DIRECT_NOW_MS / 1000 + 60),
                     TIGRESS_OK);
    direct_invite(w);
    w->now_ms += 60 * 1000;
    assert_failed(w, w->bob.session, TIGRESS_E_GONE);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 0);
}

static void relinquish__another_device__is_recipient_then(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_int_equal(tigress_session_relinquish(w->bob.session), TIGRESS_OK);
    assert_int_equal(direct_run(w, w->bob.session), TIGRESS_DONE);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 0);
    direct_join(&w->eve, w->url);
    assert_input(w, w->eve.session, TIGRESS_INPUT_MESSAGE);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 1);
}

/* ---- failures ------------------------------------------------------------------------------- */

/* spec-test: protocol/7#direct-wrong-secret-refused
   spec-test: protocol/7#direct-psk-from-secret */
static void wrong_secret__refused_and_the_right_one_still_served(void **state)
{
    struct direct_world *w = *state;
    char url[TIGRESS_SHARE_URL_MAX];
    char *secret = NULL;

    direct_invite(w);
    memcpy(url, w->url, sizeof(url));
    secret = strchr(url, '#') + 1;
    secret[3] = secret[3] == 'A' ? 'B' : 'A';
    direct_join(&w->eve, url);
    assert_failed(w, w->eve.session, TIGRESS_E_TLS);
    assert_int_equal(count(w, TIGRESS_DIRECT_NOT_PROVED), 1);
    assert_int_equal(count(w, TIGRESS_DIRECT_PROVED), 0);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 0);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_int_equal(count(w, TIGRESS_DIRECT_PROVED), 1);
    finish(w);
}

static void wrong_secret__right_one_set_later__continues(void **state)
{
    struct direct_world *w = *state;
    char secret[TIGRESS_SECRET_TEXT_MAX];

    direct_invite(w);
    tigress_direct_link_free(&w->bob.link); /* bob does not connect */
    assert_int_equal(
        tigress_session_share_url(w->alice, TIGRESS_FORM_SECRET, secret, sizeof(secret)),
        TIGRESS_OK);
    assert_int_equal(
        tigress_recipient_new(&w->eve.session, w->url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&w->eve.link, w->eve.session), TIGRESS_OK);
    assert_failed(w, w->eve.session, TIGRESS_E_TLS);
    assert_int_equal(tigress_session_set_secret(w->eve.session, secret), TIGRESS_OK);
    assert_int_equal(tigress_session_retry(w->eve.session), TIGRESS_OK);
    assert_input(w, w->eve.session, TIGRESS_INPUT_MESSAGE);
}

/* spec-test: protocol/7#direct-second-device-refused */
static void second_device__refused_counted_and_the_first_continues(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    direct_join(&w->eve, w->url);
    assert_failed(w, w->eve.session, TIGRESS_E_DENIED);
    assert_int_equal(count(w, TIGRESS_DIRECT_SECOND), 1);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    turn(w, w->alice, w->bob.session, MESSAGE_3);
    finish(w);
}

/* spec-test: protocol/7#direct-resume */
static void stream_cut_anywhere__transfer_continues_over_another(void **state)
{
    struct direct_world *w = NULL;
    size_t total = 0;

    (void)state;
    direct_set_up((void **)&w);
    whole_transfer(w);
    total = w->moved;
    direct_tear_down((void **)&w);
    assert_true(total > 2000);
    for (size_t cut = 1; cut < total; cut += 41) {
        direct_set_up((void **)&w);
        w->cut_at = cut;
        whole_transfer(w);
        assert_int_equal(count(w, TIGRESS_DIRECT_OPENED) >= 2, 1);
        assert_int_equal(count(w, TIGRESS_DIRECT_SECOND), 0);
        direct_tear_down((void **)&w);
    }
}

static void host_and_session_saved__process_ended__transfer_continues(void **state)
{
    struct direct_world *w = *state;
    unsigned char *host = NULL, *session = NULL;
    size_t host_len = 0, session_len = 0;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    assert_int_equal(tigress_direct_host_is_changed(w->host), 1);
    assert_int_equal(tigress_direct_host_save(w->host, &host, &host_len), TIGRESS_OK);
    assert_int_equal(tigress_direct_host_is_changed(w->host), 0);
    assert_int_equal(tigress_session_save(w->alice, &session, &session_len), TIGRESS_OK);
    direct_cut(w, &w->bob);
    tigress_direct_host_free(&w->host);
    tigress_session_free(&w->alice);
    assert_int_equal(tigress_direct_host_resume(&w->host, host, host_len, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&w->alice, session, session_len, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_direct_host_has_recipient(w->host), 1);
    turn(w, w->alice, w->bob.session, MESSAGE_3);
    finish(w);
    tigress_free(host, host_len);
    tigress_free(session, session_len);
}

static void saved_host__cut_or_changed_anywhere__refused(void **state)
{
    struct direct_world *w = *state;
    struct tigress_direct_host *back = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;
    char why[TIGRESS_TEXT_MAX];

    direct_invite(w);
    assert_int_equal(tigress_direct_host_save(w->host, &saved, &len), TIGRESS_OK);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(tigress_direct_host_resume(&back, saved, i, why, sizeof(why)),
                         TIGRESS_E_SAVED_STATE);
        assert_true(strlen(why) > 10);
        saved[i] ^= 1;
        assert_int_equal(tigress_direct_host_resume(&back, saved, len, why, sizeof(why)),
                         TIGRESS_E_SAVED_STATE);
        saved[i] ^= 1;
        assert_null(back);
    }
    assert_int_equal(tigress_direct_host_resume(&back, saved, len, why, sizeof(why)), TIGRESS_OK);
    assert_string_equal(why, "");
    tigress_direct_host_free(&back);
    tigress_free(saved, len);
}

/* ---- strangers ------------------------------------------------------------------------------ */

static unsigned open_conn(struct direct_world *w)
{
    unsigned conn = 0;

    assert_int_equal(tigress_direct_host_open(w->host, w->now_ms, &conn), TIGRESS_OK);
    assert_int_not_equal(conn, 0);
    return conn;
}

static void garbage__closed_at_once_and_the_right_one_served(void **state)
{
    static const char *const garbage[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff",
        "\x17\x03\x03\x00\x01\x55\x17\x03\x03\x00\x01\x55",
    };
    struct direct_world *w = *state;

    direct_invite(w);
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        unsigned conn = open_conn(w);

        (void)tigress_direct_host_received(w->host, conn, (const unsigned char *)garbage[i],
                                           i < 2 ? strlen(garbage[i]) : 10, w->now_ms);
        assert_int_equal(tigress_direct_host_is_open(w->host, conn), 0);
        tigress_direct_host_close(w->host, conn);
    }
    assert_int_equal(count(w, TIGRESS_DIRECT_NOT_PROVED), 4);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
}

/* spec-test: protocol/7#direct-stall-closed */
static void stall_in_handshake__closed_after_ten_seconds_not_before(void **state)
{
    struct direct_world *w = *state;
    unsigned conn = 0;
    int64_t opened_ms = w->now_ms;

    direct_invite(w);
    conn = open_conn(w);
    opened_ms = w->now_ms;
    assert_int_equal(tigress_direct_host_deadline_ms(w->host), opened_ms + TIGRESS_DIRECT_STALL_MS);
    (void)tigress_direct_host_received(w->host, conn, (const unsigned char *)"\x16\x03\x01", 3,
                                       w->now_ms);
    tigress_direct_host_tick(w->host, opened_ms + TIGRESS_DIRECT_STALL_MS - 1);
    assert_int_equal(tigress_direct_host_is_open(w->host, conn), 1);
    tigress_direct_host_tick(w->host, opened_ms + TIGRESS_DIRECT_STALL_MS);
    assert_int_equal(tigress_direct_host_is_open(w->host, conn), 0);
    assert_null(tigress_direct_host_output(w->host, conn, NULL));
    assert_int_equal(count(w, TIGRESS_DIRECT_STALLED), 1);
    tigress_direct_host_close(w->host, conn);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
}

static void idle_connection__closed_after_two_minutes_and_comes_back(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    w->now_ms += TIGRESS_DIRECT_IDLE_MS - 1;
    tigress_direct_host_tick(w->host, w->now_ms);
    assert_int_equal(tigress_direct_host_is_open(w->host, w->bob.conn), 1);
    w->now_ms += 1;
    tigress_direct_host_tick(w->host, w->now_ms);
    assert_int_equal(tigress_direct_host_is_open(w->host, w->bob.conn), 0);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
}

#define CROWD 32

static void let_crowd_connect(struct direct_world *w)
{
    for (size_t i = 0; i < CROWD; i++) {
        (void)open_conn(w);
    }
}

/* spec-test: protocol/7#direct-connections-bounded */
static void crowd_of_strangers__recipient_gets_in_and_stays(void **state)
{
    struct direct_world *w = *state;

    direct_invite(w);
    w->piece = 4096; /* a flight at once, as in a network */
    for (unsigned i = 0; tigress_session_input(w->bob.session) != TIGRESS_INPUT_MESSAGE; i++) {
        assert_in_range(i, 0, 100);
        let_crowd_connect(w);
        (void)direct_round(w);
        (void)tigress_session_step(w->bob.session, w->now_ms / 1000);
    }
    assert_int_equal(count(w, TIGRESS_DIRECT_PROVED), 1);
    assert_int_equal(count(w, TIGRESS_DIRECT_TURNED_AWAY), 0);
    w->now_ms += 5000;
    let_crowd_connect(w);
    let_crowd_connect(w);
    assert_int_equal(tigress_direct_host_is_open(w->host, w->bob.conn), 1);
    turn(w, w->bob.session, w->alice, MESSAGE_2);
    assert_int_equal(count(w, TIGRESS_DIRECT_PROVED), 1); /* on the same connection */
}

/* spec-test: protocol/7#direct-connections-bounded */
static void too_many_connections__the_oldest_stranger_goes(void **state)
{
    struct direct_world *w = *state;
    unsigned conns[TIGRESS_DIRECT_CONNECTIONS_MAX];
    unsigned more = 0;

    direct_invite(w);
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        conns[i] = open_conn(w);
    }
    assert_int_equal(tigress_direct_host_open(w->host, w->now_ms, &more), TIGRESS_OK);
    assert_int_equal(tigress_direct_host_is_open(w->host, conns[0]), 0);
    assert_int_equal(tigress_direct_host_is_open(w->host, conns[1]), 1);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
}

static void clock_set_back__stall_still_ends(void **state)
{
    struct direct_world *w = *state;
    unsigned conn = 0;

    direct_invite(w);
    conn = open_conn(w);
    w->now_ms -= 86400000;
    tigress_direct_host_tick(w->host, w->now_ms);
    assert_int_equal(tigress_direct_host_is_open(w->host, conn), 1);
    tigress_direct_host_tick(w->host, w->now_ms + TIGRESS_DIRECT_STALL_MS);
    assert_int_equal(tigress_direct_host_is_open(w->host, conn), 0);
}

/* ---- use ------------------------------------------------------------------------------------ */

static void wrong_use__refused_and_harmless(void **state)
{
    struct direct_world *w = *state;
    struct tigress_direct_link *link = NULL;
    struct tigress_session *web = NULL;
    unsigned conn = 0;

    assert_int_equal(tigress_direct_host_open(w->host, w->now_ms, &conn), TIGRESS_E_STATE);
    assert_int_equal(tigress_direct_host_perform(w->host, w->alice, w->now_ms, NULL),
                     TIGRESS_E_STATE);
    direct_invite(w);
    assert_int_equal(tigress_direct_host_perform(w->host, w->bob.session, w->now_ms, NULL),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_direct_link_new(&link, w->alice), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_recipient_new(&web,
                                           "https://relay.example/v1/m/"
                                           "2bba630e-519b-41ec-bf63-0242ac130002",
                                           NULL, NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&link, web), TIGRESS_E_URL);
    assert_null(link);
    tigress_session_free(&web);
    assert_int_equal(tigress_direct_link_start(w->bob.link, w->now_ms), TIGRESS_E_STATE);
    assert_int_equal(tigress_direct_host_received(w->host, 77, NULL, 0, w->now_ms),
                     TIGRESS_E_STATE);
    assert_int_equal(tigress_direct_host_is_open(w->host, 0), 0);
    assert_int_equal(
        tigress_direct_host_count(w->host, (enum tigress_direct_event)TIGRESS_DIRECT_EVENT_COUNT),
        0);
    tigress_direct_host_close(w->host, 77);
    tigress_direct_host_sent(w->host, 77, 1, w->now_ms);
    tigress_direct_host_free(NULL);
    tigress_direct_link_free(NULL);
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
}

/* spec-test: protocol/7#direct-one-mailbox */
static void host__another_session_creates__refused(void **state)
{
    struct direct_world *w = *state;
    struct tigress_session *first = NULL;

    direct_invite(w);
    first = w->alice;
    assert_int_equal(
        tigress_initiator_new(&w->alice, DIRECT_URL, MESSAGE_2, strlen(MESSAGE_2), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(w->alice), TIGRESS_OK);
    assert_failed(w, w->alice, TIGRESS_E_REFUSED);
    tigress_session_free(&w->alice);
    w->alice = first;
    assert_input(w, w->bob.session, TIGRESS_INPUT_MESSAGE);
    assert_message(w->bob.session, MESSAGE_1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, direct_set_up, direct_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__every_value__has_the_constants_name),
        CASE(stateless__create_read_finish__both_done),
        cmocka_unit_test(stateful__turns_in_pieces_of_any_size__each_message_arrives),
        CASE(secret_of_32_bytes__same_flow),
        CASE(invitation__is_self_contained_and_no_relay_link),
        CASE(preview__wanted__sent_over_tls_and_binds_no_device),
        CASE(preview__secret_comes_later__secret_first_then_preview),
        CASE(wait__change_on_the_other_side__wakes_at_once),
        CASE(cancel__recipient_waits__gets_withdrawn),
        CASE(expired__accepted_too_late__refused),
        CASE(relinquish__another_device__is_recipient_then),
        CASE(wrong_secret__refused_and_the_right_one_still_served),
        CASE(wrong_secret__right_one_set_later__continues),
        CASE(second_device__refused_counted_and_the_first_continues),
        cmocka_unit_test(stream_cut_anywhere__transfer_continues_over_another),
        CASE(host_and_session_saved__process_ended__transfer_continues),
        CASE(saved_host__cut_or_changed_anywhere__refused),
        CASE(garbage__closed_at_once_and_the_right_one_served),
        CASE(stall_in_handshake__closed_after_ten_seconds_not_before),
        CASE(idle_connection__closed_after_two_minutes_and_comes_back),
        CASE(crowd_of_strangers__recipient_gets_in_and_stays),
        CASE(too_many_connections__the_oldest_stranger_goes),
        CASE(clock_set_back__stall_still_ends),
        CASE(wrong_use__refused_and_harmless),
        CASE(host__another_session_creates__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
