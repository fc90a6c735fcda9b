/* SPDX-License-Identifier: Apache-2.0 */
/* Two devices on loopback, over the library's TCP transport. */
#include "support/c/unit.h"

#include <tigress/direct.h>
#include <tigress/tigress.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_1 "{\"format\":\"x\",\"content\":{\"n\":1}}"
#define MESSAGE_2 "{\"format\":\"x\",\"content\":{\"n\":2}}"
#define MESSAGE_3 "{\"format\":\"x\",\"content\":{\"n\":3}}"

struct sender {
    struct tigress_direct_listener *listener;
    struct tigress_direct_host *host;
    struct tigress_session *session;
    char url[TIGRESS_SHARE_URL_MAX];
    pthread_t thread;
    enum tigress_want last;
    int saved_count;
};

static int on_save(void *ctx, struct tigress_direct_host *host, struct tigress_session *session)
{
    struct sender *s = ctx;
    unsigned char *bytes = NULL;
    size_t len = 0;

    (void)session;
    if (tigress_direct_host_save(host, &bytes, &len) != TIGRESS_OK) {
        return -1;
    }
    tigress_free(bytes, len);
    s->saved_count++;
    return 0;
}

static int set_up(void **state)
{
    struct sender *s = calloc(1, sizeof(*s));

    assert_int_equal(tigress_direct_listen(&s->listener, "127.0.0.1:0", NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_initiator_new(&s->session, tigress_direct_listener_url(s->listener),
                                           MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(s->session, "RWD"), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(s->session), TIGRESS_OK);
    assert_int_equal(tigress_direct_host_new(&s->host), TIGRESS_OK);
    assert_int_equal(tigress_direct_listener_set_save(s->listener, on_save, s), TIGRESS_OK);
    assert_int_equal(tigress_direct_serve(s->listener, s->host, s->session, 0), TIGRESS_WANT_INPUT);
    assert_int_equal(
        tigress_session_share_url(s->session, TIGRESS_FORM_HTTPS, s->url, sizeof(s->url)),
        TIGRESS_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct sender *s = *state;

    tigress_direct_listener_free(&s->listener);
    tigress_direct_host_free(&s->host);
    tigress_session_free(&s->session);
    free(s);
    return 0;
}

/* The sender's application: answers each message until the transfer is over. */
static void *send_answers(void *ctx)
{
    struct sender *s = ctx;

    (void)!tigress_session_wait(s->session);
    for (;;) {
        s->last = tigress_direct_serve(s->listener, s->host, s->session, 0);
        if (s->last != TIGRESS_WANT_INPUT) {
            return NULL;
        }
        if (tigress_session_input(s->session) == TIGRESS_INPUT_MESSAGE) {
            (void)!tigress_session_send(s->session, MESSAGE_3, strlen(MESSAGE_3));
        } else {
            (void)!tigress_session_wait(s->session);
        }
    }
}

static void run(struct tigress_direct_link *link, struct tigress_session *s,
                enum tigress_input input)
{
    assert_int_equal(tigress_direct_run(link, 0), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), input);
}

static void stateful_over_loopback__second_refused__both_done(void **state)
{
    struct sender *s = *state;
    struct tigress_session *bob = NULL, *eve = NULL;
    struct tigress_direct_link *link = NULL, *other = NULL;

    assert_int_equal(pthread_create(&s->thread, NULL, send_answers, s), 0);
    assert_int_equal(tigress_recipient_new(&bob, s->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&link, bob), TIGRESS_OK);
    run(link, bob, TIGRESS_INPUT_MESSAGE);
    assert_string_equal(tigress_session_message(bob, NULL), MESSAGE_1);
    assert_int_equal(tigress_recipient_new(&eve, s->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&other, eve), TIGRESS_OK);
    assert_int_equal(tigress_direct_run(other, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(eve), TIGRESS_E_DENIED);
    assert_int_equal(tigress_session_send(bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    run(link, bob, TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_wait(bob), TIGRESS_OK);
    run(link, bob, TIGRESS_INPUT_MESSAGE);
    assert_string_equal(tigress_session_message(bob, NULL), MESSAGE_3);
    assert_int_equal(tigress_session_finish(bob), TIGRESS_OK);
    assert_int_equal(tigress_direct_run(link, 0), TIGRESS_DONE);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    assert_int_equal(s->last, TIGRESS_DONE);
    assert_true(s->saved_count >= 4);
    assert_int_equal(tigress_direct_host_count(s->host, TIGRESS_DIRECT_SECOND), 1);
    tigress_direct_link_free(&link);
    tigress_direct_link_free(&other);
    tigress_session_free(&bob);
    tigress_session_free(&eve);
}

static void nobody_listens__unreachable_in_the_end(void **state)
{
    struct sender *s = *state;
    struct tigress_session *bob = NULL;
    struct tigress_direct_link *link = NULL;

    tigress_direct_listener_free(&s->listener);
    assert_int_equal(tigress_recipient_new(&bob, s->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(bob, 1), TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&link, bob), TIGRESS_OK);
    assert_int_equal(tigress_direct_run(link, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(bob), TIGRESS_E_NETWORK);
    tigress_direct_link_free(&link);
    tigress_session_free(&bob);
}

static int stop(void *ctx)
{
    ++*(int *)ctx;
    return 1;
}

static void progress__stops__both_sessions_intact(void **state)
{
    struct sender *s = *state;
    int calls = 0;

    assert_int_equal(tigress_direct_listener_set_progress(s->listener, stop, &calls), TIGRESS_OK);
    assert_int_equal(tigress_session_wait(s->session), TIGRESS_OK);
    assert_int_equal(tigress_direct_serve(s->listener, s->host, s->session, 0), TIGRESS_WANT_HTTP);
    assert_int_equal(calls, 1);
    assert_int_equal(tigress_direct_serve(s->listener, s->host, NULL, 0), TIGRESS_WANT_WAIT);
    assert_int_equal(calls, 2);
    assert_int_equal(tigress_session_error(s->session), TIGRESS_OK);
}

static void listen__unusable_address__refused_with_a_reason(void **state)
{
    static const char *const bad[] = {
        "",          "127.0.0.1", "127.0.0.1:",  "127.0.0.1:x", "127.0.0.1:65536",
        "0.0.0.0:0", "[::]:0",    "localhost:0", "::1:0",       ":0"
    };
    struct tigress_direct_listener *l = NULL;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(tigress_direct_listen(&l, bad[i], why, sizeof(why)), TIGRESS_E_ARGUMENT);
        assert_true(strlen(why) > 10);
        assert_null(l);
    }
    assert_int_equal(tigress_direct_listen(&l, "192.0.2.77:0", why, sizeof(why)),
                     TIGRESS_E_NETWORK);
    assert_int_equal(tigress_direct_listen(&l, NULL, why, sizeof(why)), TIGRESS_OK);
    assert_int_equal(strncmp(tigress_direct_listener_url(l), "tigress-direct://", 17), 0);
    tigress_direct_listener_free(&l);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(stateful_over_loopback__second_refused__both_done),
        CASE(nobody_listens__unreachable_in_the_end),
        CASE(progress__stops__both_sessions_intact),
        cmocka_unit_test(listen__unusable_address__refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
