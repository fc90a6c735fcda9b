/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/network.h - the networks of a client: its address, cut at several lengths.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: an address. The holder wipes it after use (tg_network_wipe).
 *
 * A tier is one of the lengths. Tier 0 is the narrowest; each further one contains it.
 *   IPv4   /32, /24
 *   IPv6   /64, /56, /48. A mapped IPv4 address counts as IPv4.
 * spec: docs/protocol.md section 3, Limits.
 */
#ifndef TG_SERVER_LEDGER_NETWORK_H
#define TG_SERVER_LEDGER_NETWORK_H

#include "base/bytes.h"
#include "base/err.h"

#include <sys/socket.h>

#define TG_NETWORK_TIERS 3u /* at most, of one family */
#define TG_NETWORK_MAX 9u   /* bytes of a tier: the family, and at most 8 bytes of prefix */
/* A limit of the narrowest tier, times this, is the limit of the widest. */
#define TG_NETWORK_WEIGHT_MAX 4u

enum tg_network_family {
    TG_NETWORK_OTHER, /* no IP address: all of them are one network */
    TG_NETWORK_IPV4,
    TG_NETWORK_IPV6,
    TG_NETWORK_FAMILY_COUNT
};

struct tg_network {
    enum tg_network_family family;
    uint8_t prefix[8];
};

/* Every address has a network; TG_NETWORK_OTHER where the family is not IP. */
void tg_network_of_address(struct tg_network *out, const struct sockaddr_storage *addr);
/* A numeric address as text, with optional brackets and port. False, and *out untouched: it is not
   one. */
TG_NODISCARD bool tg_network_of_text(struct tg_network *out, struct tg_bytes text);
void tg_network_wipe(struct tg_network *network);

/* How many tiers a family has: 1 to TG_NETWORK_TIERS. */
size_t tg_network_tier_count(enum tg_network_family family);
/* How much looser the limits of a tier are than those of tier 0: 1 to TG_NETWORK_WEIGHT_MAX. */
unsigned tg_network_weight(enum tg_network_family family, size_t tier);
/* Writes the bytes that name one tier, unlike those of every other network and tier. Returns their
   length. */
size_t tg_network_name(uint8_t out[TG_NETWORK_MAX], const struct tg_network *network, size_t tier);

#endif
