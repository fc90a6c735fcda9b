/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/forwarded.h - the client of a request that a trusted proxy forwards.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: the address of a client; the holder wipes it.
 * spec: protocol/1#forwarded-by-trusted-proxies
 *
 * Forwarded (RFC 7239) and X-Forwarded-For are lists: each proxy appends the address that it got
 * the request from. All lines of a header are one list. From its right end, the trusted proxies are
 * skipped; the first other address is the client. What stands left of it came from the client and
 * is not read, so the client cannot choose its address.
 */
#ifndef TG_SERVER_HTTP_FORWARDED_H
#define TG_SERVER_HTTP_FORWARDED_H

#include "relay/api.h"
#include "server/proxy/ip.h"

#define TG_FORWARDED_ENTRIES_MAX 64u /* of a list; more are not named by an honest client */

enum tg_forwarded {
    TG_FORWARDED_NONE,   /* no header: the proxy's own request */
    TG_FORWARDED_CLIENT, /* *out is the client, or the first proxy of a list of proxies only */
    TG_FORWARDED_BAD     /* the client is not named, or two headers name different ones */
};

/* Only for a request of a trusted proxy. *out is written with TG_FORWARDED_CLIENT. */
enum tg_forwarded tg_forwarded_client(struct tg_ip *out, const struct tg_http_request *head,
                                      const struct tg_ip_set *trusted);

#endif
