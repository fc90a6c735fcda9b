/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/sweep.h"

#include "store/lmdb/outbox.h"
#include "store/lmdb/spent.h"

/* Removals of one step. Each writes another page, and changes wait meanwhile. */
#define STEP_MIN 16u
#define STEP_MAX 512u
/* From this many seconds behind on, a step grows, so that the promised minute is kept. */
#define LATE_S 20u
#define LATE_MORE 8u /* removals for each second */
/* Steps after which a sweep leaves the rest of a large outbox to the next one. */
#define OUTBOX_STEPS 16u

static uint64_t behind(int64_t now_s, int64_t since_s)
{
    return since_s >= now_s ? 0 : (uint64_t)now_s - (uint64_t)since_s;
}

static size_t step_size(uint64_t added_count, uint64_t behind_s, size_t left)
{
    uint64_t late_s = behind_s > LATE_S ? behind_s - LATE_S : 0;
    uint64_t late = late_s > STEP_MAX ? STEP_MAX : late_s * LATE_MORE;
    uint64_t size =
        added_count > STEP_MAX ? STEP_MAX : added_count + added_count / 4 + STEP_MIN + late;

    size = size > STEP_MAX ? STEP_MAX : size;
    return size > left ? left : (size_t)size;
}

/* What is removed for good has ended by every later decision too. */
static void raise_mark(struct tg_lmdb_write *w, int64_t now_s)
{
    w->mark_s = now_s > w->mark_s ? now_s : w->mark_s;
}

static int records_step(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct tg_store_sweep_step *step = &op->of.sweep.step;
    int64_t now_s = op->of.sweep.now_s;
    size_t left = op->of.sweep.max_count - op->of.sweep.swept.removed_count;
    int64_t oldest_s = 0;
    int rc = tg_lmdb_oldest(w, &oldest_s);

    if (rc == 0) {
        size_t size =
            step_size(s->sweep.added_count + w->added_count, behind(now_s, oldest_s), left);

        rc = tg_lmdb_sweep(w, now_s, size, &step->record_count);
    }
    if (rc == 0) {
        rc = tg_lmdb_oldest(w, &step->oldest_s);
    }
    if (step->record_count > 0) {
        raise_mark(w, now_s);
    }
    step->is_last = step->oldest_s > now_s || step->record_count == left;
    return rc;
}

static int outbox_step(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct tg_store_sweep_step *step = &op->of.sweep.step;
    int64_t now_s = op->of.sweep.now_s;
    size_t left = op->of.sweep.max_count - op->of.sweep.entry_count;
    bool has_been_through = s->sweep.outbox_until_s != INT64_MIN;
    size_t size = step_size(s->sweep.noted_count + w->noted_count,
                            has_been_through ? behind(now_s, s->sweep.outbox_until_s) : 0, left);

    if (op->of.sweep.is_outbox_done) {
        return 0;
    }
    if (!step->place.is_inside) {
        step->place.since_s = now_s;
    }
    return tg_lmdb_outbox_sweep(w, &s->leases, now_s, size, &step->place, &step->entry_count);
}

static int spent_step(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct tg_store_sweep_step *step = &op->of.sweep.step;
    size_t left = op->of.sweep.max_count - op->of.sweep.swept.spent_count;
    size_t size = step_size(s->sweep.spent_count + w->spent_count, 0, left);
    struct tg_lmdb_spent_step spent = { .removed_count = 0 };
    int rc = 0;

    if (op->of.sweep.is_spent_done) {
        return 0;
    }
    rc = tg_lmdb_spent_sweep(w, op->of.sweep.now_s, size, &spent);
    step->spent_count = spent.removed_count;
    step->has_more_spent = spent.has_more;
    if (spent.has_closed) {
        raise_mark(w, op->of.sweep.now_s);
    }
    return rc;
}

int tg_lmdb_sweep_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    int rc = 0;

    op->err = TG_OK;
    op->of.sweep.step = (struct tg_store_sweep_step){ .place = s->sweep.place };
    rc = records_step(s, w, op);
    if (rc == 0) {
        rc = outbox_step(s, w, op);
    }
    return rc != 0 ? rc : spent_step(s, w, op);
}

static void less(uint64_t *count, uint64_t by)
{
    *count -= by < *count ? by : *count;
}

static void outbox_committed(struct tg_lmdb *s, struct tg_store_op *op)
{
    const struct tg_store_sweep_step *step = &op->of.sweep.step;

    if (op->of.sweep.is_outbox_done) {
        return;
    }
    op->of.sweep.entry_count += step->entry_count;
    less(&s->sweep.noted_count, step->entry_count);
    s->sweep.place = step->place;
    if (!step->place.is_inside) {
        s->sweep.outbox_until_s = step->place.since_s;
        s->sweep.noted_count = 0;
    }
    op->of.sweep.is_outbox_done =
        !step->place.is_inside || op->of.sweep.entry_count == op->of.sweep.max_count;
}

bool tg_lmdb_sweep_committed(struct tg_lmdb *s, struct tg_store_op *op)
{
    const struct tg_store_sweep_step *step = &op->of.sweep.step;
    struct tg_store_swept *swept = &op->of.sweep.swept;
    bool is_all = step->oldest_s > op->of.sweep.now_s;

    swept->removed_count += step->record_count;
    less(&s->sweep.added_count, is_all ? UINT64_MAX : step->record_count);
    outbox_committed(s, op);
    swept->until_s = is_all                        ? op->of.sweep.now_s
                     : step->oldest_s == INT64_MIN ? INT64_MIN
                                                   : step->oldest_s - 1;
    if (s->sweep.outbox_until_s < swept->until_s) {
        swept->until_s = s->sweep.outbox_until_s;
    }
    swept->spent_count += step->spent_count;
    less(&s->sweep.spent_count, step->has_more_spent ? step->spent_count : UINT64_MAX);
    op->of.sweep.is_spent_done =
        !step->has_more_spent || swept->spent_count == op->of.sweep.max_count;
    op->of.sweep.step_count++;
    return !step->is_last || !op->of.sweep.is_spent_done ||
           (!op->of.sweep.is_outbox_done && op->of.sweep.step_count < OUTBOX_STEPS);
}

void tg_lmdb_sweep_note(struct tg_lmdb *s, const struct tg_lmdb_write *w)
{
    s->sweep.added_count += w->added_count;
    s->sweep.noted_count += w->noted_count;
    s->sweep.spent_count += w->spent_count;
}
