/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/json.h"
#include "wire/json_text.h"

static void find__member_anywhere__its_value_as_written(void **state)
{
    static const struct {
        const char *json;
        const char *value; /* NULL: none */
    } cases[] = {
        { "{\"a\":1}", "1" },
        { " { \"a\" : [1, {\"a\":2}] , \"b\":3 } ", "[1, {\"a\":2}]" },
        { "{\"b\":{\"a\":1},\"a\":\"x\\\"}\"}", "\"x\\\"}\"" },
        { "{\"b\":\"\\\\\",\"a\":-1.50e+10}", "-1.50e+10" },
        { "{\"b\":[],\"a\":{}}", "{}" },
        { "{\"b\":[\"]\"],\"a\":true }", "true" },
        { "{\"\\u0061\":null}", "null" },
        { "{\"b\":{\"a\":1}}", NULL },
        { "{\"aa\":1,\"A\":2,\"\":3,\"\\u0061b\":4}", NULL },
        { "{}", NULL },
        { "{\"b\":\"a\"}", NULL },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf json = exact(cases[i].json, strlen(cases[i].json));
        struct tg_json *doc = NULL;
        struct tg_bytes value = tg_json_text_find(tg_buf_view(&json), "a");

        assert_int_equal(tg_json_parse(&doc, tg_buf_view(&json), NULL), TG_OK);
        if (cases[i].value == NULL) {
            assert_null(value.ptr);
        } else {
            assert_view(value, cases[i].value);
        }
        tg_json_free(&doc);
        tg_buf_deinit(&json);
    }
}

static void find__name_with_every_escape__found(void **state)
{
    static const char json[] = "{\"\\u002F\\/\\\\\\\"x\\u0059\":7}";

    (void)state;
    assert_view(tg_json_text_find(tg_bytes_str(json), "//\\\"xY"), "7");
    assert_null(tg_json_text_find(tg_bytes_str(json), "//\\\"x").ptr);
    assert_null(tg_json_text_find(tg_bytes_str(json), "//\\\"xYZ").ptr);
}

static void cut__first_middle_last_only__the_rest_byte_for_byte(void **state)
{
    static const struct {
        const char *json;
        const char *rest;
    } cases[] = {
        { "{\"a\":1}", "{}" },
        { "{ \"a\" : 1 }", "{  }" },
        { "{\"a\":1,\"b\":2.0}", "{\"b\":2.0}" },
        { "{\"b\":2e0,\"a\":{\"x\":[1]}}", "{\"b\":2e0}" },
        { "{\"b\":2 , \"a\":1 , \"c\": 3}", "{\"b\":2  , \"c\": 3}" },
        { "{\"\\u0061\":1,\"c\":3}", "{\"c\":3}" },
        { " {\"b\":12345678901234567890} ", " {\"b\":12345678901234567890} " },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;
        struct tg_json *doc = NULL;

        tg_buf_init(&out, 100);
        tg_json_text_cut(&out, tg_bytes_str(cases[i].json), "a");
        assert_view(tg_buf_view(&out), cases[i].rest);
        assert_int_equal(tg_json_parse(&doc, tg_buf_view(&out), NULL), TG_OK);
        tg_json_free(&doc);
        tg_buf_deinit(&out);
    }
}

static void add__object__member_added_at_its_end(void **state)
{
    static const struct {
        const char *json;
        const char *with;
    } cases[] = {
        { "{}", "{\"a\":[1]}" },
        { "{ \n} ", "{\"a\":[1] \n} " },
        { "{\"b\":{}}", "{\"b\":{},\"a\":[1]}" },
        { " {\"b\":1 }\n", " {\"b\":1,\"a\":[1] }\n" },
        { "{\n  \"b\": {\n  }\n}\n", "{\n  \"b\": {\n  },\"a\":[1]\n}\n" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;
        struct tg_buf again;

        tg_buf_init(&again, 100);
        tg_buf_init(&out, 100);
        tg_json_text_add(&out, tg_bytes_str(cases[i].json), "a", TG_LIT("[1]"));
        assert_view(tg_buf_view(&out), cases[i].with);
        tg_json_text_cut(&again, tg_buf_view(&out), "a");
        assert_view(tg_buf_view(&again), cases[i].json);
        tg_buf_deinit(&again);
        tg_buf_deinit(&out);
    }
}

static void add__not_an_object__syntax(void **state)
{
    static const char *const cases[] = { "", "}", "[1]", "{\"a\":1", "   " };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 100);
        tg_json_text_add(&out, tg_bytes_str(cases[i]), "a", TG_LIT("1"));
        if (strcmp(cases[i], "}") != 0) {
            assert_int_equal(tg_buf_status(&out), TG_E_SYNTAX);
        }
        tg_buf_deinit(&out);
    }
}

/* For malformed text the result is meaningless; a sanitizer shows that no byte outside is read. */
static void find__every_truncation__nothing_outside_is_read(void **state)
{
    static const char json[] =
        " {\"b\" : [{\"x\":\"\\\\\\\"\"}], \"\\u0061\" :{\"c\":[1,2,\"}\"]} }";

    (void)state;
    for (size_t len = 0; len < sizeof(json); len++) {
        struct tg_buf cut = exact(json, len);
        struct tg_buf out;

        tg_buf_init(&out, 100);
        (void)tg_json_text_find(tg_buf_view(&cut), "a");
        tg_json_text_cut(&out, tg_buf_view(&cut), "a");
        assert_true(out.len <= len);
        tg_buf_deinit(&out);
        tg_buf_deinit(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__member_anywhere__its_value_as_written),
        cmocka_unit_test(find__name_with_every_escape__found),
        cmocka_unit_test(cut__first_middle_last_only__the_rest_byte_for_byte),
        cmocka_unit_test(add__object__member_added_at_its_end),
        cmocka_unit_test(add__not_an_object__syntax),
        cmocka_unit_test(find__every_truncation__nothing_outside_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
