/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/memory/expiry.h - the memory store's keys in the order of their expiration: a binary heap.
 * Layer: L2 (base), for src/store alone.   Threads: under the store's lock.   Blocks: no.
 *
 * A record that is removed or gets another expiration leaves its item behind, so an item counts
 * only if its record has this expiration.
 */
#ifndef TG_STORE_MEMORY_EXPIRY_H
#define TG_STORE_MEMORY_EXPIRY_H

#include "store/store.h"

struct tg_memory_expiry_item {
    int64_t expires_s;
    struct tg_store_key key;
};

/* All zero is empty. */
struct tg_memory_expiry {
    struct tg_memory_expiry_item *items; /* owned */
    size_t count;
    size_t cap;
};

void tg_memory_expiry_deinit(struct tg_memory_expiry *e);
/* TG_E_NOMEM: nothing was added. */
TG_NODISCARD enum tg_err tg_memory_expiry_add(struct tg_memory_expiry *e, int64_t expires_s,
                                              const struct tg_store_key *key);
/* The oldest item, NULL: there is none. Ends with the next add or drop. */
const struct tg_memory_expiry_item *tg_memory_expiry_oldest(const struct tg_memory_expiry *e);
/* Removes the oldest item, which must exist. */
void tg_memory_expiry_drop(struct tg_memory_expiry *e);

#endif
