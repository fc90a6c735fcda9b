/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <string.h>

#include <arpa/inet.h>

#include "server/http/network.h"

static bool is_same(const char *a, const char *b)
{
    uint8_t one[TG_NETWORK_MAX] = { 0 };
    uint8_t two[TG_NETWORK_MAX] = { 0 };
    size_t one_len = tg_network_of_text(one, tg_bytes_str(a));
    size_t two_len = tg_network_of_text(two, tg_bytes_str(b));

    assert_true(one_len > 0);
    assert_true(two_len > 0);
    return tg_bytes_is_equal(tg_bytes(one, one_len), tg_bytes(two, two_len));
}

static void text__ipv4_by_24_bits_ipv6_by_64(void **state)
{
    (void)state;
    assert_true(is_same("192.0.2.1", "192.0.2.254"));
    assert_false(is_same("192.0.2.1", "192.0.3.1"));
    assert_true(is_same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert_false(is_same("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(is_same("::ffff:192.0.2.7", "192.0.2.1"));
    assert_true(is_same("192.0.2.7:4711", "192.0.2.1"));
    assert_true(is_same("[2001:db8:1:2::1]:443", "2001:db8:1:2::2"));
    assert_true(is_same("[2001:db8:1:2::1]", "2001:db8:1:2::2"));
}

static void text__not_an_address__no_network(void **state)
{
    static const char *const texts[] = { "",   "unknown", "_hidden",   "1.2.3", "256.1.1.1",
                                         "[]", "::x",     "1.2.3.4.5", "[::1",  "a:b" };
    uint8_t out[TG_NETWORK_MAX] = { 0 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        size_t len = tg_network_of_text(out, tg_bytes_str(texts[i]));

        assert_int_equal(len, strcmp(texts[i], "[::1") == 0 ? 9 : 0);
    }
}

static void address__same_as_its_text(void **state)
{
    struct sockaddr_storage addr = { 0 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    uint8_t a[TG_NETWORK_MAX] = { 0 };
    uint8_t b[TG_NETWORK_MAX] = { 0 };

    (void)state;
    assert_int_equal(tg_network_of_address(a, &addr), 0);
    assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &v4.sin_addr), 1);
    memcpy(&addr, &v4, sizeof(v4));
    assert_int_equal(tg_network_of_address(a, &addr), 4);
    assert_int_equal(tg_network_of_text(b, TG_LIT("192.0.2.1")), 4);
    assert_memory_equal(a, b, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__ipv4_by_24_bits_ipv6_by_64),
        cmocka_unit_test(text__not_an_address__no_network),
        cmocka_unit_test(address__same_as_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
