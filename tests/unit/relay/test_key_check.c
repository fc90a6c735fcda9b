/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/key_check.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX2 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define ENCODED_LEN(count) (1u + TG_KEY_CHECK_LEN + 1u + (count) * (4u + TG_KEY_CHECK_LEN))

static struct tg_key_checks checks_of(const char *text)
{
    struct tg_keyring keyring;
    struct tg_key_checks checks;

    assert_int_equal(tg_keyring_parse(&keyring, tg_bytes_str(text), NULL), TG_OK);
    assert_int_equal(tg_key_checks_of(&checks, &keyring), TG_OK);
    tg_keyring_wipe(&keyring);
    return checks;
}

static struct tg_buf encoded(const struct tg_key_checks *checks)
{
    struct tg_buf out;

    tg_buf_init(&out, 2048);
    assert_int_equal(tg_key_checks_encode(&out, checks), TG_OK);
    return out;
}

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    char text[2 * TG_KEY_CHECK_LEN + 1] = { 0 };

    for (size_t i = 0; i < TG_KEY_CHECK_LEN; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

static void of__fixed_keys__the_values_of_an_independent_program(void **state)
{
    struct tg_key_checks checks = checks_of("index " HEX "\nseal 1 " HEX "\nseal 7 " HEX2);

    (void)state;
    assert_hex(checks.index, "df4f254c43d9f17b48d99b868bae4748");
    assert_int_equal(checks.seal_count, 2);
    assert_int_equal(checks.seals[0].id, 1);
    assert_hex(checks.seals[0].check, "b5242c57030342caa8753e29dde28e68");
    assert_int_equal(checks.seals[1].id, 7);
    assert_hex(checks.seals[1].check, "0e773d69d2c8f5b161af592a2830071c");
}

static void encode__decoded_again__the_same_and_no_key_in_it(void **state)
{
    struct tg_key_checks checks = checks_of("index " HEX "\nseal 1 " HEX "\nseal 7 " HEX2);
    struct tg_key_checks back;
    struct tg_buf out = encoded(&checks);

    (void)state;
    assert_int_equal(out.len, ENCODED_LEN(2));
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_OK);
    assert_memory_equal(&back, &checks, sizeof(back));
    assert_null(memmem(out.ptr, out.len, "\x00\x01\x02\x03", 4));
    tg_buf_deinit(&out);
}

static void decode__cut_or_too_long__refused_and_zero(void **state)
{
    static const struct tg_key_checks zero;
    struct tg_key_checks checks = checks_of("index " HEX "\nseal 1 " HEX "\nseal 7 " HEX2);
    struct tg_key_checks back;
    struct tg_buf out = encoded(&checks);
    struct tg_buf longer = encoded(&checks);

    (void)state;
    for (size_t len = 0; len < out.len; len++) {
        struct tg_buf cut = exact(out.ptr, len);

        memset(&back, 0x5a, sizeof(back));
        assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&cut)), TG_E_SYNTAX);
        assert_memory_equal(&back, &zero, sizeof(back));
        tg_buf_deinit(&cut);
    }
    tg_buf_append_u8(&longer, 0);
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&longer)), TG_E_SYNTAX);
    tg_buf_deinit(&longer);
    tg_buf_deinit(&out);
}

static void decode__other_format_or_wrong_ids__refused(void **state)
{
    struct tg_key_checks checks = checks_of("index " HEX "\nseal 1 " HEX "\nseal 7 " HEX2);
    struct tg_key_checks back;
    struct tg_buf out = encoded(&checks);
    const size_t second_id = 1 + TG_KEY_CHECK_LEN + 1 + 4 + TG_KEY_CHECK_LEN + 3;

    (void)state;
    out.ptr[second_id] = 1;
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    out.ptr[second_id] = 0;
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    out.ptr[second_id] = 2;
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_OK);
    out.ptr[0] = 2;
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

static void decode__sixteen_seal_keys__read_and_one_more_is_refused(void **state)
{
    struct tg_key_checks checks = { .seal_count = TG_SEAL_KEYS_MAX };
    struct tg_key_checks back;
    struct tg_buf out;

    (void)state;
    for (size_t i = 0; i < TG_SEAL_KEYS_MAX; i++) {
        checks.seals[i].id = (uint32_t)i + 1;
    }
    out = encoded(&checks);
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_OK);
    assert_memory_equal(&back, &checks, sizeof(back));
    out.ptr[1 + TG_KEY_CHECK_LEN] = TG_SEAL_KEYS_MAX + 1;
    fill(&out, 'x', 4 + TG_KEY_CHECK_LEN);
    assert_int_equal(tg_key_checks_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

static struct tg_key_difference compare(const char *stored, const char *file)
{
    struct tg_key_checks a = checks_of(stored);
    struct tg_key_checks b = checks_of(file);
    struct tg_key_difference d;

    memset(&d, 0x5a, sizeof(d));
    tg_key_checks_compare(&d, &a, &b);
    return d;
}

static void compare__the_same_keys_in_another_order__no_difference(void **state)
{
    struct tg_key_difference d = compare("index " HEX "\nseal 1 " HEX "\nseal 7 " HEX2,
                                         "index " HEX "\nseal 7 " HEX2 "\nseal 1 " HEX);
    static const struct tg_key_difference none;

    (void)state;
    assert_memory_equal(&d, &none, sizeof(d));
}

static void compare__each_difference__is_named_alone(void **state)
{
    struct tg_key_difference d =
        compare("index " HEX "\nseal 1 " HEX, "index " HEX2 "\nseal 1 " HEX);

    (void)state;
    assert_true(d.has_other_index);
    assert_int_equal(d.other_seal_id, 0);
    d = compare("index " HEX "\nseal 1 " HEX, "index " HEX "\nseal 1 " HEX2);
    assert_false(d.has_other_index);
    assert_int_equal(d.other_seal_id, 1);
    assert_false(d.has_new_seal);
    assert_int_equal(d.missing_count, 0);
    d = compare("index " HEX "\nseal 1 " HEX, "index " HEX "\nseal 1 " HEX "\nseal 2 " HEX2);
    assert_true(d.has_new_seal);
    assert_int_equal(d.other_seal_id, 0);
    d = compare("index " HEX "\nseal 1 " HEX "\nseal 2 " HEX2, "index " HEX "\nseal 2 " HEX2);
    assert_false(d.has_new_seal);
    assert_int_equal(d.missing_count, 1);
    assert_int_equal(d.missing_ids[0], 1);
}

/* The same bytes as index key and as seal keys have different check values. */
static void compare__a_key_in_another_place__is_another_key(void **state)
{
    struct tg_key_checks checks = checks_of("index " HEX "\nseal 1 " HEX "\nseal 2 " HEX);

    (void)state;
    assert_memory_not_equal(checks.index, checks.seals[0].check, TG_KEY_CHECK_LEN);
    assert_memory_not_equal(checks.seals[0].check, checks.seals[1].check, TG_KEY_CHECK_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of__fixed_keys__the_values_of_an_independent_program),
        cmocka_unit_test(encode__decoded_again__the_same_and_no_key_in_it),
        cmocka_unit_test(decode__cut_or_too_long__refused_and_zero),
        cmocka_unit_test(decode__other_format_or_wrong_ids__refused),
        cmocka_unit_test(decode__sixteen_seal_keys__read_and_one_more_is_refused),
        cmocka_unit_test(compare__the_same_keys_in_another_order__no_difference),
        cmocka_unit_test(compare__each_difference__is_named_alone),
        cmocka_unit_test(compare__a_key_in_another_place__is_another_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
