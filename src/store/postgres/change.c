/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of records. All records of a batch are read; change() decides on each, one after the
 * other where several change the same record; and each record is written once, if it is still what
 * was read.
 */
#include "store/postgres/pg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_VERSION, COLUMN_CLASS, COLUMN_EXPIRES, COLUMN_TAG, COLUMN_SEALED };

struct tg_store_record tg_pg_record(const PGresult *result)
{
    return (struct tg_store_record){
        .version = (uint64_t)tg_pg_number(result, 0, COLUMN_VERSION),
        .class =
            tg_pg_number(result, 0, COLUMN_CLASS) == TG_STORE_LIVE ? TG_STORE_LIVE : TG_STORE_ENDED,
        .expires_s = tg_pg_number(result, 0, COLUMN_EXPIRES),
        .sealed = tg_pg_bytes(result, 0, COLUMN_SEALED),
    };
}

struct tg_pg_tag tg_pg_tag(const PGresult *result)
{
    bool is_there = PQntuples(result) == 1;

    return (struct tg_pg_tag){ .is_there = is_there,
                               .value = is_there ? tg_pg_number(result, 0, COLUMN_TAG) : 0 };
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct tg_pg_cell *cell_of(struct tg_pg_batch *b, const struct tg_store_key *key)
{
    for (size_t i = 0; i < b->cell_count; i++) {
        if (memcmp(b->cells[i].key.bytes, key->bytes, sizeof(key->bytes)) == 0) {
            return &b->cells[i];
        }
    }
    b->cells[b->cell_count] = (struct tg_pg_cell){ .key = *key };
    return &b->cells[b->cell_count++];
}

static bool take_read(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_cell *cell = item->cell;

    (void)lane;
    cell->read = result;
    cell->was_there = PQntuples(result) == 1;
    if (cell->was_there) {
        cell->old = tg_pg_record(result);
        cell->old_tag = tg_pg_number(result, 0, COLUMN_TAG);
    }
    return true;
}

bool tg_pg_change_read(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    for (size_t i = 0; i < b->item_count; i++) {
        struct tg_pg_item *item = &b->items[i];
        struct tg_pg_args args = { .count = 0 };
        size_t before = b->cell_count;

        if (item->op->kind != TG_STORE_CHANGE) {
            continue;
        }
        if (b->cell_count == 0 && !tg_pg_epoch_ask(lane)) {
            return false;
        }
        item->cell = cell_of(b, &item->op->of.key);
        tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(item->cell->key.bytes));
        if (b->cell_count > before && !tg_pg_expect(lane, TG_PG_READ, &args, take_read, item)) {
            return false;
        }
    }
    return true;
}

/* ---- deciding ------------------------------------------------------------------------------- */

/* Counts, until the transaction ends otherwise. Under the lock, so that many changes do not share
 * one room. */
static enum tg_err count(struct tg_pg_lane *lane, const struct tg_pg_cell *cell,
                         const struct tg_store_record *next)
{
    struct tg_pg *s = tg_pg_of_lane(lane);
    const struct tg_store_record *old = cell->is_there ? &cell->now : NULL;
    struct tg_store_stats total;
    enum tg_err err = TG_OK;

    (void)pthread_mutex_lock(&s->group.lock);
    tg_pg_counts_total(&s->group, &total);
    if (next != NULL) {
        err = tg_store_admit(&s->bounds, &total, old, next);
    }
    if (err == TG_OK) {
        tg_store_count(&s->group.own, old, next);
        tg_store_count(&lane->batch->delta, old, next);
    }
    (void)pthread_mutex_unlock(&s->group.lock);
    return err;
}

static void add_notes(struct tg_pg_lane *lane, const struct tg_pg_cell *cell,
                      const struct tg_store_next *next)
{
    struct tg_pg *s = tg_pg_of_lane(lane);
    struct tg_pg_batch *b = lane->batch;

    assert(next->note_count <= TG_STORE_NOTES_MAX);
    for (size_t i = 0; i < next->note_count; i++) {
        const struct tg_outbox_note *note = &next->notes[i];
        bool may_add = false;
        struct tg_store_stats total;

        if (note->sealed.len > TG_OUTBOX_SEALED_MAX) {
            continue;
        }
        (void)pthread_mutex_lock(&s->group.lock);
        tg_pg_counts_total(&s->group, &total);
        may_add = note->ask == TG_OUTBOX_NOTIFY &&
                  tg_store_note_fits(&s->bounds.limits, &total, note, true);
        if (may_add) { /* until its result shows that there was an entry */
            s->group.own.outbox_count++;
            b->delta.outbox_count++;
        }
        (void)pthread_mutex_unlock(&s->group.lock);
        b->notes[b->note_count++] =
            (struct tg_pg_note){ .cell = cell, .note = *note, .may_add = may_add };
    }
}

/* The record is as the run in doubt has written it: that run was committed, and its outcome, which
   is in the operation's context, stands. Another run would decide on its own work: a delete would
   find the mailbox ended. */
static bool was_made(const struct tg_pg_item *item)
{
    return item->op->doubt_tag != 0 && item->cell->was_there &&
           item->cell->old_tag == item->op->doubt_tag;
}

void tg_pg_change_doubt(const struct tg_pg_item *item)
{
    const struct tg_pg_cell *cell = item->cell;

    item->op->was_in_doubt = true;
    if (cell != NULL && !was_made(item)) {
        bool has_written = cell->is_changed && cell->is_there && item->op->err == TG_OK;

        item->op->doubt_tag = has_written ? cell->tag : 0;
    }
}

static enum tg_err decide(struct tg_pg_lane *lane, struct tg_pg_item *item)
{
    struct tg_pg_cell *cell = item->cell;
    struct tg_store_next next = { .note_count = 0 };
    struct tg_store_record before = cell->now;
    enum tg_store_verdict verdict = TG_STORE_KEEP;
    enum tg_err err = TG_OK;

    if (was_made(item)) {
        return TG_OK;
    }
    if (!cell->is_there && !cell->was_there && !tg_pg_epoch_admit(lane, item->op)) {
        return item->op->err;
    }
    verdict = item->op->change(item->op->ctx, cell->is_there ? &before : NULL, &next);
    if (verdict == TG_STORE_KEEP || (verdict == TG_STORE_REMOVE && !cell->is_there)) {
        return TG_OK;
    }
    err = count(lane, cell, verdict == TG_STORE_PUT ? &next.record : NULL);
    if (err != TG_OK) {
        return err;
    }
    cell->is_changed = true;
    cell->is_there = verdict == TG_STORE_PUT;
    cell->now = next.record;
    lane->batch->mark_s = next.mark_s > lane->batch->mark_s ? next.mark_s : lane->batch->mark_s;
    add_notes(lane, cell, &next);
    return TG_OK;
}

void tg_pg_change_decide(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    for (size_t i = 0; i < b->cell_count; i++) {
        b->cells[i].is_there = b->cells[i].was_there;
        b->cells[i].now = b->cells[i].old;
        b->cells[i].tag = tg_pg_random(lane->port);
    }
    for (size_t i = 0; i < b->item_count; i++) {
        if (b->items[i].op != NULL && b->items[i].cell != NULL) {
            b->items[i].op->err = decide(lane, &b->items[i]);
        }
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

static int compare_keys(const struct tg_store_key *a, const struct tg_store_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_cells(const void *a, const void *b)
{
    const struct tg_pg_cell *const *x = a;
    const struct tg_pg_cell *const *y = b;

    return compare_keys(&(*x)->key, &(*y)->key);
}

/* The number of the record among the cells is what the result is about. */
static bool take_written(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_batch *b = lane->batch;
    struct tg_pg_cell *cell = b->written[b->written_at++];

    (void)item;
    cell->is_lost = tg_pg_row_count(result) != 1;
    return false;
}

static bool send_cell(struct tg_pg_lane *lane, const struct tg_pg_cell *cell)
{
    struct tg_pg_args args = { .count = 0 };
    enum tg_pg_statement statement = TG_PG_DELETE;

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(cell->key.bytes));
    if (!cell->is_there) {
        tg_pg_arg_number(&args, cell->old_tag);
        return tg_pg_expect(lane, statement, &args, take_written, NULL);
    }
    tg_pg_arg_number(&args, cell->tag);
    tg_pg_arg_number(&args, (int64_t)cell->now.version);
    tg_pg_arg_number(&args, (int64_t)cell->now.class);
    tg_pg_arg_number(&args, cell->now.expires_s);
    tg_pg_arg_bytes(&args, cell->now.sealed);
    statement = TG_PG_INSERT;
    if (!cell->was_there) {
        tg_pg_arg_number(&args, (int64_t)lane->batch->epoch.version);
    } else {
        tg_pg_arg_number(&args, cell->old_tag);
        statement = TG_PG_UPDATE;
    }
    return tg_pg_expect(lane, statement, &args, take_written, NULL);
}

/* In the order of their keys, so that two transactions never wait for each other. */
static bool send_cells(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;
    size_t count = 0;

    for (size_t i = 0; i < b->cell_count; i++) {
        struct tg_pg_cell *cell = &b->cells[i];

        if (cell->is_changed && (cell->is_there || cell->was_there)) {
            b->written[count++] = cell;
        }
    }
    qsort(b->written, count, sizeof(struct tg_pg_cell *), compare_cells);
    b->written_at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!send_cell(lane, b->written[i])) {
            return false;
        }
    }
    return true;
}

/* Stable, so that what one change asks for one key keeps its order. */
static void sort_notes(struct tg_pg_batch *b)
{
    for (size_t i = 1; i < b->note_count; i++) {
        struct tg_pg_note note = b->notes[i];
        size_t at = i;

        while (at > 0 && compare_keys(&b->notes[at - 1].note.key, &note.note.key) > 0) {
            b->notes[at] = b->notes[at - 1];
            at--;
        }
        b->notes[at] = note;
    }
}

/* A row that was there before, or none at all: the entry that was counted is not new. */
static bool take_note(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    if (PQntuples(result) != 1 || tg_pg_number(result, 0, 0) != 0) {
        lane->batch->found.outbox_count--;
    }
    return false;
}

static bool take_unblocked(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    (void)item;
    lane->batch->found.outbox_count -= tg_pg_row_count(result);
    return false;
}

static bool send_note(struct tg_pg_lane *lane, const struct tg_pg_note *note)
{
    struct tg_pg_args args = { .count = 0 };
    enum tg_pg_statement statement = TG_PG_UNBLOCK;
    tg_pg_take_fn *taken = take_unblocked;

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(note->note.key.bytes));
    if (note->note.ask == TG_OUTBOX_NOTIFY) {
        statement = note->may_add ? TG_PG_NOTE : TG_PG_NOTE_AGAIN;
        taken = note->may_add ? take_note : tg_pg_take_nothing;
        if (note->may_add) {
            tg_pg_arg_number(&args, note->note.due_s);
        }
        tg_pg_arg_number(&args, note->note.expires_s);
        tg_pg_arg_bytes(&args, note->note.sealed);
    }
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(note->cell->key.bytes));
    tg_pg_arg_number(&args, note->cell->tag);
    tg_pg_arg_bool(&args, note->cell->is_there);
    return tg_pg_expect(lane, statement, &args, taken, NULL);
}

bool tg_pg_change_write(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    if (!send_cells(lane)) {
        return false;
    }
    sort_notes(b);
    for (size_t i = 0; i < b->note_count; i++) {
        if (!send_note(lane, &b->notes[i])) {
            return false;
        }
    }
    return true;
}

/* ---- afterwards ----------------------------------------------------------------------------- */

/* The other nodes are told of a change that is durable. A new record is nobody's news. */
static void tell_others(const struct tg_pg_lane *lane)
{
    const struct tg_pg_batch *b = lane->batch;
    struct tg_pg_wake *wake = tg_pg_of_lane(lane)->group.wake;

    for (size_t i = 0; i < b->cell_count; i++) {
        const struct tg_pg_cell *cell = &b->cells[i];

        if (cell->is_changed && !cell->is_lost && cell->was_there) {
            tg_pg_wake_tell(wake, &cell->key);
        }
    }
}

/* So are this node's own waiters, where the callback of the change cannot: it was answered before
   its outcome was known, or a run before this one may have made it. */
static void tell_of_doubt(const struct tg_pg_lane *lane)
{
    const struct tg_pg_batch *b = lane->batch;
    struct tg_pg_wake *wake = tg_pg_of_lane(lane)->group.wake;

    for (size_t i = 0; i < b->item_count; i++) {
        const struct tg_pg_item *item = &b->items[i];

        if (item->cell != NULL && !item->cell->is_lost &&
            (item->op == NULL || item->op->was_in_doubt)) {
            tg_pg_wake_tell(wake, &item->cell->key);
            tg_pg_wake_tell_own(wake, &item->cell->key);
        }
    }
}

/* The changes of a record that another writer has changed meanwhile are decided again. */
void tg_pg_change_done(struct tg_pg_lane *lane)
{
    struct tg_pg_batch *b = lane->batch;

    for (size_t i = 0; i < b->cell_count; i++) {
        const struct tg_pg_cell *cell = &b->cells[i];

        if (cell->is_lost) { /* takes back what was counted */
            tg_store_count(&b->found, cell->is_there ? &cell->now : NULL,
                           cell->was_there ? &cell->old : NULL);
        }
    }
    for (size_t i = 0; i < b->item_count; i++) {
        b->items[i].must_repeat = b->items[i].cell != NULL && b->items[i].cell->is_lost;
    }
    tell_others(lane);
    tell_of_doubt(lane);
}
