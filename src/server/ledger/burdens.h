/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/burdens.h - the networks that hold places, and which of them holds most; private to
 * holders.c, under its lock.
 * Layer: L4.      Threads: one at a time.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_LEDGER_BURDENS_H
#define TG_SERVER_LEDGER_BURDENS_H

#include "server/ledger/holders.h"

/* One network in one tier, while it holds a place. */
struct tg_holder_group {
    struct tg_link chain; /* of its slot in the table */
    struct tg_spot spot;
    size_t tier;
    size_t scale; /* burden of one place */
    bool is_widest;
    size_t count;                           /* places */
    struct tg_link holders[TG_WORTH_COUNT]; /* by same[tier]; the owner of the group fills them */
    size_t with[TG_WORTH_COUNT];            /* places by worth */
    size_t heap_at[TG_WORTH_COUNT];         /* index in the heap; only if with[] is not 0 */
};

/* For each worth the groups that have it, the largest burden at index 0. */
struct tg_burden_heap {
    struct tg_holder_group **groups;
    size_t count;
};

struct tg_burdens {
    struct tg_link *table; /* TG_BURDENS_SLOTS lists of groups */
    struct tg_burden_heap heaps[TG_WORTH_COUNT];
    size_t heap_cap; /* of each heap: room for every group */
    size_t group_count;
    size_t widest_count; /* groups of the widest tier of their family */
};

#define TG_BURDENS_SLOTS 16384u

/* The holder of a link of a group's list. */
static inline struct tg_holder *tg_burdens_holder(struct tg_link *link, size_t tier)
{
    return TG_CONTAINER(link - tier, struct tg_holder, same[0]);
}

TG_NODISCARD enum tg_err tg_burdens_init(struct tg_burdens *b);
/* Every group must be empty. */
void tg_burdens_deinit(struct tg_burdens *b);

/* One more place of this worth for the payer's network. The group, or NULL: no memory. */
struct tg_holder_group *tg_burdens_join(struct tg_burdens *b, const struct tg_payer *payer,
                                        size_t tier, enum tg_worth worth);
/* One place less; frees an empty group. */
void tg_burdens_part(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth worth);
/* A place changes its worth. */
void tg_burdens_move(struct tg_burdens *b, struct tg_holder_group *g, enum tg_worth from,
                     enum tg_worth to);

/* NULL: the network holds no place. */
struct tg_holder_group *tg_burdens_find(const struct tg_burdens *b, const struct tg_payer *payer,
                                        size_t tier);
/* The group of the largest burden among those with a place of this worth; NULL: none has. */
struct tg_holder_group *tg_burdens_top(const struct tg_burdens *b, enum tg_worth worth);
size_t tg_burdens_of(const struct tg_holder_group *g);
/* The burden of the payer's network if it got one more place: the largest of its tiers. */
size_t tg_burdens_with_one_more(const struct tg_burdens *b, const struct tg_payer *payer);

#endif
