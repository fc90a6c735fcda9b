/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/limits.h - limits the requests of each client network without storing an address.
 * Layer: L2 (base, crypto).   Threads: any, all at once, without a lock.   Blocks: no.
 * Clock: an argument.   Secrets: the salt that turns a network into a cell.
 * spec: docs/protocol.md section 3, Limits; docs/architecture.md, properties 4 and 6.
 *
 * A fixed array of cells. A keyed hash under a random salt picks the cell of a network; the salt
 * changes every TG_LIMITS_SALT_MS. A cell holds one time, from which no network can be found, and
 * memory does not grow. Networks in the same cell share its allowance.
 */
#ifndef TG_RELAY_LIMITS_H
#define TG_RELAY_LIMITS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"

#define TG_LIMITS_CELLS 65536u
#define TG_LIMITS_SALT_MS (10 * 60 * 1000) /* milliseconds */
#define TG_LIMITS_RATE_MAX 1000000u        /* requests per second */
#define TG_LIMITS_BURST_MAX 1000000u       /* requests */

struct tg_limits;

/*
 *   rate_per_s   requests per second of one network on average; 0: no limit
 *   burst        requests at once, when the network has made none for a while; at least 1
 * TG_E_LIMIT     rate_per_s or burst out of range
 * TG_E_NOMEM, TG_E_CRYPTO (no random bytes)
 */
TG_NODISCARD enum tg_err tg_limits_new(struct tg_limits **out, uint32_t rate_per_s, uint32_t burst,
                                       const struct tg_rng *rng);
/* After the last admit. Accepts NULL and *limits == NULL. */
void tg_limits_free(struct tg_limits **limits);

/*
 * Counts one request of a network. False: refuse it with 429.
 *   network_prefix   the bytes that name the network (an IPv4 /24, an IPv6 /64); not kept
 *   mono_ms          a monotonic clock, the same for all threads
 *   *retry_after_s   written only when refused: seconds until one request will be admitted, at
 *                    least 1
 * Fails closed: if the hash cannot be computed, the request is refused. limits NULL: admitted.
 */
TG_NODISCARD bool tg_limits_admit(struct tg_limits *limits, struct tg_bytes network_prefix,
                                  int64_t mono_ms, unsigned *retry_after_s);

#endif
