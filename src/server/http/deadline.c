/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/deadline.h"

static struct tg_link *slot_of(struct tg_wheel *w, uint64_t at_mono_ms)
{
    return &w->slots[(at_mono_ms / TG_WHEEL_TICK_MS) % TG_WHEEL_SLOTS];
}

static void place(struct tg_wheel *w, struct tg_deadline *d)
{
    uint64_t next_ms = w->now_mono_ms + TG_WHEEL_TICK_MS;

    /* A deadline that is already due goes into the next slot, never into the one being walked. */
    d->slot_mono_ms = d->at_mono_ms < next_ms ? next_ms : d->at_mono_ms;
    tg_list_append(slot_of(w, d->slot_mono_ms), &d->link);
}

void tg_wheel_init(struct tg_wheel *w, uint64_t now_mono_ms)
{
    for (size_t i = 0; i < TG_WHEEL_SLOTS; i++) {
        tg_list_init(&w->slots[i]);
    }
    w->now_mono_ms = now_mono_ms;
}

void tg_deadline_set(struct tg_wheel *w, struct tg_deadline *d, uint64_t at_mono_ms)
{
    d->at_mono_ms = at_mono_ms;
    if (tg_link_is_linked(&d->link)) {
        if (at_mono_ms >= d->slot_mono_ms) {
            return; /* moved when its slot is walked */
        }
        tg_link_remove(&d->link);
    }
    place(w, d);
}

void tg_deadline_clear(struct tg_deadline *d)
{
    tg_link_remove(&d->link);
}

bool tg_deadline_is_set(const struct tg_deadline *d)
{
    return tg_link_is_linked(&d->link);
}

static void walk(struct tg_wheel *w, struct tg_link *slot)
{
    struct tg_link due;
    struct tg_link *link = NULL;

    /* A separate list, so that a fired function may unlink any other entry. */
    tg_list_init(&due);
    tg_list_splice(&due, slot);
    while ((link = tg_list_shift(&due)) != NULL) {
        struct tg_deadline *d = TG_CONTAINER(link, struct tg_deadline, link);

        if (d->at_mono_ms <= w->now_mono_ms) {
            d->fired(d);
        } else {
            place(w, d);
        }
    }
}

void tg_wheel_advance(struct tg_wheel *w, uint64_t now_mono_ms)
{
    uint64_t from = w->now_mono_ms / TG_WHEEL_TICK_MS;
    uint64_t to = now_mono_ms / TG_WHEEL_TICK_MS;

    if (now_mono_ms <= w->now_mono_ms) {
        return;
    }
    w->now_mono_ms = now_mono_ms;
    if (to - from > TG_WHEEL_SLOTS) {
        from = to - TG_WHEEL_SLOTS;
    }
    /* The slot of `from` again: deadlines may have become due within the tick. */
    for (uint64_t tick = from; tick <= to; tick++) {
        walk(w, &w->slots[tick % TG_WHEEL_SLOTS]);
    }
}
