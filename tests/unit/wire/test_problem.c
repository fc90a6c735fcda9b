/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/problem.h"

static const struct tg_problem_text bare = {
    .type = TG_PROBLEM_TYPE_BLANK, .title = "T", .status = 401, .detail = ""
};

/* spec-test: protocol/1#problem-documents */
static void encode__all_members__in_order_and_back(void **state)
{
    struct tg_buf out;
    struct tg_json *doc = NULL;
    struct tg_problem problem;
    const struct tg_problem_text text = {
        TG_PROBLEM_TYPE_PREFIX "expired", "Gone", 404, "d\"t", TG_RECIPIENT_BOUND, TG_LIT("AAEC")
    };

    (void)state;
    tg_buf_init(&out, 1000);
    assert_int_equal(tg_problem_encode(&out, &text), TG_OK);
    assert_view(tg_buf_view(&out),
                "{\"type\":\"" TG_PROBLEM_TYPE_PREFIX "expired\",\"title\":\"Gone\","
                "\"status\":404,\"detail\":\"d\\\"t\",\"recipient\":\"bound\","
                "\"endNote\":\"AAEC\"}");
    assert_int_equal(tg_problem_decode(&problem, &doc, tg_buf_view(&out)), TG_OK);
    assert_view(problem.type, TG_PROBLEM_TYPE_PREFIX "expired");
    assert_view(problem.title, "Gone");
    assert_view(problem.detail, "d\"t");
    assert_int_equal(problem.recipient, TG_RECIPIENT_BOUND);
    assert_view(problem.end_note, "AAEC");
    tg_json_free(&doc);
    tg_buf_deinit(&out);
}

static void encode__nothing_optional__members_left_out(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 1000);
    assert_int_equal(tg_problem_encode(&out, &bare), TG_OK);
    assert_view(tg_buf_view(&out), "{\"type\":\"about:blank\",\"title\":\"T\",\"status\":401}");
    tg_buf_deinit(&out);
}

static void encode__buffer_too_small__limit(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 20);
    assert_int_equal(tg_problem_encode(&out, &bare), TG_E_LIMIT);
    tg_buf_deinit(&out);
}

static void decode__members_missing_or_of_another_type__absent(void **state)
{
    static const char *const texts[] = { "{}", "{\"type\":1,\"title\":{},\"detail\":null,"
                                               "\"recipient\":\"Bound\",\"endNote\":[]}" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_json *doc = NULL;
        struct tg_problem problem;

        assert_int_equal(tg_problem_decode(&problem, &doc, tg_bytes_str(texts[i])), TG_OK);
        assert_view(problem.type, "about:blank");
        assert_int_equal(problem.title.len, 0);
        assert_int_equal(problem.detail.len, 0);
        assert_int_equal(problem.recipient, TG_RECIPIENT_UNKNOWN);
        assert_int_equal(problem.end_note.len, 0);
        tg_json_free(&doc);
    }
}

static void decode__garbage__syntax_and_untouched(void **state)
{
    static const char *const texts[] = { "", "<html>", "[]", "{\"type\":\"a\"",
                                         "{\"a\":1,\"a\":1}" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_json *doc = NULL;
        struct tg_problem problem = { .title = TG_LIT("kept") };

        assert_int_equal(tg_problem_decode(&problem, &doc, tg_bytes_str(texts[i])), TG_E_SYNTAX);
        assert_null(doc);
        assert_view(problem.title, "kept");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode__all_members__in_order_and_back),
        cmocka_unit_test(encode__nothing_optional__members_left_out),
        cmocka_unit_test(encode__buffer_too_small__limit),
        cmocka_unit_test(decode__members_missing_or_of_another_type__absent),
        cmocka_unit_test(decode__garbage__syntax_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
