/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/burdens.h"

#include "base/mem.h"

#include <assert.h>

#define POINTER_LEN sizeof(void *)
#define HEAP_CAP_MIN 64u

enum tg_err tg_burdens_init(struct tg_burdens *b)
{
    *b = (struct tg_burdens){ .table = tg_mem_calloc(TG_BURDENS_SLOTS, sizeof(*b->table)) };
    if (b->table == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_BURDENS_SLOTS; i++) {
        tg_list_init(&b->table[i]);
    }
    return TG_OK;
}

void tg_burdens_deinit(struct tg_burdens *b)
{
    assert(b->group_count == 0);
    for (size_t i = 0; i < TG_WORTH_COUNT; i++) {
        tg_mem_free(b->heaps[i].groups);
    }
    tg_mem_free(b->table);
    *b = (struct tg_burdens){ .table = NULL };
}

/* ---- heaps ---- */

size_t tg_burdens_of(const struct tg_holder_group *g)
{
    return g->count * g->scale;
}

static void put(struct tg_burden_heap *heap, enum tg_worth worth, size_t at,
                struct tg_holder_group *g)
{
    heap->groups[at] = g;
    g->heap_at[worth] = at;
}

static void sift_up(struct tg_burden_heap *heap, enum tg_worth worth, struct tg_holder_group *g)
{
    size_t at = g->heap_at[worth];

    while (at > 0 && tg_burdens_of(heap->groups[(at - 1) / 2]) < tg_burdens_of(g)) {
        put(heap, worth, at, heap->groups[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, worth, at, g);
}

static void sift_down(struct tg_burden_heap *heap, enum tg_worth worth, struct tg_holder_group *g)
{
    size_t at = g->heap_at[worth];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count &&
            tg_burdens_of(heap->groups[child + 1]) > tg_burdens_of(heap->groups[child])) {
            child++;
        }
        if (tg_burdens_of(heap->groups[child]) <= tg_burdens_of(g)) {
            break;
        }
        put(heap, worth, at, heap->groups[child]);
        at = child;
    }
    put(heap, worth, at, g);
}

static void insert(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth worth)
{
    struct tg_burden_heap *heap = &b->heaps[worth];

    assert(heap->count < b->heap_cap);
    put(heap, worth, heap->count++, g);
    sift_up(heap, worth, g);
}

static void extract(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth worth)
{
    struct tg_burden_heap *heap = &b->heaps[worth];
    struct tg_holder_group *last = heap->groups[--heap->count];

    if (last != g) {
        put(heap, worth, g->heap_at[worth], last);
        sift_up(heap, worth, last);
        sift_down(heap, worth, last);
    }
}

/* The count of a group has changed by one. */
static void sort(struct tg_burdens *b, struct tg_holder_group *g)
{
    for (enum tg_worth worth = TG_WORTH_NONE; worth < TG_WORTH_COUNT; worth++) {
        if (g->with[worth] > 0) {
            sift_up(&b->heaps[worth], worth, g);
            sift_down(&b->heaps[worth], worth, g);
        }
    }
}

/* Room for one more group in every heap, so that no later step can fail. */
static bool make_room(struct tg_burdens *b)
{
    size_t cap = b->heap_cap == 0 ? HEAP_CAP_MIN : 2 * b->heap_cap;

    if (b->group_count < b->heap_cap) {
        return true;
    }
    for (size_t i = 0; i < TG_WORTH_COUNT; i++) {
        struct tg_burden_heap *heap = &b->heaps[i];
        struct tg_holder_group **groups =
            tg_mem_grow(heap->groups, b->heap_cap * POINTER_LEN, cap * POINTER_LEN);

        if (groups == NULL) {
            return false; /* those that have grown are larger than needed, which does no harm */
        }
        heap->groups = groups;
    }
    b->heap_cap = cap;
    return true;
}

/* ---- groups ---- */

static struct tg_link *slot_of(const struct tg_burdens *b, struct tg_spot spot)
{
    return &b->table[spot.cell[0] % TG_BURDENS_SLOTS];
}

struct tg_holder_group *tg_burdens_find(const struct tg_burdens *b, const struct tg_payer *payer,
                                        size_t tier)
{
    struct tg_spot spot = payer->held[tier];
    const struct tg_link *head = slot_of(b, spot);

    for (struct tg_link *link = head->next; link != head; link = link->next) {
        struct tg_holder_group *g = TG_CONTAINER(link, struct tg_holder_group, chain);

        if (g->spot.cell[0] == spot.cell[0] && g->spot.cell[1] == spot.cell[1] && g->tier == tier) {
            return g;
        }
    }
    return NULL;
}

static struct tg_holder_group *add(struct tg_burdens *b, const struct tg_payer *payer, size_t tier)
{
    struct tg_holder_group *g = make_room(b) ? tg_mem_calloc(1, sizeof(*g)) : NULL;

    if (g == NULL) {
        return NULL;
    }
    g->spot = payer->held[tier];
    g->tier = tier;
    g->scale = TG_NETWORK_WEIGHT_MAX / tg_network_weight(payer->family, tier);
    g->is_widest = tier + 1 == tg_network_tier_count(payer->family);
    for (size_t i = 0; i < TG_WORTH_COUNT; i++) {
        tg_list_init(&g->holders[i]);
    }
    tg_list_append(slot_of(b, g->spot), &g->chain);
    b->group_count++;
    b->widest_count += g->is_widest ? 1 : 0;
    return g;
}

struct tg_holder_group *tg_burdens_join(struct tg_burdens *b, const struct tg_payer *payer,
                                        size_t tier, enum tg_worth worth)
{
    struct tg_holder_group *g = tg_burdens_find(b, payer, tier);

    g = g == NULL ? add(b, payer, tier) : g;
    if (g != NULL) {
        g->count++;
        if (g->with[worth]++ == 0) {
            insert(b, g, worth);
        }
        sort(b, g);
    }
    return g;
}

void tg_burdens_part(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth worth)
{
    g->count--;
    if (--g->with[worth] == 0) {
        extract(b, g, worth);
    }
    sort(b, g);
    if (g->count == 0) {
        b->group_count--;
        b->widest_count -= g->is_widest ? 1 : 0;
        tg_link_remove(&g->chain);
        tg_mem_free(g);
    }
}

void tg_burdens_move(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth from,
                     enum tg_worth to)
{
    if (--g->with[from] == 0) {
        extract(b, g, from);
    }
    if (g->with[to]++ == 0) {
        insert(b, g, to);
    }
}

struct tg_holder_group *tg_burdens_top(const struct tg_burdens *b, enum tg_worth worth)
{
    return b->heaps[worth].count > 0 ? b->heaps[worth].groups[0] : NULL;
}

size_t tg_burdens_with_one_more(const struct tg_burdens *b, const struct tg_payer *payer)
{
    size_t largest = 0;

    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        const struct tg_holder_group *g = tg_burdens_find(b, payer, tier);
        size_t scale = TG_NETWORK_WEIGHT_MAX / tg_network_weight(payer->family, tier);
        size_t burden = ((g == NULL ? 0 : g->count) + 1) * scale;

        largest = burden > largest ? burden : largest;
    }
    return largest;
}
