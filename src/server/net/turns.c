/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/turns.h"

#include "base/mem.h"

#define WORK_MAX_US (1u << 30)

/* ---- an order ---- */

static void order_init(struct tg_turn_order *order)
{
    for (size_t i = 0; i < TG_TURNS_LEVELS; i++) {
        tg_list_init(&order->levels[i]);
    }
}

static size_t level_of(const struct tg_turn_rank *rank)
{
    size_t level = 0;

    for (uint32_t rest = rank->work_us / TG_TURNS_QUIET_US; rest > 0 && level < TG_TURNS_LEVELS - 1;
         rest /= 2) {
        level++;
    }
    return level;
}

/* Behind those of its level. */
static void order_put(struct tg_turn_order *order, struct tg_turn_rank *rank)
{
    tg_link_remove(&rank->link);
    tg_list_append(&order->levels[level_of(rank)], &rank->link);
}

/* Who is next. Who has worked since it was put moves to its level. NULL: nobody. */
static struct tg_turn_rank *order_first(struct tg_turn_order *order)
{
    for (size_t level = 0; level < TG_TURNS_LEVELS; level++) {
        struct tg_link *link = NULL;

        while ((link = order->levels[level].next) != &order->levels[level]) {
            struct tg_turn_rank *rank = TG_CONTAINER(link, struct tg_turn_rank, link);

            if (level_of(rank) <= level) {
                return rank;
            }
            order_put(order, rank);
        }
    }
    return NULL;
}

/* ---- the turns ---- */

enum tg_err tg_turns_init(struct tg_turns *t, uint64_t now_mono_ms)
{
    *t = (struct tg_turns){ .halved_mono_ms = now_mono_ms };
    order_init(&t->order);
    t->cells = tg_mem_calloc(TG_TURNS_CELLS, sizeof(*t->cells));
    t->wides = tg_mem_calloc(TG_TURNS_WIDES, sizeof(*t->wides));
    if (t->cells == NULL || t->wides == NULL) {
        tg_turns_deinit(t);
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_TURNS_CELLS; i++) {
        tg_list_init(&t->cells[i].queue);
    }
    for (size_t i = 0; i < TG_TURNS_WIDES; i++) {
        order_init(&t->wides[i].order);
    }
    return TG_OK;
}

void tg_turns_deinit(struct tg_turns *t)
{
    tg_mem_free(t->cells);
    tg_mem_free(t->wides);
    t->cells = NULL;
    t->wides = NULL;
}

struct tg_turn_key tg_turns_key(const struct tg_payer *payer)
{
    size_t tier_count = tg_payer_tier_count(payer);

    if (tier_count == 0) {
        return (struct tg_turn_key){ 0 };
    }
    return (struct tg_turn_key){
        .cell = payer->held[0].cell[0] % TG_TURNS_CELLS,
        .wide = tg_payer_widest(payer) % TG_TURNS_WIDES,
    };
}

void tg_turns_put(struct tg_turns *t, struct tg_turn_key key, struct tg_link *link)
{
    struct tg_turn_cell *cell = &t->cells[key.cell];

    if (tg_list_is_empty(&cell->queue)) { /* several wider networks may share the cell */
        tg_link_remove(&cell->rank.link);
        cell->wide = key.wide;
    }
    tg_list_append(&cell->queue, link);
    t->count++;
    if (!tg_link_is_linked(&cell->rank.link)) {
        struct tg_turn_wide *wide = &t->wides[cell->wide];

        order_put(&wide->order, &cell->rank);
        if (!tg_link_is_linked(&wide->rank.link)) {
            order_put(&t->order, &wide->rank);
        }
    }
}

void tg_turns_remove(struct tg_turns *t, struct tg_link *link)
{
    if (tg_link_is_linked(link)) {
        tg_link_remove(link);
        t->count--;
    }
}

/* The next item of a wider network. NULL: nothing waits. */
static struct tg_link *take_from(struct tg_turn_wide *wide)
{
    struct tg_turn_rank *first = NULL;
    struct tg_link *link = NULL;

    while (link == NULL && (first = order_first(&wide->order)) != NULL) {
        struct tg_turn_cell *cell = TG_CONTAINER(first, struct tg_turn_cell, rank);

        link = tg_list_shift(&cell->queue);
        tg_link_remove(&first->link);
        if (!tg_list_is_empty(&cell->queue)) {
            order_put(&wide->order, first);
        }
    }
    return link;
}

struct tg_link *tg_turns_take(struct tg_turns *t)
{
    struct tg_turn_rank *first = NULL;
    struct tg_link *link = NULL;

    while (link == NULL && t->count > 0 && (first = order_first(&t->order)) != NULL) {
        link = take_from(TG_CONTAINER(first, struct tg_turn_wide, rank));
        tg_link_remove(&first->link);
        if (link != NULL) {
            t->count--;
            order_put(&t->order, first); /* also when it was its last: the next take sees that */
        }
    }
    return link;
}

static void add(uint32_t *work_us, uint64_t more_us)
{
    *work_us = more_us < WORK_MAX_US - *work_us ? *work_us + (uint32_t)more_us : WORK_MAX_US;
}

void tg_turns_charge(struct tg_turns *t, struct tg_turn_key key, uint64_t work_us)
{
    add(&t->cells[key.cell].rank.work_us, work_us);
    add(&t->wides[key.wide].rank.work_us, work_us);
}

static void halve(struct tg_turn_order *order, struct tg_turn_rank *rank)
{
    rank->work_us /= 2;
    if (tg_link_is_linked(&rank->link)) {
        order_put(order, rank);
    }
}

void tg_turns_halve(struct tg_turns *t, uint64_t now_mono_ms)
{
    if (now_mono_ms < t->halved_mono_ms + TG_TURNS_HALF_MS) {
        return;
    }
    t->halved_mono_ms = now_mono_ms;
    for (size_t i = 0; i < TG_TURNS_CELLS; i++) {
        halve(&t->wides[t->cells[i].wide].order, &t->cells[i].rank);
    }
    for (size_t i = 0; i < TG_TURNS_WIDES; i++) {
        halve(&t->order, &t->wides[i].rank);
    }
}
