/* SPDX-License-Identifier: Apache-2.0 */
/* The example of RFC 6979 section A.2.5: P-256 with SHA-256, message "sample". */
#include "support/c/unit.h"

#include "crypto/ecdsa.h"

#include <string.h>

static const uint8_t public_key[] = {
    0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74,
    0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6,
    0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8,
    0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2,
    0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};
static const uint8_t signature[TG_ECDSA_RAW_LEN] = {
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
    0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
    0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
    0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
};
#define MESSAGE TG_LIT("sample")

static void verify__published_example__accepted(void **state)
{
    (void)state;
    assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(public_key), MESSAGE, signature), TG_OK);
}

static void verify__any_other_bit__denied(void **state)
{
    uint8_t changed[TG_ECDSA_RAW_LEN];
    uint8_t point[sizeof(public_key)];

    (void)state;
    assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(public_key), TG_LIT("Sample"), signature),
                     TG_E_DENIED);
    for (size_t i = 0; i < 8 * sizeof(changed); i++) {
        memcpy(changed, signature, sizeof(changed));
        changed[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(public_key), MESSAGE, changed),
                         TG_E_DENIED);
    }
    memset(changed, 0, sizeof(changed));
    assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(public_key), MESSAGE, changed), TG_E_DENIED);
    memset(changed, 0xff, sizeof(changed));
    assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(public_key), MESSAGE, changed), TG_E_DENIED);
    for (size_t i = 0; i < sizeof(point); i++) {
        memcpy(point, public_key, sizeof(point));
        point[i] ^= 1;
        assert_int_equal(tg_ecdsa_verify(TG_ARRAY_BYTES(point), MESSAGE, signature), TG_E_SYNTAX);
    }
    assert_int_equal(
        tg_ecdsa_verify(tg_bytes(public_key, sizeof(public_key) - 1), MESSAGE, signature),
        TG_E_SYNTAX);
}

static void der__there_and_back__the_same(void **state)
{
    static const uint8_t small[TG_ECDSA_RAW_LEN] = { [31] = 1, [63] = 0x80 };
    static const uint8_t *const raws[] = { signature, small };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(raws); i++) {
        uint8_t back[TG_ECDSA_RAW_LEN] = { 0 };
        struct tg_buf der;

        tg_buf_init(&der, TG_ECDSA_DER_MAX);
        assert_int_equal(tg_ecdsa_to_der(&der, raws[i]), TG_OK);
        assert_int_equal(tg_ecdsa_from_der(back, tg_buf_view(&der)), TG_OK);
        assert_memory_equal(back, raws[i], sizeof(back));
        tg_buf_deinit(&der);
    }
}

/* One file of bytes each: the number, then what is wrong with it. */
static void from_der__what_is_not_exactly_one_signature__refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "", 0 },
        { "\x30\x06\x02\x01\x01\x02\x01", 7 },         /* cut */
        { "\x30\x06\x02\x01\x01\x02\x01\x01\x00", 9 }, /* a byte behind it */
        { "\x30\x06\x02\x01\xff\x02\x01\x01", 8 },     /* negative r */
        { "\x30\x06\x02\x01\x01\x02\x01\xff", 8 },     /* negative s */
        { "\x30\x03\x02\x01\x01", 5 },                 /* one number */
        { "\x31\x06\x02\x01\x01\x02\x01\x01", 8 },     /* a set */
        { "\x30\x27\x02\x22\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
          "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01"
          "\x01",
          41 }, /* r of 33 bytes */
    };
    uint8_t raw[TG_ECDSA_RAW_LEN];
    const uint8_t before[TG_ECDSA_RAW_LEN] = { 7 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        memcpy(raw, before, sizeof(raw));
        assert_int_equal(tg_ecdsa_from_der(raw, tg_bytes(rows[i].bytes, rows[i].len)), TG_E_SYNTAX);
        assert_memory_equal(raw, before, sizeof(raw));
    }
    assert_int_equal(tg_ecdsa_from_der(raw, tg_bytes("\x30\x06\x02\x01\x01\x02\x01\x01", 8)),
                     TG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__published_example__accepted),
        cmocka_unit_test(verify__any_other_bit__denied),
        cmocka_unit_test(der__there_and_back__the_same),
        cmocka_unit_test(from_der__what_is_not_exactly_one_signature__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
