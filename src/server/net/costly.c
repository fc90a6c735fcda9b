/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/costly.h"

#include "base/mem.h"

#define US_PER_MS 1000u
#define RELEASED_US 1000000u /* until what was released is done; a connection may break before */

enum tg_err tg_costly_init(struct tg_costly *c)
{
    *c = (struct tg_costly){ .count = 0 };
    tg_list_init(&c->ring);
    c->cells = tg_mem_calloc(TG_COSTLY_CELLS, sizeof(*c->cells));
    if (c->cells == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_COSTLY_CELLS; i++) {
        tg_list_init(&c->cells[i].queue);
    }
    return TG_OK;
}

void tg_costly_deinit(struct tg_costly *c)
{
    tg_mem_free(c->cells);
    c->cells = NULL;
}

static bool may(const struct tg_costly *c, const struct tg_costly_cell *cell, uint64_t now_us)
{
    return now_us >= cell->rests_until_us || now_us >= c->shared_until_us;
}

static struct tg_costly_cell *cell_of(const struct tg_costly *c, struct tg_turn_key key)
{
    return &c->cells[key.wide % TG_COSTLY_CELLS];
}

void tg_costly_note_turn(struct tg_costly *c, struct tg_turn_key key, uint64_t now_us)
{
    if (c->has_last && key.wide != c->last_wide) {
        c->shared_until_us = now_us + (uint64_t)TG_COSTLY_ALONE_MS * US_PER_MS;
    }
    c->has_last = true;
    c->last_wide = key.wide;
}

bool tg_costly_may(const struct tg_costly *c, struct tg_turn_key key, uint64_t now_us)
{
    return may(c, cell_of(c, key), now_us);
}

void tg_costly_done(struct tg_costly *c, struct tg_turn_key key, uint64_t now_us, uint64_t took_us)
{
    cell_of(c, key)->rests_until_us = now_us + took_us * TG_COSTLY_REST;
}

void tg_costly_wait(struct tg_costly *c, struct tg_turn_key key, struct tg_link *link)
{
    struct tg_costly_cell *cell = cell_of(c, key);

    tg_list_append(&cell->queue, link);
    c->count++;
    if (!tg_link_is_linked(&cell->link)) {
        tg_list_append(&c->ring, &cell->link);
    }
}

void tg_costly_remove(struct tg_costly *c, struct tg_link *link)
{
    if (tg_link_is_linked(link)) {
        tg_link_remove(link);
        c->count--;
    }
}

static void release_some(struct tg_costly *c, struct tg_costly_cell *cell, uint64_t now_us,
                         struct tg_link *released)
{
    struct tg_link *link = NULL;

    while (may(c, cell, now_us) && (link = tg_list_shift(&cell->queue)) != NULL) {
        tg_list_append(released, link);
        c->count--;
        cell->rests_until_us = now_us + RELEASED_US;
    }
}

void tg_costly_release(struct tg_costly *c, uint64_t now_us, struct tg_link *released)
{
    struct tg_link *next = NULL;

    for (struct tg_link *link = c->ring.next; link != &c->ring; link = next) {
        struct tg_costly_cell *cell = TG_CONTAINER(link, struct tg_costly_cell, link);

        next = link->next;
        release_some(c, cell, now_us, released);
        if (tg_list_is_empty(&cell->queue)) {
            tg_link_remove(&cell->link);
        }
    }
}
