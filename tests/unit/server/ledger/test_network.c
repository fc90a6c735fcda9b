/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <string.h>

#include <arpa/inet.h>

#include "server/ledger/network.h"

static struct tg_network of_text(const char *text)
{
    struct tg_network n = { .family = TG_NETWORK_OTHER };

    assert_true(tg_network_of_text(&n, tg_bytes_str(text)));
    return n;
}

/* How many of the tiers two addresses share, from the widest on. */
static size_t shared_tiers(const char *a, const char *b)
{
    struct tg_network one = of_text(a);
    struct tg_network two = of_text(b);
    size_t count = 0;

    for (size_t tier = 0; tier < tg_network_tier_count(one.family); tier++) {
        uint8_t x[TG_NETWORK_MAX] = { 0 };
        uint8_t y[TG_NETWORK_MAX] = { 0 };
        size_t x_len = tg_network_name(x, &one, tier);

        if (tier < tg_network_tier_count(two.family)) {
            size_t y_len = tg_network_name(y, &two, tier);

            count += tg_bytes_is_equal(tg_bytes(x, x_len), tg_bytes(y, y_len)) ? 1 : 0;
        }
    }
    return count;
}

static void name__ipv4__32_and_24_bits(void **state)
{
    (void)state;
    assert_int_equal(tg_network_tier_count(TG_NETWORK_IPV4), 2);
    assert_int_equal(shared_tiers("192.0.2.1", "192.0.2.1"), 2);
    assert_int_equal(shared_tiers("192.0.2.1", "192.0.2.254"), 1);
    assert_int_equal(shared_tiers("192.0.2.1", "192.0.3.1"), 0);
    assert_int_equal(shared_tiers("::ffff:192.0.2.7", "192.0.2.7"), 2);
    assert_int_equal(shared_tiers("192.0.2.7:4711", "192.0.2.7"), 2);
}

static void name__ipv6__64_56_and_48_bits(void **state)
{
    (void)state;
    assert_int_equal(tg_network_tier_count(TG_NETWORK_IPV6), 3);
    assert_int_equal(shared_tiers("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), 3);
    assert_int_equal(shared_tiers("2001:db8:1:2::1", "2001:db8:1:ff::1"), 2);
    assert_int_equal(shared_tiers("2001:db8:1:2::1", "2001:db8:1:102::1"), 1);
    assert_int_equal(shared_tiers("2001:db8:1:2::1", "2001:db8:2:2::1"), 0);
    assert_int_equal(shared_tiers("[2001:db8:1:2::1]:443", "2001:db8:1:2::2"), 3);
    assert_int_equal(shared_tiers("[2001:db8:1:2::1]", "2001:db8:1:2::2"), 3);
}

/* A prefix of zeros must not be the prefix of another length. */
static void name__of_every_tier_and_family__differs(void **state)
{
    static const char *const texts[] = { "0.0.0.0", "::" };
    uint8_t names[5][TG_NETWORK_MAX + 1] = { { 0 } };
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        struct tg_network n = of_text(texts[i]);

        for (size_t tier = 0; tier < tg_network_tier_count(n.family); tier++) {
            names[count][0] = (uint8_t)tg_network_name(names[count] + 1, &n, tier);
            count++;
        }
    }
    assert_int_equal(count, TG_COUNT(names));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            assert_false(tg_bytes_is_equal(tg_bytes(names[i] + 1, names[i][0]),
                                           tg_bytes(names[k] + 1, names[k][0])));
        }
    }
}

static void weight__narrowest_1__wider_not_smaller(void **state)
{
    (void)state;
    for (enum tg_network_family f = TG_NETWORK_OTHER; f < TG_NETWORK_FAMILY_COUNT; f++) {
        size_t count = tg_network_tier_count(f);

        assert_in_range(count, 1, TG_NETWORK_TIERS);
        assert_int_equal(tg_network_weight(f, 0), 1);
        for (size_t tier = 1; tier < count; tier++) {
            assert_in_range(tg_network_weight(f, tier), tg_network_weight(f, tier - 1),
                            TG_NETWORK_WEIGHT_MAX);
        }
    }
}

static void text__not_an_address__refused_and_untouched(void **state)
{
    static const char *const texts[] = { "",   "unknown", "_hidden",   "1.2.3", "256.1.1.1",
                                         "[]", "::x",     "1.2.3.4.5", "a:b" };
    struct tg_network n = { .family = TG_NETWORK_IPV6, .prefix = { 1, 2 } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_false(tg_network_of_text(&n, tg_bytes_str(texts[i])));
        assert_int_equal(n.family, TG_NETWORK_IPV6);
        assert_int_equal(n.prefix[1], 2);
    }
}

static void address__same_as_its_text__others_are_one_network(void **state)
{
    struct sockaddr_storage addr = { 0 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct tg_network n = { .family = TG_NETWORK_IPV6 };
    struct tg_network expected = of_text("192.0.2.9");

    (void)state;
    tg_network_of_address(&n, &addr);
    assert_int_equal(n.family, TG_NETWORK_OTHER);
    assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &v4.sin_addr), 1);
    memcpy(&addr, &v4, sizeof(v4));
    tg_network_of_address(&n, &addr);
    assert_int_equal(n.family, TG_NETWORK_IPV4);
    assert_memory_equal(n.prefix, expected.prefix, sizeof(n.prefix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__ipv4__32_and_24_bits),
        cmocka_unit_test(name__ipv6__64_56_and_48_bits),
        cmocka_unit_test(name__of_every_tier_and_family__differs),
        cmocka_unit_test(weight__narrowest_1__wider_not_smaller),
        cmocka_unit_test(text__not_an_address__refused_and_untouched),
        cmocka_unit_test(address__same_as_its_text__others_are_one_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
