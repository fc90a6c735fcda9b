/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/proxy/header.h - the header of the PROXY protocol, version 2, with which a proxy begins a
 * connection that it forwards.
 * Layer: L4 (base).      Threads: any.      Blocks: no.
 * Secrets: the address of a client; the holder wipes it.
 * spec: protocol/1#proxy-protocol
 *
 * The definition is "The PROXY protocol, versions 1 & 2" of HAProxy, section 2.2.
 */
#ifndef TG_SERVER_PROXY_HEADER_H
#define TG_SERVER_PROXY_HEADER_H

#include "server/proxy/ip.h"

#define TG_PROXY_HEADER_MAX 2064u /* bytes: the fixed part and 2048 of addresses and TLVs */

enum tg_proxy_look {
    TG_PROXY_MORE, /* so far it is a header, but not all of it is there */
    TG_PROXY_DONE,
    TG_PROXY_BAD /* no header, or one that is malformed */
};

struct tg_proxy_header {
    size_t len;      /* bytes of the header */
    bool has_client; /* false: LOCAL, or a client without an IP address */
    struct tg_ip client;
};

/* Looks for a header at the start of in. *out is written with TG_PROXY_DONE. */
enum tg_proxy_look tg_proxy_header_look(struct tg_proxy_header *out, struct tg_bytes in);

#endif
