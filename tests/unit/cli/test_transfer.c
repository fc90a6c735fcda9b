/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer.h"

#include <jansson.h>
#include <stdlib.h>

#include "cli/mem.h"
#include "unit/cli/discard_stderr.h"

#define ID "4f2a0000-1111-4222-8333-444444444444"

/* state_release() is for transfers of the state folder; these were never in it. */
static void wipe(struct transfer *t)
{
    cli_free(t->relay);
    cli_free(t->cacert);
    cli_free(t->title);
    cli_free(t->session);
    cli_free(t->pin);
    cli_free(t->pin_digits);
    *t = (struct transfer){ 0 };
}

static struct transfer full(void)
{
    static char relay[] = "relay.example", cacert[] = "/ca.pem", title[] = "Room \"214\"";
    static char session[] = { 0, 1, (char)0xff }, pin[] = { 7 }, digits[] = "123456";

    return (struct transfer){
        .id = ID,
        .role = TRANSFER_RECIPIENT,
        .status = TRANSFER_RELINQUISHED,
        .relay = relay,
        .cacert = cacert,
        .title = title,
        .created_s = 1,
        .expires_s = 1893456000,
        .sent_count = 2,
        .received_count = 3,
        .is_unread = true,
        .sending = UINT64_C(0xfedcba9876543210),
        .session = session,
        .session_len = sizeof(session),
        .pin = pin,
        .pin_len = sizeof(pin),
        .pin_digits = digits,
    };
}

static void encode_and_decode__all_members__are_equal(void **state)
{
    const struct transfer t = full();
    struct transfer back = { 0 };
    size_t len = 0;
    char *text = transfer_encode(&t, &len);

    (void)state;
    assert_non_null(text);
    assert_true(transfer_decode(&back, text, len));
    assert_int_equal(back.role, t.role);
    assert_int_equal(back.status, t.status);
    assert_string_equal(back.relay, t.relay);
    assert_string_equal(back.cacert, t.cacert);
    assert_string_equal(back.title, t.title);
    assert_int_equal(back.created_s, 1);
    assert_int_equal(back.expires_s, 1893456000);
    assert_int_equal(back.sent_count, 2);
    assert_int_equal(back.received_count, 3);
    assert_true(back.is_unread);
    assert_true(back.sending == t.sending);
    assert_int_equal(back.session_len, t.session_len);
    assert_memory_equal(back.session, t.session, t.session_len);
    assert_int_equal(back.pin_len, t.pin_len);
    assert_memory_equal(back.pin, t.pin, t.pin_len);
    assert_string_equal(back.pin_digits, "123456");
    wipe(&back);
    cli_free(text);
}

static void decode__truncated_or_one_bit_changed__refused(void **state)
{
    const struct transfer t = full();
    size_t len = 0;
    char *text = transfer_encode(&t, &len);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) {
        struct transfer cut = { 0 }, changed = { 0 };

        assert_false(transfer_decode(&cut, text, i));
        wipe(&cut);
        text[i] ^= 1;
        assert_false(transfer_decode(&changed, text, len));
        wipe(&changed);
        text[i] ^= 1;
    }
    cli_free(text);
}

static void is_uuid__other_lengths_and_characters__no(void **state)
{
    (void)state;
    assert_true(transfer_is_uuid(ID));
    assert_false(transfer_is_uuid(""));
    assert_false(transfer_is_uuid(ID "0"));
    assert_false(transfer_is_uuid("4f2a0000-1111-4222-8333-44444444444"));
    assert_false(transfer_is_uuid("4F2A0000-1111-4222-8333-444444444444"));
    assert_false(transfer_is_uuid("4f2a0000x1111-4222-8333-444444444444"));
    assert_false(transfer_is_uuid("4f2a0000-1111-4222-8333-44444444444g"));
}

static void checksum__other_bytes__differs_and_is_never_zero(void **state)
{
    (void)state;
    assert_true(transfer_checksum("", 0) != 0);
    assert_true(transfer_checksum("a", 1) != transfer_checksum("b", 1));
    assert_true(transfer_checksum("a", 1) != transfer_checksum("a\0", 2));
    assert_true(transfer_checksum("a", 1) == transfer_checksum("a", 1));
}

static void describe__any__has_no_secret(void **state)
{
    const struct transfer t = full();
    json_t *object = transfer_describe(&t);

    (void)state;
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 9);
    assert_string_equal(json_string_value(json_object_get(object, "id")), ID);
    assert_string_equal(json_string_value(json_object_get(object, "role")), "recipient");
    assert_string_equal(json_string_value(json_object_get(object, "status")), "relinquished");
    assert_string_equal(json_string_value(json_object_get(object, "relay")), "relay.example");
    assert_string_equal(json_string_value(json_object_get(object, "title")), "Room \"214\"");
    assert_string_equal(json_string_value(json_object_get(object, "expires")),
                        "2030-01-01T00:00:00Z");
    assert_int_equal(json_integer_value(json_object_get(object, "sent")), 2);
    assert_int_equal(json_integer_value(json_object_get(object, "received")), 3);
    assert_true(json_is_true(json_object_get(object, "unread")));
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_and_decode__all_members__are_equal),
        cmocka_unit_test(decode__truncated_or_one_bit_changed__refused),
        cmocka_unit_test(is_uuid__other_lengths_and_characters__no),
        cmocka_unit_test(checksum__other_bytes__differs_and_is_never_zero),
        cmocka_unit_test(describe__any__has_no_secret),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
