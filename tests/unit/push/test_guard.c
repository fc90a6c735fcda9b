/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum verdict { NEVER, PRIVATE, PUBLIC };

static const struct {
    const char *address;
    enum verdict verdict;
} rows[] = {
    /* IPv4: both ends of each range, and the addresses next to it. */
    { "0.0.0.0", NEVER },
    { "0.0.0.1", NEVER },
    { "0.255.255.255", NEVER },
    { "1.0.0.0", PUBLIC },
    { "9.255.255.255", PUBLIC },
    { "10.0.0.0", PRIVATE },
    { "10.255.255.255", PRIVATE },
    { "11.0.0.0", PUBLIC },
    { "100.63.255.255", PUBLIC },
    { "100.64.0.0", PRIVATE },
    { "100.127.255.255", PRIVATE },
    { "100.128.0.0", PUBLIC },
    { "126.255.255.255", PUBLIC },
    { "127.0.0.0", PRIVATE },
    { "127.0.0.1", PRIVATE },
    { "127.1.2.3", PRIVATE },
    { "127.255.255.255", PRIVATE },
    { "128.0.0.0", PUBLIC },
    { "169.253.255.255", PUBLIC },
    { "169.254.0.0", NEVER },
    { "169.254.169.254", NEVER },
    { "169.254.255.255", NEVER },
    { "169.255.0.0", PUBLIC },
    { "172.15.255.255", PUBLIC },
    { "172.16.0.0", PRIVATE },
    { "172.31.255.255", PRIVATE },
    { "172.32.0.0", PUBLIC },
    { "191.255.255.255", PUBLIC },
    { "192.0.0.0", NEVER },
    { "192.0.0.255", NEVER },
    { "192.0.1.0", PUBLIC },
    { "192.0.2.0", NEVER },
    { "192.0.2.255", NEVER },
    { "192.0.3.0", PUBLIC },
    { "192.88.98.255", PUBLIC },
    { "192.88.99.1", NEVER },
    { "192.88.100.0", PUBLIC },
    { "192.167.255.255", PUBLIC },
    { "192.168.0.0", PRIVATE },
    { "192.168.255.255", PRIVATE },
    { "192.169.0.0", PUBLIC },
    { "198.17.255.255", PUBLIC },
    { "198.18.0.0", NEVER },
    { "198.19.255.255", NEVER },
    { "198.20.0.0", PUBLIC },
    { "198.51.99.255", PUBLIC },
    { "198.51.100.0", NEVER },
    { "198.51.100.255", NEVER },
    { "198.51.101.0", PUBLIC },
    { "203.0.112.255", PUBLIC },
    { "203.0.113.0", NEVER },
    { "203.0.113.255", NEVER },
    { "203.0.114.0", PUBLIC },
    { "223.255.255.255", PUBLIC },
    { "224.0.0.0", NEVER },
    { "224.0.0.1", NEVER },
    { "239.255.255.255", NEVER },
    { "240.0.0.0", NEVER },
    { "255.255.255.254", NEVER },
    { "255.255.255.255", NEVER },
    { "8.8.8.8", PUBLIC },

    /* IPv6. */
    { "::", NEVER },
    { "::1", PRIVATE },
    { "::2", NEVER },
    { "::7f00:1", NEVER },
    { "::127.0.0.1", NEVER },
    { "::8.8.8.8", NEVER },
    { "::ffff:0.0.0.0", NEVER },
    { "::ffff:127.0.0.1", PRIVATE },
    { "::ffff:7f00:1", PRIVATE },
    { "::ffff:10.1.2.3", PRIVATE },
    { "::ffff:100.64.0.1", PRIVATE },
    { "::ffff:169.254.169.254", NEVER },
    { "::ffff:192.168.0.1", PRIVATE },
    { "::ffff:224.0.0.1", NEVER },
    { "::ffff:255.255.255.255", NEVER },
    { "::ffff:8.8.8.8", PUBLIC },
    { "::ffff:0:127.0.0.1", NEVER },
    { "::ffff:0:8.8.8.8", NEVER },
    { "::1:0:0:0", NEVER },
    { "64:ff9b::127.0.0.1", PRIVATE },
    { "64:ff9b::10.0.0.1", PRIVATE },
    { "64:ff9b::169.254.169.254", NEVER },
    { "64:ff9b::0.0.0.0", NEVER },
    { "64:ff9b::8.8.8.8", PUBLIC },
    { "64:ff9b:0:0:0:1:808:808", NEVER },
    { "64:ff9b:1::8.8.8.8", NEVER },
    { "64:ff9b:1::127.0.0.1", NEVER },
    { "100::", NEVER },
    { "100::1", NEVER },
    { "1fff:ffff::1", NEVER },
    { "2000::1", PUBLIC },
    { "2001::1", NEVER },
    { "2001:0:808:808::f7f7:f7f7", NEVER },
    { "2001:0:4136:e378:8000:63bf:80ff:fffe", NEVER },
    { "2001:2::1", NEVER },
    { "2001:10::1", NEVER },
    { "2001:20::1", NEVER },
    { "2001:1ff:ffff::1", NEVER },
    { "2001:200::1", PUBLIC },
    { "2001:4860:4860::8888", PUBLIC },
    { "2001:db7:ffff::1", PUBLIC },
    { "2001:db8::1", NEVER },
    { "2001:db8:ffff::1", NEVER },
    { "2001:db9::1", PUBLIC },
    { "2002:7f00:1::1", NEVER },
    { "2002:a00:1::1", NEVER },
    { "2002:808:808::1", NEVER },
    { "2003::1", PUBLIC },
    { "2606:4700:4700::1111", PUBLIC },
    { "2a00:1450:4001::1", PUBLIC },
    { "3ffe::1", PUBLIC },
    { "3fff::1", NEVER },
    { "3fff:fff:ffff::1", NEVER },
    { "3fff:1000::1", PUBLIC },
    { "4000::1", NEVER },
    { "5f00::1", NEVER },
    { "fbff::1", NEVER },
    { "fc00::1", PRIVATE },
    { "fd12:3456:789a::1", PRIVATE },
    { "fdff:ffff::1", PRIVATE },
    { "fe00::1", NEVER },
    { "fe80::1", NEVER },
    { "febf::1", NEVER },
    { "fec0::1", NEVER },
    { "feff::1", NEVER },
    { "ff00::1", NEVER },
    { "ff02::1", NEVER },
    { "ff0e::1", NEVER },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NEVER },
};

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(443) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&storage, &v4, sizeof(v4));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&storage, &v6, sizeof(v6));
    }
    return storage;
}

/* spec-test: protocol/4#push-endpoints-guarded */
static void guard__long_table__only_public_and_private_if_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage storage = address_of(rows[i].address);
        const struct sockaddr *address = (const struct sockaddr *)&storage;

        if (tg_push_guard_allows(address, false) != (rows[i].verdict == PUBLIC) ||
            tg_push_guard_allows(address, true) != (rows[i].verdict != NEVER)) {
            fail_msg("%s is judged wrong", rows[i].address);
        }
    }
}

static void guard__another_family__refused(void **state)
{
    const struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/run/secret.sock" };
    const struct sockaddr none = { .sa_family = AF_UNSPEC };

    (void)state;
    assert_false(tg_push_guard_allows((const struct sockaddr *)&path, false));
    assert_false(tg_push_guard_allows((const struct sockaddr *)&path, true));
    assert_false(tg_push_guard_allows(&none, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard__long_table__only_public_and_private_if_allowed),
        cmocka_unit_test(guard__another_family__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
