/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/crowd.h"

#include "base/mem_owner.h"
#include "server/ledger/cells.h"

#define HOLDERS_LOOKED_AT 256u

/* A candidate, and why it goes before others. */
struct choice {
    struct tg_holder_group *group; /* NULL: none */
    uint64_t steps;
    uint64_t number;
};

static struct tg_holder *oldest(struct tg_holder_group *g, enum tg_worth worth)
{
    return tg_burdens_holder(g->holders[worth].next, g->tier);
}

static bool is_over_share(const struct tg_crowd *c, const struct tg_holder *holder)
{
    const struct tg_holder_group *widest = holder->groups[holder->tier_count - 1];

    return tg_counts_of(c->memory, widest->spot) > c->share;
}

static void consider(struct choice *best, struct tg_holder_group *g, uint64_t held, uint64_t number)
{
    uint64_t steps = held / TG_CROWD_STEP;

    if (best->group == NULL || steps > best->steps ||
        (steps == best->steps && number < best->number)) {
        *best = (struct choice){ .group = g, .steps = steps, .number = number };
    }
}

/* The network of this worth that goes first: of those over their share, and of all. */
static void look(struct tg_crowd *c, enum tg_worth worth, struct choice *over, struct choice *any)
{
    const struct tg_burden_heap *heap = &c->burdens->heaps[worth];
    size_t count = heap->count < TG_CROWD_LOOKS ? heap->count : TG_CROWD_LOOKS;

    c->looks += count;
    for (size_t i = 0; i < count; i++) {
        struct tg_holder_group *g = heap->groups[i];
        const struct tg_holder *first = oldest(g, worth);
        uint64_t held = tg_counts_of(c->memory, g->spot) * g->scale / TG_NETWORK_WEIGHT_MAX;

        if (held == 0) {
            continue;
        }
        consider(any, g, held, first->number);
        if (is_over_share(c, first)) {
            consider(over, g, held, first->number);
        }
    }
}

static size_t held_by(const struct tg_holder *holder)
{
    return holder->memory == NULL ? 0 : tg_mem_owner_held(holder->memory);
}

/* Of a group and worth: one whose narrowest network holds most, then the one that holds most
   itself, then the oldest. */
static struct tg_holder *largest(struct tg_crowd *c, struct tg_holder_group *g, enum tg_worth worth)
{
    struct tg_holder *best = NULL;
    uint64_t best_steps = 0;
    size_t best_held = 0;
    size_t left = HOLDERS_LOOKED_AT;

    for (struct tg_link *link = g->holders[worth].next; link != &g->holders[worth] && left > 0;
         link = link->next, left--) {
        struct tg_holder *holder = tg_burdens_holder(link, g->tier);
        uint64_t steps = tg_counts_of(c->memory, holder->groups[0]->spot) / TG_CROWD_STEP;
        size_t held = held_by(holder);

        if (best == NULL || steps > best_steps || (steps == best_steps && held > best_held)) {
            best = holder;
            best_steps = steps;
            best_held = held;
        }
    }
    c->looks += HOLDERS_LOOKED_AT - left;
    return best;
}

/* spec: protocol/3#memory-order */
struct tg_holder *tg_crowd_pick(struct tg_crowd *c)
{
    struct choice any = { .group = NULL };
    enum tg_worth any_worth = TG_WORTH_NONE;

    for (enum tg_worth worth = TG_WORTH_NONE; worth < TG_WORTH_COUNT; worth++) {
        struct choice over = { .group = NULL };
        struct choice of_worth = { .group = NULL };

        look(c, worth, &over, &of_worth);
        if (over.group != NULL) {
            return largest(c, over.group, worth);
        }
        if (any.group == NULL && of_worth.group != NULL) {
            any = of_worth;
            any_worth = worth;
        }
    }
    return any.group == NULL ? NULL : largest(c, any.group, any_worth);
}
