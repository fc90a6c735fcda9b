/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/attest/attest_vectors.h"

#include "attest/revoked.h"

#define KEY_TEXT "key 0f8a3f0e6e1ad7d0c1f0a6b8f8a0c7c9e1d2c3b4a5968778695a4b3c2d1e0f00"

static enum tg_err read_list(const char *text, struct tg_fault *fault)
{
    struct tg_attest_revoked *list = NULL;
    enum tg_err err = tg_attest_revoked_new(&list, tg_bytes_str(text), fault);

    assert_true((err == TG_OK) == (list != NULL));
    tg_attest_revoked_free(&list);
    assert_null(list);
    return err;
}

static void good_lists__are_read(void **state)
{
    static const char *const good[] = { "",
                                        "\n\n",
                                        "# nothing\n",
                                        "serial 0",
                                        "serial c0ffee",
                                        "serial C0FFE\r\nserial 1\r\n",
                                        "  serial   00ab  # stolen\n\t\n",
                                        KEY_TEXT "\n" KEY_TEXT };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        assert_int_equal(read_list(good[i], NULL), TG_OK);
    }
}

static void bad_line__is_named(void **state)
{
    static const char *const bad[] = {
        "serial",      "serial ",
        "serial 0x12", "serial 12 34",
        "12",          "key 1234",
        "key",         "serials 12",
        KEY_TEXT "00", "serial 11111111111111111111111111111111111111111111111111111111111111111"
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        struct tg_fault fault = { "" };
        char text[200];

        (void)snprintf(text, sizeof(text), "serial 1\n%s\n", bad[i]);
        if (read_list(text, &fault) != TG_E_SYNTAX || strstr(fault.text, "line 2") == NULL) {
            print_error("%s: %s\n", bad[i], fault.text);
            fail();
        }
    }
}

static enum tg_err check_serial(const char *text, struct tg_bytes serial)
{
    struct tg_attest_revoked *list = NULL;
    struct tg_cert cert = { .serial = serial, .spki = TG_LIT("spki") };
    enum tg_err err = TG_E_BUG;

    assert_int_equal(tg_attest_revoked_new(&list, tg_bytes_str(text), NULL), TG_OK);
    err = tg_attest_revoked_check(list, &cert);
    tg_attest_revoked_free(&list);
    return err;
}

static void serial__found_at_any_place_and_with_leading_zeros(void **state)
{
    (void)state;
    assert_int_equal(check_serial("serial 3\nserial 1\nserial 2", TG_LIT("\1")), TG_E_DENIED);
    assert_int_equal(check_serial("serial 3\nserial 1\nserial 2", TG_LIT("\3")), TG_E_DENIED);
    assert_int_equal(check_serial("serial 0001", TG_LIT("\1")), TG_E_DENIED);
    assert_int_equal(check_serial("serial fff", TG_LIT("\x0f\xff")), TG_E_DENIED);
    assert_int_equal(check_serial("serial 1", TG_LIT("\1\0")), TG_OK);
    assert_int_equal(check_serial("serial 100", TG_LIT("\1")), TG_OK);
    assert_int_equal(check_serial("", TG_LIT("\1")), TG_OK);
    assert_int_equal(check_serial("serial 1", TG_LIT("1234567890123456789012345678901234567890")),
                     TG_OK);
}

static void list_of_the_maximum__is_read_and_one_more_is_not(void **state)
{
    struct tg_attest_revoked *list = NULL;
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, 2u << 20);
    for (unsigned i = 0; i < TG_ATTEST_REVOKED_MAX; i++) {
        char line[32];

        (void)snprintf(line, sizeof(line), "serial %x\n", i);
        tg_buf_append_str(&text, line);
    }
    assert_int_equal(tg_attest_revoked_new(&list, tg_buf_view(&text), NULL), TG_OK);
    tg_attest_revoked_free(&list);
    tg_buf_append_str(&text, "serial 1\n");
    assert_int_equal(tg_attest_revoked_new(&list, tg_buf_view(&text), NULL), TG_E_LIMIT);
    assert_null(list);
    tg_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lists__are_read),
        cmocka_unit_test(bad_line__is_named),
        cmocka_unit_test(serial__found_at_any_place_and_with_leading_zeros),
        cmocka_unit_test(list_of_the_maximum__is_read_and_one_more_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
