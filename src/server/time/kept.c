/* SPDX-License-Identifier: Apache-2.0 */
#include "server/time/kept.h"

#define SAVE_EVERY_MS 2000u
#define SAVE_IDLE_MS 600000u
#define ATTEMPTS_MAX 32u /* nodes that start at one moment */
#define MARK_LEN 8u
#define MOVED_MS 500 /* an anchor that has moved less is not written again */

/* ---- bytes ---------------------------------------------------------------------------------- */

static void put(uint8_t out[8], int64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    }
}

static int64_t get(const uint8_t *in)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | in[i];
    }
    return (int64_t)value;
}

static void put_clock(uint8_t out[TG_TIME_CLOCK_LEN], const struct tg_time_kept *kept)
{
    put(out, kept->anchor_ms);
    out[8] = kept->is_complete ? 1 : 0;
}

/* ---- at the start and the end --------------------------------------------------------------- */

enum tg_err tg_time_kept_load(struct tg_store *store, struct tg_time_kept *out)
{
    struct tg_store_fact_copy fact;
    enum tg_err err = TG_E_BUG;

    *out = (struct tg_time_kept){ .has_mark = false };
    TG_TRY(tg_store_fact_load(store, TG_FACT_TIME_MARK, &fact));
    if (fact.len == MARK_LEN) {
        out->has_mark = true;
        out->mark_s = get(fact.bytes);
    }
    TG_TRY(tg_store_fact_load(store, TG_FACT_CLOCK, &fact));
    if (fact.len == TG_TIME_CLOCK_LEN) {
        out->has_anchor = true;
        out->anchor_ms = get(fact.bytes);
        out->is_complete = fact.bytes[8] == 1;
    }
out:
    return err;
}

/* Another node may write the fact at the same moment. A mark that it raised stays. */
static enum tg_err save_fact(struct tg_store *store, enum tg_fact fact, struct tg_bytes value)
{
    struct tg_store_fact_copy old;
    enum tg_err err = TG_E_CONFLICT;

    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX && err == TG_E_CONFLICT; attempt++) {
        err = tg_store_fact_load(store, fact, &old);
        if (err != TG_OK || tg_bytes_is_equal(tg_bytes(old.bytes, old.len), value) ||
            (attempt > 0 && fact == TG_FACT_TIME_MARK && old.len == MARK_LEN &&
             get(old.bytes) > get(value.ptr))) {
            break;
        }
        err = tg_store_fact_save(store, fact, old.version, value);
    }
    return err;
}

enum tg_err tg_time_kept_save(struct tg_store *store, const struct tg_time_kept *kept)
{
    uint8_t mark[MARK_LEN];
    uint8_t row[TG_TIME_CLOCK_LEN];
    enum tg_err err = TG_E_BUG;

    put(mark, kept->mark_s);
    put_clock(row, kept);
    TG_TRY(save_fact(store, TG_FACT_TIME_MARK, TG_ARRAY_BYTES(mark)));
    TG_TRY(save_fact(store, TG_FACT_CLOCK, TG_ARRAY_BYTES(row)));
out:
    return err;
}

enum tg_err tg_time_kept_end(struct tg_store *store, struct tg_clock *clock)
{
    struct tg_time_kept kept = tg_clock_keep(clock);

    kept.is_complete = true;
    return tg_time_kept_save(store, &kept);
}

/* ---- during the run ------------------------------------------------------------------------- */

void tg_time_saver_init(struct tg_time_saver *saver, struct tg_clock *clock, struct tg_store *store,
                        struct tg_store_port *port)
{
    *saver = (struct tg_time_saver){ .clock = clock, .store = store, .port = port };
    saver->saved.mark_s = INT64_MIN;
}

/* A change of a record may have raised it further. */
static bool raise_mark(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct tg_time_saving *saving = &((struct tg_time_saver *)ctx)->saving;

    if (old != NULL && old->value.len == MARK_LEN && get(old->value.ptr) >= saving->kept.mark_s) {
        return false;
    }
    put(saving->mark, saving->kept.mark_s);
    *next = TG_ARRAY_BYTES(saving->mark);
    return true;
}

static bool change_clock(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct tg_time_saving *saving = &((struct tg_time_saver *)ctx)->saving;

    put_clock(saving->clock_row, &saving->kept);
    *next = TG_ARRAY_BYTES(saving->clock_row);
    return old == NULL || !tg_bytes_is_equal(old->value, *next);
}

static void on_saved(void *ctx, enum tg_err err)
{
    struct tg_time_saver *saver = ctx;

    saver->saving_count--;
    saver->has_failed = saver->has_failed || err != TG_OK;
    if (saver->saving_count == 0 && !saver->has_failed) {
        saver->saved = saver->saving.kept;
        saver->has_saved = true;
    }
}

static bool has_moved(const struct tg_time_saver *saver)
{
    int64_t moved_ms = saver->saving.kept.anchor_ms - saver->saved.anchor_ms;

    return moved_ms > MOVED_MS || moved_ms < -MOVED_MS;
}

static void save(struct tg_time_saver *saver)
{
    saver->has_failed = false;
    saver->saving.kept = tg_clock_keep(saver->clock);
    if (!saver->has_saved || has_moved(saver)) {
        saver->saving_count++;
        saver->store->ops->fact(saver->port, TG_FACT_CLOCK, change_clock, saver, on_saved);
    } else {
        saver->saving.kept.anchor_ms = saver->saved.anchor_ms;
    }
    if (saver->saving.kept.mark_s > saver->saved.mark_s) {
        saver->saving_count++;
        saver->store->ops->fact(saver->port, TG_FACT_TIME_MARK, raise_mark, saver, on_saved);
    }
}

void tg_time_saver_tick(struct tg_time_saver *saver, bool was_used, uint64_t mono_ms)
{
    saver->is_used = saver->is_used || was_used;
    if (saver->saving_count > 0 || mono_ms < saver->next_ms ||
        (saver->has_saved && !saver->is_used && mono_ms < saver->idle_ms)) {
        return;
    }
    saver->is_used = false;
    saver->next_ms = mono_ms + SAVE_EVERY_MS;
    saver->idle_ms = mono_ms + SAVE_IDLE_MS;
    save(saver);
}
