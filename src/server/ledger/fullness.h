/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/fullness.h - what a store that fills up still accepts.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: docs/protocol.md section 3, Limits.
 *
 * What a change of a salt or a restart forgets about networks is bounded here, by what the store
 * holds: new mailboxes are refused before it is full, those with the longest lives first.
 */
#ifndef TG_SERVER_LEDGER_FULLNESS_H
#define TG_SERVER_LEDGER_FULLNESS_H

#include <stdint.h>

#define TG_FULL 1000u /* fullness is counted in 1/1000 */

/* used of max; max 0: no limit, so it is never full. */
unsigned tg_fullness_of(uint64_t used, uint64_t max);

/* The longest life in seconds that a new mailbox may have: max_s while at most half is full; then
   it falls evenly to default_s at 9/10, and stays there. 0 when it is full: no mailbox. */
int64_t tg_fullness_longest_s(unsigned fullness, int64_t default_s, int64_t max_s);

/* How much more a new mailbox costs its network, in 1/100: 100 while at most half is full, then 100
   times the square of (half of the store by what is still free). So the less is left, the less of
   it a network can use: many networks together do not fill the store, and one that has stored
   little still gets a mailbox. */
uint64_t tg_fullness_price(unsigned fullness);

#endif
