/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/guard.h - the addresses to which the push process may connect if a client named the host.
 * Layer: L2 (libc alone).   Threads: any.   Blocks: no.   Secrets: none.
 *
 * The check is for the address of the socket, when the socket is opened. A check of the name would
 * not be enough, because the name may resolve to another address later.
 * spec: protocol/4#push-endpoints-guarded
 */
#ifndef TG_PUSH_GUARD_H
#define TG_PUSH_GUARD_H

#include <stdbool.h>

struct sockaddr;

/*
 * True for an address of the public Internet. False for everything else: another family, multicast
 * and broadcast, reserved, for documentation, link-local, and any IPv6 form that contains such an
 * IPv4 address.
 *   allows_private   also loopback, the private networks (10/8, 172.16/12, 192.168/16, 100.64/10)
 *                    and unique local addresses: development and tests
 */
bool tg_push_guard_allows(const struct sockaddr *addr, bool allows_private);

#endif
