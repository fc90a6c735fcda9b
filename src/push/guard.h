/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/guard.h - which addresses the push process may connect to where a client named the host.
 * Layer: L2 (libc alone).   Threads: any.   Blocks: no.   Secrets: none.
 *
 * Asked for the very address that the socket goes to, when it is opened: a name may resolve to one
 * address when it is looked at and to another when it is used.
 * spec: protocol/4#push-endpoints-guarded
 */
#ifndef TG_PUSH_GUARD_H
#define TG_PUSH_GUARD_H

#include <stdbool.h>

struct sockaddr;

/*
 * True for an address of the public Internet. False for everything else: another family, no
 * address of a single host, one that is reserved or for documentation, link-local, and any IPv6
 * form that holds such an IPv4 address.
 *   allows_private   also loopback, the private networks (10/8, 172.16/12, 192.168/16, 100.64/10)
 *                    and unique local addresses: development and tests
 */
bool tg_push_guard_allows(const struct sockaddr *addr, bool allows_private);

#endif
