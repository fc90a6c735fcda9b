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
        { "POST", "/v1/m", TG_CALL_CREATE },     { "POST", "/v1/m?a=b", TG_CALL_CREATE },
        { "GET", PATH, TG_CALL_PREVIEW },        { "HEAD", PATH, TG_CALL_PREVIEW },
        { "GET", PATH "?v=c", TG_CALL_PREVIEW }, { "POST", PATH, TG_CALL_READ },
        { "PUT", PATH, TG_CALL_UPDATE },         { "DELETE", PATH, TG_CALL_DELETE },
        { "PATCH", PATH, TG_CALL_RELINQUISH },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__each_method_of_each_path__its_call),
        cmocka_unit_test(find__no_call__the_kind_of_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
