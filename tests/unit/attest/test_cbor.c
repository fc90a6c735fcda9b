/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/attest/attest_vectors.h"

#include "attest/cbor.h"

static enum tg_err decode_hex(struct tg_cbor **doc, const char *digits)
{
    struct tg_buf data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&data, 65536);
    unit_unhex(&data, digits);
    err = tg_cbor_decode(doc, tg_buf_view(&data));
    tg_buf_deinit(&data);
    return err;
}

static void strict_items__decode(void **state)
{
    static const char *const good[] = {
        "00",
        "17",
        "1818",
        "18ff",
        "190100",
        "1a00010000",
        "1b0000000100000000",
        "20",
        "3818",
        "3901ff",
        "1b7fffffffffffffff",
        "40",
        "43010203",
        "60",
        "63616263",
        "62c3bc",
        "80",
        "820102",
        "a0",
        "a10102",
        "a2010203f6",
        "a26161016162f5",
        "f4",
        "f5",
        "f6",
        "a1616180",
        "818181818100",
        "a3200021012202",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        struct tg_cbor *doc = NULL;

        if (decode_hex(&doc, good[i]) != TG_OK) {
            print_error("%s\n", good[i]);
            fail();
        }
        tg_cbor_free(&doc);
        assert_null(doc);
    }
}

static void other_items__are_refused_and_out_is_unchanged(void **state)
{
    static const char *const bad[] = {
        "", /* nothing */
        "18",
        "19ff",
        "1a000000", /* truncated */
        "1817",
        "1900ff",
        "1a0000ffff",
        "1b00000000ffffffff", /* not the shortest form */
        "5803010203",
        "7803616263",
        "980180",
        "b8010102",
        "1c",
        "1f",
        "3f", /* reserved, indefinite integer */
        "5f4101ff",
        "7f6161ff",
        "9f01ff",
        "bf0102ff", /* indefinite */
        "41",
        "62c3",
        "5b7fffffffffffffff",
        "8201",
        "a101", /* truncated content */
        "62c328",
        "61ff",
        "63eda080", /* not UTF-8 */
        "c001",
        "d818",
        "f97e00",
        "fb3ff0000000000000",
        "f7",
        "e0",
        "f820",
        "ff",
        "a14101f6",
        "a1f401",
        "a18001",
        "a1a001", /* keys of other types */
        "a201020103",
        "a2616101616102",
        "a22000200a",   /* a key twice */
        "a2a1010201f6", /* a map as key */
        "0000",
        "a000",
        "8080", /* more than one item */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        struct tg_cbor *doc = NULL;

        if (decode_hex(&doc, bad[i]) != TG_E_SYNTAX) {
            print_error("%s\n", bad[i]);
            fail();
        }
        assert_null(doc);
    }
}

static void same_key_in_two_maps__decodes(void **state)
{
    struct tg_cbor *doc = NULL;

    (void)state;
    assert_int_equal(decode_hex(&doc, "a20182a10102a1010203a10104"), TG_OK);
    tg_cbor_free(&doc);
}

static enum tg_err decode_nested(size_t depth)
{
    struct tg_cbor *doc = NULL;
    struct tg_buf data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&data, 64);
    for (size_t i = 0; i < depth; i++) {
        tg_buf_append_u8(&data, 0x81);
    }
    tg_buf_append_u8(&data, 0);
    err = tg_cbor_decode(&doc, tg_buf_view(&data));
    tg_cbor_free(&doc);
    tg_buf_deinit(&data);
    return err;
}

static void depth__at_the_limit_and_past_it(void **state)
{
    (void)state;
    assert_int_equal(decode_nested(TG_CBOR_DEPTH_MAX - 1), TG_OK);
    assert_int_equal(decode_nested(TG_CBOR_DEPTH_MAX), TG_OK);
    assert_int_equal(decode_nested(TG_CBOR_DEPTH_MAX + 1), TG_E_LIMIT);
    assert_int_equal(decode_nested(60), TG_E_LIMIT);
}

static enum tg_err decode_array(uint16_t count)
{
    struct tg_cbor *doc = NULL;
    struct tg_buf data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&data, 1024);
    tg_buf_append_u8(&data, count < 0x100 ? 0x98 : 0x99);
    if (count < 0x100) {
        tg_buf_append_u8(&data, (uint8_t)count);
    } else {
        tg_buf_append_u16(&data, count);
    }
    (void)tg_buf_extend(&data, count);
    err = tg_cbor_decode(&doc, tg_buf_view(&data));
    tg_cbor_free(&doc);
    tg_buf_deinit(&data);
    return err;
}

static void items__at_the_limit_and_past_it(void **state)
{
    (void)state;
    assert_int_equal(decode_array(TG_CBOR_ITEMS_MAX - 2), TG_OK);
    assert_int_equal(decode_array(TG_CBOR_ITEMS_MAX - 1), TG_OK);
    assert_int_equal(decode_array(TG_CBOR_ITEMS_MAX), TG_E_LIMIT);
}

static enum tg_err decode_bytes(uint16_t len)
{
    struct tg_cbor *doc = NULL;
    struct tg_buf data;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&data, 2 * TG_CBOR_BYTES_MAX);
    tg_buf_append_u8(&data, 0x59);
    tg_buf_append_u16(&data, len);
    (void)tg_buf_extend(&data, len);
    err = tg_cbor_decode(&doc, tg_buf_view(&data));
    tg_cbor_free(&doc);
    tg_buf_deinit(&data);
    return err;
}

static void bytes__at_the_limit_and_past_it(void **state)
{
    (void)state;
    assert_int_equal(decode_bytes(TG_CBOR_BYTES_MAX - 3), TG_OK);
    assert_int_equal(decode_bytes(TG_CBOR_BYTES_MAX - 2), TG_E_LIMIT);
}

static void huge_counts__are_refused_before_anything_is_allocated(void **state)
{
    struct tg_cbor *doc = NULL;

    (void)state;
    assert_int_equal(decode_hex(&doc, "9b7fffffffffffffff"), TG_E_LIMIT);
    assert_int_equal(decode_hex(&doc, "bbffffffffffffffff"), TG_E_LIMIT);
    assert_int_equal(decode_hex(&doc, "1bffffffffffffffff"), TG_E_LIMIT);
    assert_null(doc);
}

static void members__by_name_by_number_and_by_place(void **state)
{
    struct tg_cbor *doc = NULL;
    struct tg_cbor_item root;
    struct tg_bytes view;
    int64_t number = 0;
    size_t count = 0;

    (void)state;
    /* {"a": 10, -7: h'0102', 3: ["x", -1]} */
    assert_int_equal(decode_hex(&doc, "a361610a264201020382617820"), TG_OK);
    root = tg_cbor_root(doc);
    assert_true(tg_cbor_get_map(&count, root));
    assert_int_equal(count, 3);
    assert_true(tg_cbor_get_int(&number, tg_cbor_member(root, "a")));
    assert_int_equal(number, 10);
    assert_true(tg_cbor_get_bytes(&view, tg_cbor_member_int(root, -7)));
    assert_true(tg_bytes_is_equal(view, TG_LIT("\1\2")));
    assert_true(tg_cbor_get_array(&count, tg_cbor_member_int(root, 3)));
    assert_int_equal(count, 2);
    assert_true(tg_cbor_get_text(&view, tg_cbor_element(tg_cbor_member_int(root, 3), 0)));
    assert_true(tg_bytes_is_equal(view, TG_LIT("x")));
    assert_true(tg_cbor_get_int(&number, tg_cbor_element(tg_cbor_member_int(root, 3), 1)));
    assert_int_equal(number, -1);
    tg_cbor_free(&doc);
}

static void absent_or_of_another_type__false_and_out_unchanged(void **state)
{
    struct tg_cbor *doc = NULL;
    struct tg_cbor_item root;
    struct tg_bytes view = TG_LIT("kept");
    int64_t number = 42;
    size_t count = 42;

    (void)state;
    assert_int_equal(decode_hex(&doc, "a161610a"), TG_OK);
    root = tg_cbor_root(doc);
    assert_null(tg_cbor_member(root, "b").node);
    assert_null(tg_cbor_member(root, "").node);
    assert_null(tg_cbor_member_int(root, 0).node);
    assert_null(tg_cbor_element(root, 0).node);
    assert_null(tg_cbor_member(tg_cbor_member(root, "a"), "a").node);
    assert_false(tg_cbor_get_text(&view, tg_cbor_member(root, "a")));
    assert_false(tg_cbor_get_bytes(&view, tg_cbor_member(root, "b")));
    assert_false(tg_cbor_get_int(&number, root));
    assert_false(tg_cbor_get_array(&count, root));
    assert_false(tg_cbor_get_map(&count, tg_cbor_member(root, "a")));
    assert_true(tg_bytes_is_equal(view, TG_LIT("kept")));
    assert_int_equal(number, 42);
    assert_int_equal(count, 42);
    tg_cbor_free(&doc);
}

static void measure__gives_the_end_of_the_first_item(void **state)
{
    size_t len = 42;

    (void)state;
    assert_int_equal(tg_cbor_measure(&len, TG_LIT("\xa1\x01\x82\x02\x03\xff\xff")), TG_OK);
    assert_int_equal(len, 5);
    len = 42;
    assert_int_equal(tg_cbor_measure(&len, TG_LIT("\xa1\x01")), TG_E_SYNTAX);
    assert_int_equal(len, 42);
}

static void every_truncation_of_an_object__is_refused(void **state)
{
    struct unit_vector v;

    (void)state;
    unit_vector_load(&v, "w3c_level3.json", "packed-es256");
    for (size_t len = 0; len < v.object.len; len++) {
        struct tg_cbor *doc = NULL;

        assert_int_equal(tg_cbor_decode(&doc, tg_bytes(v.object.ptr, len)), TG_E_SYNTAX);
        assert_null(doc);
    }
    unit_vector_deinit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_items__decode),
        cmocka_unit_test(other_items__are_refused_and_out_is_unchanged),
        cmocka_unit_test(same_key_in_two_maps__decodes),
        cmocka_unit_test(depth__at_the_limit_and_past_it),
        cmocka_unit_test(items__at_the_limit_and_past_it),
        cmocka_unit_test(bytes__at_the_limit_and_past_it),
        cmocka_unit_test(huge_counts__are_refused_before_anything_is_allocated),
        cmocka_unit_test(members__by_name_by_number_and_by_place),
        cmocka_unit_test(absent_or_of_another_type__false_and_out_unchanged),
        cmocka_unit_test(measure__gives_the_end_of_the_first_item),
        cmocka_unit_test(every_truncation_of_an_object__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
