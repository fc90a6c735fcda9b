/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/json.h"
#include "wire/limits.h"

static enum tg_err parse(struct tg_fault *fault, const void *data, size_t len)
{
    struct tg_json *doc = NULL;
    struct tg_buf text = exact(data, len);
    enum tg_err err = tg_json_parse(&doc, tg_buf_view(&text), fault);

    assert_true((err == TG_OK) == (doc != NULL));
    tg_json_free(&doc);
    assert_null(doc);
    tg_buf_deinit(&text);
    return err;
}

/* spec-test: protocol/1#strict-json */
static void parse__malformed__refused_with_the_reason(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        { "", "it does not begin with {" },
        { " ", "it does not begin with {" },
        { "[]", "it does not begin with {" },
        { "\"a\"", "it does not begin with {" },
        { "1", "it does not begin with {" },
        { "null", "it does not begin with {" },
        { "\xef\xbb\xbf{}", "it does not begin with {" },
        { "{", "the text ends early" },
        { "{\"a\"", "the text ends early" },
        { "{\"a\":", "the text ends early" },
        { "{\"a\":\"b", "the text ends early" },
        { "{\"a\":\"b\\", "the text ends early" },
        { "{\"a\":\"b\"", "the text ends early" },
        { "{}{}", "there are bytes after the object" },
        { "{} x", "there are bytes after the object" },
        { "{\"a\":1,\"a\":1}", "a member occurs twice" },
        { "{\"a\":1,\"\\u0061\":2}", "a member occurs twice" },
        { "{\"x\":{\"a\":1,\"a\":2}}", "a member occurs twice" },
        { "{\"a\":\"\xff\"}", "it contains bytes that are not UTF-8" },
        { "{\"a\":\"\xc0\x80\"}", "it contains bytes that are not UTF-8" },
        { "{\"a\":\"\xed\xa0\x80\"}", "it contains bytes that are not UTF-8" },
        { "{\"\xe2\x82\":1}", "it contains bytes that are not UTF-8" },
        { "{\"a\":\"\\u0000\"}", "a string contains a NUL character" },
        { "{\"\\u0000\":1}", "the name of a member contains a NUL character" },
        { "{\"a\":1e9999x}", "the syntax is not JSON" },
        { "{\"a\":01e9999}", "the syntax is not JSON" },
        { "{\"a\":1.e9999}", "the syntax is not JSON" },
        { "{\"a\":+1e9999}", "the syntax is not JSON" },
        { "{\"a\":1e9999.5}", "the syntax is not JSON" },
        { "{\"a\":1e9999-1e9999}", "the syntax is not JSON" },
        { "{\"a\":1e9999 1e9999}", "the syntax is not JSON" },
        { "{1e9999:1}", "the syntax is not JSON" },
        { "{}1e9999", "there are bytes after the object" },
        { "{\"a\":\"\\ud800\"}", "the syntax is not JSON" },
        { "{\"a\":\"\n\"}", "the syntax is not JSON" },
        { "{\"a\":01}", "the syntax is not JSON" },
        { "{\"a\":1,}", "the syntax is not JSON" },
        { "{a:1}", "the syntax is not JSON" },
        { "{'a':1}", "the syntax is not JSON" },
        { "{\"a\":[1,]}", "the syntax is not JSON" },
        { "{\"a\":NaN}", "the syntax is not JSON" },
        { "{\"a\":tru}", "the syntax is not JSON" },
        { "{\"a\" 1}", "the syntax is not JSON" },
        { "{]", "the syntax is not JSON" },
        { "{/**/}", "the syntax is not JSON" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_fault fault = { "" };

        assert_int_equal(parse(&fault, cases[i].text, strlen(cases[i].text)), TG_E_SYNTAX);
        assert_fault_begins(fault, "body: expected one JSON object in UTF-8; ");
        assert_non_null(strstr(fault.text, "; "));
        assert_string_equal(strstr(fault.text, "; ") + 2, cases[i].reason);
    }
}

static void parse__nul_byte_anywhere__refused(void **state)
{
    static const char text[] = " {\"a\" : [ \"b\" , 1.5 ] } ";

    (void)state;
    for (size_t i = 0; i <= sizeof(text) - 1; i++) {
        struct tg_fault fault = { "" };
        char copy[sizeof(text) + 1];

        memcpy(copy, text, i);
        copy[i] = '\0';
        memcpy(copy + i + 1, text + i, sizeof(text) - 1 - i);
        assert_int_equal(parse(&fault, copy, sizeof(text)), TG_E_SYNTAX);
    }
}

static void parse__every_truncation__refused(void **state)
{
    static const char text[] =
        "{\"a\":{\"b\":[\"\\\"\\u00e4\",1.5e3,true,null,{}]},\"c\":\"\xc3\xa4\"}";

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct tg_fault fault = { "" };

        assert_int_equal(parse(&fault, text, len), TG_E_SYNTAX);
        assert_string_not_equal(fault.text, "");
    }
    assert_int_equal(parse(NULL, text, sizeof(text) - 1), TG_OK);
}

/* An object around depth - 1 nested arrays. */
static struct tg_buf nested(size_t depth, bool is_closed)
{
    struct tg_buf b;

    tg_buf_init(&b, 4 * depth + 100);
    tg_buf_append_str(&b, "{\"[[{\\\"[\":");
    fill(&b, '[', depth - 1);
    if (is_closed) {
        fill(&b, ']', depth - 1);
        tg_buf_append_str(&b, "}");
    }
    return b;
}

/* spec-test: protocol/1#strict-json */
static void parse__nesting_at_the_limit_and_above__accepted_and_refused(void **state)
{
    static const struct {
        size_t depth;
        bool is_closed;
        enum tg_err err;
    } cases[] = {
        { TG_JSON_DEPTH_MAX, true, TG_OK },
        { TG_JSON_DEPTH_MAX + 1, true, TG_E_LIMIT },
        { 20000, true, TG_E_LIMIT },
        { 20000, false, TG_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_fault fault = { "" };
        struct tg_buf b = nested(cases[i].depth, cases[i].is_closed);

        assert_int_equal(parse(&fault, b.ptr, b.len), cases[i].err);
        assert_string_equal(
            fault.text, cases[i].err == TG_OK ? "" : "body: expected nesting of at most 32 levels");
        tg_buf_deinit(&b);
    }
}

/* {"a":[1,1,...]}: the object, a name, the array and count - 3 numbers. */
static struct tg_buf with_values(size_t count)
{
    struct tg_buf b;

    tg_buf_init(&b, 100000);
    tg_buf_append_str(&b, "{\"a\":[1");
    for (size_t i = 4; i < count; i++) {
        tg_buf_append_str(&b, ",1");
    }
    tg_buf_append_str(&b, "]}");
    return b;
}

/* spec-test: protocol/1#strict-json */
static void parse__values_at_the_limit_and_above__accepted_and_refused(void **state)
{
    static const size_t counts[] = { TG_JSON_VALUES_MAX - 1, TG_JSON_VALUES_MAX,
                                     TG_JSON_VALUES_MAX + 1, 30000 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(counts); i++) {
        bool is_well = counts[i] <= TG_JSON_VALUES_MAX;
        struct tg_fault fault = { "" };
        struct tg_buf b = with_values(counts[i]);

        assert_int_equal(parse(&fault, b.ptr, b.len), is_well ? TG_OK : TG_E_LIMIT);
        assert_string_equal(fault.text,
                            is_well ? "" : "body: expected at most 4096 values and names");
        tg_buf_deinit(&b);
    }
}

static void parse__brackets_inside_strings__not_counted(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 100000);
    tg_buf_append_str(&b, "{\"a\":\"\\\\\\\"");
    fill(&b, '[', 1000);
    tg_buf_append_str(&b, "\",\"b\":\"\\\\\"}");
    assert_int_equal(parse(NULL, b.ptr, b.len), TG_OK);
    tg_buf_deinit(&b);
}

static void parse__length_at_the_limit_and_above__accepted_and_refused(void **state)
{
    struct tg_fault fault = { "" };
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, TG_RESPONSE_BODY_MAX + 1);
    tg_buf_append_str(&b, "{}");
    fill(&b, ' ', TG_RESPONSE_BODY_MAX - 2);
    assert_int_equal(parse(&fault, b.ptr, b.len), TG_OK);
    tg_buf_append_str(&b, " ");
    assert_int_equal(parse(&fault, b.ptr, b.len), TG_E_LIMIT);
    assert_fault_begins(fault, "body: expected at most 262144 bytes");
    tg_buf_deinit(&b);
}

static void parse__unknown_members_of_any_kind__ignored(void **state)
{
    static const char text[] =
        "{\"a\":123456789012345678901234567890,\"b\":-0.5,\"c\":[{}],\"d\":null}";

    (void)state;
    assert_int_equal(parse(NULL, text, sizeof(text) - 1), TG_OK);
}

/* spec-test: protocol/1#any-number */
static void parse__numbers_of_any_size__ignored_and_the_rest_is_read(void **state)
{
    static const char *const numbers[] = { "1e400", "-1e400", "1E+99999999999999999999", "0e9999",
                                           "-0.0001e99999" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(numbers); i++) {
        struct tg_json *doc = NULL;
        struct tg_bytes text = { NULL, 0 };
        int64_t whole = 7;
        struct tg_buf b;

        tg_buf_init(&b, 1000);
        tg_buf_append_str(&b, "{\"\\\"1e400\":[");
        tg_buf_append_str(&b, numbers[i]);
        tg_buf_append_str(&b, ",1 ],\"s\":\"1e400 \\\"-1e400\",\"n\":");
        tg_buf_append_str(&b, numbers[i]);
        tg_buf_append_str(&b, ",\"last\":12}");
        assert_int_equal(tg_json_parse(&doc, tg_buf_view(&b), NULL), TG_OK);
        assert_int_equal(
            tg_json_get_string(&text, tg_json_top(doc), "s", TG_JSON_REQUIRED, 1, 50, NULL), TG_OK);
        assert_view(text, "1e400 \"-1e400");
        assert_int_equal(tg_json_get_whole(&whole, tg_json_top(doc), "last", 12, NULL), TG_OK);
        assert_int_equal(whole, 12);
        assert_int_equal(tg_json_get_whole(&whole, tg_json_top(doc), "n", INT64_C(1) << 53, NULL),
                         strcmp(numbers[i], "0e9999") == 0 ? TG_OK : TG_E_SYNTAX);
        tg_json_free(&doc);
        tg_buf_deinit(&b);
    }
}

/* spec-test: protocol/1#any-number */
static void parse__a_number_of_60000_digits__ignored(void **state)
{
    static const char *const ends[] = { "", ".5", "e-59999", "e59999" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(ends); i++) {
        struct tg_buf b;

        tg_buf_init(&b, 70000);
        tg_buf_append_str(&b, "{\"x\":1");
        fill(&b, '0', 59999);
        tg_buf_append_str(&b, ends[i]);
        tg_buf_append_str(&b, "}");
        assert_int_equal(parse(NULL, b.ptr, b.len), TG_OK);
        tg_buf_deinit(&b);
    }
}

/* A text of nothing but such numbers, as many as a body may have. */
static void parse__many_large_numbers__ignored(void **state)
{
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 100000);
    tg_buf_append_str(&b, "{\"x\":[1e999");
    for (size_t i = 4; i < TG_JSON_VALUES_MAX; i++) {
        tg_buf_append_str(&b, ",-1e999");
    }
    tg_buf_append_str(&b, "]}");
    assert_int_equal(parse(NULL, b.ptr, b.len), TG_OK);
    tg_buf_deinit(&b);
}

#define DOC                                                                                        \
    "{\"s\":\"abc\",\"o\":{\"s\":\"de\",\"n\":1},\"b\":true,\"f\":false,\"z\":null,\"e\":\"\"}"

static struct tg_json *open_doc(void)
{
    struct tg_json *doc = NULL;

    assert_int_equal(tg_json_parse(&doc, TG_LIT(DOC), NULL), TG_OK);
    return doc;
}

static void get_string__length_at_each_limit__accepted_and_refused(void **state)
{
    struct tg_json *doc = open_doc();
    static const struct {
        size_t min, max;
        enum tg_err err;
    } cases[] = { { 0, 3, TG_OK }, { 3, 3, TG_OK }, { 4, 9, TG_E_SYNTAX }, { 0, 2, TG_E_LIMIT } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_bytes out = TG_LIT("kept");

        assert_int_equal(tg_json_get_string(&out, tg_json_top(doc), "s", TG_JSON_REQUIRED,
                                            cases[i].min, cases[i].max, NULL),
                         cases[i].err);
        assert_view(out, cases[i].err == TG_OK ? "abc" : "kept");
    }
    tg_json_free(&doc);
}

static void get_string__missing_or_another_type__fault_names_the_path(void **state)
{
    static const char *const names[] = { "o", "b", "z", "missing" };
    struct tg_json *doc = open_doc();
    struct tg_json_object inner;
    struct tg_bytes out = TG_LIT("kept");
    struct tg_fault fault = { "" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        assert_int_equal(
            tg_json_get_string(&out, tg_json_top(doc), names[i], TG_JSON_REQUIRED, 1, 64, &fault),
            TG_E_SYNTAX);
        assert_non_null(strstr(fault.text, ": expected a string of 1 to 64 bytes"));
        assert_fault_begins(fault, names[i]);
        fault.text[0] = '\0';
    }
    assert_int_equal(tg_json_get_object(&inner, tg_json_top(doc), "o", TG_JSON_REQUIRED, &fault),
                     TG_OK);
    assert_int_equal(tg_json_get_string(&out, inner, "n", TG_JSON_REQUIRED, 1, SIZE_MAX, &fault),
                     TG_E_SYNTAX);
    assert_string_equal(fault.text, "o.n: expected a non-empty string");
    assert_view(out, "kept");
    tg_json_free(&doc);
}

/* spec-test: protocol/1#null-is-absent */
static void get_optional__absent_and_null__the_same(void **state)
{
    static const char *const names[] = { "missing", "z" };
    struct tg_json *doc = open_doc();

    (void)state;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        struct tg_json_object top = tg_json_top(doc);
        struct tg_json_object object = { &top, "kept" };
        struct tg_bytes out = TG_LIT("kept");

        assert_int_equal(tg_json_get_string(&out, top, names[i], TG_JSON_OPTIONAL, 1, 9, NULL),
                         TG_OK);
        assert_null(out.ptr);
        assert_int_equal(tg_json_get_object(&object, top, names[i], TG_JSON_OPTIONAL, NULL), TG_OK);
        assert_null(object.node);
        object = (struct tg_json_object){ &top, "kept" };
        assert_int_equal(tg_json_get_object(&object, top, names[i], TG_JSON_REQUIRED, NULL),
                         TG_E_SYNTAX);
        assert_string_equal(object.path, "kept");
    }
    assert_true(tg_json_has(tg_json_top(doc), "z"));
    assert_false(tg_json_has(tg_json_top(doc), "missing"));
    tg_json_free(&doc);
}

static void get_optional__absent_empty_and_another_type__distinguished(void **state)
{
    struct tg_json *doc = open_doc();
    struct tg_bytes out = TG_LIT("kept");
    struct tg_json_object object = { NULL, "kept" };

    (void)state;
    assert_int_equal(
        tg_json_get_string(&out, tg_json_top(doc), "missing", TG_JSON_OPTIONAL, 1, 9, NULL), TG_OK);
    assert_null(out.ptr);
    assert_int_equal(tg_json_get_string(&out, tg_json_top(doc), "e", TG_JSON_OPTIONAL, 0, 9, NULL),
                     TG_OK);
    assert_non_null(out.ptr);
    assert_int_equal(out.len, 0);
    assert_int_equal(tg_json_get_string(&out, tg_json_top(doc), "b", TG_JSON_OPTIONAL, 0, 9, NULL),
                     TG_E_SYNTAX);
    assert_int_equal(tg_json_get_object(&object, tg_json_top(doc), "s", TG_JSON_OPTIONAL, NULL),
                     TG_E_SYNTAX);
    assert_int_equal(
        tg_json_get_object(&object, tg_json_top(doc), "missing", TG_JSON_REQUIRED, NULL),
        TG_E_SYNTAX);
    assert_int_equal(
        tg_json_get_object(&object, tg_json_top(doc), "missing", TG_JSON_OPTIONAL, NULL), TG_OK);
    assert_null(object.node);
    assert_int_equal(tg_json_get_string(&out, object, "s", TG_JSON_REQUIRED, 0, 9, NULL),
                     TG_E_SYNTAX);
    tg_json_free(&doc);
}

static void get_bool__true_false_and_others__value_or_refused(void **state)
{
    struct tg_json *doc = open_doc();
    struct tg_fault fault = { "" };
    bool value = false;

    (void)state;
    assert_int_equal(tg_json_get_bool(&value, tg_json_top(doc), "b", TG_JSON_REQUIRED, &fault),
                     TG_OK);
    assert_true(value);
    assert_int_equal(tg_json_get_bool(&value, tg_json_top(doc), "f", TG_JSON_REQUIRED, &fault),
                     TG_OK);
    assert_false(value);
    value = true;
    assert_int_equal(tg_json_get_bool(&value, tg_json_top(doc), "s", TG_JSON_REQUIRED, &fault),
                     TG_E_SYNTAX);
    assert_string_equal(fault.text, "s: expected true or false");
    assert_int_equal(tg_json_get_bool(&value, tg_json_top(doc), "missing", TG_JSON_REQUIRED, NULL),
                     TG_E_SYNTAX);
    assert_int_equal(tg_json_get_bool(&value, tg_json_top(doc), "missing", TG_JSON_OPTIONAL, NULL),
                     TG_OK);
    assert_true(value);
    tg_json_free(&doc);
}

static void get_whole__bounds_fractions_and_other_types__value_or_refused(void **state)
{
    static const char text[] =
        "{\"zero\":0,\"max\":253402300799,\"over\":253402300800,\"below\":-1,"
        "\"half\":1.5,\"text\":\"1\",\"huge\":99999999999999999999}";
    static const char *const bad[] = { "over", "below", "half", "text", "huge", "missing" };
    const int64_t max = INT64_C(253402300799);
    struct tg_json *doc = NULL;
    struct tg_fault fault = { "" };
    int64_t value = 7;

    (void)state;
    assert_int_equal(tg_json_parse(&doc, tg_bytes_str(text), NULL), TG_OK);
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(tg_json_get_whole(&value, tg_json_top(doc), bad[i], max, &fault),
                         TG_E_SYNTAX);
        assert_int_equal(value, 7);
    }
    assert_string_equal(fault.text, "over: expected a whole number from 0 to 253402300799");
    assert_int_equal(tg_json_get_whole(&value, tg_json_top(doc), "zero", max, NULL), TG_OK);
    assert_int_equal(value, 0);
    assert_int_equal(tg_json_get_whole(&value, tg_json_top(doc), "max", max, NULL), TG_OK);
    assert_int_equal(value, max);
    tg_json_free(&doc);
}

static void counts__members_and_items__zero_where_there_are_none(void **state)
{
    struct tg_json *doc = NULL;
    struct tg_json_object top;

    (void)state;
    assert_int_equal(tg_json_parse(&doc, TG_LIT("{\"a\":[1,{},null],\"o\":{},\"e\":[]}"), NULL),
                     TG_OK);
    top = tg_json_top(doc);
    assert_int_equal(tg_json_member_count(top), 3);
    assert_int_equal(tg_json_member_count(tg_json_item(top, "a", 0)), 0);
    assert_int_equal(tg_json_item_count(top, "a"), 3);
    assert_int_equal(tg_json_item_count(top, "e"), 0);
    assert_int_equal(tg_json_item_count(top, "o"), 0);
    assert_int_equal(tg_json_item_count(top, "missing"), 0);
    tg_json_free(&doc);
}

static void item__objects_of_an_array__only_those(void **state)
{
    static const char text[] =
        "{\"a\":[{\"n\":\"first\"},7,{\"n\":\"third\"}],\"o\":{\"n\":\"x\"}}";
    struct tg_json *doc = NULL;
    struct tg_bytes n;

    (void)state;
    assert_int_equal(tg_json_parse(&doc, tg_bytes_str(text), NULL), TG_OK);
    assert_int_equal(tg_json_get_string(&n, tg_json_item(tg_json_top(doc), "a", 2), "n",
                                        TG_JSON_REQUIRED, 1, 10, NULL),
                     TG_OK);
    assert_true(tg_bytes_is_equal(n, TG_LIT("third")));
    assert_non_null(tg_json_item(tg_json_top(doc), "a", 0).node);
    assert_null(tg_json_item(tg_json_top(doc), "a", 1).node);
    assert_null(tg_json_item(tg_json_top(doc), "a", 3).node);
    assert_null(tg_json_item(tg_json_top(doc), "o", 0).node);
    assert_null(tg_json_item(tg_json_top(doc), "missing", 0).node);
    assert_null(tg_json_item((struct tg_json_object){ NULL, "" }, "a", 0).node);
    tg_json_free(&doc);
}

static void put_string__every_ascii_character__read_back_the_same(void **state)
{
    uint8_t text[0x7f];
    struct tg_buf out;
    struct tg_json *doc = NULL;
    struct tg_bytes back;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i + 1);
    }
    tg_buf_init(&out, 1000);
    tg_buf_append_str(&out, "{\"s\":");
    tg_json_put_string(&out, TG_ARRAY_BYTES(text));
    tg_buf_append_str(&out, "}");
    assert_int_equal(tg_json_parse(&doc, tg_buf_view(&out), NULL), TG_OK);
    assert_int_equal(
        tg_json_get_string(&back, tg_json_top(doc), "s", TG_JSON_REQUIRED, 0, 1000, NULL), TG_OK);
    assert_int_equal(back.len, sizeof(text));
    assert_memory_equal(back.ptr, text, sizeof(text));
    tg_json_free(&doc);
    tg_buf_deinit(&out);
}

static void put_string__specials__escaped(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 1000);
    tg_json_put_string(&out, TG_LIT("a\"b\\c\n\r\t\b\f\x01\x1f/\xc3\xa4"));
    assert_view(tg_buf_view(&out), "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f/\xc3\xa4\"");
    tg_buf_clear(&out);
    tg_json_put_string(&out, tg_bytes(NULL, 0));
    assert_view(tg_buf_view(&out), "\"\"");
    tg_buf_deinit(&out);
}

static void put_string__invalid_utf8_or_a_nul__syntax_sticks(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 1000);
    tg_json_put_string(&out, TG_LIT("a\xff"));
    assert_int_equal(tg_buf_status(&out), TG_E_SYNTAX);
    assert_int_equal(out.len, 0);
    tg_buf_append_str(&out, "x");
    assert_int_equal(out.len, 0);
    tg_buf_clear(&out);
    tg_json_put_string(&out, tg_bytes("a\0b", 3));
    assert_int_equal(tg_buf_status(&out), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

static void keep_only__strings_read_before__copies_and_nothing_else(void **state)
{
    static const char text[] = "{\"a\":\"first\",\"b\":\"\",\"z\":[[],[],{\"c\":1}]}";
    struct tg_json *doc = NULL;
    struct tg_fault fault = { "" };
    struct tg_bytes a = { 0 }, b = { 0 }, none = { 0 };
    struct tg_bytes *const views[] = { &a, &b, &none };

    (void)state;
    assert_int_equal(tg_json_parse(&doc, tg_bytes_str(text), &fault), TG_OK);
    assert_int_equal(tg_json_get_string(&a, tg_json_top(doc), "a", TG_JSON_REQUIRED, 0, 10, &fault),
                     TG_OK);
    assert_int_equal(tg_json_get_string(&b, tg_json_top(doc), "b", TG_JSON_REQUIRED, 0, 10, &fault),
                     TG_OK);
    assert_int_equal(tg_json_keep_only(doc, views, TG_COUNT(views)), TG_OK);
    assert_true(tg_bytes_is_equal(a, TG_LIT("first")));
    assert_non_null(b.ptr);
    assert_int_equal(b.len, 0);
    assert_null(none.ptr);
    assert_false(tg_json_has(tg_json_top(doc), "a"));
    tg_json_free(&doc);
    assert_null(doc);
}

/* Every length of names, around the numbers at which they are compared in another way. */
static void parse__member_twice_among_many__found(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 40; count++) {
        for (size_t twice = 0; twice <= count; twice++) { /* count: none */
            struct tg_fault fault = { "" };
            struct tg_buf b;

            tg_buf_init(&b, 10000);
            tg_buf_append_str(&b, "{");
            for (size_t i = 0; i < count; i++) {
                tg_buf_append_str(&b, "\"same start ");
                fill(&b, 'x', i % 7);
                tg_buf_append_dec(&b, 1000 + i * 37 % 41);
                tg_buf_append_str(&b, "\":[{\"a\":1}],");
            }
            tg_buf_append_str(&b, "\"same start ");
            fill(&b, 'x', twice % 7);
            tg_buf_append_dec(&b, 1000 + twice * 37 % 41);
            tg_buf_append_str(&b, "\":0}");
            assert_int_equal(parse(&fault, b.ptr, b.len), twice < count ? TG_E_SYNTAX : TG_OK);
            tg_buf_deinit(&b);
        }
    }
}

/* A special character at each place of the eight that are looked at together. */
static void parse__special_characters_at_every_place__read(void **state)
{
    static const struct {
        const char *text;
        const char *expected; /* NULL: refused */
    } cases[] = { { "\\n", "\n" },
                  { "\\\"", "\"" },
                  { "\\\\", "\\" },
                  { "\\/", "/" },
                  { "\\u00E4", "\xc3\xa4" },
                  { "\\u20ac", "\xe2\x82\xac" },
                  { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
                  { "\x7f", "\x7f" },
                  { "\xc3\xa4", "\xc3\xa4" },
                  { " ", " " },
                  { "\x1f", NULL },
                  { "\t", NULL },
                  { "\\x", NULL },
                  { "\\u00g0", NULL },
                  { "\\ude00", NULL },
                  { "\\ud83d\\u0041", NULL },
                  { "\\ud83dx", NULL },
                  { "\\ud83d\\ud83d", NULL } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases) * 20; i++) {
        const char *expected = cases[i / 20].expected;
        struct tg_json *doc = NULL;
        struct tg_buf b, wanted;
        struct tg_bytes back = { NULL, 0 };

        tg_buf_init(&b, 1000);
        tg_buf_init(&wanted, 1000);
        tg_buf_append_str(&b, "{\"s\":\"");
        fill(&b, 'a', i % 20);
        fill(&wanted, 'a', i % 20);
        tg_buf_append_str(&b, cases[i / 20].text);
        tg_buf_append_str(&wanted, expected == NULL ? "" : expected);
        fill(&b, 'z', 20);
        fill(&wanted, 'z', 20);
        tg_buf_append_str(&b, "\"}");
        assert_int_equal(tg_json_parse(&doc, tg_buf_view(&b), NULL),
                         expected == NULL ? TG_E_SYNTAX : TG_OK);
        if (doc != NULL) {
            assert_int_equal(
                tg_json_get_string(&back, tg_json_top(doc), "s", TG_JSON_REQUIRED, 0, 100, NULL),
                TG_OK);
            assert_true(tg_bytes_is_equal(back, tg_buf_view(&wanted)));
        }
        tg_json_free(&doc);
        tg_buf_deinit(&b);
        tg_buf_deinit(&wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__malformed__refused_with_the_reason),
        cmocka_unit_test(parse__nul_byte_anywhere__refused),
        cmocka_unit_test(parse__every_truncation__refused),
        cmocka_unit_test(parse__nesting_at_the_limit_and_above__accepted_and_refused),
        cmocka_unit_test(parse__values_at_the_limit_and_above__accepted_and_refused),
        cmocka_unit_test(parse__brackets_inside_strings__not_counted),
        cmocka_unit_test(parse__length_at_the_limit_and_above__accepted_and_refused),
        cmocka_unit_test(parse__unknown_members_of_any_kind__ignored),
        cmocka_unit_test(get_string__length_at_each_limit__accepted_and_refused),
        cmocka_unit_test(get_string__missing_or_another_type__fault_names_the_path),
        cmocka_unit_test(parse__numbers_of_any_size__ignored_and_the_rest_is_read),
        cmocka_unit_test(parse__a_number_of_60000_digits__ignored),
        cmocka_unit_test(parse__many_large_numbers__ignored),
        cmocka_unit_test(get_optional__absent_and_null__the_same),
        cmocka_unit_test(get_optional__absent_empty_and_another_type__distinguished),
        cmocka_unit_test(get_bool__true_false_and_others__value_or_refused),
        cmocka_unit_test(get_whole__bounds_fractions_and_other_types__value_or_refused),
        cmocka_unit_test(counts__members_and_items__zero_where_there_are_none),
        cmocka_unit_test(item__objects_of_an_array__only_those),
        cmocka_unit_test(put_string__every_ascii_character__read_back_the_same),
        cmocka_unit_test(put_string__specials__escaped),
        cmocka_unit_test(put_string__invalid_utf8_or_a_nul__syntax_sticks),
        cmocka_unit_test(keep_only__strings_read_before__copies_and_nothing_else),
        cmocka_unit_test(parse__member_twice_among_many__found),
        cmocka_unit_test(parse__special_characters_at_every_place__read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
