/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a sweep: a look whether anything has expired, and only then a transaction that
 * removes it. Rows that another node removes at the same time are passed over.
 */
#include "store/postgres/pg.h"

static size_t step_max(const struct tg_store_op *op, size_t done)
{
    size_t left = op->of.sweep.max_count > done ? op->of.sweep.max_count - done : 0;

    return left < TG_PG_SWEEP_STEP ? left : TG_PG_SWEEP_STEP;
}

enum { DUE_RECORDS, DUE_ENTRIES, DUE_SERIES, DUE_SPENT, DUE_COUNT };

static bool take_look(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    for (int i = 0; i < DUE_COUNT && PQntuples(result) == 1; i++) {
        item->is_due[i] = tg_pg_number(result, 0, i) != 0;
    }
    return false;
}

bool tg_pg_sweep_look(struct tg_pg_lane *lane)
{
    struct tg_pg_item *item = &lane->batch->items[0];
    struct tg_pg_args args = { .count = 0 };

    lane->batch->step = (struct tg_store_sweep_step){ .oldest_s = INT64_MAX };
    tg_pg_arg_number(&args, item->op->of.sweep.now_s);
    return tg_pg_expect(lane, TG_PG_SWEEP_LOOK, &args, take_look, item);
}

bool tg_pg_sweep_must_write(const struct tg_pg_lane *lane)
{
    const struct tg_pg_item *item = &lane->batch->items[0];
    bool is_due = false;

    for (int i = 0; i < DUE_COUNT; i++) {
        is_due = is_due || item->is_due[i];
    }
    return item->op != NULL && is_due;
}

/* Rows of class, number, bytes. */
static bool take_records(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_batch *b = lane->batch;

    (void)item;
    for (int row = 0; row < PQntuples(result); row++) {
        uint64_t count = (uint64_t)tg_pg_number(result, row, 1);
        uint64_t bytes = (uint64_t)tg_pg_number(result, row, 2);

        b->step.record_count += count;
        if (tg_pg_number(result, row, 0) == TG_STORE_LIVE) {
            b->found.live_count -= count;
            b->found.live_bytes -= bytes;
        } else {
            b->found.ended_count -= count;
            b->found.ended_bytes -= bytes;
        }
    }
    return false;
}

static bool take_entries(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    lane->batch->step.entry_count = tg_pg_row_count(result);
    lane->batch->found.outbox_count -= lane->batch->step.entry_count;
    return false;
}

static bool take_closed(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    (void)item;
    (void)result;
    return false;
}

static bool take_spent(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    lane->batch->step.spent_count = tg_pg_row_count(result);
    lane->batch->found.spent_count -= lane->batch->step.spent_count;
    return false;
}

static bool take_oldest(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    if (PQntuples(result) == 1 && PQgetisnull(result, 0, 0) == 0) {
        lane->batch->step.oldest_s = tg_pg_number(result, 0, 0);
    }
    return false;
}

bool tg_pg_sweep_write(struct tg_pg_lane *lane)
{
    struct tg_pg_item *item = &lane->batch->items[0];
    const struct tg_store_op *op = item->op;
    struct tg_pg_args records = { .count = 0 };
    struct tg_pg_args entries = { .count = 0 };
    struct tg_pg_args closed = { .count = 0 };
    struct tg_pg_args spent = { .count = 0 };

    tg_pg_arg_number(&records, op->of.sweep.now_s);
    tg_pg_arg_number(&records, (int64_t)step_max(op, op->of.sweep.swept.removed_count));
    tg_pg_arg_number(&entries, op->of.sweep.now_s);
    tg_pg_arg_number(&entries, (int64_t)step_max(op, op->of.sweep.entry_count));
    tg_pg_arg_number(&closed, op->of.sweep.now_s);
    tg_pg_arg_number(&spent, (int64_t)step_max(op, op->of.sweep.swept.spent_count));
    if (item->is_due[DUE_SERIES] || (item->is_due[DUE_RECORDS] && op->of.sweep.max_count > 0)) {
        lane->batch->mark_s = op->of.sweep.now_s;
    }
    return tg_pg_expect(lane, TG_PG_SWEEP_RECORDS, &records, take_records, item) &&
           tg_pg_expect(lane, TG_PG_SWEEP_ENTRIES, &entries, take_entries, item) &&
           tg_pg_expect(lane, TG_PG_SWEEP_CLOSE, &closed, take_closed, item) &&
           tg_pg_expect(lane, TG_PG_SWEEP_SPENT, &spent, take_spent, item) &&
           tg_pg_expect(lane, TG_PG_OLDEST, NULL, take_oldest, item);
}

bool tg_pg_sweep_done(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_store_op *op = b->items[0].op;
    struct tg_store_swept *swept = NULL;
    bool has_more = false;
    bool has_entries = false;

    if (op == NULL) {
        return false;
    }
    swept = &op->of.sweep.swept;
    has_entries =
        b->step.entry_count > 0 && b->step.entry_count == step_max(op, op->of.sweep.entry_count);
    has_more =
        (b->step.record_count > 0 && b->step.record_count == step_max(op, swept->removed_count)) ||
        has_entries ||
        (b->step.spent_count > 0 && b->step.spent_count == step_max(op, swept->spent_count));
    swept->removed_count += b->step.record_count;
    op->of.sweep.entry_count += b->step.entry_count;
    swept->spent_count += b->step.spent_count;
    op->err = TG_OK;
    swept->until_s = INT64_MIN;
    if (!has_entries) {
        swept->until_s =
            b->step.oldest_s > op->of.sweep.now_s ? op->of.sweep.now_s : b->step.oldest_s - 1;
    }
    return has_more &&
           (step_max(op, swept->removed_count) > 0 || step_max(op, op->of.sweep.entry_count) > 0 ||
            step_max(op, swept->spent_count) > 0);
}
