/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/network.h - the network of a client, the unit of rate limits.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: addresses pass through; nothing is kept.
 */
#ifndef TG_SERVER_HTTP_NETWORK_H
#define TG_SERVER_HTTP_NETWORK_H

#include "base/bytes.h"

#include <sys/socket.h>

#define TG_NETWORK_MAX 9u /* a family byte and at most 8 bytes of prefix */

/* The IPv4 /24 (also of a mapped address) or IPv6 /64. Returns its length, 0 for other families. */
size_t tg_network_of_address(uint8_t out[TG_NETWORK_MAX], const struct sockaddr_storage *addr);
/* The same of a numeric address as text, with optional brackets and port; 0 if it is not one. */
size_t tg_network_of_text(uint8_t out[TG_NETWORK_MAX], struct tg_bytes text);

#endif
