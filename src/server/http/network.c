/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/network.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static size_t of_ipv4(uint8_t out[TG_NETWORK_MAX], const uint8_t *addr)
{
    out[0] = 4;
    memcpy(out + 1, addr, 3);
    return 4;
}

static size_t of_ipv6(uint8_t out[TG_NETWORK_MAX], const struct in6_addr *addr)
{
    if (IN6_IS_ADDR_V4MAPPED(addr)) {
        return of_ipv4(out, addr->s6_addr + 12);
    }
    out[0] = 6;
    memcpy(out + 1, addr->s6_addr, 8);
    return 9;
}

size_t tg_network_of_address(uint8_t out[TG_NETWORK_MAX], const struct sockaddr_storage *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    size_t len = 0;

    if (addr->ss_family == AF_INET) {
        memcpy(&v4, addr, sizeof(v4));
        len = of_ipv4(out, (const uint8_t *)&v4.sin_addr);
        tg_mem_wipe(&v4, sizeof(v4));
    } else if (addr->ss_family == AF_INET6) {
        memcpy(&v6, addr, sizeof(v6));
        len = of_ipv6(out, &v6.sin6_addr);
        tg_mem_wipe(&v6, sizeof(v6));
    }
    return len;
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

size_t tg_network_of_text(uint8_t out[TG_NETWORK_MAX], struct tg_bytes text)
{
    struct tg_bytes host = host_part(text);
    char name[INET6_ADDRSTRLEN] = { 0 };
    struct in_addr v4;
    struct in6_addr v6;
    size_t len = 0;

    if (host.len == 0 || host.len >= sizeof(name)) {
        return 0;
    }
    memcpy(name, host.ptr, host.len);
    if (inet_pton(AF_INET, name, &v4) == 1) {
        len = of_ipv4(out, (const uint8_t *)&v4);
    } else if (inet_pton(AF_INET6, name, &v6) == 1) {
        len = of_ipv6(out, &v6);
    }
    tg_mem_wipe(name, sizeof(name));
    tg_mem_wipe(&v4, sizeof(v4));
    tg_mem_wipe(&v6, sizeof(v6));
    return len;
}
