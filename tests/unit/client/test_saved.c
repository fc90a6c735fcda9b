/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/wallet_fixture.h"

#include "base/hex.h"
#include "crypto/digest.h"

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
    assert_non_null(strstr(why, "expected version 3"));
    tigress_free(saved, len);
}

/* The format on disk: these bytes must not change without a new version. */
static void assert_saved_as(const struct tigress_session *s, const char *sha256)
{
    unsigned char *saved = NULL;
    size_t len = 0;
    uint8_t hash[TG_SHA256_LEN];
    struct tg_buf text;

    tg_buf_init(&text, 2 * TG_SHA256_LEN + 1);
    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tg_sha256(hash, tg_bytes(saved, len)), TG_OK);
    tg_hex_encode(&text, TG_ARRAY_BYTES(hash));
    assert_string_equal(tg_buf_cstr(&text), sha256);
    tg_buf_deinit(&text);
    tigress_free(saved, len);
}

static void saved_state__of_version_3__same_bytes_as_ever(void **state)
{
    struct fixture *f = *state;

    assert_saved_as(f->alice, "d6a0e3d3c61e67aaaa7200f16078c1e41267f359dbe6817011f0a7df69425119");
    assert_int_equal(tigress_session_set_expiration(f->alice, FAKE_NOW + 48 * 3600), TIGRESS_OK);
    receive_first(f);
    assert_saved_as(f->alice, "31f4717d200d411a6ba9f9135e40cccddec35a5be680a01a3c0b29d049e87b2b");
    assert_saved_as(f->bob, "52e27e8c49c5c30a3183c0b8687e72ad5adf758018847e4b0eb42cb8d3f3617d");
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_saved_as(f->bob, "65bbcc631d17768ee5133dd7d62c912ef61f6b97af9e9af5d8665cfb7e9f74c0");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_saved_as(f->bob, "effb43d57e4cfc0ebfddece0e6a9b57b25b90cde0ac23befc8dcbacfc68ae5cd");
}

static void saved_state__with_every_setting_and_standing__same_bytes_as_ever(void **state)
{
    struct fixture *f = *state;
    static const unsigned char object[] = { 1, 2, 3 };

    assert_int_equal(tigress_session_set_display(f->alice, "Car", "Blue", "https://a.example/i"),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_notification_token(f->alice, "com.example", "token"),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_expiration(f->alice, FAKE_NOW + 1000), TIGRESS_OK);
    assert_int_equal(tigress_session_require_proof(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 7), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(f->alice, 9), TIGRESS_OK);
    assert_int_equal(tigress_session_want_private_token(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_ALWAYS), TIGRESS_OK);
    assert_int_equal(tigress_session_set_private_token(f->alice, "abcd"), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_saved_as(f->alice, "32cda863722a6c769a4327c894b471aaff9251f7f157504b12acd2c676e1739a");
    reload(&f->alice, f);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    assert_saved_as(f->alice, "362c24f00446a85b34eba114a391e32f2d03b3d65a4d3fcd8ca3cbc14e4c7e2f");
    reload(&f->alice, f);
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
        CASE(saved_state__of_version_3__same_bytes_as_ever),
        CASE(saved_state__with_every_setting_and_standing__same_bytes_as_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
