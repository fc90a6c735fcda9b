/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

/* Saves and resumes the session. */
static void reload(struct tigress_session **s, struct fixture *f)
{
    unsigned char *saved = NULL;
    unsigned char *again = NULL;
    size_t len = 0;
    size_t again_len = 0;
    struct tigress_session *fresh = NULL;

    assert_int_equal(tigress_session_save(*s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&fresh, saved, len, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(fresh, fake_random, &f->random), TIGRESS_OK);
    assert_int_equal(tigress_session_save(fresh, &again, &again_len), TIGRESS_OK);
    assert_int_equal(len, again_len);
    assert_memory_equal(saved, again, len);
    tigress_free(saved, len);
    tigress_free(again, again_len);
    tigress_session_free(s);
    *s = fresh;
}

/* Runs like fake_relay_run(). Before and after each request it keeps only the saved state, and
   every answer is lost once. */
static enum tigress_want run_on_a_bad_day(struct fixture *f, struct tigress_session **s)
{
    int64_t now_s = FAKE_NOW;

    for (unsigned i = 0; i < 100; i++) {
        enum tigress_want want = tigress_session_step(*s, now_s);

        reload(s, f);
        if (want != TIGRESS_WANT_HTTP && want != TIGRESS_WANT_WAIT) {
            return tigress_session_step(*s, now_s);
        }
        assert_int_equal(tigress_session_step(*s, now_s), TIGRESS_WANT_HTTP);
        if (i % 2 == 0) {
            fake_relay_serve_lost(&f->relay, *s);
        } else {
            fake_relay_serve(&f->relay, *s);
        }
        reload(s, f);
        now_s += 100;
    }
    return TIGRESS_WANT_WAIT;
}

static void transfer__saved_and_resumed_at_every_step__nothing_lost_or_doubled(void **state)
{
    struct fixture *f = *state;

    reload(&f->alice, f);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_CREATED);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_TIGRESS, f->url, sizeof(f->url)),
        TIGRESS_OK);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_want_preview(f->bob), TIGRESS_OK);
    reload(&f->bob, f);
    assert_int_equal(run_on_a_bad_day(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_PREVIEW);
    assert_int_equal(tigress_session_accept(f->bob), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
    assert_string_equal(tigress_session_message_format(f->alice), "digitalwallet.carkey.ccc");
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_3);
    assert_int_equal(f->relay.change_count, 3);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(run_on_a_bad_day(f, &f->alice), TIGRESS_DONE);
}

/* spec-test: protocol/7#never-two-messages-under-one-iv */
static void request__after_resume__same_id_and_same_sealed_bytes(void **state)
{
    struct fixture *f = *state;
    static char body[sizeof(f->relay.body)];
    char id[64];

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    memcpy(body, f->relay.body, sizeof(body));
    (void)snprintf(id, sizeof(id), "%s", f->relay.request_id);
    reload(&f->bob, f);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve(&f->relay, f->bob);
    assert_string_equal(f->relay.body, body);
    assert_string_equal(f->relay.request_id, id);
    assert_int_equal(f->relay.version, 2);
}

static void failed__for_good__resumes_as_failed(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
    reload(&f->bob, f);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
}

static void replay__after_resume__still_known(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    reload(&f->bob, f);
    f->relay.version = 9;
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_UNCHANGED);
}

static void saved_state__every_cut_and_bit_flip__refused(void **state)
{
    struct fixture *f = *state;
    unsigned char *saved = NULL;
    size_t len = 0;
    char why[TIGRESS_TEXT_MAX];
    struct tigress_session *untouched = f->alice;
    struct tigress_session *out = untouched;

    receive_first(f);
    assert_int_equal(tigress_session_save(f->bob, &saved, &len), TIGRESS_OK);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(tigress_session_resume(&out, saved, cut, why, sizeof(why)),
                         TIGRESS_E_SAVED_STATE);
        assert_non_null(strstr(why, "saved state"));
    }
    for (size_t bit = 0; bit < len * 8; bit++) {
        saved[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(tigress_session_resume(&out, saved, len, why, sizeof(why)),
                         TIGRESS_E_SAVED_STATE);
        saved[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_ptr_equal(out, untouched);
    tigress_free(saved, len);
}

static void saved_state__another_version__reported(void **state)
{
    struct fixture *f = *state;
    unsigned char *saved = NULL;
    size_t len = 0;
    char why[TIGRESS_TEXT_MAX];
    struct tigress_session *out = NULL;

    assert_int_equal(tigress_session_save(f->alice, &saved, &len), TIGRESS_OK);
    saved[5]++;
    assert_int_equal(tigress_session_resume(&out, saved, len, why, sizeof(why)),
                     TIGRESS_E_SAVED_STATE);
    assert_non_null(strstr(why, "expected version 7"));
    tigress_free(saved, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(transfer__saved_and_resumed_at_every_step__nothing_lost_or_doubled),
        CASE(request__after_resume__same_id_and_same_sealed_bytes),
        CASE(failed__for_good__resumes_as_failed),
        CASE(replay__after_resume__still_known),
        CASE(saved_state__every_cut_and_bit_flip__refused),
        CASE(saved_state__another_version__reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
