/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

static void expect_refused(const char *text, const char *said)
{
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_private_token_issuers_parse(&issuers, tg_bytes_str(text), &fault),
                     TG_E_SYNTAX);
    assert_null(issuers);
    assert_non_null(strstr(fault.text, said));
}

static void issuers__anything_wrong__refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        { "", "expected one JSON object" },
        { "{\"issuers\":[],\"issuers\":[]}", "duplicate" },
        { "[]", "expected one JSON object" },
        { "{}", "issuers" },
        { "{\"issuers\":[1]}", "issuer 1: expected name" },
        { "{\"issuers\":[]}", "1 to 8" },
        { "{\"issuers\":[{\"name\":\"A.example\",\"keys\":[]}]}", "issuer 1: expected name" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[]}]}", "1 to 4" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{},{},{},{},{}]}]}", "1 to 4" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{}]}]}", "issuer 1, key 1" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\"}]}]}",
          "not-after is required" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\","
          "\"not-after\":5,\"not-before\":5}]}]}",
          "later than not-before" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\","
          "\"not-after\":5}]}]}",
          "RSASSA-PSS" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\","
          "\"not-after\":5.5}]}]}",
          "expected seconds since 1970" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\","
          "\"not-after\":253402300800}]}]}",
          "expected seconds since 1970" },
        { "{\"issuers\":[{\"name\":\"a.example\",\"keys\":[{\"token-key\":\"AAAA\","
          "\"not_after\":5}]}]}",
          "expected token-key" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        expect_refused(cases[i].text, cases[i].said);
    }
}

/* The same key with the algorithm identifier of plain RSA. */
static void issuers__key_of_another_kind_or_with_trailing_bytes__refused(void **state)
{
    struct vector v;
    struct tg_buf text;

    (void)state;
    load(&v, 0);
    tg_buf_init(&text, TEXT_MAX);
    for (size_t at = 0; at < 70; at++) { /* algorithm and parameters */
        v.spki[at] ^= 1;
        tg_buf_clear(&text);
        put_file(&text, &v, FOREVER);
        expect_refused(tg_buf_cstr(&text), "RSASSA-PSS");
        v.spki[at] ^= 1;
    }
    v.spki_len++;
    tg_buf_clear(&text);
    put_file(&text, &v, FOREVER);
    expect_refused(tg_buf_cstr(&text), "RSASSA-PSS");
    tg_buf_deinit(&text);
}

/* Another name, another end or another issuer does not make it another key. */
static void issuers__one_key_twice__refused_with_both_places(void **state)
{
    static const char *const between[] = { "},{\"token-key\":\"",
                                           "}]},{\"name\":\"b.example\",\"keys\":["
                                           "{\"token-key\":\"" };
    static const char *const said[] = { "issuer 1, key 2: the same key as issuer 1, key 1",
                                        "issuer 2, key 1: the same key as issuer 1, key 1" };
    struct vector v;
    struct tg_buf text;

    (void)state;
    load(&v, 0);
    tg_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < TG_COUNT(between); i++) {
        tg_buf_clear(&text);
        tg_buf_append_str(&text, "{\"issuers\":[{\"name\":\"a.example\",\"keys\":["
                                 "{\"token-key\":\"");
        tg_b64_encode(&text, tg_bytes(v.spki, v.spki_len), TG_B64_URL);
        tg_buf_append_str(&text, "\"" FOREVER);
        tg_buf_append_str(&text, between[i]);
        tg_b64_encode(&text, tg_bytes(v.spki, v.spki_len), TG_B64_URL);
        tg_buf_append_str(&text, "\",\"not-after\":77}]}]}");
        expect_refused(tg_buf_cstr(&text), said[i]);
    }
    tg_buf_deinit(&text);
}

static void load__no_such_file__an_error_with_the_reason(void **state)
{
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_fault fault = { "" };

    (void)state;
    assert_int_equal(
        tg_private_token_issuers_load(&issuers, TG_TEST_DATA "/privacypass/none", &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "cannot be opened"));
    assert_int_equal(tg_private_token_issuers_load(&issuers, VECTORS, NULL), TG_E_SYNTAX);
    assert_null(issuers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuers__anything_wrong__refused_with_its_place),
        cmocka_unit_test(issuers__key_of_another_kind_or_with_trailing_bytes__refused),
        cmocka_unit_test(issuers__one_key_twice__refused_with_both_places),
        cmocka_unit_test(load__no_such_file__an_error_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
