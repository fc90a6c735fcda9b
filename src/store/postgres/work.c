/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of operation reads and writes in a batch, and how it ends. */
#include "base/mem.h"
#include "store/postgres/pg.h"

#include <assert.h>
#include <string.h>

#define GENERATION_SHIFT                                                                           \
    9 /* below 2^55, so that adding the place in the lease stays below 2^56                        \
       */

/* Keeps the result; the operation looks at it when the batch has ended. */
static bool take_kept(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    PQclear(item->kept);
    item->kept = result;
    return true;
}

static bool take_row_count(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    item->row_count += tg_pg_row_count(result);
    return false;
}

static bool take_removed_entries(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    lane->batch->found.outbox_count -= tg_pg_row_count(result);
    return false;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static const char *fact_name(const struct tg_pg_lane *lane, enum tg_fact fact)
{
    return fact == TG_FACT_CLOCK ? tg_pg_of_lane(lane)->clock_fact : tg_store_fact_name(fact);
}

static bool fact_read(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_pg_args args = { .count = 0 };

    if (item->op->of.fact.fact == TG_FACT_TIME_MARK) {
        return tg_pg_expect(lane, TG_PG_MARK, NULL, take_kept, item);
    }
    tg_pg_arg_text(&args, fact_name(lane, item->op->of.fact.fact));
    return tg_pg_expect(lane, TG_PG_FACT, &args, take_kept, item);
}

/* The time mark is no row of its own, which every change of all nodes would have to write, but the
   latest mark of all lanes. */
static bool mark_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;
    int64_t mark_s = tg_pg_number(item->kept, 0, 0);
    uint8_t bytes[TG_STORE_MARK_LEN];
    struct tg_bytes next = { NULL, 0 };
    struct tg_store_fact old = { .version = 1, .value = TG_ARRAY_BYTES(bytes) };

    (void)tg_store_mark_raise(bytes, NULL, mark_s);
    op->err = TG_OK;
    if (!op->of.fact.change(op->ctx, mark_s > 0 ? &old : NULL, &next)) {
        return true;
    }
    mark_s = 0;
    for (size_t i = 0; i < next.len && i < TG_STORE_MARK_LEN; i++) {
        mark_s = (int64_t)((uint64_t)mark_s << 8 | next.ptr[i]);
    }
    lane->batch->mark_s = mark_s > lane->batch->mark_s ? mark_s : lane->batch->mark_s;
    return true;
}

static bool fact_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;
    bool exists = PQntuples(item->kept) == 1;
    struct tg_store_fact old = { .version = 0 };
    struct tg_bytes next = { NULL, 0 };
    struct tg_pg_args args = { .count = 0 };

    if (op->of.fact.fact == TG_FACT_TIME_MARK) {
        return mark_write(lane, item);
    }
    if (exists) {
        old = (struct tg_store_fact){ .version = (uint64_t)tg_pg_number(item->kept, 0, 0),
                                      .value = tg_pg_bytes(item->kept, 0, 1) };
    }
    op->err = TG_OK;
    if (!op->of.fact.change(op->ctx, exists ? &old : NULL, &next)) {
        return true;
    }
    if (next.len > TG_STORE_FACT_MAX) {
        op->err = TG_E_FULL;
        return true;
    }
    item->has_written = true;
    tg_pg_arg_text(&args, fact_name(lane, op->of.fact.fact));
    tg_pg_arg_bytes(&args, next);
    if (exists) {
        tg_pg_arg_number(&args, (int64_t)old.version);
    }
    return tg_pg_expect(lane, exists ? TG_PG_FACT_UPDATE : TG_PG_FACT_INSERT, &args, take_row_count,
                        item);
}

static void fact_done(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    (void)lane;
    item->must_repeat = item->has_written && item->row_count != 1;
}

/* ---- the outbox ----------------------------------------------------------------------------- */

static bool take_next_due(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    bool is_any = PQntuples(result) == 1 && PQgetisnull(result, 0, 0) == 0;

    (void)lane;
    item->next_due_s = is_any ? tg_pg_number(result, 0, 0) : INT64_MAX;
    return false;
}

static bool lease_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;
    struct tg_pg_args unlease = { .count = 0 };
    struct tg_pg_args expired = { .count = 0 };
    struct tg_pg_args lease = { .count = 0 };

    /* The first time may have leased entries that nobody knows of. */
    if (op->of.lease.base != 0) {
        tg_pg_arg_number(&unlease, (int64_t)op->of.lease.base);
        tg_pg_arg_number(&unlease, (int64_t)(op->of.lease.base + TG_OUTBOX_LEASE_MAX));
        if (!tg_pg_expect(lane, TG_PG_UNLEASE, &unlease, tg_pg_take_nothing, NULL)) {
            return false;
        }
    }
    op->of.lease.base = (uint64_t)tg_pg_random(lane->port) >> GENERATION_SHIFT | 1;
    tg_pg_arg_number(&expired, op->of.lease.now_s);
    tg_pg_arg_number(&expired, TG_OUTBOX_LEASE_MAX);
    tg_pg_arg_number(&lease, op->of.lease.now_s);
    tg_pg_arg_number(&lease, (int64_t)op->of.lease.max_count);
    tg_pg_arg_number(&lease, (int64_t)op->of.lease.base);
    tg_pg_arg_number(&lease, op->of.lease.until_s);
    return tg_pg_expect(lane, TG_PG_LEASE_EXPIRED, &expired, take_removed_entries, NULL) &&
           tg_pg_expect(lane, TG_PG_LEASE, &lease, take_kept, item) &&
           tg_pg_expect(lane, TG_PG_NEXT_DUE, NULL, take_next_due, item);
}

static void entry_take(struct tg_store_op *op, const PGresult *result, int row)
{
    struct tg_outbox_entry entry = {
        .generation = (uint64_t)tg_pg_number(result, row, 1),
        .attempts = (uint32_t)tg_pg_number(result, row, 2),
        .expires_s = tg_pg_number(result, row, 3),
        .sealed = tg_pg_bytes(result, row, 4),
    };
    struct tg_bytes key = tg_pg_bytes(result, row, 0);

    memcpy(entry.key.bytes, key.ptr, key.len < TG_STORE_KEY_LEN ? key.len : TG_STORE_KEY_LEN);
    op->err = tg_store_lease_add(op, &entry);
}

/* The rows come in no order; their generations count from the longest due on. */
static void lease_done(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;
    int count = PQntuples(item->kept);

    (void)lane;
    op->err = TG_OK;
    op->of.lease.next_due_s = item->next_due_s;
    for (int rank = 0; op->err == TG_OK && rank < count; rank++) {
        for (int row = 0; row < count; row++) {
            if ((uint64_t)tg_pg_number(item->kept, row, 1) ==
                op->of.lease.base + (uint64_t)rank + 1) {
                entry_take(op, item->kept, row);
                break;
            }
        }
    }
    if (op->err != TG_OK) {
        tg_store_lease_clear(op); /* due again when the lease ends */
    }
}

static bool settle_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    const struct tg_store_op *op = item->op;
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(op->of.settle.key.bytes));
    tg_pg_arg_number(&args, (int64_t)op->of.settle.generation);
    switch (op->of.settle.verdict) {
    case TG_OUTBOX_DONE:
        return tg_pg_expect(lane, TG_PG_DONE_REMOVE, &args, take_removed_entries, NULL) &&
               tg_pg_expect(lane, TG_PG_DONE_AGAIN, &args, tg_pg_take_nothing, NULL);
    case TG_OUTBOX_RETRY:
        tg_pg_arg_number(&args, op->of.settle.due_s);
        return tg_pg_expect(lane, TG_PG_RETRY_REMOVE, &args, take_removed_entries, NULL) &&
               tg_pg_expect(lane, TG_PG_RETRY, &args, tg_pg_take_nothing, NULL);
    case TG_OUTBOX_BLOCK:
        return tg_pg_expect(lane, TG_PG_BLOCK, &args, tg_pg_take_nothing, NULL);
    }
    return true;
}

static void settle_done(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    (void)lane;
    item->op->err = TG_OK;
}

/* ---- spent keys ----------------------------------------------------------------------------- */

static bool series_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    const struct tg_store_op *op = item->op;
    struct tg_pg_args id = { .count = 0 };
    struct tg_pg_args args = { .count = 0 };
    struct tg_pg_args open = { .count = 0 };

    tg_pg_arg_bytes(&id, TG_ARRAY_BYTES(op->of.series.id.bytes));
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(op->of.series.id.bytes));
    tg_pg_arg_number(&args, op->of.series.end_s);
    tg_pg_arg_bytes(&open, TG_ARRAY_BYTES(op->of.series.id.bytes));
    tg_pg_arg_number(&open, op->of.series.end_s);
    tg_pg_arg_number(&open, TG_SERIES_MAX);
    return tg_pg_expect(lane, TG_PG_SERIES_MOVE, &args, tg_pg_take_nothing, NULL) &&
           tg_pg_expect(lane, TG_PG_SERIES_OPEN, &open, tg_pg_take_nothing, NULL) &&
           tg_pg_expect(lane, TG_PG_SERIES, &id, take_kept, item);
}

static void series_done(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;

    (void)lane;
    if (PQntuples(item->kept) != 1) {
        op->err = TG_E_FULL;
    } else if (tg_pg_number(item->kept, 0, 0) != 0) {
        op->err = TG_E_DENIED;
    } else {
        op->err = TG_OK;
        item->must_repeat = tg_pg_number(item->kept, 0, 1) != op->of.series.end_s;
    }
}

static bool spend_write(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_pg *s = tg_pg_of_lane(lane);
    const struct tg_spend *spend = &item->op->of.spend.spend;
    struct tg_pg_args key = { .count = 0 };
    struct tg_pg_args args = { .count = 0 };
    struct tg_store_stats total;

    (void)pthread_mutex_lock(&s->group.lock);
    tg_pg_counts_total(&s->group, &total);
    item->has_written = tg_store_spend_fits(&s->bounds.limits, &total);
    if (item->has_written) { /* until its result shows that it was known */
        s->group.own.spent_count++;
        lane->batch->delta.spent_count++;
    }
    (void)pthread_mutex_unlock(&s->group.lock);
    tg_pg_arg_bytes(&key, TG_ARRAY_BYTES(spend->series.bytes));
    tg_pg_arg_bytes(&key, TG_ARRAY_BYTES(spend->key.bytes));
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(spend->series.bytes));
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(spend->key.bytes));
    tg_pg_arg_bytes(&args, spend->sealed);
    return (!item->has_written || tg_pg_expect(lane, TG_PG_SPEND, &args, take_row_count, item)) &&
           tg_pg_expect(lane, TG_PG_SPENT, &key, take_kept, item);
}

static void spend_done(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_store_op *op = item->op;

    op->err = TG_OK;
    op->of.spend.outcome = TG_SPEND_CLOSED;
    if (item->row_count == 1) {
        op->of.spend.outcome = TG_SPEND_NEW;
        return;
    }
    lane->batch->found.spent_count -= item->has_written ? 1 : 0;
    if (PQntuples(item->kept) == 1 && PQgetisnull(item->kept, 0, 0) == 0) {
        op->err = tg_store_spend_known(op, tg_pg_bytes(item->kept, 0, 0)) ? TG_OK : TG_E_STORE;
    } else if (PQntuples(item->kept) == 1) {
        op->err = item->has_written ? TG_E_STORE : TG_E_FULL;
    }
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct {
    bool (*read)(struct tg_pg_lane *lane, struct tg_pg_item *item);
    bool (*write)(struct tg_pg_lane *lane, struct tg_pg_item *item);
    void (*done)(struct tg_pg_lane *lane, struct tg_pg_item *item);
} kinds[] = {
    [TG_STORE_LEASE] = { .write = lease_write, .done = lease_done },
    [TG_STORE_SETTLE] = { .write = settle_write, .done = settle_done },
    [TG_STORE_FACT] = { .read = fact_read, .write = fact_write, .done = fact_done },
    [TG_STORE_SERIES] = { .write = series_write, .done = series_done },
    [TG_STORE_SPEND] = { .write = spend_write, .done = spend_done },
    [TG_STORE_READ] = { .write = NULL },
};

bool tg_pg_work_read(struct tg_pg_lane *lane, bool *is_any)
{
    struct tg_pg_batch *b = lane->batch;

    if (!tg_pg_change_read(lane)) {
        return false;
    }
    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_item *item = &b->items[i];

        if (kinds[item->op->kind].read != NULL && !kinds[item->op->kind].read(lane, item)) {
            return false;
        }
    }
    *is_any = b->expected_count > 0;
    return true;
}

bool tg_pg_work_write(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    tg_pg_change_decide(lane);
    if (!tg_pg_change_write(lane)) {
        return false;
    }
    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_item *item = &b->items[i];

        if (item->op != NULL && kinds[item->op->kind].write != NULL &&
            !kinds[item->op->kind].write(lane, item)) {
            return false;
        }
    }
    return true;
}

void tg_pg_work_done(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    tg_pg_change_done(lane);
    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_item *item = &b->items[i];

        if (item->op != NULL && kinds[item->op->kind].done != NULL) {
            kinds[item->op->kind].done(lane, item);
        }
    }
}
