/* SPDX-License-Identifier: Apache-2.0 */
/* Six digits for two persons: when they appear, what they depend on, and what ends a transfer. */
#include "unit/client/recording_relay.h"

#include "client/session.h"

static void digits_of(const struct tigress_session *s, char out[TIGRESS_SAS_TEXT_MAX])
{
    assert_int_equal(tigress_session_sas(s, out, TIGRESS_SAS_TEXT_MAX), TIGRESS_OK);
    assert_int_equal(strlen(out), 6);
    assert_int_equal(strspn(out, "0123456789"), 6);
}

static void assert_later(const struct tigress_session *s)
{
    char out[TIGRESS_SAS_TEXT_MAX] = "x";

    assert_int_equal(tigress_session_sas_state(s), TIGRESS_SAS_LATER);
    assert_int_equal(tigress_session_sas(s, out, sizeof(out)), TIGRESS_E_STATE);
    assert_string_equal(out, "");
}

/* spec-test: protocol/7#sas-shown-after-message-3 */
static void digits__of_both_sides__the_same_and_not_before_the_third_message(void **state)
{
    struct fixture *f = *state;
    char alice[TIGRESS_SAS_TEXT_MAX];
    char bob[TIGRESS_SAS_TEXT_MAX];

    assert_later(f->alice);
    receive_first(f);
    assert_later(f->alice);
    assert_later(f->bob);
    send_number(f, 2);
    receive_number(f, 2);
    assert_later(f->alice);
    assert_later(f->bob);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_later(f->alice); /* sealed, but not in the mailbox */
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    digits_of(f->alice, alice);
    assert_later(f->bob);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_3);
    digits_of(f->bob, bob);
    assert_string_equal(alice, bob);
    assert_int_equal(tigress_session_sas_state(f->bob), TIGRESS_SAS_READY);
    assert_int_equal(tigress_session_sas(f->bob, bob, 6), TIGRESS_E_LIMIT);
    assert_string_equal(bob, "");
}

static void digits__of_two_transfers__differ(void **state)
{
    struct fixture *f = *state;
    char digits[2][TIGRESS_SAS_TEXT_MAX];

    go_to(f, 3);
    digits_of(f->alice, digits[0]);
    tigress_session_free(&f->alice);
    tigress_session_free(&f->bob);
    fake_relay_init(&f->relay);
    assert_int_equal(
        tigress_initiator_new(&f->alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(f->alice, "RWD"), TIGRESS_OK);
    go_to(f, 3);
    digits_of(f->alice, digits[1]);
    assert_string_not_equal(digits[0], digits[1]);
}

static void digits__after_every_reload__the_same(void **state)
{
    struct fixture *f = *state;
    char alice[TIGRESS_SAS_TEXT_MAX];
    char bob[TIGRESS_SAS_TEXT_MAX];

    receive_first(f);
    for (unsigned i = 2; i < 6; i++) {
        struct tigress_session *twins[] = { twin_of(f->alice), twin_of(f->bob) };

        tigress_session_free(&f->alice);
        tigress_session_free(&f->bob);
        f->alice = twins[0];
        f->bob = twins[1];
        send_number(f, i);
        receive_number(f, i);
    }
    digits_of(f->alice, alice);
    digits_of(f->bob, bob);
    assert_string_equal(alice, bob);
}

static void digits__without_v2__not_possible(void **state)
{
    struct fixture *f = *state;
    char out[TIGRESS_SAS_TEXT_MAX];

    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_sas_state(f->alice), TIGRESS_SAS_NONE);
    receive_first(f);
    assert_int_equal(tigress_session_sas_state(f->bob), TIGRESS_SAS_NONE);
    assert_int_equal(tigress_session_sas(f->bob, out, sizeof(out)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_compare_sas(f->bob, TIGRESS_SAS_SAME), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_sas_state(NULL), TIGRESS_SAS_NONE);
    assert_int_equal(tigress_session_sas(NULL, out, sizeof(out)), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_compare_sas(NULL, TIGRESS_SAS_SAME), TIGRESS_E_ARGUMENT);
}

/* ---- what the persons saw ------------------------------------------------------------------- */

static void compare__same__kept_in_saved_state(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *twin = NULL;

    go_to(f, 3);
    assert_int_equal(tigress_session_compare_sas(f->bob, TIGRESS_SAS_SAME), TIGRESS_E_STATE);
    receive_number(f, 3);
    assert_int_equal(tigress_session_compare_sas(f->bob, (enum tigress_sas_verdict)3),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_compare_sas(f->bob, (enum tigress_sas_verdict)0),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_sas_state(f->bob), TIGRESS_SAS_READY);
    assert_int_equal(tigress_session_compare_sas(f->bob, TIGRESS_SAS_SAME), TIGRESS_OK);
    twin = twin_of(f->bob);
    assert_int_equal(tigress_session_sas_state(twin), TIGRESS_SAS_CONFIRMED);
    tigress_session_free(&twin);
}

/* spec-test: protocol/7#sas-mismatch-ends */
static void compare__different__ends_for_both(void **state)
{
    struct fixture *f = *state;

    go_to(f, 3);
    receive_number(f, 3);
    assert_int_equal(tigress_session_compare_sas(f->bob, TIGRESS_SAS_DIFFERENT), TIGRESS_OK);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_E_STATE);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_DECLINED);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
}

static void compare__different_at_the_initiator__withdrawn(void **state)
{
    struct fixture *f = *state;

    go_to(f, 3);
    assert_int_equal(tigress_session_compare_sas(f->alice, TIGRESS_SAS_DIFFERENT), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->alice), TIGRESS_END_WITHDRAWN_OPENED);
}

/* ---- a hostile initiator -------------------------------------------------------------------- */

/* Shows bob a third message of alice's own making: everything but the member is right. */
static void show_third(struct fixture *f, const char *member)
{
    struct tigress_session *s = f->alice;
    struct tg_envelope2_place place = { .mailbox = s->url.mailbox,
                                        .sender = TG_ENVELOPE2_INITIATOR,
                                        .seq = 3 };
    char json[512];
    struct tg_buf box;

    memcpy(place.transcript, s->chain.transcript, sizeof(place.transcript));
    (void)snprintf(json, sizeof(json), "{\"format\":\"x\",\"content\":{}%s}", member);
    tg_buf_init(&box, MAILBOX_ROOM);
    assert_int_equal(tg_envelope2_seal(&box, &s->chain.keys.to_recipient, &place,
                                       tg_bytes_str(json), &tg_rng_system),
                     TG_OK);
    tg_buf_append_u8(&box, 0);
    show(f, (const char *)box.ptr);
    tg_buf_deinit(&box);
}

/* spec-test: protocol/7#sas-commitment */
static void reveal__another_value_or_none__ends_before_the_message_is_shown(void **state)
{
    static const char *const members[] = {
        "",
        ",\"tigressV2\":{}",
        ",\"tigressV2\":null",
        ",\"tigressV2\":{\"reveal\":null}",
        ",\"tigressV2\":{\"reveal\":7}",
        ",\"tigressV2\":{\"reveal\":\"AA\"}",
        ",\"tigressV2\":{\"reveal\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        ",\"tigressV2\":{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    };
    struct fixture *f = *state;

    go_to(f, 2);
    receive_number(f, 2);
    for (size_t i = 0; i < TG_COUNT(members); i++) {
        struct tigress_session *twin = twin_of(f->bob);

        show_third(f, members[i]);
        assert_int_equal(tigress_session_wait(twin), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, twin), TIGRESS_FAILED);
        assert_failed(twin, TIGRESS_E_SAS);
        assert_int_equal(tigress_error_class(TIGRESS_E_SAS), TIGRESS_CLASS_REFUSED);
        assert_message(twin, MESSAGE_1);
        assert_int_equal(tigress_session_retry(twin), TIGRESS_E_STATE);
        tigress_session_free(&twin);
    }
    f->relay.version = (unsigned)tigress_session_version(f->alice);
    send_number(f, 3);
    receive_number(f, 3);
}

/* What a state of the table cannot have: refused, not repaired. */
static void saved__with_a_stage_that_cannot_be__refused(void **state)
{
    static const struct {
        unsigned stage;
        bool is_confirmed;
        const char *digits;
    } rows[] = {
        { TG_SAS_NONE, true, "" },      { TG_SAS_COMMITTED, false, "" },
        { TG_SAS_ANSWERED, false, "" }, { TG_SAS_KNOWN, false, "12345x" },
        { TG_SAS_KNOWN, false, "" },    { TG_SAS_WRONG, false, "123456" },
        { 9, false, "123456" },
    };
    struct fixture *f = *state;

    go_to(f, 3);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tigress_session *s = twin_of(f->alice);
        unsigned char *saved = NULL;
        size_t len = 0;

        s->chain.sas.stage = (enum tg_sas_stage)rows[i].stage;
        s->chain.sas.is_confirmed = rows[i].is_confirmed;
        (void)snprintf(s->chain.sas.digits, sizeof(s->chain.sas.digits), "%s", rows[i].digits);
        assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
        tigress_session_free(&s);
        assert_int_equal(tigress_session_resume(&s, saved, len, NULL, 0), TIGRESS_E_SAVED_STATE);
        tigress_free(saved, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(digits__of_both_sides__the_same_and_not_before_the_third_message),
        CASE(digits__of_two_transfers__differ),
        CASE(digits__after_every_reload__the_same),
        CASE(digits__without_v2__not_possible),
        CASE(compare__same__kept_in_saved_state),
        CASE(compare__different__ends_for_both),
        CASE(compare__different_at_the_initiator__withdrawn),
        CASE(reveal__another_value_or_none__ends_before_the_message_is_shown),
        CASE(saved__with_a_stage_that_cannot_be__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
