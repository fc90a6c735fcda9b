/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/turns.h"

#include "base/mem.h"

#define WORK_MAX_US (1u << 30)

enum tg_err tg_turns_init(struct tg_turns *t, uint64_t now_mono_ms)
{
    *t = (struct tg_turns){ .halved_mono_ms = now_mono_ms };
    for (size_t i = 0; i < TG_TURNS_LEVELS; i++) {
        tg_list_init(&t->levels[i]);
    }
    t->cells = tg_mem_calloc(TG_TURNS_CELLS, sizeof(*t->cells));
    t->wide_us = tg_mem_calloc(TG_TURNS_CELLS, sizeof(*t->wide_us));
    if (t->cells == NULL || t->wide_us == NULL) {
        tg_turns_deinit(t);
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_TURNS_CELLS; i++) {
        tg_list_init(&t->cells[i].queue);
    }
    return TG_OK;
}

void tg_turns_deinit(struct tg_turns *t)
{
    tg_mem_free(t->cells);
    tg_mem_free(t->wide_us);
    t->cells = NULL;
    t->wide_us = NULL;
}

struct tg_turn_key tg_turns_key(const struct tg_payer *payer)
{
    size_t tier_count = tg_payer_tier_count(payer);

    if (tier_count == 0) {
        return (struct tg_turn_key){ 0 };
    }
    return (struct tg_turn_key){
        .cell = payer->held[0].cell[0] % TG_TURNS_CELLS,
        .wide = tg_payer_widest(payer) % TG_TURNS_CELLS,
    };
}

static size_t level_of_work(uint32_t work_us)
{
    size_t level = 0;

    for (uint32_t rest = work_us / TG_TURNS_QUIET_US; rest > 0 && level < TG_TURNS_LEVELS - 1;
         rest /= 2) {
        level++;
    }
    return level;
}

static size_t level_of(const struct tg_turns *t, const struct tg_turn_cell *cell)
{
    size_t own = level_of_work(cell->work_us);
    size_t wide = level_of_work(t->wide_us[cell->wide] / TG_TURNS_WIDE_SHARE);

    return own > wide ? own : wide;
}

static void place(struct tg_turns *t, struct tg_turn_cell *cell)
{
    tg_link_remove(&cell->link);
    if (!tg_list_is_empty(&cell->queue)) {
        tg_list_append(&t->levels[level_of(t, cell)], &cell->link);
    }
}

void tg_turns_put(struct tg_turns *t, struct tg_turn_key key, struct tg_link *link)
{
    struct tg_turn_cell *cell = &t->cells[key.cell];

    cell->wide = key.wide;
    tg_list_append(&cell->queue, link);
    t->count++;
    if (!tg_link_is_linked(&cell->link)) {
        place(t, cell);
    }
}

void tg_turns_remove(struct tg_turns *t, struct tg_link *link)
{
    if (tg_link_is_linked(link)) {
        tg_link_remove(link);
        t->count--;
    }
}

/* The next item of a level. A cell whose network has worked since it was placed moves to its
   level. */
static struct tg_link *take_from(struct tg_turns *t, size_t level)
{
    struct tg_link *first = NULL;

    while ((first = t->levels[level].next) != &t->levels[level]) {
        struct tg_turn_cell *cell = TG_CONTAINER(first, struct tg_turn_cell, link);
        struct tg_link *link = NULL;

        if (level_of(t, cell) <= level) {
            link = tg_list_shift(&cell->queue);
        }
        place(t, cell);
        if (link != NULL) {
            t->count--;
            return link;
        }
    }
    return NULL;
}

struct tg_link *tg_turns_take(struct tg_turns *t)
{
    struct tg_link *link = NULL;

    for (size_t level = 0; level < TG_TURNS_LEVELS && link == NULL && t->count > 0; level++) {
        link = take_from(t, level);
    }
    return link;
}

static void add(uint32_t *work_us, uint64_t more_us)
{
    *work_us = more_us < WORK_MAX_US - *work_us ? *work_us + (uint32_t)more_us : WORK_MAX_US;
}

void tg_turns_charge(struct tg_turns *t, struct tg_turn_key key, uint64_t work_us)
{
    add(&t->cells[key.cell].work_us, work_us);
    add(&t->wide_us[key.wide], work_us);
}

void tg_turns_halve(struct tg_turns *t, uint64_t now_mono_ms)
{
    if (now_mono_ms < t->halved_mono_ms + TG_TURNS_HALF_MS) {
        return;
    }
    t->halved_mono_ms = now_mono_ms;
    for (size_t i = 0; i < TG_TURNS_CELLS; i++) {
        t->cells[i].work_us /= 2;
        t->wide_us[i] /= 2;
    }
    for (size_t i = 0; i < TG_TURNS_CELLS; i++) {
        if (tg_link_is_linked(&t->cells[i].link)) {
            place(t, &t->cells[i]);
        }
    }
}
