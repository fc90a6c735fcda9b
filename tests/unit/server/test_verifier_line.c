/* SPDX-License-Identifier: Apache-2.0 */
/* The lines to and from the operator's verifier. spec-test: protocol/6#operators-verifier */
#include "support/c/unit.h"

#include "server/verifier_line.h"

#include <string.h>

static const uint8_t challenge[TG_ATTEST_HASH_LEN] = { 0xff };

static void question__any_visible_text__one_line_of_two_members(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, TG_VERIFIER_QUESTION_MAX);
    assert_int_equal(tg_verifier_question(&out, TG_LIT("a \"b\" \\ ~"), challenge), TG_OK);
    assert_string_equal(tg_buf_cstr(&out), "{\"attestation\":\"a \\\"b\\\" \\\\ ~\",\"challenge\":"
                                           "\"_wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}\n");
    tg_buf_deinit(&out);
}

static void question__longest_text_of_quotes__fits(void **state)
{
    static uint8_t quotes[TG_ATTESTATION_HEADER_MAX];
    struct tg_buf out;

    (void)state;
    memset(quotes, '"', sizeof(quotes));
    tg_buf_init(&out, TG_VERIFIER_QUESTION_MAX);
    assert_int_equal(tg_verifier_question(&out, TG_ARRAY_BYTES(quotes), challenge), TG_OK);
    tg_buf_deinit(&out);
}

static void question__other_bytes__refused(void **state)
{
    static const struct tg_bytes bad[] = { { NULL, 0 },
                                           { (const uint8_t *)"a\n", 2 },
                                           { (const uint8_t *)"\0", 1 },
                                           { (const uint8_t *)"\x7f", 1 },
                                           { (const uint8_t *)"\xc3\xa9", 2 } };
    struct tg_buf out;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        tg_buf_init(&out, TG_VERIFIER_QUESTION_MAX);
        assert_int_equal(tg_verifier_question(&out, bad[i], challenge), TG_E_SYNTAX);
        assert_int_equal(out.len, 0);
        tg_buf_deinit(&out);
    }
}

static const struct {
    const char *text;
    enum tg_ask_verdict verdict;
    bool is_user_verified;
} answers[] = {
    { "{\"verdict\":\"valid\"}\n", TG_ASK_VALID, false },
    { " { \"verdict\" : \"valid\" , \"userVerified\" : true } \n", TG_ASK_VALID, true },
    { "{\"verdict\":\"valid\",\"userVerified\":false}\n", TG_ASK_VALID, false },
    { "{\"verdict\":\"valid\",\"userVerified\":null}\n", TG_ASK_VALID, false },
    { "{\"verdict\":\"valid\",\"more\":[1]}\r\n", TG_ASK_VALID, false },
    { "{\"verdict\":\"invalid\",\"userVerified\":true}\n", TG_ASK_INVALID, false },
    { "{\"verdict\":\"unknown\"}\n", TG_ASK_UNKNOWN, false },
    { "{\"verdict\":\"Valid\"}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"\"}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":true}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"valid\",\"userVerified\":1}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"invalid\",\"verdict\":\"valid\"}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"valid\"}{}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"valid\"}\n{}\n", TG_ASK_FAILED, false },
    { "{\"verdict\":\"valid\"}\n\n", TG_ASK_FAILED, false },
    { "[\"valid\"]\n", TG_ASK_FAILED, false },
    { "valid\n", TG_ASK_FAILED, false },
    { "{}\n", TG_ASK_FAILED, false },
    { "\n", TG_ASK_FAILED, false },
    { "\xff\n", TG_ASK_FAILED, false },
};

static void answer__each_form__verdict_or_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(answers); i++) {
        struct tg_ask_answer answer;

        if (!tg_verifier_answer(&answer, tg_bytes_str(answers[i].text)) ||
            answer.verdict != answers[i].verdict ||
            answer.is_user_verified != answers[i].is_user_verified) {
            fail_msg("%s: verdict %u", answers[i].text, (unsigned)answer.verdict);
        }
    }
}

static void answer__each_prefix__not_complete(void **state)
{
    struct tg_bytes whole = TG_LIT("{\"verdict\":\"valid\"}\n");
    struct tg_ask_answer answer;

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        assert_false(tg_verifier_answer(&answer, tg_bytes_first(whole, len)));
        assert_int_equal(answer.verdict, TG_ASK_FAILED);
    }
}

static void answer__at_the_limit__complete_or_failed(void **state)
{
    static char text[TG_VERIFIER_ANSWER_MAX + 1];
    static const char end[] = "\"}\n";
    static const char head[] = "{\"verdict\":\"valid\",\"x\":\"";
    struct tg_ask_answer answer;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, head, sizeof(head) - 1);
    assert_false(tg_verifier_answer(&answer, tg_bytes(text, TG_VERIFIER_ANSWER_MAX - 1)));
    assert_true(tg_verifier_answer(&answer, tg_bytes(text, TG_VERIFIER_ANSWER_MAX)));
    assert_int_equal(answer.verdict, TG_ASK_FAILED);
    memcpy(text + TG_VERIFIER_ANSWER_MAX - (sizeof(end) - 1), end, sizeof(end) - 1);
    assert_true(tg_verifier_answer(&answer, tg_bytes(text, TG_VERIFIER_ANSWER_MAX)));
    assert_int_equal(answer.verdict, TG_ASK_VALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question__any_visible_text__one_line_of_two_members),
        cmocka_unit_test(question__longest_text_of_quotes__fits),
        cmocka_unit_test(question__other_bytes__refused),
        cmocka_unit_test(answer__each_form__verdict_or_failure),
        cmocka_unit_test(answer__each_prefix__not_complete),
        cmocka_unit_test(answer__at_the_limit__complete_or_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
