/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/b64.h"

#include <string.h>

#define BIG 5000u

static const struct vector {
    const char *raw;
    const char *standard;
    const char *url;
} rfc4648[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
};

static void encode__vectors_of_the_rfc__same_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc4648); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 100);
        tg_b64_encode(&out, tg_bytes_str(rfc4648[i].raw), TG_B64_STANDARD);
        assert_string_equal(tg_buf_cstr(&out), rfc4648[i].standard);
        tg_buf_clear(&out);
        tg_b64_encode(&out, tg_bytes_str(rfc4648[i].raw), TG_B64_URL);
        assert_string_equal(tg_buf_cstr(&out), rfc4648[i].url);
        tg_buf_deinit(&out);
    }
}

static void encode__the_last_two_characters__differ_by_form(void **state)
{
    static const uint8_t raw[] = { 0xfb, 0xff, 0xbf };
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 100);
    tg_b64_encode(&out, TG_ARRAY_BYTES(raw), TG_B64_STANDARD);
    tg_b64_encode(&out, TG_ARRAY_BYTES(raw), TG_B64_ANY);
    tg_b64_encode(&out, TG_ARRAY_BYTES(raw), TG_B64_URL);
    assert_buf_text(&out, "+/+/+/+/-_-_");
    tg_buf_deinit(&out);
}

static void encode__buffer_one_too_small__nothing_appended(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 8);
    tg_buf_append_str(&out, "x");
    tg_b64_encode(&out, TG_LIT("foob"), TG_B64_STANDARD);
    assert_int_equal(tg_buf_status(&out), TG_E_LIMIT);
    assert_int_equal(out.len, 1);
    tg_buf_deinit(&out);
    tg_buf_init(&out, 9);
    tg_buf_append_str(&out, "x");
    tg_b64_encode(&out, TG_LIT("foob"), TG_B64_STANDARD);
    assert_buf_text(&out, "xZm9vYg==");
    tg_buf_deinit(&out);
}

static void decode__vectors_of_the_rfc__same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc4648); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 100);
        assert_int_equal(tg_b64_decode(&out, tg_bytes_str(rfc4648[i].standard), TG_B64_STANDARD),
                         TG_OK);
        assert_int_equal(tg_b64_decode(&out, tg_bytes_str(rfc4648[i].url), TG_B64_URL), TG_OK);
        assert_int_equal(tg_b64_decode(&out, tg_bytes_str(rfc4648[i].standard), TG_B64_ANY), TG_OK);
        assert_int_equal(tg_b64_decode(&out, tg_bytes_str(rfc4648[i].url), TG_B64_ANY), TG_OK);
        assert_int_equal(out.len, 4 * strlen(rfc4648[i].raw));
        for (size_t k = 0; k < 4; k++) {
            assert_memory_equal(out.ptr + k * strlen(rfc4648[i].raw), rfc4648[i].raw,
                                strlen(rfc4648[i].raw));
        }
        tg_buf_deinit(&out);
    }
}

static void decode__malformed_text__refused_and_nothing_appended(void **state)
{
    static const struct {
        const char *text;
        enum tg_b64_form form;
    } cases[] = {
        { "Z", TG_B64_ANY },
        { "Zg", TG_B64_STANDARD },
        { "Zg=", TG_B64_STANDARD },
        { "Zg=", TG_B64_ANY },
        { "Zg===", TG_B64_ANY },
        { "Zg==", TG_B64_URL },
        { "=", TG_B64_ANY },
        { "==", TG_B64_ANY },
        { "====", TG_B64_ANY },
        { "Z===", TG_B64_ANY },
        { "Zh==", TG_B64_STANDARD },
        { "Zm9=", TG_B64_STANDARD },
        { "Zh", TG_B64_URL },
        { "Zm9", TG_B64_URL },
        { "Zm9v\n", TG_B64_ANY },
        { "Zm 9", TG_B64_ANY },
        { "+-__", TG_B64_ANY },
        { "-_-_", TG_B64_STANDARD },
        { "+/+/", TG_B64_URL },
        { "Zg==Zg==", TG_B64_ANY },
        { "Z=g=", TG_B64_ANY },
        { "Zm9v\xc3\xa4\xc3\xa4", TG_B64_ANY },
        { "AAAAAAAAAAAAAAA*AAAAAAAA", TG_B64_ANY },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 100);
        tg_buf_append_str(&out, "kept");
        assert_int_equal(tg_b64_decode(&out, tg_bytes_str(cases[i].text), cases[i].form),
                         TG_E_SYNTAX);
        assert_buf_text(&out, "kept");
        tg_buf_deinit(&out);
    }
}

static void decode__every_byte_at_every_place__accepted_only_if_of_the_alphabet(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    for (size_t place = 0; place < 96; place++) {
        for (unsigned c = 0; c < 256; c++) {
            uint8_t text[96];
            uint8_t raw[72];
            bool is_valid = c != 0 && strchr(alphabet, (int)c) != NULL;

            if (c == '=' && place == 95) {
                continue; /* padding */
            }
            memset(text, 'A', sizeof(text));
            text[place] = (uint8_t)c;
            assert_int_equal(
                tg_b64_decode_exact(raw, sizeof(raw), TG_ARRAY_BYTES(text), TG_B64_STANDARD),
                is_valid ? TG_OK : TG_E_SYNTAX);
        }
    }
}

static void round_trip__every_length_and_byte__the_same(void **state)
{
    static uint8_t raw[BIG];

    (void)state;
    for (size_t i = 0; i < BIG; i++) {
        raw[i] = (uint8_t)(i * 167 + (i >> 8) * 31);
    }
    for (size_t len = 0; len <= BIG; len += len < 300 ? 1 : 97) {
        for (enum tg_b64_form form = TG_B64_STANDARD; form <= TG_B64_ANY; form++) {
            struct tg_buf text;
            struct tg_buf back;

            tg_buf_init(&text, 2 * BIG);
            tg_buf_init(&back, BIG);
            tg_b64_encode(&text, tg_bytes(raw, len), form);
            assert_int_equal(tg_buf_status(&text), TG_OK);
            assert_int_equal(tg_b64_decode(&back, tg_buf_view(&text), form), TG_OK);
            assert_int_equal(back.len, len);
            if (len > 0) {
                assert_memory_equal(back.ptr, raw, len);
            }
            tg_buf_deinit(&text);
            tg_buf_deinit(&back);
        }
    }
}

static void decode__buffer_one_too_small__limit_and_nothing_appended(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 3);
    assert_int_equal(tg_b64_decode(&out, TG_LIT("Zm9vYg=="), TG_B64_STANDARD), TG_E_LIMIT);
    assert_int_equal(out.len, 0);
    tg_buf_deinit(&out);
    tg_buf_init(&out, 4);
    assert_int_equal(tg_b64_decode(&out, TG_LIT("Zm9vYg=="), TG_B64_STANDARD), TG_OK);
    tg_buf_deinit(&out);
}

static void decode_exact__another_length__refused_and_zeroed(void **state)
{
    static const uint8_t zero[4] = { 0 };
    uint8_t raw[4];

    (void)state;
    memset(raw, 1, sizeof(raw));
    assert_int_equal(tg_b64_decode_exact(raw, 4, TG_LIT("Zm9v"), TG_B64_ANY), TG_E_SYNTAX);
    assert_memory_equal(raw, zero, 4);
    memset(raw, 1, sizeof(raw));
    assert_int_equal(tg_b64_decode_exact(raw, 4, TG_LIT("Zm9vYmE="), TG_B64_ANY), TG_E_SYNTAX);
    assert_memory_equal(raw, zero, 4);
    assert_int_equal(tg_b64_decode_exact(raw, 4, TG_LIT("Zm9vYg"), TG_B64_ANY), TG_OK);
    assert_memory_equal(raw, "foob", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode__vectors_of_the_rfc__same_text),
        cmocka_unit_test(encode__the_last_two_characters__differ_by_form),
        cmocka_unit_test(encode__buffer_one_too_small__nothing_appended),
        cmocka_unit_test(decode__vectors_of_the_rfc__same_bytes),
        cmocka_unit_test(decode__malformed_text__refused_and_nothing_appended),
        cmocka_unit_test(decode__every_byte_at_every_place__accepted_only_if_of_the_alphabet),
        cmocka_unit_test(round_trip__every_length_and_byte__the_same),
        cmocka_unit_test(decode__buffer_one_too_small__limit_and_nothing_appended),
        cmocka_unit_test(decode_exact__another_length__refused_and_zeroed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
