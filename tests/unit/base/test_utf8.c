/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/utf8.h"

#include <string.h>

static void is_valid__well_formed__true(void **state)
{
    static const char *const texts[] = {
        "",
        "plain ASCII, long enough for whole words",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "\x7f",
        "12345678\xc3\xa4",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_true(tg_utf8_is_valid(tg_bytes_str(texts[i])));
    }
}

static void is_valid__malformed__false(void **state)
{
    static const char *const texts[] = {
        "\x80",             /* continuation alone */
        "\xbf",             /* the same */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /* the same */
        "\xff",             /* never */
        "\xfe",             /* never */
        "\xc3",             /* truncated */
        "\xe2\x82",         /* truncated */
        "\xf0\x9f\x98",     /* truncated */
        "\xc3(",            /* no continuation */
        "\xe2(\xa1",        /* the same */
        "\xe2\x82(",        /* the same */
        "\xf0\x9f\x98(",    /* the same */
        "12345678\xff",     /* after a machine word */
        "1234567\xc3",      /* at the end of a machine word */
        "1234567\xffxyz45678",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_false(tg_utf8_is_valid(tg_bytes_str(texts[i])));
    }
}

static void is_valid__every_code_point__true_except_surrogates(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
        uint8_t text[4];
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
        bool is_surrogate = c >= 0xd800 && c <= 0xdfff;

        for (size_t i = len - 1; i > 0; i--) {
            text[i] = (uint8_t)(0x80 | ((c >> (6 * (len - 1 - i))) & 0x3f));
        }
        text[0] = (uint8_t)(lead[len] | (c >> (6 * (len - 1))));
        if (tg_utf8_is_valid(tg_bytes(text, len)) == is_surrogate) {
            fail_msg("U+%04X", (unsigned)c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_valid__well_formed__true),
        cmocka_unit_test(is_valid__malformed__false),
        cmocka_unit_test(is_valid__every_code_point__true_except_surrogates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
