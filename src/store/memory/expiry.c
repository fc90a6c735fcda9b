/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory/expiry.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define ITEMS_MIN 64u

void tg_memory_expiry_deinit(struct tg_memory_expiry *e)
{
    tg_mem_free(e->items);
    *e = (struct tg_memory_expiry){ .count = 0 };
}

static enum tg_err reserve(struct tg_memory_expiry *e)
{
    size_t cap = e->cap == 0 ? ITEMS_MIN : e->cap * 2;
    struct tg_memory_expiry_item *larger = NULL;

    if (e->count < e->cap) {
        return TG_OK;
    }
    larger = tg_mem_calloc(cap, sizeof(*larger));
    if (larger == NULL) {
        return TG_E_NOMEM;
    }
    if (e->count > 0) {
        memcpy(larger, e->items, e->count * sizeof(*larger));
    }
    tg_mem_free(e->items);
    e->items = larger;
    e->cap = cap;
    return TG_OK;
}

enum tg_err tg_memory_expiry_add(struct tg_memory_expiry *e, int64_t expires_s,
                                 const struct tg_store_key *key)
{
    size_t at = e->count;

    if (reserve(e) != TG_OK) {
        return TG_E_NOMEM;
    }
    e->count++;
    while (at > 0 && e->items[(at - 1) / 2].expires_s > expires_s) {
        e->items[at] = e->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    e->items[at] = (struct tg_memory_expiry_item){ .expires_s = expires_s, .key = *key };
    return TG_OK;
}

const struct tg_memory_expiry_item *tg_memory_expiry_oldest(const struct tg_memory_expiry *e)
{
    return e->count == 0 ? NULL : &e->items[0];
}

void tg_memory_expiry_drop(struct tg_memory_expiry *e)
{
    struct tg_memory_expiry_item last;
    size_t at = 0;

    assert(e->count > 0);
    last = e->items[--e->count];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < e->count && e->items[child + 1].expires_s < e->items[child].expires_s) {
            child++;
        }
        if (child >= e->count || e->items[child].expires_s >= last.expires_s) {
            break;
        }
        e->items[at] = e->items[child];
        at = child;
    }
    e->items[at] = last;
}
