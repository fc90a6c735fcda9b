/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/deadline.h - many coarse deadlines on one timer: a timer wheel.
 * Layer: L4.      Threads: one wheel per worker.      Blocks: no.      Clock: an argument.
 *
 * A deadline fires up to TG_WHEEL_TICK_MS late, never early. Moving one to a later time, which
 * happens at every request, is one assignment.
 */
#ifndef TG_SERVER_HTTP_DEADLINE_H
#define TG_SERVER_HTTP_DEADLINE_H

#include "server/http/list.h"

#include <stdint.h>

#define TG_WHEEL_TICK_MS 250u
#define TG_WHEEL_SLOTS 256u

struct tg_deadline {
    struct tg_link link;
    uint64_t at_mono_ms;
    uint64_t slot_mono_ms; /* the time of its slot in the wheel */
    /* The deadline is no longer set when this runs; it may be set again. */
    void (*fired)(struct tg_deadline *d);
};

struct tg_wheel {
    struct tg_link slots[TG_WHEEL_SLOTS];
    uint64_t now_mono_ms; /* of the last advance */
};

void tg_wheel_init(struct tg_wheel *w, uint64_t now_mono_ms);

/* Sets or moves d. d->fired is set by the owner; a zeroed struct is not set. */
void tg_deadline_set(struct tg_wheel *w, struct tg_deadline *d, uint64_t at_mono_ms);
/* Does nothing when d is not set. */
void tg_deadline_clear(struct tg_deadline *d);
bool tg_deadline_is_set(const struct tg_deadline *d);

/* Fires what is due at now_mono_ms. A fired function may set and clear any deadline. */
void tg_wheel_advance(struct tg_wheel *w, uint64_t now_mono_ms);

#endif
