/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <stdio.h>
#include <string.h>

#include "server/http/forwarded.h"

#define LINES_MAX 4u

/* Lines "name: value", in the order of the request. */
struct request {
    const char *lines[LINES_MAX];
};

static struct tg_ip_set trusted(void)
{
    static const char *const networks[] = { "10.0.0.0/8", "2001:db8:ffff::/48" };
    struct tg_ip_set set = { .count = TG_COUNT(networks) };

    for (size_t i = 0; i < TG_COUNT(networks); i++) {
        assert_int_equal(tg_ip_network_parse(&set.networks[i], tg_bytes_str(networks[i]), NULL),
                         TG_OK);
    }
    return set;
}

static enum tg_forwarded read_request(struct tg_ip *out, const struct request *r)
{
    struct tg_http_header headers[LINES_MAX];
    struct tg_http_request head = { .headers = headers };
    struct tg_ip_set set = trusted();

    for (size_t i = 0; i < LINES_MAX && r->lines[i] != NULL; i++) {
        struct tg_bytes line = tg_bytes_str(r->lines[i]);
        size_t colon = tg_bytes_find(line, ':');

        headers[i].name = tg_bytes_first(line, colon);
        headers[i].value = tg_bytes_from(line, colon + 2);
        head.header_count++;
    }
    return tg_forwarded_client(out, &head, &set);
}

static void assert_client(const struct request *r, const char *address)
{
    struct tg_ip out = { { 0 } };
    struct tg_ip expected;

    assert_true(tg_ip_parse(&expected, tg_bytes_str(address)));
    if (read_request(&out, r) != TG_FORWARDED_CLIENT || memcmp(&out, &expected, sizeof(out)) != 0) {
        fail_msg("expected %s from: %s", address, r->lines[0]);
    }
}

static void assert_result(const struct request *r, enum tg_forwarded expected)
{
    struct tg_ip out = { { 9 } };
    enum tg_forwarded result = read_request(&out, r);

    if (result != expected) {
        fail_msg("result %d of: %s", (int)result, r->lines[0]);
    }
    assert_int_equal(out.bytes[0], 9);
}

/* spec-test: protocol/1#forwarded-by-trusted-proxies */
static void client__last_entry_that_is_no_trusted_proxy(void **state)
{
    static const struct {
        struct request request;
        const char *client;
    } cases[] = {
        { { { "X-Forwarded-For: 192.0.2.1" } }, "192.0.2.1" },
        { { { "x-forwarded-for: 6.6.6.6, 192.0.2.1" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 6.6.6.6,192.0.2.1 ,\t10.1.2.3, 10.9.9.9" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 10.1.1.1, 192.0.2.1" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.1" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 6.6.6.6", "A: b", "X-Forwarded-For: 192.0.2.1, 10.0.0.1",
              "X-FORWARDED-FOR: 10.0.0.2" } },
          "192.0.2.1" },
        /* What the client itself has sent need not be right. */
        { { { "X-Forwarded-For: garbage, , unknown, 192.0.2.1" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: ,,192.0.2.1,," } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 192.0.2.1:65535" } }, "192.0.2.1" },
        { { { "X-Forwarded-For: 2001:db8::1" } }, "2001:db8::1" },
        { { { "X-Forwarded-For: [2001:db8::1]" } }, "2001:db8::1" },
        { { { "X-Forwarded-For: [2001:db8::1]:443" } }, "2001:db8::1" },
        { { { "X-Forwarded-For: 2001:db8::1, 2001:db8:ffff::7" } }, "2001:db8::1" },
        { { { "X-Forwarded-For: ::ffff:192.0.2.1, ::ffff:10.0.0.1" } }, "192.0.2.1" },
        /* Only proxies: the first of them sent it. */
        { { { "X-Forwarded-For: 10.0.0.1, 10.0.0.2" } }, "10.0.0.1" },
        { { { "Forwarded: for=192.0.2.1" } }, "192.0.2.1" },
        { { { "Forwarded: FOR=6.6.6.6, for=192.0.2.1;proto=https;by=10.0.0.1" } }, "192.0.2.1" },
        { { { "Forwarded: for=6.6.6.6", "Forwarded: for=192.0.2.1, For=10.0.0.1" } }, "192.0.2.1" },
        { { { "Forwarded: for=\"[2001:db8::1]\"" } }, "2001:db8::1" },
        { { { "Forwarded: for=\"[2001:db8::1]:443\";proto=https" } }, "2001:db8::1" },
        { { { "Forwarded: for=\"192.0.2.1:_port\"" } }, "192.0.2.1" },
        { { { "Forwarded: for=\"\\1\\92.0.2.1\"" } }, "192.0.2.1" },
        { { { "Forwarded: by=_x;for=192.0.2.1 ; host=\"a, for=6.6.6.6\"" } }, "192.0.2.1" },
        { { { "Forwarded: for=unknown, for=_hidden, for=192.0.2.1" } }, "192.0.2.1" },
        { { { "Forwarded: , for=192.0.2.1,, ;" } }, "192.0.2.1" },
        /* Both, when they agree. */
        { { { "Forwarded: for=192.0.2.1", "X-Forwarded-For: 6.6.6.6, 192.0.2.1" } }, "192.0.2.1" },
        { { { "Forwarded: ", "X-Forwarded-For: 192.0.2.1" } }, "192.0.2.1" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_client(&cases[i].request, cases[i].client);
    }
}

static void client__not_named__refused(void **state)
{
    static const struct request cases[] = {
        { { "X-Forwarded-For: unknown" } },
        { { "X-Forwarded-For: 192.0.2.1, unknown" } },
        { { "X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.1" } },
        { { "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: _hidden" } },
        { { "X-Forwarded-For: 192.0.2.1:65536" } },
        { { "X-Forwarded-For: 192.0.2.1:" } },
        { { "X-Forwarded-For: 192.0.2" } },
        { { "X-Forwarded-For: 192.0.2.1 192.0.2.2" } },
        { { "X-Forwarded-For: \"192.0.2.1\"" } },
        { { "X-Forwarded-For: [192.0.2.1]" } },
        { { "X-Forwarded-For: [2001:db8::1" } },
        { { "X-Forwarded-For: [2001:db8::1]443" } },
        { { "X-Forwarded-For: fe80::1%eth0" } },
        { { "Forwarded: for=unknown" } },
        { { "Forwarded: for=_hidden" } },
        { { "Forwarded: for=192.0.2.1, for=unknown" } },
        { { "Forwarded: for=192.0.2.1, for=_hidden, for=10.0.0.1" } },
        { { "Forwarded: for=192.0.2.1, proto=https" } },         /* a hop that names nobody */
        { { "Forwarded: for=192.0.2.1, for=\"2001:db8::2\"" } }, /* no brackets */
        { { "Forwarded: for=[2001:db8::1]" } },                  /* no quotes */
        { { "Forwarded: for=192.0.2.1:80" } },                   /* no quotes */
        { { "Forwarded: for=" } },
        { { "Forwarded: for" } },
        { { "Forwarded: for=\"\"" } },
        { { "Forwarded: =192.0.2.1" } },
        { { "Forwarded: for = 192.0.2.1" } },
        { { "Forwarded: for=192.0.2.1;for=192.0.2.2" } },
        { { "Forwarded: for=192.0.2.1 for=192.0.2.2" } },
        { { "Forwarded: for=\"192.0.2.1" } },
        { { "Forwarded: for=\"192.0.2.1\\" } },
        { { "Forwarded: for=\"192.0.2.1\"x" } },
        /* A quote of the client must not hide what the proxy has appended. */
        { { "Forwarded: for=6.6.6.6;x=\", for=192.0.2.1" } },
        { { "Forwarded: for=6.6.6.6;x=\", for=\"[2001:db8::1]\"" } },
        { { "Forwarded: for=6.6.6.6;x=\"\\, for=\"[2001:db8::1]\"" } },
        { { "Forwarded: for=6.6.6.6;x=\"", "Forwarded: for=192.0.2.1" } },
        /* The two headers name different clients, or only one names any. */
        { { "Forwarded: for=192.0.2.2", "X-Forwarded-For: 192.0.2.1" } },
        { { "X-Forwarded-For: 192.0.2.1", "Forwarded: for=unknown" } },
        { { "X-Forwarded-For: garbage", "Forwarded: for=192.0.2.1" } },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_result(&cases[i], TG_FORWARDED_BAD);
    }
}

static void client__no_header_or_an_empty_one__none(void **state)
{
    static const struct request cases[] = {
        { { NULL } },
        { { "X-Forwarded-Host: 192.0.2.1", "X-Real-IP: 192.0.2.1" } },
        { { "X-Forwarded-For: " } },
        { { "X-Forwarded-For: , ,", "Forwarded: , ;" } },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_result(&cases[i], TG_FORWARDED_NONE);
    }
}

static void client__long_lists__read_up_to_the_limit(void **state)
{
    static const char *const entries[] = { "X-Forwarded-For: ", "6.6.6.6,",     "192.0.2.1",
                                           "Forwarded: ",       "for=6.6.6.6,", "for=192.0.2.1" };
    static char line[8192];

    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t count = TG_FORWARDED_ENTRIES_MAX; count <= TG_FORWARDED_ENTRIES_MAX + 2;
             count++) {
            size_t len = (size_t)snprintf(line, sizeof(line), "%s", entries[3 * kind]);
            const struct request r = { { line } };

            for (size_t i = 1; i < count; i++) {
                len +=
                    (size_t)snprintf(line + len, sizeof(line) - len, "%s", entries[3 * kind + 1]);
            }
            (void)snprintf(line + len, sizeof(line) - len, "%s", entries[3 * kind + 2]);
            if (count == TG_FORWARDED_ENTRIES_MAX) {
                assert_client(&r, "192.0.2.1");
            } else {
                assert_result(&r, TG_FORWARDED_BAD);
            }
        }
    }
}

/* Over several lines, too. */
static void client__more_after_the_limit__still_refused(void **state)
{
    static char line[8192] = "X-Forwarded-For: 6.6.6.6";
    size_t len = strlen(line);

    (void)state;
    for (size_t i = 0; i < TG_FORWARDED_ENTRIES_MAX; i++) {
        len += (size_t)snprintf(line + len, sizeof(line) - len, ",6.6.6.6");
    }
    assert_result(&(struct request){ { line, "X-Forwarded-For: 192.0.2.1" } }, TG_FORWARDED_BAD);
    assert_result(&(struct request){ { "Forwarded: for=\"", "Forwarded: for=192.0.2.1" } },
                  TG_FORWARDED_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client__last_entry_that_is_no_trusted_proxy),
        cmocka_unit_test(client__not_named__refused),
        cmocka_unit_test(client__no_header_or_an_empty_one__none),
        cmocka_unit_test(client__long_lists__read_up_to_the_limit),
        cmocka_unit_test(client__more_after_the_limit__still_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
