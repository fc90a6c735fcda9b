/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of operation does before, in and after its transaction. */
#include "store/lmdb/op.h"

#include "store/lmdb/fact.h"
#include "store/lmdb/outbox.h"
#include "store/lmdb/spent.h"
#include "store/lmdb/sweep.h"

#include <assert.h>

/* Bytes of pages in addition to the value, estimated high: heads, keys, indexes. */
#define RECORD_OVERHEAD 1024u

/* ---- changes -------------------------------------------------------------------------------- */

/*
 * Removing writes pages too, so it fails when the map is full to the last page. Puts therefore stop
 * earlier, by a high estimate: a value takes whole pages, or shares one with few others.
 */
static bool is_map_nearly_full(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                               size_t more_bytes)
{
    const struct tg_store_stats *stats = &w->stats;
    uint64_t pages_bytes = 2 * (stats->live_bytes + stats->ended_bytes + more_bytes) +
                           RECORD_OVERHEAD * (stats->live_count + stats->ended_count + 1) +
                           tg_lmdb_outbox_bytes(w) + tg_lmdb_spent_bytes(w);

    return pages_bytes > s->map_size / 4 * 3;
}

enum tg_store_room tg_lmdb_room(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                                size_t more_bytes)
{
    if (is_map_nearly_full(s, w, more_bytes)) {
        return TG_STORE_ROOM_MAP_FULL;
    }
    return tg_lmdb_space_room(&s->space, w->written_bytes + more_bytes);
}

static enum tg_err admit(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                         const struct tg_store_record *old, const struct tg_store_record *next)
{
    bool is_growing = old == NULL || next->sealed.len > old->sealed.len;
    enum tg_store_room room = is_growing ? tg_lmdb_room(s, w, next->sealed.len) : TG_STORE_ROOM_ANY;

    if (room > TG_STORE_ROOM_DISK_LOW || (old == NULL && room != TG_STORE_ROOM_ANY)) {
        return TG_E_FULL;
    }
    return tg_store_admit(&s->bounds, &w->stats, old, next);
}

/* Writes the notes in the transaction of the record. */
static int notes_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op,
                     const struct tg_store_next *next)
{
    int rc = 0;

    assert(next->note_count <= TG_STORE_NOTES_MAX);
    op->has_notes = next->note_count > 0;
    for (size_t i = 0; rc == 0 && !op->is_noteless && i < next->note_count; i++) {
        if (next->notes[i].ask == TG_OUTBOX_UNBLOCK ||
            tg_lmdb_room(s, w, next->notes[i].sealed.len) <= TG_STORE_ROOM_DISK_LOW) {
            rc = tg_lmdb_outbox_note(w, &s->bounds.limits, &next->notes[i]);
        }
    }
    return rc;
}

static void mark(struct tg_lmdb_write *w, const struct tg_store_next *next)
{
    w->mark_s = next->mark_s > w->mark_s ? next->mark_s : w->mark_s;
}

static int record_put(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op,
                      const struct tg_store_record *old, const struct tg_store_next *next)
{
    int rc = 0;

    op->err = admit(s, w, old, &next->record);
    if (op->err != TG_OK) {
        return 0;
    }
    mark(w, next);
    rc = tg_lmdb_put(w, &op->of.key, old, &next->record);
    return rc != 0 ? rc : notes_run(s, w, op, next);
}

static int record_remove(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op,
                         const struct tg_store_record *old, const struct tg_store_next *next)
{
    int rc = 0;

    if (old == NULL) {
        return 0;
    }
    mark(w, next);
    rc = tg_lmdb_remove(w, &op->of.key, old);
    return rc != 0 ? rc : notes_run(s, w, op, next);
}

static int change_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct tg_store_record found = { .version = 0 };
    struct tg_store_next next = { .note_count = 0 };
    struct tg_store_record *old = &found;
    int rc = tg_lmdb_get(w->txn, w->tables, &op->of.key, &found);

    if (rc == MDB_NOTFOUND) {
        old = NULL;
    } else if (rc != 0) {
        return rc;
    }
    op->err = TG_OK;
    op->has_notes = false;
    switch (op->change(op->ctx, old, &next)) {
    case TG_STORE_KEEP:
        return 0;
    case TG_STORE_PUT:
        return record_put(s, w, op, old, &next);
    case TG_STORE_REMOVE:
        return record_remove(s, w, op, old, &next);
    }
    op->err = TG_E_BUG;
    return 0;
}

/* A change that failed together with its notes is made again without them. */
static bool change_does_less(struct tg_store_op *op)
{
    bool has_failed_with_notes = op->has_notes && !op->is_noteless;

    op->is_noteless = op->is_noteless || has_failed_with_notes;
    return has_failed_with_notes;
}

/* ---- leases --------------------------------------------------------------------------------- */

static int lease_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    return tg_lmdb_outbox_lease(w, &s->leases, op);
}

static int settle_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    op->err = TG_OK;
    return tg_lmdb_outbox_settle(w, &s->leases, op);
}

/* ---- facts ---------------------------------------------------------------------------------- */

static int fact_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    (void)s;
    return tg_lmdb_fact_change(w, op);
}

/* ---- spent keys ----------------------------------------------------------------------------- */

static int series_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    (void)s;
    return tg_lmdb_spent_series(w, op);
}

static int spend_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    return tg_lmdb_spent_spend(w, &s->bounds.limits, tg_lmdb_room(s, w, TG_SPENT_SEALED_MAX), op);
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct tg_lmdb_op_kind kinds[] = {
    [TG_STORE_CHANGE] = { .run = change_run, .does_less = change_does_less },
    [TG_STORE_SWEEP] = { .run = tg_lmdb_sweep_run, .committed = tg_lmdb_sweep_committed },
    [TG_STORE_LEASE] = { .run = lease_run, .is_last = true },
    [TG_STORE_SETTLE] = { .run = settle_run },
    [TG_STORE_FACT] = { .run = fact_run },
    [TG_STORE_SERIES] = { .run = series_run },
    [TG_STORE_SPEND] = { .run = spend_run },
};

const struct tg_lmdb_op_kind *tg_lmdb_op_kind(enum tg_store_op_kind kind)
{
    return &kinds[kind];
}
