/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/hex.h"

#include <string.h>

static void digit__every_byte__its_value_or_minus_one(void **state)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *at = c == 0 ? NULL : strchr(digits, c);

        assert_int_equal(tg_hex_digit((uint8_t)c), at == NULL ? -1 : (int)(at - digits) % 16);
    }
}

static void encode__every_byte__lower_case_and_back(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t raw = (uint8_t)c;
        uint8_t back = 0;
        struct tg_buf out;

        tg_buf_init(&out, 2);
        tg_hex_encode(&out, tg_bytes(&raw, 1));
        assert_int_equal(tg_buf_status(&out), TG_OK);
        assert_null(strpbrk(tg_buf_cstr(&out), "ABCDEF"));
        assert_int_equal(tg_hex_decode(&back, 1, tg_buf_view(&out)), TG_OK);
        assert_int_equal(back, raw);
        tg_buf_deinit(&out);
    }
}

static void decode__wrong_length_or_digit__refused_and_zeroed(void **state)
{
    static const char *const texts[] = { "", "0", "01234", "012345", "0g", "g0", "01 2", "0x12" };
    static const uint8_t zero[2] = { 0 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        uint8_t raw[2] = { 1, 1 };

        assert_int_equal(tg_hex_decode(raw, 2, tg_bytes_str(texts[i])), TG_E_SYNTAX);
        assert_memory_equal(raw, zero, 2);
    }
}

static void decode__either_case__accepted(void **state)
{
    static const uint8_t expected[] = { 0xab, 0xcd };
    uint8_t raw[2];

    (void)state;
    assert_int_equal(tg_hex_decode(raw, 2, TG_LIT("aBCd")), TG_OK);
    assert_memory_equal(raw, expected, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digit__every_byte__its_value_or_minus_one),
        cmocka_unit_test(encode__every_byte__lower_case_and_back),
        cmocka_unit_test(decode__wrong_length_or_digit__refused_and_zeroed),
        cmocka_unit_test(decode__either_case__accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
