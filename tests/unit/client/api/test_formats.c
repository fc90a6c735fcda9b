/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <stdlib.h>
#include <string.h>

#include <tigress/tigress.h>

/* Unknown members, numbers and space as no JSON library would write them. */
#define ODD                                                                                        \
    " {\"later\" : 12345678901234567890.50e+1,\n \"content\":{ \"a\" : [1 ,2]},\"format\":"        \
    "\"\\u0078\\/y\" }\n"

static enum tigress_error build(const char *format, const char *content, char **json, char *why)
{
    size_t len = 0;
    enum tigress_error error = tigress_message_build(format, content, strlen(content), json, &len,
                                                     why, why == NULL ? 0 : TIGRESS_TEXT_MAX);

    if (error == TIGRESS_OK) {
        assert_int_equal(strlen(*json), len);
    }
    return error;
}

static void give_back(char **json)
{
    tigress_free(*json, strlen(*json));
    *json = NULL;
}

static void build__named_formats__a_message_that_sessions_take(void **state)
{
    static const char *const formats[] = { TIGRESS_FORMAT_CARKEY_CCC,
                                           TIGRESS_FORMAT_AUTHORIZATION_TOKEN };
    char *json = NULL;
    char format[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(build(formats[i], " {\"k\":[1,\"}\"]}\n", &json, NULL), TIGRESS_OK);
        assert_int_equal(tigress_message_check(json, strlen(json), NULL, 0), TIGRESS_OK);
        assert_int_equal(tigress_message_format(json, strlen(json), format, sizeof(format)),
                         TIGRESS_OK);
        assert_string_equal(format, formats[i]);
        assert_non_null(strstr(json, ",\"content\":{\"k\":[1,\"}\"]}}"));
        give_back(&json);
    }
    assert_string_equal(TIGRESS_FORMAT_CARKEY_CCC, "digitalwallet.carkey.ccc");
    assert_string_equal(TIGRESS_FORMAT_AUTHORIZATION_TOKEN,
                        "digitalwallet.generic.authorizationToken");
}

static void build__format_with_quotes__escaped_and_read_back(void **state)
{
    char *json = NULL;
    char format[16];

    (void)state;
    assert_int_equal(build("a\"b\\\xc3\xbc", "{}", &json, NULL), TIGRESS_OK);
    assert_int_equal(tigress_message_format(json, strlen(json), format, sizeof(format)),
                     TIGRESS_OK);
    assert_string_equal(format, "a\"b\\\xc3\xbc");
    give_back(&json);
}

static void build__not_one_object__refused_and_untouched(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "{",
        "{}x",
        "{},\"b\":{}",
        "{}}",
        "{\"a\":1,\"a\":2}",
        "\xff",
        "{\"a\":\"\xff\"}",
        "{},\"format\":\"y\"",
        "null",
    };
    char why[TIGRESS_TEXT_MAX];
    char kept[] = "kept";
    char *json = kept;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(build("x", bad[i], &json, why), TIGRESS_E_MESSAGE);
        assert_true(strlen(why) > 10);
        assert_ptr_equal(json, kept);
    }
    assert_int_equal(build("", "{}", &json, why), TIGRESS_E_MESSAGE);
    assert_int_equal(build("\xff", "{}", &json, why), TIGRESS_E_MESSAGE);
    assert_true(strlen(why) > 10);
    assert_int_equal(build(NULL, "{}", &json, why), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_message_build("x", NULL, 0, &json, &(size_t){ 0 }, NULL, 0),
                     TIGRESS_E_ARGUMENT);
    assert_ptr_equal(json, kept);
}

static void build__largest_and_one_more__made_and_refused(void **state)
{
    static char content[TIGRESS_MESSAGE_MAX + 1];
    size_t frame = strlen("{\"format\":\"x\",\"content\":}");
    char *json = NULL;

    (void)state;
    memset(content, 'a', sizeof(content) - 1);
    memcpy(content, "{\"a\":\"", 6);
    memcpy(content + TIGRESS_MESSAGE_MAX - frame - 2, "\"}", 3);
    assert_int_equal(build("x", content, &json, NULL), TIGRESS_OK);
    assert_int_equal(strlen(json), TIGRESS_MESSAGE_MAX);
    give_back(&json);
    assert_int_equal(build("xy", content, &json, NULL), TIGRESS_E_LIMIT);
    assert_null(json);
}

static void set__content_and_own_members__all_else_byte_for_byte(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        const char *out;
    } cases[] = {
        { "content", "{\"b\":2}",
          " {\"later\" : 12345678901234567890.50e+1,\n \"content\":{\"b\":2},\"format\":"
          "\"\\u0078\\/y\" }\n" },
        { "later", " null ",
          " {\"later\" : null,\n \"content\":{ \"a\" : [1 ,2]},\"format\":\"\\u0078\\/y\" }\n" },
        { "new one", "[1, \",\"]",
          " {\"later\" : 12345678901234567890.50e+1,\n \"content\":{ \"a\" : [1 ,2]},\"format\":"
          "\"\\u0078\\/y\",\"new one\":[1, \",\"] }\n" },
        { "format", "\"z\"",
          " {\"later\" : 12345678901234567890.50e+1,\n \"content\":{ \"a\" : [1 ,2]},\"format\":"
          "\"z\" }\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = NULL;
        size_t len = 0;

        assert_int_equal(tigress_message_set(ODD, strlen(ODD), cases[i].name, cases[i].value,
                                             strlen(cases[i].value), &out, &len, NULL, 0),
                         TIGRESS_OK);
        assert_string_equal(out, cases[i].out);
        assert_int_equal(len, strlen(out));
        tigress_free(out, len);
    }
}

static void set__bad_name_or_value__refused_and_untouched(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        enum tigress_error error;
    } cases[] = {
        { "", "1", TIGRESS_E_ARGUMENT },
        { "a\"b", "1", TIGRESS_E_ARGUMENT },
        { "a\\b", "1", TIGRESS_E_ARGUMENT },
        { "a\nb", "1", TIGRESS_E_ARGUMENT },
        { "\xc3\xbc", "1", TIGRESS_E_ARGUMENT },
        { "0123456789012345678901234567890123456789012345678901234567890123", "1", TIGRESS_OK },
        { "01234567890123456789012345678901234567890123456789012345678901234", "1",
          TIGRESS_E_ARGUMENT },
        { "a", "", TIGRESS_E_MESSAGE },
        { "a", "1,\"b\":2", TIGRESS_E_MESSAGE },
        { "a", "1 2", TIGRESS_E_MESSAGE },
        { "a", "{}}", TIGRESS_E_MESSAGE },
        { "a", "\"x", TIGRESS_E_MESSAGE },
        { "content", "[]", TIGRESS_E_MESSAGE },
        { "format", "{}", TIGRESS_E_MESSAGE },
        { "tigressV2", "{}", TIGRESS_E_MESSAGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = NULL;
        size_t len = 7;

        assert_int_equal(tigress_message_set(ODD, strlen(ODD), cases[i].name, cases[i].value,
                                             strlen(cases[i].value), &out, &len, NULL, 0),
                         cases[i].error);
        if (cases[i].error == TIGRESS_OK) {
            tigress_free(out, len);
        } else {
            assert_null(out);
            assert_int_equal(len, 7);
        }
    }
}

static void get__members__as_they_are_written(void **state)
{
    const char *value = "kept";
    size_t len = 4;
    char format[4];

    (void)state;
    assert_int_equal(tigress_message_get(ODD, strlen(ODD), "content", &value, &len), TIGRESS_OK);
    assert_int_equal(len, strlen("{ \"a\" : [1 ,2]}"));
    assert_memory_equal(value, "{ \"a\" : [1 ,2]}", len);
    assert_int_equal(tigress_message_get(ODD, strlen(ODD), "later", &value, &len), TIGRESS_OK);
    assert_memory_equal(value, "12345678901234567890.50e+1", len);
    assert_int_equal(tigress_message_get(ODD, strlen(ODD), "a", &value, &len), TIGRESS_OK);
    assert_null(value);
    assert_int_equal(len, 0);
    value = "kept";
    assert_int_equal(tigress_message_get("[]", 2, "a", &value, &len), TIGRESS_E_MESSAGE);
    assert_int_equal(tigress_message_get(NULL, 0, "a", &value, &len), TIGRESS_E_ARGUMENT);
    assert_string_equal(value, "kept");
    assert_int_equal(tigress_message_format(ODD, strlen(ODD), format, 4), TIGRESS_OK);
    assert_string_equal(format, "x/y");
    assert_int_equal(tigress_message_format(ODD, strlen(ODD), format, 3), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_message_format("{}", 2, format, 4), TIGRESS_E_MESSAGE);
    assert_int_equal(tigress_message_format(ODD, strlen(ODD), format, 0), TIGRESS_E_ARGUMENT);
}

/* spec-test: protocol/7#vertical-routing */
static void handler__each_vertical__its_part_of_the_wallet(void **state)
{
    static const struct {
        const char *vertical;
        enum tigress_handler handler;
    } cases[] = {
        { NULL, TIGRESS_HANDLER_GENERAL }, { "", TIGRESS_HANDLER_GENERAL },
        { "a", TIGRESS_HANDLER_GENERAL },  { "h", TIGRESS_HANDLER_HOME },
        { "c", TIGRESS_HANDLER_CAR },      { "C", TIGRESS_HANDLER_OTHER },
        { "cc", TIGRESS_HANDLER_OTHER },   { "hotel", TIGRESS_HANDLER_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(tigress_vertical_handler(cases[i].vertical), cases[i].handler);
    }
}

/* A complete vertical: the URL selects the handler, the handler reads format and content and
   answers with another content. Unknown members are returned unchanged. */
static void handler__from_url_to_answer__unknown_members_kept(void **state)
{
    static const char asked[] = "{\"format\":\"f\",\"content\":{\"ask\":1},\"x\":[ ]}";
    static const char content[] = "{\"answer\":2}";
    struct tigress_share_url *url = NULL;
    char *answer = NULL;
    size_t len = 0;

    (void)state;
    assert_int_equal(
        tigress_share_url_parse(
            &url, "https://relay.example/v1/m/9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11?v=h", NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_vertical_handler(tigress_share_url_vertical(url)),
                     TIGRESS_HANDLER_HOME);
    assert_int_equal(tigress_message_set(asked, sizeof(asked) - 1, "content", content,
                                         sizeof(content) - 1, &answer, &len, NULL, 0),
                     TIGRESS_OK);
    assert_string_equal(answer, "{\"format\":\"f\",\"content\":{\"answer\":2},\"x\":[ ]}");
    tigress_free(answer, len);
    tigress_share_url_free(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build__named_formats__a_message_that_sessions_take),
        cmocka_unit_test(build__format_with_quotes__escaped_and_read_back),
        cmocka_unit_test(build__not_one_object__refused_and_untouched),
        cmocka_unit_test(build__largest_and_one_more__made_and_refused),
        cmocka_unit_test(set__content_and_own_members__all_else_byte_for_byte),
        cmocka_unit_test(set__bad_name_or_value__refused_and_untouched),
        cmocka_unit_test(get__members__as_they_are_written),
        cmocka_unit_test(handler__each_vertical__its_part_of_the_wallet),
        cmocka_unit_test(handler__from_url_to_answer__unknown_members_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
