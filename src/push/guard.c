/* SPDX-License-Identifier: Apache-2.0 */
#include "push/guard.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define ADDRESS_LEN 16u

enum reach { REACH_NEVER, REACH_PRIVATE, REACH_PUBLIC };

#define V4(a, b, c, bits) { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c) }, 96 + (bits)

/* The first matching row decides. IPv4 addresses have the form ::ffff:a.b.c.d. An address without a
   row is refused. The rows are from the special-purpose address registries of IANA. */
static const struct range {
    uint8_t prefix[ADDRESS_LEN];
    uint8_t bits;
    enum reach reach;
} ranges[] = {
    { V4(0, 0, 0, 8), REACH_NEVER },        /* this network, unspecified */
    { V4(10, 0, 0, 8), REACH_PRIVATE },     /* private */
    { V4(100, 64, 0, 10), REACH_PRIVATE },  /* shared address space (CGN) */
    { V4(127, 0, 0, 8), REACH_PRIVATE },    /* loopback */
    { V4(169, 254, 0, 16), REACH_NEVER },   /* link-local; metadata services of clouds */
    { V4(172, 16, 0, 12), REACH_PRIVATE },  /* private */
    { V4(192, 0, 0, 24), REACH_NEVER },     /* protocol assignments */
    { V4(192, 0, 2, 24), REACH_NEVER },     /* documentation */
    { V4(192, 88, 99, 24), REACH_NEVER },   /* 6to4 relays */
    { V4(192, 168, 0, 16), REACH_PRIVATE }, /* private */
    { V4(198, 18, 0, 15), REACH_NEVER },    /* benchmarks */
    { V4(198, 51, 100, 24), REACH_NEVER },  /* documentation */
    { V4(203, 0, 113, 24), REACH_NEVER },   /* documentation */
    { V4(224, 0, 0, 4), REACH_NEVER },      /* multicast */
    { V4(240, 0, 0, 4), REACH_NEVER },      /* reserved, and broadcast */
    { V4(0, 0, 0, 0), REACH_PUBLIC },

    { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128, REACH_PRIVATE }, /* loopback */
    { { 0 }, 96, REACH_NEVER },                      /* unspecified; ::a.b.c.d (deprecated) */
    { { 0x20, 0x01, 0x00 }, 23, REACH_NEVER },       /* Teredo, ORCHID, benchmarks */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, REACH_NEVER }, /* documentation */
    { { 0x20, 0x02 }, 16, REACH_NEVER },             /* 6to4 */
    { { 0x3f, 0xff, 0x00 }, 20, REACH_NEVER },       /* documentation */
    { { 0x20 }, 3, REACH_PUBLIC },                   /* global unicast */
    { { 0xfc }, 7, REACH_PRIVATE },                  /* unique local */
};

/* 64:ff9b::/96 (NAT64): the IPv4 address inside decides. */
static const uint8_t translated[] = { 0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0 };
static const uint8_t mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool has_prefix(const uint8_t address[ADDRESS_LEN], const uint8_t *prefix, size_t bits)
{
    for (size_t i = 0; i < bits; i++) {
        if (((address[i / 8] ^ prefix[i / 8]) >> (7 - i % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

/* False: neither IPv4 nor IPv6. */
static bool read_address(uint8_t out[ADDRESS_LEN], const struct sockaddr *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (addr->sa_family == AF_INET) {
        memcpy(&v4, addr, sizeof(v4));
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &v4.sin_addr, sizeof(v4.sin_addr));
        return true;
    }
    if (addr->sa_family != AF_INET6) {
        return false;
    }
    memcpy(&v6, addr, sizeof(v6));
    memcpy(out, &v6.sin6_addr, ADDRESS_LEN);
    if (has_prefix(out, translated, 96)) {
        memcpy(out, mapped, sizeof(mapped));
    }
    return true;
}

bool tg_push_guard_allows(const struct sockaddr *addr, bool allows_private)
{
    uint8_t address[ADDRESS_LEN] = { 0 };

    if (!read_address(address, addr)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (has_prefix(address, ranges[i].prefix, ranges[i].bits)) {
            return ranges[i].reach == REACH_PUBLIC ||
                   (ranges[i].reach == REACH_PRIVATE && allows_private);
        }
    }
    return false;
}
