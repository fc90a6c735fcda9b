/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope v2 between two sessions: the agreement, the turns, and the end of the keys. */
#include "unit/client/recording_relay.h"

#include "crypto/x25519.h"
#include "wire/envelope2_member.h"

#define KEY_ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_NINE "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* ---- the agreement -------------------------------------------------------------------------- */

/* spec-test: protocol/7#envelope-v2-offer
   spec-test: protocol/7#envelope-v2-answer */
static void envelope_v2__both_support_it__used_from_the_third_message_on(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    receive_first(f);
    keep(f, 1);
    assert_message(f->bob, MESSAGE_1);
    assert_int_equal(tigress_session_envelope_version(f->alice), 1);
    assert_int_equal(tigress_session_envelope_version(f->bob), 1);
    send_number(f, 2);
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
    receive_number(f, 2);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
    for (unsigned i = 3; i < 8; i++) {
        send_number(f, i);
        receive_number(f, i);
    }
    for (size_t i = 1; i < 8; i++) {
        open_v1(f, kept[i], text, sizeof(text));
        assert_int_equal(strstr(text, "\"tigressV2\":{\"publicKey\":\"") != NULL, i < 3);
        assert_int_equal(text[0] != '\0', i < 3);
    }
}

/* spec-test: protocol/7#envelope-v2-falls-back-to-v1 */
static void envelope_v2__recipient_without_it__v1_to_the_end(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    invite(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    for (unsigned i = 2; i < 6; i++) {
        send_number(f, i);
        open_v1(f, kept[i], text, sizeof(text));
        assert_true(text[0] != '\0');
        assert_null(strstr(text, "tigressV2"));
        receive_number(f, i);
        assert_int_equal(tigress_session_envelope_version(f->alice), 1);
        assert_int_equal(tigress_session_envelope_version(f->bob), 1);
    }
}

/* spec-test: protocol/7#envelope-v2-falls-back-to-v1 */
static void envelope_v2__initiator_without_it__no_key_in_the_answer(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    keep(f, 1);
    open_v1(f, kept[1], text, sizeof(text));
    assert_string_equal(text, MESSAGE_1);
    for (unsigned i = 2; i < 6; i++) {
        send_number(f, i);
        open_v1(f, kept[i], text, sizeof(text));
        assert_true(text[0] != '\0');
        assert_null(strstr(text, "tigressV2"));
        receive_number(f, i);
    }
    assert_int_equal(tigress_session_envelope_version(f->bob), 1);
}

/* An answer with a key without an offer, and one that comes too late. */
static void key__in_an_answer_without_an_offer__ignored_and_removed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    show_v1(f, "{\"tigressV2\":{\"publicKey\":\"" KEY_NINE "\"},\"format\":\"x\",\"content\":{}}");
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, "{\"format\":\"x\",\"content\":{}}");
    assert_int_equal(tigress_session_envelope_version(f->alice), 1);
}

static void key__after_an_answer_without_a_key__v1_stays(void **state)
{
    struct fixture *f = *state;

    invite(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    send_number(f, 2);
    receive_number(f, 2);
    show_v1(f, "{\"format\":\"x\",\"content\":{},\"tigressV2\":{\"publicKey\":\"" KEY_NINE "\"}}");
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_envelope_version(f->alice), 1);
    send_number(f, 3);
    receive_number(f, 3);
}

static const char *message_of(size_t len)
{
    static const char head[] = "{\"format\":\"x\",\"content\":{\"a\":\"";
    static char big[TIGRESS_MESSAGE_MAX + 1];

    memset(big, 'b', len);
    memcpy(big, head, sizeof(head) - 1);
    memcpy(big + len - 3, "\"}}", 4);
    return big;
}

static void share(struct fixture *f, size_t len)
{
    tigress_session_free(&f->alice);
    assert_int_equal(tigress_initiator_new(&f->alice, FAKE_RELAY, message_of(len), len, NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(f->alice, "RWD"), TIGRESS_OK);
}

/* spec-test: protocol/7#envelope-v2-room */
static void first_messages__longest_with_room_for_the_key__v2(void **state)
{
    struct fixture *f = *state;

    share(f, TIGRESS_MESSAGE_FIRST_MAX);
    receive_first(f);
    assert_message(f->bob, message_of(TIGRESS_MESSAGE_FIRST_MAX));
    assert_int_equal(tigress_session_send(f->bob, message_of(TIGRESS_MESSAGE_FIRST_MAX + 1),
                                          TIGRESS_MESSAGE_FIRST_MAX + 1),
                     TIGRESS_E_LIMIT);
    assert_string_equal(tigress_session_error_text(f->bob),
                        "message: expected at most 38912 bytes, which leaves room for the key of "
                        "envelope v2, got 38913");
    assert_int_equal(tigress_session_send(f->bob, message_of(TIGRESS_MESSAGE_FIRST_MAX),
                                          TIGRESS_MESSAGE_FIRST_MAX),
                     TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
    assert_int_equal(
        tigress_session_send(f->alice, message_of(TIGRESS_MESSAGE_MAX), TIGRESS_MESSAGE_MAX),
        TIGRESS_E_LIMIT);
    send_number(f, 3);
    receive_number(f, 3);
    assert_int_equal(
        tigress_session_send(f->bob, message_of(TIGRESS_MESSAGE_MAX), TIGRESS_MESSAGE_MAX),
        TIGRESS_OK);
}

/* spec-test: protocol/7#envelope-v2-room */
static void first_message__no_room_for_the_key__refused_not_v1(void **state)
{
    struct fixture *f = *state;

    share(f, TIGRESS_MESSAGE_FIRST_MAX + 1);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_LIMIT);
    assert_non_null(strstr(tigress_session_error_text(f->alice), "got 38913"));
    assert_int_equal(f->relay.request_count, 0);
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    assert_message(f->bob, message_of(TIGRESS_MESSAGE_FIRST_MAX + 1));
    assert_int_equal(tigress_session_v2(f->bob), TIGRESS_V2_GIVEN_UP);
}

static void secret_of_32_bytes__v2_as_well(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_secret_len(f->alice, 32), TIGRESS_OK);
    go_to(f, 5);
    receive_number(f, 5);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
    assert_string_equal(f->relay.type, TIGRESS_AEAD_AES_256_GCM);
}

static void relay_without_versions__v2_as_well(void **state)
{
    struct fixture *f = *state;

    f->relay.has_versions = false;
    go_to(f, 5);
    receive_number(f, 5);
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
}

/* spec-test: protocol/7#envelope-v2-member-is-the-librarys */
static void member__set_by_the_application__refused(void **state)
{
    static const char *const bad[] = {
        "{\"format\":\"x\",\"content\":{},\"tigressV2\":null}",
        "{\"tigress\\u00562\":{\"publicKey\":\"" KEY_NINE "\"},\"format\":\"x\",\"content\":{}}",
    };
    struct fixture *f = *state;
    char why[TIGRESS_TEXT_MAX];

    receive_first(f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tigress_session *s = NULL;

        assert_int_equal(tigress_session_send(f->bob, bad[i], strlen(bad[i])), TIGRESS_E_MESSAGE);
        assert_int_equal(
            tigress_initiator_new(&s, FAKE_RELAY, bad[i], strlen(bad[i]), why, sizeof(why)),
            TIGRESS_E_MESSAGE);
        assert_non_null(strstr(why, "tigressV2"));
        assert_null(s);
    }
    send_number(f, 2);
}

static void disable__after_first_step__refused(void **state)
{
    struct fixture *f = *state;

    invite(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_disable_envelope_v2(NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_envelope_version(NULL), 1);
}

/* ---- invalid keys --------------------------------------------------------------------- */

static const char *const bad_keys[] = {
    "{\"publicKey\":\"" KEY_ZERO "\"}", "{\"publicKey\":\"AQ\"}", "{}", "7", "[]", "\"k\"",
};

/* spec-test: protocol/7#envelope-v2-zero-shared-secret */
static void offer__invalid_key__bad_message_and_intact(void **state)
{
    struct fixture *f = *state;
    char json[256];

    invite(f);
    keep(f, 1);
    for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        (void)snprintf(json, sizeof(json), "{\"format\":\"x\",\"content\":{},\"tigressV2\":%s}",
                       bad_keys[i]);
        show_v1(f, json);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_BAD_MESSAGE);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
    show_truth(f, 1);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
}

/* spec-test: protocol/1#null-is-absent */
static void offer__null__as_without_an_offer(void **state)
{
    struct fixture *f = *state;

    invite(f);
    keep(f, 1);
    show_v1(f, "{\"format\":\"x\",\"content\":{},\"tigressV2\":null}");
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, "{\"format\":\"x\",\"content\":{}}");
    assert_int_equal(tigress_session_envelope_version(f->bob), 1);
}

/* spec-test: protocol/7#envelope-v2-zero-shared-secret */
static void answer__invalid_key__bad_message_and_intact(void **state)
{
    struct fixture *f = *state;
    char json[256];

    go_to(f, 2);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        (void)snprintf(json, sizeof(json), "{\"format\":\"x\",\"content\":{},\"tigressV2\":%s}",
                       bad_keys[i]);
        show_v1(f, json);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
        assert_failed(f->alice, TIGRESS_E_BAD_MESSAGE);
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    show_truth(f, 2);
    receive_number(f, 2);
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
}

/* ---- one message a turn --------------------------------------------------------------- */

/* spec-test: protocol/7#envelope-v2-strict-turns */
static void second_offer__before_the_answer__refused(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    keep(f, 1);
    show_v1(f, MESSAGE_2);
    assert_refused(f, f->bob, "not the next one", 1);
    send_number(f, 2);
    receive_number(f, 2);
}

/* spec-test: protocol/7#envelope-v2-strict-turns */
static void send__again_while_the_first_is_under_way__refused(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    fake_relay_say(f->bob, 412, "");
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply_failed(f->bob, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_E_STATE);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
}

/* The relay stored the message but refused it; the answer to it arrives nevertheless. */
static void send__stored_but_refused_by_the_relay__the_answer_is_received(void **state)
{
    struct fixture *f = *state;
    static struct fake_answer answer;

    go_to(f, 3);
    receive_number(f, 3);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_handle(&f->relay, tigress_session_request(f->bob), &answer);
    assert_int_equal(tigress_session_reply(f->bob, 412, NULL, 0, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
    send_number(f, 5);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
    assert_message(f->bob, "{\"format\":\"x\",\"content\":{\"n\":5}}");
    send_number(f, 6);
    receive_number(f, 6);
}

/* One side loaded twice from one save: the second copy is detected. */
static void loaded_twice__second_copy__refused(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *twin = NULL;

    go_to(f, 2);
    receive_number(f, 2);
    twin = twin_of(f->alice);
    send_number(f, 3);
    assert_int_equal(tigress_session_send(twin, MESSAGE_1, strlen(MESSAGE_1)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, twin), TIGRESS_FAILED);
    assert_failed(twin, TIGRESS_E_ELSEWHERE);
    tigress_session_free(&twin);
    receive_number(f, 3);
}

/* ---- keys are wiped ----------------------------------------------------------------------- */

/* How often the private key of this public key occurs in the saved state. */
static size_t count_private(struct tigress_session *s, const uint8_t public_key[TG_X25519_LEN])
{
    unsigned char *saved = NULL;
    size_t len = 0;
    size_t count = 0;

    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    for (size_t i = 0; i + TG_X25519_LEN <= len; i++) {
        struct tg_secret key = { .len = 0 };
        uint8_t made[TG_X25519_LEN];

        assert_int_equal(tg_secret_set(&key, tg_bytes(saved + i, TG_X25519_LEN)), TG_OK);
        assert_int_equal(tg_x25519_public(made, &key), TG_OK);
        count += memcmp(made, public_key, sizeof(made)) == 0 ? 1 : 0;
    }
    tigress_free(saved, len);
    return count;
}

static void public_of(struct fixture *f, const char *data, uint8_t public_key[TG_X25519_LEN])
{
    char text[1024];
    struct tg_envelope2_member member = { .is_present = false };
    struct tg_buf rest;

    open_v1(f, data, text, sizeof(text));
    tg_buf_init(&rest, sizeof(text));
    assert_int_equal(tg_envelope2_member_take(&rest, &member, tg_bytes_str(text)), TG_OK);
    assert_true(member.public_key.is_set);
    memcpy(public_key, member.public_key.bytes, TG_X25519_LEN);
    tg_buf_deinit(&rest);
}

/* spec-test: protocol/7#envelope-v2-private-key-ends */
static void saved_state__private_key__kept_until_the_keys_are_derived(void **state)
{
    struct fixture *f = *state;
    uint8_t offered[TG_X25519_LEN];
    uint8_t answered[TG_X25519_LEN];

    go_to(f, 2);
    public_of(f, kept[1], offered);
    public_of(f, kept[2], answered);
    assert_int_equal(count_private(f->alice, offered), 1);
    assert_int_equal(count_private(f->bob, answered), 0);
    receive_number(f, 2);
    assert_int_equal(count_private(f->alice, offered), 0);
}

static void saved_state__reloaded_before_every_step__same_transfer(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    for (unsigned i = 2; i < 8; i++) {
        for (int side = 0; side < 2; side++) {
            struct tigress_session **s = side == 0 ? &f->alice : &f->bob;
            struct tigress_session *twin = twin_of(*s);

            tigress_session_free(s);
            *s = twin;
        }
        send_number(f, i);
        receive_number(f, i);
    }
    assert_int_equal(tigress_session_envelope_version(f->alice), 2);
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(envelope_v2__both_support_it__used_from_the_third_message_on),
        CASE(envelope_v2__recipient_without_it__v1_to_the_end),
        CASE(envelope_v2__initiator_without_it__no_key_in_the_answer),
        CASE(key__in_an_answer_without_an_offer__ignored_and_removed),
        CASE(key__after_an_answer_without_a_key__v1_stays),
        CASE(first_messages__longest_with_room_for_the_key__v2),
        CASE(first_message__no_room_for_the_key__refused_not_v1),
        CASE(secret_of_32_bytes__v2_as_well),
        CASE(relay_without_versions__v2_as_well),
        CASE(member__set_by_the_application__refused),
        CASE(disable__after_first_step__refused),
        CASE(offer__null__as_without_an_offer),
        CASE(offer__invalid_key__bad_message_and_intact),
        CASE(answer__invalid_key__bad_message_and_intact),
        CASE(second_offer__before_the_answer__refused),
        CASE(send__again_while_the_first_is_under_way__refused),
        CASE(send__stored_but_refused_by_the_relay__the_answer_is_received),
        CASE(loaded_twice__second_copy__refused),
        CASE(saved_state__private_key__kept_until_the_keys_are_derived),
        CASE(saved_state__reloaded_before_every_step__same_transfer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
