/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/endpoint.h"

#include <string.h>

static void parse__real_endpoints__host_port_and_origin(void **state)
{
    static const struct {
        const char *url, *host, *origin;
        unsigned port;
    } rows[] = {
        { "https://fcm.googleapis.com/fcm/send/dE:APA91b-_x", "fcm.googleapis.com",
          "https://fcm.googleapis.com", 443 },
        { "https://updates.push.services.mozilla.com/wpush/v2/gAAAA?x=%20(1)",
          "updates.push.services.mozilla.com", "https://updates.push.services.mozilla.com", 443 },
        { "HTTPS://Push.Example/A", "Push.Example", "https://push.example", 443 },
        { "https://push.example:443/a", "push.example", "https://push.example", 443 },
        { "https://push.example:8443/a@b", "push.example", "https://push.example:8443", 8443 },
        { "https://push.example", "push.example", "https://push.example", 443 },
        { "https://push.example?a", "push.example", "https://push.example", 443 },
        { "https://localhost:65535/", "localhost", "https://localhost:65535", 65535 },
        { "https://192.0.2.7/", "192.0.2.7", "https://192.0.2.7", 443 },
        { "https://[2001:DB8::1]:444/", "[2001:DB8::1]", "https://[2001:db8::1]:444", 444 },
        { "https://[2001:db8::1]", "[2001:db8::1]", "https://[2001:db8::1]", 443 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_push_endpoint endpoint = { .port = 0 };
        struct tg_buf origin;

        tg_buf_init(&origin, TG_PUSH_ORIGIN_MAX);
        assert_int_equal(tg_push_endpoint_parse(&endpoint, tg_bytes_str(rows[i].url)), TG_OK);
        assert_true(tg_bytes_is_equal(endpoint.url, tg_bytes_str(rows[i].url)));
        assert_true(tg_bytes_is_equal(endpoint.host, tg_bytes_str(rows[i].host)));
        assert_int_equal(endpoint.port, rows[i].port);
        tg_push_endpoint_origin(&origin, &endpoint);
        assert_string_equal(tg_buf_cstr(&origin), rows[i].origin);
        tg_buf_deinit(&origin);
    }
}

static void parse__anything_else__refused_and_out_unchanged(void **state)
{
    static const char *const urls[] = {
        "",
        "https://",
        "https:///a",
        "https:/push.example/",
        "http://push.example/",
        "ftp://push.example/",
        "//push.example/",
        "push.example",
        " https://push.example/",
        "https://push.example/ ",
        "https://push.example/a b",
        "https://push.example/a\tb",
        "https://push.example/a\r\nX: y",
        "https://push.example/\x7f",
        "https://push.example/\xc3\xa9",
        "https://push.example/#",
        "https://push.example/a#b",
        "https://push.example#b",
        "https://user@push.example/",
        "https://user:pw@push.example/",
        "https://good.example@evil.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\\.evil.example/",
        "https://push.example./",
        "https://.push.example/",
        "https://push..example/",
        "https://-push.example/",
        "https://push_.example/",
        "https://push%2eexample/",
        "https://push.example:/",
        "https://push.example:0/",
        "https://push.example:65536/",
        "https://push.example:-1/",
        "https://push.example:443x/",
        "https://push.example:443:443/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[::1%25lo]/",
        "https://[]/",
        "https://push.example/{a}",
        "https://push.example/\"a",
        "https://push.example/<a>",
        "https://push.example/a|b",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(urls); i++) {
        struct tg_push_endpoint endpoint = { .port = 7 };

        if (tg_push_endpoint_parse(&endpoint, tg_bytes_str(urls[i])) != TG_E_SYNTAX ||
            endpoint.port != 7) {
            fail_msg("'%s' is taken", urls[i]);
        }
    }
}

static void parse__length__up_to_the_limit(void **state)
{
    static char url[TG_PUSH_ENDPOINT_MAX + 2];
    struct tg_push_endpoint endpoint = { .port = 7 };

    (void)state;
    memset(url, 'a', sizeof(url));
    memcpy(url, "https://push.example/", 21);
    assert_int_equal(tg_push_endpoint_parse(&endpoint, tg_bytes(url, TG_PUSH_ENDPOINT_MAX)), TG_OK);
    assert_int_equal(tg_push_endpoint_parse(&endpoint, tg_bytes(url, TG_PUSH_ENDPOINT_MAX + 1)),
                     TG_E_LIMIT);
}

static void parse__a_nul_anywhere__refused(void **state)
{
    static const char url[] = "https://push.example/a";
    char copy[sizeof(url)];

    (void)state;
    for (size_t i = 0; i < sizeof(url) - 1; i++) {
        struct tg_push_endpoint endpoint;

        memcpy(copy, url, sizeof(url));
        copy[i] = '\0';
        assert_int_equal(tg_push_endpoint_parse(&endpoint, tg_bytes(copy, sizeof(url) - 1)),
                         TG_E_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__real_endpoints__host_port_and_origin),
        cmocka_unit_test(parse__anything_else__refused_and_out_unchanged),
        cmocka_unit_test(parse__length__up_to_the_limit),
        cmocka_unit_test(parse__a_nul_anywhere__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
