/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of a batch, and its end: acknowledged, rolled back, or in doubt. A transaction is
 * acknowledged only when its sync point was reached, without an error and without a warning before
 * it.
 */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <string.h>

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void release(void *owned)
{
    PQclear(owned);
}

static void reads_done(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_item *item = &b->items[i];
        struct tg_store_op *op = item->op;

        if (op == NULL) {
            continue;
        }
        op->err = TG_OK;
        op->of.read.exists = PQntuples(item->kept) == 1;
        if (op->is_at) {
            op->epoch = b->epoch;
        }
        if ((op->is_at && !b->has_epoch) ||
            (!op->is_at && !op->of.read.exists && !tg_pg_epoch_admit(lane, op))) {
            op->err = TG_E_STORE;
        }
        if (op->of.read.exists) {
            op->of.read.record = tg_pg_record(item->kept);
        }
        if (tg_pg_follow_read(&lane->port->follow, &op->of.read.key, tg_pg_tag(item->kept))) {
            tg_pg_news(lane->port, &op->of.read.key);
        }
        op->of.read.owned = item->kept;
        op->of.read.release = release;
        item->kept = NULL;
    }
}

/* ---- counts --------------------------------------------------------------------------------- */

static void clear(struct tg_pg_batch *b)
{
    for (size_t i = 0; i < b->item_count; i++) {
        PQclear(b->items[i].kept);
        b->items[i].kept = NULL;
    }
    for (size_t i = 0; i < b->cell_count; i++) {
        PQclear(b->cells[i].read);
        b->cells[i].read = NULL;
    }
    b->kind = TG_PG_IDLE;
}

static struct tg_pg_tally *tally_of(const struct tg_pg_lane *lane)
{
    return &tg_pg_of_lane(lane)->group.tally;
}

/* Operations go back before what waits, in their order. all: also those that are done. Returns
   how many did. */
static size_t requeue(struct tg_pg_lane *lane, bool all)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_store_oplist *home = b->kind == TG_PG_SWEEP ? &lane->sweeps : &lane->again;
    struct tg_store_oplist again = { NULL, NULL };
    size_t count = 0;

    for (size_t i = 0; i < b->item_count; i++) {
        if (b->items[i].op != NULL && (all || b->items[i].must_repeat)) {
            tg_store_oplist_append(&again, b->items[i].op);
            b->items[i].op = NULL;
            count++;
        }
    }
    tg_store_oplist_splice(&again, home);
    *home = again;
    return count;
}

static void answer(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_store_oplist list = { NULL, NULL };

    for (size_t i = 0; i < b->item_count; i++) {
        if (b->items[i].op != NULL) {
            tg_store_oplist_append(&list, b->items[i].op);
            b->items[i].op = NULL;
        }
    }
    if (list.head != NULL) {
        tg_store_port_complete(&lane->port->base, &list);
    }
}

/* The counts that the transaction added are known now. */
static void settle_counts(struct tg_pg_lane *lane)
{
    struct tg_pg *s = tg_pg_of_lane(lane);
    struct tg_pg_batch *b = lane->batch;
    struct tg_store_stats carried = b->sent;
    uint64_t commit_count = 0;

    tg_pg_counts_subtract(&carried, &b->delta);
    tg_pg_counts_subtract(&lane->carry, &carried);
    tg_pg_counts_add(&lane->carry, &b->found);
    (void)pthread_mutex_lock(&s->group.lock);
    tg_pg_counts_add(&s->group.own, &b->found);
    s->group.own.commit_count += b->seq > lane->seq ? 1 : 0;
    if (b->has_refreshed) {
        s->group.others = b->others;
    }
    commit_count = s->group.own.commit_count + s->group.others.commit_count;
    (void)pthread_mutex_unlock(&s->group.lock);
    if (b->seq > lane->seq && s->committed != NULL) {
        s->committed(s->committed_ctx, commit_count);
    }
    lane->seq = b->seq;
}

/* What was in doubt when the last connection was lost: the row of the lane shows whether it was
   committed. The write that returned it waited for a transaction that was still running. */
static void settle_doubt(struct tg_pg_lane *lane)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;
    bool is_committed = lane->batch->seq == lane->seq + 1;

    if (!lane->is_in_doubt) {
        return;
    }
    lane->is_in_doubt = false;
    (void)pthread_mutex_lock(&group->lock);
    if (is_committed) {
        tg_pg_counts_subtract(&lane->doubt_sent, &lane->doubt_delta);
        tg_pg_counts_subtract(&lane->carry, &lane->doubt_sent);
        group->own.commit_count++;
    } else {
        tg_pg_counts_subtract(&group->own, &lane->doubt_delta);
    }
    (void)pthread_mutex_unlock(&group->lock);
}

static void undo_counts(struct tg_pg_lane *lane)
{
    struct tg_pg_group *group = &tg_pg_of_lane(lane)->group;

    (void)pthread_mutex_lock(&group->lock);
    tg_pg_counts_subtract(&group->own, &lane->batch->delta);
    (void)pthread_mutex_unlock(&group->lock);
}

static enum tg_log_reason written(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_pg_tally *tally = tally_of(lane);

    atomic_store(&tally->is_synchronous, b->is_synchronous);
    if (tg_pg_of_lane(lane)->group.must_be_synchronous && !b->is_synchronous) {
        return TG_REASON_DATABASE_STANDBY;
    }
    tg_pg_tally_wait(tally, tg_pg_mono_us() - b->asked_us);
    b->asked_us = 0;
    atomic_store(&tally->acknowledged_ms, tg_pg_mono_ms());
    if (b->kind == TG_PG_HELLO) {
        settle_doubt(lane);
        lane->seq = b->seq;
    }
    lane->written_ms = b->began_ms;
    lane->beat_ms = b->began_ms + TG_PG_BEAT_MS;
    return TG_REASON_NONE;
}

static void work_done(struct tg_pg_lane *lane)
{
    size_t again = requeue(lane, false);

    tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_OVERTAKEN, again);
    tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_BATCHES, 1);
    tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_CHANGES, lane->batch->item_count - again);
}

/* The batch has its last answer, and no error. */
static enum tg_log_reason succeed(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    enum tg_log_reason reason = b->is_writing ? written(lane) : TG_REASON_NONE;

    if (reason != TG_REASON_NONE) {
        return reason;
    }
    switch (b->kind) {
    case TG_PG_IDLE:
    case TG_PG_HELLO:
        break;
    case TG_PG_BEAT:
        settle_counts(lane);
        break;
    case TG_PG_READS:
        reads_done(lane);
        break;
    case TG_PG_LOOK:
        tg_pg_look_done(lane);
        break;
    case TG_PG_WORK:
        tg_pg_work_done(lane);
        settle_counts(lane);
        work_done(lane);
        break;
    case TG_PG_SWEEP:
        b->items[0].must_repeat = tg_pg_sweep_done(lane);
        if (b->items[0].must_repeat) {
            b->items[0].op->since_ms = tg_pg_mono_ms(); /* it makes progress */
        }
        if (b->is_writing) {
            settle_counts(lane);
        }
        (void)requeue(lane, false);
        break;
    }
    answer(lane);
    clear(b);
    return TG_REASON_NONE;
}

/* Whether the same may succeed when it is tried again. */
static bool is_conflict(const char *sqlstate)
{
    return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0;
}

/* Whether the server ends, or is no primary any more. */
static bool is_session_over(const char *sqlstate)
{
    static const char *const prefixes[] = { "08", "57P",   "25006", "53300",
                                            "28", "42501", "42P01", "" };

    for (size_t i = 0; prefixes[i][0] != '\0'; i++) {
        if (has_prefix(sqlstate, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* The transaction was rolled back: one operation of it cannot be done. */
static enum tg_log_reason fail(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    if (is_session_over(b->sqlstate) || b->kind == TG_PG_HELLO || b->kind == TG_PG_BEAT) {
        return tg_pg_reason_of(b->sqlstate);
    }
    undo_counts(lane);
    if (b->kind == TG_PG_LOOK) {
        tg_pg_look_pause(lane->port, TG_PG_LOOK_EVERY_MS);
    } else if (is_conflict(b->sqlstate)) {
        tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_CONFLICTS, requeue(lane, true));
    } else if (b->item_count > 1) {
        lane->single_count = b->item_count;
        (void)requeue(lane, true);
    } else if (b->items[0].op != NULL) {
        bool is_full = has_prefix(b->sqlstate, "53");

        b->items[0].op->err = is_full ? TG_E_FULL : TG_E_STORE;
        TG_LOG(tg_pg_of_lane(lane)->gate.log, TG_LOG_ERROR, "store.change_failed",
               { "sqlstate_class", (b->sqlstate[0] - '0') * 10 + (b->sqlstate[1] - '0') });
        answer(lane);
    }
    clear(b);
    return TG_REASON_NONE;
}

/* The sync point of a pass was reached. */
static enum tg_log_reason synced(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    if (b->has_failed) {
        return fail(lane);
    }
    if (b->is_writing && b->was_warned) {
        return TG_REASON_DATABASE_SLOW; /* in doubt */
    }
    if (!b->is_writing &&
        (b->kind == TG_PG_WORK || (b->kind == TG_PG_SWEEP && tg_pg_sweep_must_write(lane)))) {
        return tg_pg_batch_write(lane) ? TG_REASON_NONE : TG_REASON_DATABASE_UNREACHABLE;
    }
    return succeed(lane);
}

static void take_error(struct tg_pg_batch *b, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (!b->has_failed) {
        b->has_failed = true;
        memset(b->sqlstate, 0, sizeof(b->sqlstate));
        for (size_t i = 0; state != NULL && state[i] != '\0' && i < TG_PG_SQLSTATE_LEN; i++) {
            b->sqlstate[i] = state[i];
        }
    }
}

/* Answers come in the order of the statements, each followed by NULL. An error of the commit itself
   comes after the last of them, and the sync point follows all the same. */
static enum tg_log_reason take(struct tg_pg_lane *lane, PGresult *result)
{
    struct tg_pg_batch *b = lane->batch;
    const struct tg_pg_expected *next = NULL;
    bool is_kept = false;
    enum tg_log_reason reason = TG_REASON_NONE;

    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        reason = b->expected_at == b->expected_count || b->has_failed
                     ? synced(lane)
                     : TG_REASON_DATABASE_UNREACHABLE;
        break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (b->expected_at >= b->expected_count) {
            reason = TG_REASON_DATABASE_UNREACHABLE;
            break;
        }
        next = &b->expected[b->expected_at];
        if (next->take == NULL) {
            lane->is_prepared[next->statement] = true; /* also if the transaction is rolled back */
        } else {
            is_kept = !b->has_failed && next->take(lane, next->item, result);
        }
        break;
    case PGRES_PIPELINE_ABORTED:
        b->has_failed = true;
        break;
    default:
        take_error(b, result);
        break;
    }
    if (!is_kept) {
        PQclear(result);
    }
    return reason;
}

enum tg_log_reason tg_pg_batch_read(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    enum tg_log_reason reason = TG_REASON_NONE;
    bool was_null = false;

    while (reason == TG_REASON_NONE && b->kind != TG_PG_IDLE && PQisBusy(lane->conn) == 0) {
        PGresult *result = PQgetResult(lane->conn);

        if (result != NULL) {
            was_null = false;
            reason = take(lane, result);
        } else if (was_null || PQstatus(lane->conn) == CONNECTION_BAD) {
            return TG_REASON_DATABASE_UNREACHABLE;
        } else {
            was_null = true;
            b->expected_at++;
        }
    }
    return reason;
}

void tg_pg_batch_abandon(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    if (b->kind == TG_PG_IDLE) {
        return;
    }
    if (b->kind == TG_PG_LOOK) {
        tg_pg_look_pause(lane->port, 0);
    }
    for (size_t i = 0; b->is_counted && i < b->item_count; i++) {
        if (b->items[i].op != NULL) {
            tg_pg_change_doubt(&b->items[i]);
            tg_pg_tally_add(tally_of(lane), TG_PG_COUNT_DOUBTS, 1);
        }
    }
    if (b->is_counted) {
        lane->is_in_doubt = true;
        lane->doubt_sent = b->sent;
        lane->doubt_delta = b->delta;
    } else {
        undo_counts(lane);
    }
    if (b->asked_us != 0) {
        tg_pg_tally_wait(tally_of(lane), tg_pg_mono_us() - b->asked_us);
    }
    (void)requeue(lane, true);
    clear(b);
}
