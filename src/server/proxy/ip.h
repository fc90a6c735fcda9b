/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/proxy/ip.h - an IP address, and sets of networks that are trusted.
 * Layer: L4 (base).      Threads: any.      Blocks: no.
 * Secrets: addresses of clients pass through; the holder wipes them.
 *
 * IPv4 and IPv4-mapped IPv6 are one thing: both are kept as ::ffff:a.b.c.d.
 */
#ifndef TG_SERVER_PROXY_IP_H
#define TG_SERVER_PROXY_IP_H

#include "base/buf.h"
#include "base/fault.h"

#include <sys/socket.h>

#define TG_IP_LEN 16u
#define TG_IP_SET_MAX 64u /* networks */

struct tg_ip {
    uint8_t bytes[TG_IP_LEN];
};

struct tg_ip_network {
    struct tg_ip ip;
    uint8_t bits; /* of the 128 */
};

struct tg_ip_set {
    struct tg_ip_network networks[TG_IP_SET_MAX];
    size_t count;
};

/* From 4 bytes in the order of the network. */
struct tg_ip tg_ip_of_v4(const uint8_t addr[4]);
/* False, and *out untouched: no IP address. */
TG_NODISCARD bool tg_ip_of_sockaddr(struct tg_ip *out, const struct sockaddr_storage *addr);
/* The other way; the port is 0. */
void tg_ip_to_sockaddr(struct sockaddr_storage *out, const struct tg_ip *ip);
/* Exactly a numeric address: a.b.c.d, or IPv6 without brackets and zone. False: *out untouched. */
TG_NODISCARD bool tg_ip_parse(struct tg_ip *out, struct tg_bytes text);

/* ADDRESS or ADDRESS/BITS. Bits of the address behind the prefix must be zero. TG_E_SYNTAX or
   TG_E_LIMIT with fault; *out untouched. */
TG_NODISCARD enum tg_err tg_ip_network_parse(struct tg_ip_network *out, struct tg_bytes text,
                                             struct tg_fault *fault);
/* As tg_ip_network_parse reads it, with BITS only if it is not one address. */
void tg_ip_network_print(struct tg_buf *out, const struct tg_ip_network *network);
bool tg_ip_set_has(const struct tg_ip_set *set, const struct tg_ip *ip);

#endif
