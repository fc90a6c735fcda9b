/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/keyring.h"

#include <stdlib.h>
#include <string.h>

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static enum tg_err no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

static void generate__no_random_bytes__refused_and_zero(void **state)
{
    static const struct tg_keyring zero;
    struct tg_rng rng = { no_random, NULL };
    struct tg_keyring out;

    (void)state;
    memset(&out, 0x5a, sizeof(out));
    assert_int_equal(tg_keyring_generate(&out, &rng), TG_E_CRYPTO);
    assert_memory_equal(&out, &zero, sizeof(out));
    assert_null(tg_keyring_current(&out));
}

static void current_and_find__two_seal_keys__last_and_by_id(void **state)
{
    struct tg_keyring keyring;

    (void)state;
    assert_int_equal(
        tg_keyring_parse(&keyring, TG_LIT("index " HEX "\nseal 7 " HEX "\nseal 3 " HEX), NULL),
        TG_OK);
    assert_int_equal(tg_keyring_current(&keyring)->id, 3);
    assert_ptr_equal(tg_keyring_find(&keyring, 7), &keyring.seal_keys[0]);
    assert_ptr_equal(tg_keyring_find(&keyring, 3), &keyring.seal_keys[1]);
    assert_null(tg_keyring_find(&keyring, 0));
    assert_null(tg_keyring_find(&keyring, 1));
}

static void parse__formatted_keyring__the_same(void **state)
{
    struct tg_keyring keyring, back;
    struct tg_fault fault = { "" };
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, TG_KEYRING_TEXT_MAX);
    assert_int_equal(tg_keyring_generate(&keyring, &tg_rng_system), TG_OK);
    keyring.seal_keys[1] = keyring.seal_keys[0];
    keyring.seal_keys[1].id = 4294967295u;
    keyring.seal_key_count = 2;
    assert_int_equal(tg_keyring_format(&text, &keyring), TG_OK);
    assert_int_equal(tg_keyring_parse(&back, tg_buf_view(&text), &fault), TG_OK);
    assert_memory_equal(&back, &keyring, sizeof(back));
    tg_buf_deinit(&text);
}

static void parse__malformed__refused_and_zero(void **state)
{
    static const char *const texts[] = {
        "",
        "# nothing\n\n",
        "index " HEX "\n",
        "seal 1 " HEX "\n",
        "index " HEX "\nindex " HEX "\nseal 1 " HEX "\n",
        "index " HEX "\nseal 1 " HEX "\nseal 1 " HEX "\n",
        "index " HEX "\nseal 0 " HEX "\n",
        "index " HEX "\nseal 4294967296 " HEX "\n",
        "index " HEX "\nseal x " HEX "\n",
        "index " HEX "\nseal " HEX "\n",
        "index " HEX "0\nseal 1 " HEX "\n",
        "index " HEX "\nseal 1 " HEX " more\n",
        "index " HEX "\nseal 1 zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "index " HEX "\nseal 1 " HEX "\nelse\n",
    };
    static const struct tg_keyring zero;
    struct tg_keyring out;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_fault fault = { "" };

        memset(&out, 0x5a, sizeof(out));
        assert_int_not_equal(tg_keyring_parse(&out, tg_bytes_str(texts[i]), &fault), TG_OK);
        assert_memory_equal(&out, &zero, sizeof(out));
        assert_true(strlen(fault.text) > 0);
        assert_null(strstr(fault.text, "0102"));
    }
    assert_int_equal(tg_keyring_parse(&out, TG_LIT("index " HEX "\r\nseal 9 " HEX), NULL),
                     TG_E_SYNTAX);
    assert_int_equal(
        tg_keyring_parse(&out, TG_LIT(" # mine\n\tindex " HEX " \n  seal\t9 " HEX), NULL), TG_OK);
    assert_int_equal(out.seal_keys[0].id, 9);
}

static void parse__sixteen_seal_keys__accepted_and_one_more_refused(void **state)
{
    struct tg_keyring out;
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, TG_KEYRING_TEXT_MAX);
    tg_buf_append_str(&text, "index " HEX "\n");
    for (unsigned i = 1; i <= TG_SEAL_KEYS_MAX + 1; i++) {
        tg_buf_append_str(&text, "seal ");
        tg_buf_append_dec(&text, i);
        tg_buf_append_str(&text, " " HEX "\n");
        assert_int_equal(tg_keyring_parse(&out, tg_buf_view(&text), NULL),
                         i <= TG_SEAL_KEYS_MAX ? TG_OK : TG_E_LIMIT);
    }
    tg_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generate__no_random_bytes__refused_and_zero),
        cmocka_unit_test(current_and_find__two_seal_keys__last_and_by_id),
        cmocka_unit_test(parse__formatted_keyring__the_same),
        cmocka_unit_test(parse__malformed__refused_and_zero),
        cmocka_unit_test(parse__sixteen_seal_keys__accepted_and_one_more_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
