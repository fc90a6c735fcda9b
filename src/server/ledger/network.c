/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/network.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

/* Prefixes end at a byte, and no two tiers of a family have the same length: so the family and the
   bytes name a tier. */
static const struct {
    size_t tier_count;
    struct {
        uint8_t prefix_len; /* bytes */
        uint8_t weight;
    } tiers[TG_NETWORK_TIERS];
} families[TG_NETWORK_FAMILY_COUNT] = {
    [TG_NETWORK_OTHER] = { 1, { { 0, 1 } } },
    [TG_NETWORK_IPV4] = { 2, { { 4, 1 }, { 3, 4 } } },
    [TG_NETWORK_IPV6] = { 3, { { 8, 1 }, { 7, 2 }, { 6, 4 } } },
};

static void of_ipv4(struct tg_network *out, const uint8_t *addr)
{
    *out = (struct tg_network){ .family = TG_NETWORK_IPV4 };
    memcpy(out->prefix, addr, 4);
}

static void of_ipv6(struct tg_network *out, const struct in6_addr *addr)
{
    if (IN6_IS_ADDR_V4MAPPED(addr)) {
        of_ipv4(out, addr->s6_addr + 12);
        return;
    }
    *out = (struct tg_network){ .family = TG_NETWORK_IPV6 };
    memcpy(out->prefix, addr->s6_addr, 8);
}

void tg_network_of_address(struct tg_network *out, const struct sockaddr_storage *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    *out = (struct tg_network){ .family = TG_NETWORK_OTHER };
    if (addr->ss_family == AF_INET) {
        memcpy(&v4, addr, sizeof(v4));
        of_ipv4(out, (const uint8_t *)&v4.sin_addr);
        tg_mem_wipe(&v4, sizeof(v4));
    } else if (addr->ss_family == AF_INET6) {
        memcpy(&v6, addr, sizeof(v6));
        of_ipv6(out, &v6.sin6_addr);
        tg_mem_wipe(&v6, sizeof(v6));
    }
}

/* "[v6]:port" and "[v6]" to "v6"; "v4:port" to "v4". A bare IPv6 address has several colons. */
static struct tg_bytes host_part(struct tg_bytes text)
{
    size_t colon = tg_bytes_find(text, ':');

    if (text.len > 0 && text.ptr[0] == '[') {
        text = tg_bytes_from(text, 1);
        return tg_bytes_first(text, tg_bytes_find(text, ']'));
    }
    if (colon < text.len &&
        tg_bytes_find(tg_bytes_from(text, colon + 1), ':') == tg_bytes_from(text, colon + 1).len) {
        return tg_bytes_first(text, colon);
    }
    return text;
}

bool tg_network_of_text(struct tg_network *out, struct tg_bytes text)
{
    struct tg_bytes host = host_part(text);
    char name[INET6_ADDRSTRLEN] = { 0 };
    struct in_addr v4;
    struct in6_addr v6;
    bool is_address = true;

    if (host.len == 0 || host.len >= sizeof(name)) {
        return false;
    }
    memcpy(name, host.ptr, host.len);
    if (inet_pton(AF_INET, name, &v4) == 1) {
        of_ipv4(out, (const uint8_t *)&v4);
    } else if (inet_pton(AF_INET6, name, &v6) == 1) {
        of_ipv6(out, &v6);
    } else {
        is_address = false;
    }
    tg_mem_wipe(name, sizeof(name));
    tg_mem_wipe(&v4, sizeof(v4));
    tg_mem_wipe(&v6, sizeof(v6));
    return is_address;
}

void tg_network_wipe(struct tg_network *network)
{
    tg_mem_wipe(network, sizeof(*network));
}

size_t tg_network_tier_count(enum tg_network_family family)
{
    return families[family].tier_count;
}

unsigned tg_network_weight(enum tg_network_family family, size_t tier)
{
    assert(tier < families[family].tier_count);
    return families[family].tiers[tier].weight;
}

size_t tg_network_name(uint8_t out[TG_NETWORK_MAX], const struct tg_network *network, size_t tier)
{
    size_t len = families[network->family].tiers[tier].prefix_len;

    assert(tier < families[network->family].tier_count);
    out[0] = (uint8_t)network->family;
    memcpy(out + 1, network->prefix, len);
    return len + 1;
}
