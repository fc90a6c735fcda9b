/* SPDX-License-Identifier: Apache-2.0 */
/* Compares every row of tests/data/push/provider_responses.json with the verdict of the provider.
 */
#include "unit/push/push_fixture.h"

#include "push/verdict.h"

#include <jansson.h>

#define ROWS TG_TEST_DATA "/push/provider_responses.json"

static const struct {
    const char *action; /* the beginning of the action in the file */
    enum tg_push_action ours;
} words[] = {
    { "ok", TG_PUSH_TAKEN },
    { "bug", TG_PUSH_BLAME_REQUEST },
    { "config", TG_PUSH_BLAME_CONFIG },
    { "retry_new_connection", TG_PUSH_RECONNECT },
    { "refresh_jwt_retry_once", TG_PUSH_RENEW },
    { "refresh access token, retry once", TG_PUSH_RENEW },
    { "keep_jwt_backoff", TG_PUSH_WAIT_PROVIDER },
    { "backoff_this_token", TG_PUSH_WAIT_TOKEN },
    { "retry", TG_PUSH_WAIT_PROVIDER },
    { "drop_token_only_if", TG_PUSH_SUSPECT_TOKEN },
    { "abort; drop token only if", TG_PUSH_SUSPECT_TOKEN },
    { "drop_token", TG_PUSH_DROP_TOKEN },
    { "none/by status", TG_PUSH_WAIT_PROVIDER }, /* judged with status 500 here */
};

/* The reasons for which the token or the configuration may be at fault. docs/push.md */
static bool is_doubtful(const char *reason)
{
    return reason != NULL &&
           (strcmp(reason, "BadDeviceToken") == 0 || strcmp(reason, "DeviceTokenNotForTopic") == 0);
}

static enum tg_push_action expected(const char *action, const char *reason)
{
    if (is_doubtful(reason)) {
        assert_string_equal(action, "drop_token");
        return TG_PUSH_SUSPECT_TOKEN;
    }
    for (size_t i = 0; i < TG_COUNT(words); i++) {
        if (strncmp(action, words[i].action, strlen(words[i].action)) == 0) {
            return words[i].ours;
        }
    }
    fail_msg("an action of the file that this test does not know: %s", action);
    return TG_PUSH_TAKEN;
}

static struct tg_push_verdict judged(const struct tg_push_provider_ops *ops, unsigned status,
                                     const char *body)
{
    const struct tg_push_answer answer = { .status = status, .body = tg_bytes_str(body) };
    struct tg_push_verdict verdict = { .reason = NULL };

    ops->judge(NULL, &answer, NOW, &verdict);
    assert_non_null(verdict.reason);
    assert_true(strlen(verdict.reason) > 0);
    return verdict;
}

static void check(const struct tg_push_provider_ops *ops, unsigned status, const char *body,
                  const char *action, const char *reason)
{
    struct tg_push_verdict verdict = judged(ops, status, body);

    if (verdict.action != expected(action, reason)) {
        fail_msg("%u %s: expected \"%s\", got action %d", status, body, action,
                 (int)verdict.action);
    }
}

static const char *string_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void judge__every_apns_row__as_the_file_says(void **state)
{
    json_t *file = json_load_file(ROWS, 0, NULL);
    json_t *rows = json_object_get(json_object_get(file, "apns"), "responses");
    size_t i = 0;
    json_t *row = NULL;

    (void)state;
    assert_int_equal(json_array_size(rows), 33);
    json_array_foreach(rows, i, row)
    {
        const char *reason = string_of(row, "reason");
        unsigned status = (unsigned)json_integer_value(json_object_get(row, "status"));
        char body[200];

        (void)snprintf(body, sizeof(body), "{\"reason\":\"%s\"%s}", reason,
                       status == 410 ? ",\"timestamp\":1460000000000" : "");
        check(&tg_push_apns_ops, status, reason == NULL ? "" : body, string_of(row, "action"),
              reason);
    }
    json_decref(file);
}

static void judge__every_fcm_sample__as_the_file_says(void **state)
{
    json_t *file = json_load_file(ROWS, 0, NULL);
    json_t *rows = json_object_get(json_object_get(file, "fcm_v1"), "samples");
    size_t i = 0;
    json_t *row = NULL;

    (void)state;
    assert_int_equal(json_array_size(rows), 6);
    json_array_foreach(rows, i, row)
    {
        const json_t *body = json_object_get(row, "body");
        char *text = body == NULL ? NULL : json_dumps(body, 0);

        check(&tg_push_fcm_ops, (unsigned)json_integer_value(json_object_get(row, "http")),
              text != NULL ? text : string_of(row, "body_text"), string_of(row, "action"), NULL);
        free(text);
    }
    json_decref(file);
}

static void judge__every_fcm_code__as_the_file_says(void **state)
{
    json_t *file = json_load_file(ROWS, 0, NULL);
    json_t *rows = json_object_get(json_object_get(file, "fcm_v1"), "codes");
    size_t i = 0;
    json_t *row = NULL;

    (void)state;
    assert_int_equal(json_array_size(rows), 10);
    json_array_foreach(rows, i, row)
    {
        const char *code = string_of(row, "errorCode");
        const json_t *http = json_object_get(row, "http");
        unsigned status = json_is_integer(http) ? (unsigned)json_integer_value(http) : 500;
        char body[400];

        if (code == NULL) {
            (void)snprintf(body, sizeof(body), "{\"error\":{\"code\":%u,\"status\":\"%s\"}}",
                           status, string_of(row, "status"));
        } else {
            (void)snprintf(body, sizeof(body),
                           "{\"error\":{\"code\":%u,\"details\":["
                           "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\"},7,"
                           "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\","
                           "\"errorCode\":\"%s\"}]}}",
                           status, code);
        }
        check(&tg_push_fcm_ops, status, body, string_of(row, "action"), NULL);
    }
    json_decref(file);
}

/* The same code in a detail of another type does not count. */
static void judge__an_error_code_outside_an_fcm_error__judged_by_status(void **state)
{
    static const char body[] =
        "{\"error\":{\"code\":404,\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.Other\","
        "\"errorCode\":\"UNREGISTERED\"}]}}";

    (void)state;
    assert_int_equal(judged(&tg_push_fcm_ops, 404, body).action, TG_PUSH_BLAME_CONFIG);
    assert_int_equal(judged(&tg_push_fcm_ops, 404, "{}").action, TG_PUSH_BLAME_CONFIG);
    assert_int_equal(judged(&tg_push_fcm_ops, 400, "{\"error\":[]}").action, TG_PUSH_BLAME_REQUEST);
}

static void judge__words_with_an_undocumented_status__never_drop_a_token(void **state)
{
    static const char unregistered[] = "{\"reason\":\"Unregistered\"}";
    static const unsigned statuses[] = { 400, 403, 404, 429, 500, 503 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(statuses); i++) {
        assert_int_not_equal(judged(&tg_push_apns_ops, statuses[i], unregistered).action,
                             TG_PUSH_DROP_TOKEN);
    }
    assert_int_equal(judged(&tg_push_apns_ops, 200, unregistered).action, TG_PUSH_TAKEN);
}

static void judge__bodies_that_are_not_json__judged_by_status(void **state)
{
    static const char *const bodies[] = { "",
                                          "<!DOCTYPE html>",
                                          "{",
                                          "[]",
                                          "{\"reason\":7}",
                                          "{\"reason\":\"Unheard\"}",
                                          "{\"error\":\"x\"}" };
    static const struct {
        unsigned status;
        enum tg_push_action apns, fcm;
    } rows[] = {
        { 200, TG_PUSH_TAKEN, TG_PUSH_TAKEN },
        { 204, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 301, TG_PUSH_BLAME_CONFIG, TG_PUSH_BLAME_CONFIG },
        { 400, TG_PUSH_BLAME_REQUEST, TG_PUSH_BLAME_REQUEST },
        { 401, TG_PUSH_BLAME_CONFIG, TG_PUSH_RENEW },
        { 403, TG_PUSH_BLAME_CONFIG, TG_PUSH_BLAME_CONFIG },
        { 404, TG_PUSH_BLAME_REQUEST, TG_PUSH_BLAME_CONFIG },
        { 410, TG_PUSH_DROP_TOKEN, TG_PUSH_DROP_TOKEN },
        { 429, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 499, TG_PUSH_BLAME_REQUEST, TG_PUSH_BLAME_REQUEST },
        { 500, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 502, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 599, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 0, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
        { 1000, TG_PUSH_WAIT_PROVIDER, TG_PUSH_WAIT_PROVIDER },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        for (size_t j = 0; j < TG_COUNT(bodies); j++) {
            assert_int_equal(judged(&tg_push_apns_ops, rows[i].status, bodies[j]).action,
                             rows[i].apns);
            assert_int_equal(judged(&tg_push_fcm_ops, rows[i].status, bodies[j]).action,
                             rows[i].fcm);
        }
    }
}

static void judge__retry_after__used_and_bounded(void **state)
{
    static const struct {
        uint32_t asked, kept;
    } rows[] = {
        { 1, 1 }, { 21599, 21599 }, { 21600, 21600 }, { 21601, 21600 }, { UINT32_MAX, 21600 }
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        const struct tg_push_answer answer = { .status = 503, .retry_after_s = rows[i].asked };
        struct tg_push_verdict verdict = { .reason = NULL };

        tg_push_apns_ops.judge(NULL, &answer, NOW, &verdict);
        assert_int_equal(verdict.wait_s, rows[i].kept);
        tg_push_fcm_ops.judge(NULL, &answer, NOW, &verdict);
        assert_int_equal(verdict.wait_s, rows[i].kept);
    }
    assert_int_equal(judged(&tg_push_fcm_ops, 429, "").wait_s, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge__every_apns_row__as_the_file_says),
        cmocka_unit_test(judge__every_fcm_sample__as_the_file_says),
        cmocka_unit_test(judge__every_fcm_code__as_the_file_says),
        cmocka_unit_test(judge__an_error_code_outside_an_fcm_error__judged_by_status),
        cmocka_unit_test(judge__words_with_an_undocumented_status__never_drop_a_token),
        cmocka_unit_test(judge__bodies_that_are_not_json__judged_by_status),
        cmocka_unit_test(judge__retry_after__used_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
