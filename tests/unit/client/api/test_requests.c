/* SPDX-License-Identifier: Apache-2.0 */
/* The standard requests of a key, and the PIN beside one of them. */
#include "support/c/unit.h"

#include <string.h>

#include <tigress/tigress.h>

#define FRAME(content) "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{" content "}}"

static enum tigress_error build(enum tigress_request kind, const char *value, const char *pin,
                                char **json)
{
    size_t len = 0;
    char why[TIGRESS_TEXT_MAX];
    enum tigress_error error = tigress_request_build(
        TIGRESS_FORMAT_CARKEY_CCC, kind, value, strlen(value), pin, json, &len, why, sizeof(why));

    assert_int_equal(error == TIGRESS_OK, *json != NULL);
    assert_true(error != TIGRESS_OK || strlen(*json) == len);
    assert_int_equal(error == TIGRESS_E_MESSAGE, why[0] != '\0');
    return error;
}

/* spec-test: protocol/7#standard-requests
   spec-test: protocol/7#standard-pin */
static void build__each_kind__the_standard_members(void **state)
{
    static const struct {
        enum tigress_request kind;
        const char *value, *pin, *json;
    } rows[] = {
        { TIGRESS_REQUEST_KEY_CREATION, "\"AA==\"", NULL,
          FRAME("\"keyCreationRequest\":\"AA==\"") },
        { TIGRESS_REQUEST_KEY_SIGNING, " {\"k\":[1, 2]}\n", "402817",
          FRAME("\"keySigningRequest\":{\"k\":[1, 2]},\"pin\":\"402817\"") },
        { TIGRESS_REQUEST_KEY_SIGNING, "{}", "123456789012",
          FRAME("\"keySigningRequest\":{},\"pin\":\"123456789012\"") },
        { TIGRESS_REQUEST_KEY_IMPORT, "7", NULL, FRAME("\"keyImportRequest\":7") },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        enum tigress_request kind = TIGRESS_REQUEST_NONE;
        const char *value = NULL;
        size_t value_len = 0;
        char pin[TIGRESS_PIN_TEXT_MAX];
        char *json = NULL;

        assert_int_equal(build(rows[i].kind, rows[i].value, rows[i].pin, &json), TIGRESS_OK);
        assert_string_equal(json, rows[i].json);
        assert_int_equal(
            tigress_request_get(json, strlen(json), &kind, &value, &value_len, NULL, 0),
            TIGRESS_OK);
        assert_int_equal(kind, rows[i].kind);
        assert_non_null(strstr(json, tigress_request_name(kind)));
        assert_ptr_equal(value, strstr(json, "Request\":") + strlen("Request\":"));
        assert_int_equal(value_len, strcspn(rows[i].value + strspn(rows[i].value, " "), "\n"));
        assert_int_equal(tigress_request_pin(json, strlen(json), pin, sizeof(pin)), TIGRESS_OK);
        assert_string_equal(pin, rows[i].pin != NULL ? rows[i].pin : "");
        tigress_free(json, strlen(json));
    }
}

static void build__what_would_not_read_as_it_was_meant__refused(void **state)
{
    static const struct {
        enum tigress_request kind;
        const char *value, *pin;
        enum tigress_error error;
    } rows[] = {
        { TIGRESS_REQUEST_NONE, "1", NULL, TIGRESS_E_ARGUMENT },
        { (enum tigress_request)4, "1", NULL, TIGRESS_E_ARGUMENT },
        { TIGRESS_REQUEST_KEY_IMPORT, "", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_IMPORT, "null", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_IMPORT, "1,\"more\":2", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_IMPORT, "1,\"keySigningRequest\":2", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1,\"pin\":\"123456\"", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1},\"x\":{", NULL, TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_IMPORT, "1", "123456", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_CREATION, "1", "123456", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1", "", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1", "12345", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1", "1234567890123", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1", "123 456", TIGRESS_E_MESSAGE },
        { TIGRESS_REQUEST_KEY_SIGNING, "1", "12345a", TIGRESS_E_MESSAGE },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char *json = NULL;

        assert_int_equal(build(rows[i].kind, rows[i].value, rows[i].pin, &json), rows[i].error);
    }
}

/* spec-test: protocol/7#standard-requests
   spec-test: protocol/7#standard-pin */
static void get__messages_of_others__read_or_refused(void **state)
{
    static const struct {
        const char *content;
        enum tigress_error error;
        int kind; /* -1: untouched */
    } rows[] = {
        { "{}", TIGRESS_OK, TIGRESS_REQUEST_NONE },
        { "{\"step\":1}", TIGRESS_OK, TIGRESS_REQUEST_NONE },
        { "{\"keyImportRequest\":null}", TIGRESS_OK, TIGRESS_REQUEST_NONE },
        { "{\"a\":{\"keyImportRequest\":1}}", TIGRESS_OK, TIGRESS_REQUEST_NONE },
        { "{\"keyImport\\u0052equest\":1}", TIGRESS_OK, TIGRESS_REQUEST_KEY_IMPORT },
        { "{\"keyImportRequest\":1,\"keySigningRequest\":null}", TIGRESS_OK,
          TIGRESS_REQUEST_KEY_IMPORT },
        { "{\"pin\":null,\"keyCreationRequest\":{}}", TIGRESS_OK, TIGRESS_REQUEST_KEY_CREATION },
        { "{\"pin\":\"123456\",\"keySigningRequest\":{}}", TIGRESS_OK,
          TIGRESS_REQUEST_KEY_SIGNING },
        { "{\"keyImportRequest\":1,\"keySigningRequest\":1}", TIGRESS_E_MESSAGE, -1 },
        { "{\"keyCreationRequest\":1,\"keySigningRequest\":1}", TIGRESS_E_MESSAGE, -1 },
        { "{\"pin\":\"123456\"}", TIGRESS_E_MESSAGE, -1 },
        { "{\"pin\":123456,\"keySigningRequest\":{}}", TIGRESS_E_MESSAGE, -1 },
        { "{\"pin\":\"12345\",\"keySigningRequest\":{}}", TIGRESS_E_MESSAGE, -1 },
        { "{\"pin\":\"123456\",\"keyImportRequest\":{}}", TIGRESS_E_MESSAGE, -1 },
        { "[]", TIGRESS_E_MESSAGE, -1 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        enum tigress_request kind = (enum tigress_request)99;
        const char *value = "untouched";
        size_t value_len = 9;
        char why[TIGRESS_TEXT_MAX];
        char json[256];

        (void)snprintf(json, sizeof(json), "{\"format\":\"x\",\"content\":%s}", rows[i].content);
        assert_int_equal(
            tigress_request_get(json, strlen(json), &kind, &value, &value_len, why, sizeof(why)),
            rows[i].error);
        assert_int_equal(kind, rows[i].kind < 0 ? 99 : rows[i].kind);
        assert_int_equal(why[0] != '\0', rows[i].error != TIGRESS_OK);
        assert_true(rows[i].error == TIGRESS_OK || value_len == 9);
        assert_int_equal(value == NULL, kind == TIGRESS_REQUEST_NONE);
    }
}

static void null_and_room__refused(void **state)
{
    enum tigress_request kind = TIGRESS_REQUEST_NONE;
    const char *value = NULL;
    size_t len = 0;
    char *json = NULL;
    char pin[TIGRESS_PIN_TEXT_MAX];

    (void)state;
    assert_int_equal(
        tigress_request_build(NULL, TIGRESS_REQUEST_KEY_IMPORT, "1", 1, NULL, &json, &len, NULL, 0),
        TIGRESS_E_ARGUMENT);
    assert_int_equal(
        tigress_request_build("x", TIGRESS_REQUEST_KEY_IMPORT, NULL, 1, NULL, &json, &len, NULL, 0),
        TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_request_get(NULL, 0, &kind, &value, &len, NULL, 0),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_request_pin(NULL, 0, pin, sizeof(pin)), TIGRESS_E_ARGUMENT);
    assert_int_equal(build(TIGRESS_REQUEST_KEY_SIGNING, "1", "123456", &json), TIGRESS_OK);
    assert_int_equal(tigress_request_pin(json, strlen(json), pin, 6), TIGRESS_E_LIMIT);
    assert_string_equal(pin, "");
    assert_int_equal(tigress_request_pin(json, strlen(json), pin, 7), TIGRESS_OK);
    assert_string_equal(pin, "123456");
    tigress_free(json, strlen(json));
    assert_string_equal(tigress_request_name(TIGRESS_REQUEST_NONE), "");
    assert_string_equal(tigress_request_name((enum tigress_request)77), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build__each_kind__the_standard_members),
        cmocka_unit_test(build__what_would_not_read_as_it_was_meant__refused),
        cmocka_unit_test(get__messages_of_others__read_or_refused),
        cmocka_unit_test(null_and_room__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
