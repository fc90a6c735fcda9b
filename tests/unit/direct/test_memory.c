/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a whole direct transfer fails once; the transfer still finishes. */
#include "support/c/unit.h"

#include "unit/direct/direct_world.h"
#include "support/c/fail_at.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

FAIL_WRAP_CALLOC()
FAIL_WRAP_MALLOC()

static void until_input(struct direct_world *w, struct tigress_session *s, enum tigress_want want)
{
    enum tigress_want got = direct_run(w, s);

    if (got == TIGRESS_FAILED) {
        assert_int_equal(tigress_session_error(s), TIGRESS_E_NOMEM);
        assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
        got = direct_run(w, s);
    }
    assert_int_equal(got, want);
}

/* Once more after the one failure. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        enum tigress_error error_ = (call);                                                        \
        if (error_ == TIGRESS_E_NOMEM) {                                                           \
            error_ = (call);                                                                       \
        }                                                                                          \
        assert_int_equal(error_, TIGRESS_OK);                                                      \
    } while (0)

static void transfer(struct direct_world *w)
{
    struct direct_peer *bob = &w->bob;

    MUST(tigress_session_confirm_intent(w->alice));
    until_input(w, w->alice, TIGRESS_WANT_INPUT);
    MUST(tigress_session_share_url(w->alice, TIGRESS_FORM_HTTPS, w->url, sizeof(w->url)));
    MUST(tigress_recipient_new(&bob->session, w->url, NULL, NULL, 0));
    MUST(tigress_direct_link_new(&bob->link, bob->session));
    until_input(w, bob->session, TIGRESS_WANT_INPUT);
    assert_string_equal(tigress_session_message(bob->session, NULL), MESSAGE_1);
    MUST(tigress_session_send(bob->session, MESSAGE_2, strlen(MESSAGE_2)));
    until_input(w, bob->session, TIGRESS_WANT_INPUT);
    MUST(tigress_session_wait(w->alice));
    until_input(w, w->alice, TIGRESS_WANT_INPUT);
    assert_string_equal(tigress_session_message(w->alice, NULL), MESSAGE_2);
    MUST(tigress_session_finish(bob->session));
    until_input(w, bob->session, TIGRESS_DONE);
    MUST(tigress_session_wait(w->alice));
    until_input(w, w->alice, TIGRESS_DONE);
}

static void transfer__each_allocation_fails_once__finished_all_the_same(void **state)
{
    struct direct_world *w = NULL;
    unsigned n = 0;

    (void)state;
    do {
        n++;
        direct_set_up((void **)&w);
        fail_at(n);
        transfer(w);
        fail_at(0);
        direct_tear_down((void **)&w);
    } while (fail_reached());
    assert_true(n > 100);
}

static void saved_host__each_allocation_fails_once__refused_then_resumed(void **state)
{
    struct direct_world *w = *state;
    struct tigress_direct_host *back = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;
    enum tigress_error error = TIGRESS_E_NOMEM;
    unsigned n = 0;

    direct_invite(w);
    assert_int_equal(tigress_direct_host_save(w->host, &saved, &len), TIGRESS_OK);
    while (error != TIGRESS_OK) {
        fail_at(++n);
        error = tigress_direct_host_resume(&back, saved, len, NULL, 0);
        fail_at(0);
        assert_true(error == TIGRESS_OK || (error == TIGRESS_E_NOMEM && back == NULL));
    }
    assert_true(n > 2);
    tigress_direct_host_free(&back);
    tigress_free(saved, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer__each_allocation_fails_once__finished_all_the_same),
        cmocka_unit_test_setup_teardown(
            saved_host__each_allocation_fails_once__refused_then_resumed, direct_set_up,
            direct_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
