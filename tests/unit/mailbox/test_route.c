/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "mailbox/route.h"

#include <stdlib.h>
#include <string.h>

#define ID "2bba630e-519b-11ec-bf63-0242ac130002"
#define PATH "/v1/m/" ID

static struct tg_route route_of(const char *method, const char *target)
{
    struct tg_route route;

    memset(&route, 0x5a, sizeof(route));
    tg_route_find(&route, tg_bytes_str(method), tg_bytes_str(target));
    return route;
}

static void find__each_method_of_each_path__its_call(void **state)
{
    static const struct {
        const char *method, *target;
        enum tg_mailbox_call call;
    } cases[] = {
        { "POST", "/v1/m", TG_CALL_CREATE },
        { "POST", "/v1/m?a=b", TG_CALL_CREATE },
        { "GET", PATH, TG_CALL_PREVIEW },
        { "HEAD", PATH, TG_CALL_PREVIEW },
        { "GET", PATH "?v=c", TG_CALL_PREVIEW },
        { "POST", PATH, TG_CALL_READ },
        { "PUT", PATH, TG_CALL_UPDATE },
        { "DELETE", PATH, TG_CALL_DELETE },
        { "PATCH", PATH, TG_CALL_RELINQUISH },
        /* spec-test: protocol/1#trailing-slash */
        { "GET", PATH "/", TG_CALL_PREVIEW },
        { "HEAD", PATH "/?v=c", TG_CALL_PREVIEW },
    };
    struct tg_uuid id;

    (void)state;
    assert_int_equal(tg_uuid_parse(&id, TG_LIT(ID)), TG_OK);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_route route = route_of(cases[i].method, cases[i].target);

        assert_int_equal(route.kind, TG_ROUTE_CALL);
        assert_int_equal(route.call, cases[i].call);
        assert_int_equal(route.is_head, strcmp(cases[i].method, "HEAD") == 0);
        if (route.call != TG_CALL_CREATE) {
            assert_memory_equal(&route.mailbox, &id, sizeof(id));
        }
    }
}

static void find__no_call__the_kind_of_refusal(void **state)
{
    static const struct {
        const char *method, *target;
        enum tg_route_kind kind;
        const char *allow; /* NULL: not set */
    } cases[] = {
        { "GET", "/", TG_ROUTE_NO_PATH, NULL },
        { "POST", "", TG_ROUTE_NO_PATH, NULL },
        { "POST", "/v2/m", TG_ROUTE_NO_PATH, NULL },
        { "POST", "/v1/m/" ID "/x", TG_ROUTE_NO_PATH, NULL },
        { "GET", "/v1/m/" ID "/x", TG_ROUTE_NO_PATH, NULL },
        { "GET", "/v1/m/" ID "//", TG_ROUTE_NO_PATH, NULL },
        { "POST", "/v1/m/" ID "/", TG_ROUTE_NO_PATH, NULL },
        { "DELETE", "/v1/m/" ID "/", TG_ROUTE_NO_PATH, NULL },
        { "OPTIONS", "/v2/m", TG_ROUTE_NO_PATH, NULL },
        { "GET", "/v1/m", TG_ROUTE_NO_METHOD, "POST, OPTIONS" },
        { "post", "/v1/m", TG_ROUTE_NO_METHOD, "POST, OPTIONS" },
        { "OPTIONS", "/v1/m", TG_ROUTE_OPTIONS, "POST, OPTIONS" },
        { "TRACE", PATH, TG_ROUTE_NO_METHOD, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
        { "OPTIONS", PATH, TG_ROUTE_OPTIONS, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
        { "GET", "/v1/m/", TG_ROUTE_NO_MAILBOX, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
        { "GET", "/v1/m/x", TG_ROUTE_NO_MAILBOX, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_route route = route_of(cases[i].method, cases[i].target);

        assert_int_equal(route.kind, cases[i].kind);
        if (cases[i].allow == NULL) {
            assert_null(route.allow);
        } else {
            assert_string_equal(route.allow, cases[i].allow);
        }
    }
}

/* spec-test: protocol/5#secret-in-target */
static void find__get_with_what_can_be_a_secret__damaged(void **state)
{
#define SECRET "hXlr6aRC7KgJpOLTNZaLsw"
    static const struct {
        const char *method, *target;
        bool is_damaged;
    } cases[] = {
        { "GET", PATH "%23" SECRET "==", true },
        { "HEAD", PATH "%23" SECRET "==", true },
        { "GET", PATH "%2523" SECRET, true },
        { "GET", PATH "/" SECRET, true },
        { "GET", PATH "%3Fv=c%23" SECRET, true },
        { "GET", PATH "?" SECRET "==", true },
        { "GET", PATH "?" SECRET "=", true },
        { "GET", PATH "?" SECRET "%3D%3D", true },
        { "GET", PATH "?hXlr6a%2BC7KgJp%2FLTNZaLsw", true },
        { "GET", PATH "?v=c&" SECRET "==", true },
        { "GET", PATH "?v=c%23" SECRET, true },
        { "GET", PATH "?v=c%252523" SECRET "%253D", true },
        { "GET", PATH "?v=c%20" SECRET, true },
        { "GET", PATH "?v=c/" SECRET, true },
        { "GET", PATH "?v=c" SECRET "==", true },
        { "GET", PATH "?v=c&utm_source=mail%23" SECRET "&x=y", true },
        { "GET", PATH "?v=c", false },
        { "GET", PATH "?v=a-vertical-of-thirty-characters", false },
        { "GET", PATH "?", false },
        { "GET", PATH "?v=", false },
        { "GET", PATH "?v=c&&=&", false },
        { "GET", PATH "?v=c%23", false },
        { "GET", PATH "?v=c%23abc", false },
        { "GET", PATH "?v=c&utm_marketing_tactic=a", false },
        { "GET", PATH "?fbclid=" SECRET SECRET "&v=c", false },
        { "GET", PATH "?v=c%", false },
        { "GET", PATH "?v=c%25%2", false },
        { "GET", PATH "/other", false },
        { "GET", "/v1/m/" SECRET SECRET, false },
        { "GET", "/" SECRET, false },
        { "POST", PATH "?" SECRET, false },
        { "OPTIONS", PATH "/" SECRET, false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_route route = route_of(cases[i].method, cases[i].target);

        if (route.is_damaged != cases[i].is_damaged) {
            fail_msg("%s %s", cases[i].method, cases[i].target);
        }
        if (route.is_damaged) {
            assert_int_equal(route.kind, TG_ROUTE_NO_MAILBOX);
            assert_int_equal(route.call, TG_CALL_PREVIEW);
        }
    }
#undef SECRET
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__each_method_of_each_path__its_call),
        cmocka_unit_test(find__no_call__the_kind_of_refusal),
        cmocka_unit_test(find__get_with_what_can_be_a_secret__damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
