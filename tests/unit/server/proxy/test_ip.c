/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <netinet/in.h>
#include <string.h>

#include "server/proxy/ip.h"

static struct tg_ip ip(const char *text)
{
    struct tg_ip out;

    assert_true(tg_ip_parse(&out, tg_bytes_str(text)));
    return out;
}

static void parse__addresses__ipv4_is_mapped(void **state)
{
    static const uint8_t v4[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 };
    struct tg_ip a = ip("192.0.2.1");
    struct tg_ip b = ip("::ffff:192.0.2.1");
    struct tg_ip c = ip("2001:db8::1");

    (void)state;
    assert_memory_equal(a.bytes, v4, 16);
    assert_memory_equal(b.bytes, v4, 16);
    assert_int_equal(c.bytes[0], 0x20);
    assert_int_equal(c.bytes[15], 1);
}

static void parse__others__refused_and_output_unchanged(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:80",
        "[::1]",
        "::1%lo",
        ":::",
        "g::1",
        "unknown",
        "localhost",
        "1.2.3.4/8",
        "0x7f.1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999",
        "0000:0000:0000:0000:0000:ffff:255.255.255.2555",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_ip out = ip("::9");
        struct tg_ip before = out;

        assert_false(tg_ip_parse(&out, tg_bytes_str(texts[i])));
        assert_memory_equal(&out, &before, sizeof(out));
    }
    assert_false(tg_ip_parse(&(struct tg_ip){ { 0 } }, tg_bytes("::1\0x", 5)));
}

static void sockaddr__both_families__there_and_back(void **state)
{
    static const char *const texts[] = { "192.0.2.1", "2001:db8::1", "::", "255.255.255.255" };
    struct sockaddr_storage addr = { .ss_family = AF_UNIX };
    struct tg_ip out = ip("::9");
    struct tg_ip before = out;

    (void)state;
    assert_false(tg_ip_of_sockaddr(&out, &addr));
    assert_memory_equal(&out, &before, sizeof(out));
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_ip in = ip(texts[i]);

        tg_ip_to_sockaddr(&addr, &in);
        assert_int_equal(addr.ss_family, strchr(texts[i], ':') != NULL ? AF_INET6 : AF_INET);
        assert_true(tg_ip_of_sockaddr(&out, &addr));
        assert_memory_equal(&out, &in, sizeof(in));
    }
}

static void network__parsed_and_printed(void **state)
{
    static const struct {
        const char *text;
        unsigned bits;
        const char *printed;
    } cases[] = {
        { "192.0.2.1", 128, "192.0.2.1" },
        { "192.0.2.1/32", 128, "192.0.2.1" },
        { "10.0.0.0/8", 104, "10.0.0.0/8" },
        { "128.0.0.0/1", 97, "128.0.0.0/1" },
        { "2001:db8::/32", 32, "2001:db8::/32" },
        { "::1", 128, "::1" },
        { "8000::/1", 1, "8000::/1" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_ip_network n;
        struct tg_buf text;

        assert_int_equal(tg_ip_network_parse(&n, tg_bytes_str(cases[i].text), NULL), TG_OK);
        assert_int_equal(n.bits, cases[i].bits);
        tg_buf_init(&text, 100);
        tg_ip_network_print(&text, &n);
        assert_string_equal(tg_buf_cstr(&text), cases[i].printed);
        tg_buf_deinit(&text);
    }
}

static void network__faults__said_in_words(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "", "not an address or network" },
        { "/8", "not an address or network" },
        { "relay.example", "not an address or network" },
        { "[::1]/128", "not an address or network" },
        { "10.0.0.0/", "not a length of a prefix (expected: 1 to 32" },
        { "10.0.0.0/33", "not a length of a prefix (expected: 1 to 32" },
        { "10.0.0.0/-1", "not a length of a prefix" },
        { "10.0.0.0/8/8", "not a length of a prefix" },
        { "10.0.0.0/255.0.0.0", "not a length of a prefix" },
        { "2001:db8::/129", "not a length of a prefix (expected: 1 to 128" },
        { "0.0.0.0/0", "a prefix of length 0 contains every address" },
        { "::/0", "a prefix of length 0 contains every address" },
        { "10.0.0.1/31", "the address has bits behind its prefix" },
        { "10.128.0.0/8", "the address has bits behind its prefix" },
        { "2001:db8::1/64", "the address has bits behind its prefix" },
        { "::ffff:10.0.0.0/104", "an IPv4 address in the form of IPv6 (expected: a.b.c.d)" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_ip_network n = { .bits = 7 };
        struct tg_fault fault = { { 0 } };

        assert_int_not_equal(tg_ip_network_parse(&n, tg_bytes_str(cases[i].text), &fault), TG_OK);
        assert_non_null(strstr(fault.text, cases[i].says));
        assert_int_equal(n.bits, 7);
    }
}

static void set__each_end_of_a_network__inside_the_next_outside(void **state)
{
    static const struct {
        const char *network, *first, *last, *below, *above;
    } cases[] = {
        { "10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0" },
        { "192.0.2.64/27", "192.0.2.64", "192.0.2.95", "192.0.2.63", "192.0.2.96" },
        { "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.0", "192.0.2.2" },
        { "2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff::1", "2001:db7::", "2001:db8:8000::" },
        { "128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", "::1" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_ip_set set = { .count = 1 };
        struct tg_ip in[] = { ip(cases[i].first), ip(cases[i].last) };
        struct tg_ip out[] = { ip(cases[i].below), ip(cases[i].above) };

        assert_int_equal(
            tg_ip_network_parse(&set.networks[0], tg_bytes_str(cases[i].network), NULL), TG_OK);
        for (size_t k = 0; k < 2; k++) {
            assert_true(tg_ip_set_has(&set, &in[k]));
            assert_false(tg_ip_set_has(&set, &out[k]));
        }
        set.count = 0;
        assert_false(tg_ip_set_has(&set, &in[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__addresses__ipv4_is_mapped),
        cmocka_unit_test(parse__others__refused_and_output_unchanged),
        cmocka_unit_test(sockaddr__both_families__there_and_back),
        cmocka_unit_test(network__parsed_and_printed),
        cmocka_unit_test(network__faults__said_in_words),
        cmocka_unit_test(set__each_end_of_a_network__inside_the_next_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
