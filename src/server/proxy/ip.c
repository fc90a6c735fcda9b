/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy/ip.h"

#include "base/mem.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define V4_AT 12u /* the IPv4 address in a mapped one */
#define V4_BITS 32u
#define V6_BITS 128u
#define EXAMPLES "such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32"

static const uint8_t v4_prefix[V4_AT] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_v4(const struct tg_ip *ip)
{
    return tg_bytes_is_equal(tg_bytes(ip->bytes, V4_AT), TG_ARRAY_BYTES(v4_prefix));
}

struct tg_ip tg_ip_of_v4(const uint8_t addr[4])
{
    struct tg_ip ip;

    memcpy(ip.bytes, v4_prefix, V4_AT);
    memcpy(ip.bytes + V4_AT, addr, 4);
    return ip;
}

bool tg_ip_of_sockaddr(struct tg_ip *out, const struct sockaddr_storage *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (addr->ss_family == AF_INET) {
        memcpy(&v4, addr, sizeof(v4));
        *out = tg_ip_of_v4((const uint8_t *)&v4.sin_addr);
        tg_mem_wipe(&v4, sizeof(v4));
        return true;
    }
    if (addr->ss_family == AF_INET6) {
        memcpy(&v6, addr, sizeof(v6));
        memcpy(out->bytes, &v6.sin6_addr, TG_IP_LEN);
        tg_mem_wipe(&v6, sizeof(v6));
        return true;
    }
    return false;
}

void tg_ip_to_sockaddr(struct sockaddr_storage *out, const struct tg_ip *ip)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    memset(out, 0, sizeof(*out));
    if (is_v4(ip)) {
        memcpy(&v4.sin_addr, ip->bytes + V4_AT, 4);
        memcpy(out, &v4, sizeof(v4));
        tg_mem_wipe(&v4, sizeof(v4));
    } else {
        memcpy(&v6.sin6_addr, ip->bytes, TG_IP_LEN);
        memcpy(out, &v6, sizeof(v6));
        tg_mem_wipe(&v6, sizeof(v6));
    }
}

bool tg_ip_parse(struct tg_ip *out, struct tg_bytes text)
{
    char name[INET6_ADDRSTRLEN] = { 0 };
    uint8_t v4[4];
    struct tg_ip v6;
    bool is_ok = false;

    if (text.len == 0 || text.len >= sizeof(name) || tg_bytes_find(text, '\0') < text.len) {
        return false;
    }
    memcpy(name, text.ptr, text.len);
    if (inet_pton(AF_INET, name, v4) == 1) {
        *out = tg_ip_of_v4(v4);
        is_ok = true;
    } else if (inet_pton(AF_INET6, name, v6.bytes) == 1) {
        *out = v6;
        is_ok = true;
    }
    tg_mem_wipe(name, sizeof(name));
    tg_mem_wipe(v4, sizeof(v4));
    tg_mem_wipe(&v6, sizeof(v6));
    return is_ok;
}

/* Whether all bits from `bits` on are zero. */
static bool is_zero_from(const struct tg_ip *ip, unsigned bits)
{
    for (unsigned i = bits; i < V6_BITS; i++) {
        if ((ip->bytes[i / 8] & (0x80u >> (i % 8))) != 0) {
            return false;
        }
    }
    return true;
}

enum tg_err tg_ip_network_parse(struct tg_ip_network *out, struct tg_bytes text,
                                struct tg_fault *fault)
{
    size_t slash = tg_bytes_find(text, '/');
    struct tg_ip ip;
    unsigned max = 0;
    uint64_t bits = 0;

    if (!tg_ip_parse(&ip, tg_bytes_first(text, slash))) {
        tg_fault_set(fault, "not an address or network (expected: " EXAMPLES ")");
        return TG_E_SYNTAX;
    }
    /* A mapped address with a prefix counts the bits of IPv6, which nobody means. */
    if (is_v4(&ip) && tg_bytes_find(text, ':') < text.len) {
        tg_fault_set(fault, "an IPv4 address in the form of IPv6 (expected: a.b.c.d)");
        return TG_E_SYNTAX;
    }
    max = is_v4(&ip) ? V4_BITS : V6_BITS;
    bits = max;
    if (slash < text.len && tg_num_parse_u64(&bits, tg_bytes_from(text, slash + 1), max) != TG_OK) {
        tg_fault_set(fault, "not a length of a prefix (expected: 1 to %u after the /)", max);
        return TG_E_LIMIT;
    }
    if (bits == 0) {
        tg_fault_set(fault, "a prefix of length 0 contains every address (expected: " EXAMPLES ")");
        return TG_E_LIMIT;
    }
    bits += V6_BITS - max;
    if (!is_zero_from(&ip, (unsigned)bits)) {
        tg_fault_set(fault,
                     "the address has bits behind its prefix (expected: the first address of the "
                     "network, such as 10.0.0.0/8)");
        return TG_E_SYNTAX;
    }
    *out = (struct tg_ip_network){ .ip = ip, .bits = (uint8_t)bits };
    return TG_OK;
}

void tg_ip_network_print(struct tg_buf *out, const struct tg_ip_network *network)
{
    char name[INET6_ADDRSTRLEN] = { 0 };
    bool is_mapped = is_v4(&network->ip);
    const uint8_t *from = is_mapped ? network->ip.bytes + V4_AT : network->ip.bytes;

    (void)inet_ntop(is_mapped ? AF_INET : AF_INET6, from, name, sizeof(name));
    tg_buf_append_str(out, name);
    if (network->bits < V6_BITS) {
        tg_buf_append_u8(out, '/');
        tg_buf_append_dec(out, is_mapped ? network->bits - (V6_BITS - V4_BITS) : network->bits);
    }
}

static bool has(const struct tg_ip_network *network, const struct tg_ip *ip)
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    unsigned mask = 0xff00u >> rest & 0xffu;

    return tg_bytes_is_equal(tg_bytes(network->ip.bytes, whole), tg_bytes(ip->bytes, whole)) &&
           (rest == 0 || ((network->ip.bytes[whole] ^ ip->bytes[whole]) & mask) == 0);
}

bool tg_ip_set_has(const struct tg_ip_set *set, const struct tg_ip *ip)
{
    for (size_t i = 0; i < set->count; i++) {
        if (has(&set->networks[i], ip)) {
            return true;
        }
    }
    return false;
}
