/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/shares.h - operations that wait, in the order of the turns of their shares.
 * Layer: L2 (base), for src/store alone.   Threads: one at a time.   Blocks: no.
 *
 * The shares of operations take turns, one operation each. So an operation waits for one of each
 * other share that has some, however many they have.
 * spec: protocol/3#shares-of-the-store
 */
#ifndef TG_STORE_SHARES_H
#define TG_STORE_SHARES_H

#include "store/store_port.h"

#define TG_STORE_SHARES 1024u /* shares beyond it are some of these */

struct tg_store_share {
    struct tg_store_oplist ops;
    struct tg_store_share *next; /* in the order of turns, while it has operations */
};

struct tg_store_shares {
    struct tg_store_share *all;   /* owned, TG_STORE_SHARES of them */
    struct tg_store_share *first; /* whose turn is next; NULL: nothing waits */
    struct tg_store_share *last;
    size_t count; /* of what waits */
};

/* TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_store_shares_init(struct tg_store_shares *s);
/* Also of one that is all zero. */
void tg_store_shares_deinit(struct tg_store_shares *s);

void tg_store_shares_put(struct tg_store_shares *s, struct tg_store_op *op);
/* The operation that is next; it stays. NULL: nothing waits. */
const struct tg_store_op *tg_store_shares_first(const struct tg_store_shares *s);
/* Removes and returns it. */
struct tg_store_op *tg_store_shares_pop(struct tg_store_shares *s);

#endif
