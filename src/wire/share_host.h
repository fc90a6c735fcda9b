/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/share_host.h - which host names a share URL may hold.
 * Layer: L1.      Threads: any.
 */
#ifndef TG_WIRE_SHARE_HOST_H
#define TG_WIRE_SHARE_HOST_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/share_url.h"

/*
 * Writes host in lower case, with a NUL, when it is a DNS name of letters, digits and hyphens, a
 * dotted IPv4 address or a bracketed IPv6 address. TG_E_SYNTAX otherwise, *out then untouched. A
 * name whose last label is a number must be a whole IPv4 address, because software disagrees about
 * what 127.1 or 0x7f000001 means.
 */
TG_NODISCARD enum tg_err tg_share_host_parse(char out[TG_SHARE_HOST_MAX + 1], struct tg_bytes host);

/* Two hosts as tg_share_host_parse writes them: the same name, or the same address however it is
   spelled. Nothing is looked up. */
bool tg_share_host_is_equal(struct tg_bytes a, struct tg_bytes b);

#endif
