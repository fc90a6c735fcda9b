/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/share_host.h - the host names that a share URL may have.
 * Layer: L1.      Threads: any.
 */
#ifndef TG_WIRE_SHARE_HOST_H
#define TG_WIRE_SHARE_HOST_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_SHARE_HOST_MAX 255u

/*
 * Writes host in lower case, with a NUL, if it is a DNS name of letters, digits and hyphens, a
 * dotted IPv4 address or a bracketed IPv6 address; else TG_E_SYNTAX, *out untouched. A name whose
 * last label is a number must be a complete IPv4 address: programs read 127.1 and 0x7f000001
 * differently.
 */
TG_NODISCARD enum tg_err tg_share_host_parse(char out[TG_SHARE_HOST_MAX + 1], struct tg_bytes host);

/* Whether two hosts, as tg_share_host_parse writes them, are the same name or the same address in
   any spelling. Makes no DNS query. */
bool tg_share_host_is_equal(struct tg_bytes a, struct tg_bytes b);

/* Whether an entry of an operator's list covers a host: its name, or "*.example.org" for every name
   below example.org, but not example.org itself. */
bool tg_share_host_is_covered(struct tg_bytes host, struct tg_bytes entry);

/* localhost, 127.0.0.0/8 or [::1]. */
bool tg_share_host_is_loopback(struct tg_bytes host);

#endif
