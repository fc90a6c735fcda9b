/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/attest/attest_vectors.h"

#include "attest/der.h"

static void elements__are_read_in_order_and_to_the_end(void **state)
{
    struct tg_der d =
        tg_der_init(TG_LIT("\x30\x03\x02\x01\x05\x01\x01\xff\xbf\x89\x34\x02\x04\x00"));
    struct tg_der in = tg_der_enter(&d, TG_DER_SEQUENCE);
    struct tg_der tagged;

    (void)state;
    assert_int_equal(tg_der_number(&in, TG_DER_INTEGER), 5);
    assert_true(tg_der_is_done(&in));
    assert_true(tg_der_boolean(&d));
    assert_true(tg_der_peek(&d) == TG_DER_EXPLICIT(1204));
    tagged = tg_der_enter(&d, TG_DER_EXPLICIT(1204));
    assert_int_equal(tg_der_take(&tagged, TG_DER_OCTETS).len, 0);
    assert_true(tg_der_is_done(&tagged));
    assert_true(tg_der_is_done(&d));
    assert_false(tg_der_has_more(&d));
}

static bool is_read(const char *digits)
{
    struct tg_buf data;
    struct tg_der d;
    uint32_t tag = 0;
    bool is_done = false;

    tg_buf_init(&data, 70000);
    unit_unhex(&data, digits);
    d = tg_der_init(tg_buf_view(&data));
    (void)tg_der_any(&d, &tag);
    is_done = tg_der_is_done(&d);
    tg_buf_deinit(&data);
    return is_done;
}

static void not_der__is_bad(void **state)
{
    static const char *const bad[] = {
        "",         "04",         "0402",       "040201",   /* truncated */
        "0480",     "24800000",   "048101",     "04810100", /* indefinite, not the shortest form */
        "04820001", "0482007f",   "0483000001", "04ff",     "1f",
        "1f01",     "1f0100",     "1f1e00", /* a small tag number in the long form */
        "1f800100", "1f81818101", "bf8001",     "0000",     "040100ff",
    };

    (void)state;
    assert_true(is_read("0400"));
    assert_true(is_read("1f1f00"));
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        if (is_read(bad[i])) {
            print_error("%s\n", bad[i]);
            fail();
        }
    }
}

static bool is_number(struct tg_bytes data, int32_t expected)
{
    struct tg_der d = tg_der_init(data);
    int32_t got = tg_der_number(&d, TG_DER_INTEGER);

    return tg_der_is_done(&d) && got == expected;
}

static void numbers__in_their_shortest_form_from_0_to_the_largest(void **state)
{
    (void)state;
    assert_true(is_number(TG_LIT("\x02\x01\x00"), 0));
    assert_true(is_number(TG_LIT("\x02\x02\x00\x80"), 128));
    assert_true(is_number(TG_LIT("\x02\x04\x7f\xff\xff\xff"), INT32_MAX));
    assert_false(is_number(TG_LIT("\x02\x05\x00\x80\x00\x00\x00"), INT32_MIN));
    assert_false(is_number(TG_LIT("\x02\x01\x80"), -128));
    assert_false(is_number(TG_LIT("\x02\x02\x00\x05"), 5));
    assert_false(is_number(TG_LIT("\x02\x00"), 0));
    assert_false(is_number(TG_LIT("\x0a\x01\x05"), 5));
}

static void boolean__is_one_byte_of_00_or_ff(void **state)
{
    static const struct tg_bytes bad[] = { { (const uint8_t *)"\x01\x01\x01", 3 },
                                           { (const uint8_t *)"\x01\x00", 2 },
                                           { (const uint8_t *)"\x01\x02\xff\xff", 4 } };
    struct tg_der d = tg_der_init(TG_LIT("\x01\x01\x00"));

    (void)state;
    assert_false(tg_der_boolean(&d));
    assert_true(tg_der_is_done(&d));
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        d = tg_der_init(bad[i]);
        assert_false(tg_der_boolean(&d));
        assert_true(d.is_bad);
    }
}

static void after_an_error__nothing_more_is_read(void **state)
{
    struct tg_der d = tg_der_init(TG_LIT("\x02\x01\x05\x04\x01x"));
    uint32_t tag = 42;

    (void)state;
    assert_int_equal(tg_der_take(&d, TG_DER_OCTETS).len, 0);
    assert_true(d.is_bad);
    assert_int_equal(tg_der_take(&d, TG_DER_INTEGER).len, 0);
    assert_int_equal(tg_der_any(&d, &tag).len, 0);
    assert_int_equal(tg_der_whole(&d).len, 0);
    assert_int_equal(tg_der_peek(&d), 0);
    assert_false(tg_der_skip_if(&d, TG_DER_INTEGER));
    assert_false(tg_der_has_more(&d));
    assert_false(tg_der_is_done(&d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements__are_read_in_order_and_to_the_end),
        cmocka_unit_test(not_der__is_bad),
        cmocka_unit_test(numbers__in_their_shortest_form_from_0_to_the_largest),
        cmocka_unit_test(boolean__is_one_byte_of_00_or_ff),
        cmocka_unit_test(after_an_error__nothing_more_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
