/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch of a lane: what it reads, then one transaction with what it writes, each a round trip
 * that ends in a sync point. Every transaction ends with a write of the lane's own row, also one
 * whose operations change nothing: its acknowledgement shows that all that they saw is replicated.
 */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <string.h>

#define FRESH_MS 3000u /* reads need a write that was acknowledged so recently */
#define REFRESH_MS 1000u
#define FOLD_MS 3600000u
#define FOLD_S 3600    /* a node that has not written for so long has ended */
#define QUICK_MS 1000u /* a longer way says too little about the clock */

/* ---- sending -------------------------------------------------------------------------------- */

static void begin(struct tg_pg_lane *lane, enum tg_pg_batch_kind kind)
{
    struct tg_pg_batch *b = lane->batch;

    memset(b, 0, sizeof(*b));
    b->kind = kind;
    b->began_ms = tg_pg_mono_ms();
    lane->was_sweep = kind == TG_PG_SWEEP;
    lane->was_look = kind == TG_PG_LOOK;
}

static void pass(struct tg_pg_batch *b)
{
    b->expected_count = 0;
    b->expected_at = 0;
    memset(b->is_preparing, 0, sizeof(b->is_preparing));
    b->has_failed = false;
}

static bool send_sync(struct tg_pg_lane *lane)
{
    return PQpipelineSync(lane->conn) == 1 && tg_pg_lane_flush(lane);
}

static void see_clock(struct tg_pg_lane *lane, int64_t server_ms)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    uint64_t now_ms = tg_pg_mono_ms();

    if (now_ms - lane->batch->began_ms <= QUICK_MS) {
        atomic_store(&group->clock_ms, server_ms - (int64_t)now_ms);
    }
}

/* Whether this node's clock is too far from the database's, as far as both are known. */
static bool is_clock_wrong(const struct tg_pg_group *group)
{
    int64_t clock_ms = atomic_load(&group->clock_ms);
    int64_t ahead_ms = tg_pg_utc_ms() - ((int64_t)tg_pg_mono_ms() + clock_ms);

    return clock_ms != 0 && (ahead_ms > TG_PG_CLOCK_MAX_MS || ahead_ms < -TG_PG_CLOCK_MAX_MS);
}

static bool take_lane(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    if (PQntuples(result) == 1) {
        lane->batch->seq = (uint64_t)tg_pg_number(result, 0, 0);
        see_clock(lane, tg_pg_number(result, 0, 1));
        lane->batch->is_synchronous = tg_pg_number(result, 0, 2) != 0;
    }
    return false;
}

/* The last statement of a transaction. */
static bool send_lane(struct tg_pg_lane *lane, bool is_counted)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_pg_args args = { .count = 0 };

    b->is_writing = true;
    b->is_counted = is_counted;
    if (is_counted) {
        b->sent = lane->carry;
        tg_pg_counts_add(&b->sent, &b->delta);
    }
    tg_pg_arg_number(&args, lane->id);
    tg_pg_arg_number(&args, tg_pg_of_lane(lane)->group.node);
    tg_pg_arg_number(&args, b->mark_s);
    tg_pg_arg_number(&args, (int64_t)b->sent.live_count);
    tg_pg_arg_number(&args, (int64_t)b->sent.live_bytes);
    tg_pg_arg_number(&args, (int64_t)b->sent.ended_count);
    tg_pg_arg_number(&args, (int64_t)b->sent.ended_bytes);
    tg_pg_arg_number(&args, (int64_t)b->sent.outbox_count);
    tg_pg_arg_number(&args, (int64_t)b->sent.spent_count);
    tg_pg_arg_number(&args, is_counted ? 1 : 0);
    b->asked_us = tg_pg_mono_us();
    return tg_pg_expect(lane, TG_PG_LANE, &args, take_lane, NULL);
}

static bool take_others(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_batch *b = lane->batch;

    (void)item;
    if (PQntuples(result) == 1) {
        b->has_refreshed = true;
        b->others = tg_pg_counts_of(result);
    }
    return false;
}

/* One lane of the node asks what the others hold, and now and then adds up the rows of nodes that
   have ended. */
static bool send_refresh(struct tg_pg_lane *lane, uint64_t now_ms)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    struct tg_pg_args node = { .count = 0 };
    struct tg_pg_args age = { .count = 0 };
    bool must_refresh = false;
    bool must_fold = false;

    (void)pthread_mutex_lock(&group->lock);
    must_refresh = now_ms >= group->refreshed_ms + REFRESH_MS;
    must_fold = must_refresh && now_ms >= group->folded_ms + FOLD_MS;
    if (must_refresh) {
        group->refreshed_ms = now_ms;
    }
    if (must_fold) {
        group->folded_ms = now_ms;
    }
    (void)pthread_mutex_unlock(&group->lock);
    tg_pg_arg_number(&node, group->node);
    tg_pg_arg_number(&age, FOLD_S);
    return (!must_fold || tg_pg_expect(lane, TG_PG_FOLD, &age, tg_pg_take_nothing, NULL)) &&
           (!must_refresh || tg_pg_expect(lane, TG_PG_OTHERS, &node, take_others, NULL));
}

bool tg_pg_batch_hello(struct tg_pg_lane *lane)
{
    begin(lane, TG_PG_HELLO);
    pass(lane->batch);
    memset(lane->is_prepared, 0, sizeof(lane->is_prepared));
    return send_lane(lane, false) && send_sync(lane);
}

/* ---- collecting ----------------------------------------------------------------------------- */

/* What is next and no sweep; it stays. NULL: nothing. */
static const struct tg_store_op *first_op(const struct tg_pg_lane *lane)
{
    return lane->again.head != NULL ? lane->again.head : tg_store_shares_first(&lane->waiting);
}

static struct tg_store_op *pop_op(struct tg_pg_lane *lane)
{
    struct tg_store_op *op = tg_store_oplist_pop(&lane->again);

    return op != NULL ? op : tg_store_shares_pop(&lane->waiting);
}

static void item_add(struct tg_pg_batch *b, struct tg_store_op *op)
{
    b->items[b->item_count++] = (struct tg_pg_item){ .op = op };
}

/* A fact is changed once in a batch. */
static bool has_fact(const struct tg_pg_batch *b, const struct tg_store_op *op)
{
    for (size_t i = 0; i < b->item_count; i++) {
        const struct tg_store_op *other = b->items[i].op;

        if (op->kind == TG_STORE_FACT && other->kind == TG_STORE_FACT &&
            other->of.fact.fact == op->of.fact.fact) {
            return true;
        }
    }
    return false;
}

/* Takes operations in their order: either reads or what writes. */
static void collect(struct tg_pg_lane *lane, bool is_reading)
{
    struct tg_pg_batch *b = lane->batch;
    size_t max = lane->single_count > 0 ? 1 : TG_PG_BATCH_MAX;
    const struct tg_store_op *op = NULL;

    while (b->item_count < max && (op = first_op(lane)) != NULL &&
           (op->kind == TG_STORE_READ) == is_reading && !has_fact(b, op)) {
        item_add(b, pop_op(lane));
    }
    lane->single_count -= lane->single_count > 0 ? 1 : 0;
}

/* ---- reads ---------------------------------------------------------------------------------- */

static bool take_read(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)lane;
    item->kept = result;
    return true;
}

static bool send_reads(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    if (!tg_pg_epoch_ask(lane)) {
        return false;
    }
    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_args args = { .count = 0 };

        tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(b->items[i].op->of.read.key.bytes));
        if (!tg_pg_expect(lane, TG_PG_READ, &args, take_read, &b->items[i])) {
            return false;
        }
    }
    return send_sync(lane);
}

/* ---- starting ------------------------------------------------------------------------------- */

/* Nothing is decided by a clock that is wrong. */
static void refuse_all(struct tg_pg_lane *lane)
{
    struct tg_store_op *op = NULL;

    while ((op = pop_op(lane)) != NULL || (op = tg_store_oplist_pop(&lane->sweeps)) != NULL) {
        op->err = TG_E_STORE;
        tg_pg_complete(lane, op);
    }
}

static bool start_beat(struct tg_pg_lane *lane, uint64_t now_ms)
{
    begin(lane, TG_PG_BEAT);
    pass(lane->batch);
    lane->beat_ms = now_ms + TG_PG_BEAT_MS;
    return send_refresh(lane, now_ms) && send_lane(lane, !tg_pg_counts_is_zero(&lane->carry)) &&
           send_sync(lane);
}

static bool is_stale(const struct tg_pg_lane *lane, uint64_t now_ms)
{
    return now_ms > lane->written_ms + FRESH_MS;
}

static bool start_look(struct tg_pg_lane *lane, uint64_t now_ms)
{
    if (is_stale(lane, now_ms)) {
        return start_beat(lane, now_ms);
    }
    begin(lane, TG_PG_LOOK);
    pass(lane->batch);
    return tg_pg_look_send(lane) && send_sync(lane);
}

static bool start_reads(struct tg_pg_lane *lane, uint64_t now_ms)
{
    if (is_stale(lane, now_ms)) {
        return start_beat(lane, now_ms);
    }
    begin(lane, TG_PG_READS);
    pass(lane->batch);
    collect(lane, true);
    return send_reads(lane);
}

static bool write_work(struct tg_pg_lane *lane)
{
    pass(lane->batch);
    return tg_pg_work_write(lane) && (lane->index != 0 || send_refresh(lane, tg_pg_mono_ms())) &&
           send_lane(lane, true) && send_sync(lane);
}

static bool start_work(struct tg_pg_lane *lane)
{
    bool is_any = false;

    begin(lane, TG_PG_WORK);
    pass(lane->batch);
    collect(lane, false);
    if (!tg_pg_work_read(lane, &is_any)) {
        return false;
    }
    return is_any ? send_sync(lane) : write_work(lane);
}

static bool start_sweep(struct tg_pg_lane *lane)
{
    begin(lane, TG_PG_SWEEP);
    pass(lane->batch);
    item_add(lane->batch, tg_store_oplist_pop(&lane->sweeps));
    return tg_pg_sweep_look(lane) && send_sync(lane);
}

bool tg_pg_batch_start(struct tg_pg_lane *lane, uint64_t now_ms)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    const struct tg_store_op *first = first_op(lane);
    bool needs_beat =
        now_ms >= lane->beat_ms && (lane->index == 0 || !tg_pg_counts_is_zero(&lane->carry));

    if (is_clock_wrong(group)) {
        tg_pg_lane_report(lane, TG_REASON_DATABASE_CLOCK);
        refuse_all(lane);
        return !needs_beat || start_beat(lane, now_ms);
    }
    if (atomic_load(&group->reason) == (int)TG_REASON_DATABASE_CLOCK) {
        tg_pg_lane_report(lane, TG_REASON_NONE);
    }
    if (now_ms >= tg_pg_look_due(lane) && (!lane->was_look || first == NULL)) {
        return start_look(lane, now_ms);
    }
    if (lane->sweeps.head != NULL && (!lane->was_sweep || first == NULL)) {
        return start_sweep(lane);
    }
    if (first != NULL) {
        return first->kind == TG_STORE_READ ? start_reads(lane, now_ms) : start_work(lane);
    }
    return !needs_beat || start_beat(lane, now_ms);
}

bool tg_pg_batch_write(struct tg_pg_lane *lane)
{
    if (lane->batch->kind == TG_PG_WORK) {
        return write_work(lane);
    }
    pass(lane->batch);
    return tg_pg_sweep_write(lane) && send_lane(lane, true) && send_sync(lane);
}
