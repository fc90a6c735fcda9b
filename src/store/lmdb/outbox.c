/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/outbox.h"

#include "base/mem.h"
#include "store/lmdb/entry.h"

#include <errno.h>
#include <string.h>

/* Expired entries that one lease removes. Each removal writes other pages, and changes wait
   meanwhile. */
#define LEASE_REMOVE_MAX 16u
#define SWEEP_LOOK_MAX 1024u /* rows that one step of a sweep reads */

/* ---- notes ---------------------------------------------------------------------------------- */

static int note_new(struct tg_lmdb_write *w, const struct tg_outbox_note *note)
{
    struct tg_lmdb_entry next = { .due_s = note->due_s,
                                  .expires_s = note->expires_s,
                                  .born = mdb_txn_id(w->txn),
                                  .noted = mdb_txn_id(w->txn),
                                  .sealed = note->sealed };

    if (next.due_s > next.expires_s) {
        next.due_s = next.expires_s;
    }
    return tg_lmdb_entry_put(w, &note->key, NULL, &next);
}

static int note_again(struct tg_lmdb_write *w, const struct tg_outbox_note *note,
                      const struct tg_lmdb_entry *old)
{
    struct tg_lmdb_entry next = *old;

    next.noted = mdb_txn_id(w->txn);
    next.sealed = note->sealed;
    if (note->expires_s > next.expires_s) {
        next.expires_s = note->expires_s;
    }
    return tg_lmdb_entry_put(w, &note->key, old, &next);
}

int tg_lmdb_outbox_note(struct tg_lmdb_write *w, const struct tg_store_limits *limits,
                        const struct tg_outbox_note *note)
{
    struct tg_lmdb_entry old = { .noted = 0 };
    int rc = tg_lmdb_entry_get(w, &note->key, &old);
    bool is_new = rc == MDB_NOTFOUND;

    if (rc != 0 && !is_new) {
        return rc;
    }
    switch (note->ask) {
    case TG_OUTBOX_NOTIFY:
        if (old.is_blocked || !tg_store_note_fits(limits, &w->stats, note, is_new)) {
            return 0;
        }
        return is_new ? note_new(w, note) : note_again(w, note, &old);
    case TG_OUTBOX_UNBLOCK:
        return old.is_blocked ? tg_lmdb_entry_remove(w, &note->key, old.due_s) : 0;
    }
    return 0;
}

uint64_t tg_lmdb_outbox_bytes(const struct tg_lmdb_write *w)
{
    MDB_stat o = { .ms_psize = 0 };
    MDB_stat d = { .ms_psize = 0 };

    if (w->stats.outbox_count == 0 || mdb_stat(w->txn, w->tables->outbox, &o) != 0 ||
        mdb_stat(w->txn, w->tables->due, &d) != 0) {
        return 0;
    }
    return (uint64_t)o.ms_psize * (o.ms_branch_pages + o.ms_leaf_pages + o.ms_overflow_pages +
                                   d.ms_branch_pages + d.ms_leaf_pages);
}

/* ---- leases --------------------------------------------------------------------------------- */

static bool is_leased(const struct tg_lmdb_leases *leases, const struct tg_store_key *key,
                      int64_t now_s, int64_t *until_s)
{
    const struct tg_lmdb_lease *lease = tg_lmdb_lease_find(leases, key);

    if (lease == NULL || lease->until_s <= now_s) {
        return false;
    }
    *until_s = lease->until_s;
    return true;
}

static void set_next_due(struct tg_store_op *op, int64_t at_s)
{
    if (at_s < op->of.lease.next_due_s) {
        op->of.lease.next_due_s = at_s;
    }
}

/* 0 or LMDB's code. Without memory 0, and op->err is TG_E_FULL. */
static int give_lease(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                      struct tg_store_op *op, const struct tg_lmdb_due *due)
{
    struct tg_lmdb_entry found = { .noted = 0 };
    struct tg_lmdb_lease lease = { .key = due->key, .until_s = op->of.lease.until_s };
    int rc = tg_lmdb_entry_get(w, &due->key, &found);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    lease.born = found.born;
    lease.noted = found.noted;
    if (tg_lmdb_lease_give(leases, &lease, op->of.lease.now_s) != TG_OK) {
        op->err = TG_E_FULL;
        return 0;
    }
    const struct tg_outbox_entry entry = { .key = due->key,
                                           .generation = lease.generation,
                                           .attempts = found.attempts,
                                           .expires_s = found.expires_s,
                                           .sealed = found.sealed };

    op->err = tg_store_lease_add(op, &entry);
    return 0;
}

/* Removes an expired entry, or leaves it to the next lease, which is then due immediately. */
static int take_expired(struct tg_lmdb_write *w, struct tg_store_op *op,
                        const struct tg_lmdb_due *due, size_t *removed_count)
{
    if (*removed_count == LEASE_REMOVE_MAX) {
        set_next_due(op, op->of.lease.now_s);
        return 0;
    }
    ++*removed_count;
    return tg_lmdb_entry_remove(w, &due->key, due->due_s);
}

/* Leases entries, the longest due first, until there are enough or the rest is not due. */
static int lease_rows(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                      struct tg_store_op *op, MDB_cursor *cursor)
{
    int64_t now_s = op->of.lease.now_s;
    struct tg_lmdb_due due = { .due_s = 0 };
    size_t removed_count = 0;
    int rc = tg_lmdb_due_from(cursor, NULL, &due);

    while (rc == 0) {
        size_t before_count = removed_count;
        int64_t until_s = 0;

        if (is_leased(leases, &due.key, now_s, &until_s)) {
            set_next_due(op, until_s);
        } else if (due.expires_s <= now_s) {
            rc = take_expired(w, op, &due, &removed_count);
        } else if (due.due_s > now_s || op->of.lease.count == op->of.lease.max_count) {
            set_next_due(op, due.due_s);
            return 0;
        } else {
            rc = give_lease(w, leases, op, &due);
            set_next_due(op, op->of.lease.until_s);
        }
        if (rc != 0 || op->err != TG_OK) {
            return rc;
        }
        /* After a removal the cursor has to be placed again. */
        rc = removed_count > before_count ? tg_lmdb_due_from(cursor, &due, &due)
                                          : tg_lmdb_due_next(cursor, &due);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int tg_lmdb_outbox_lease(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                         struct tg_store_op *op)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(w->txn, w->tables->due, &cursor);

    if (rc != 0) {
        return rc;
    }
    tg_store_lease_clear(op);
    op->err = TG_OK;
    op->of.lease.next_due_s = INT64_MAX;
    rc = lease_rows(w, leases, op, cursor);
    mdb_cursor_close(cursor);
    if (op->err != TG_OK) {
        tg_lmdb_lease_give_none(leases);
    }
    return rc;
}

/* ---- settling ------------------------------------------------------------------------------- */

/* Writing the entry may move its page, so the sealed bytes are copied out first. */
static int rewrite(struct tg_lmdb_write *w, const struct tg_store_key *key,
                   const struct tg_lmdb_entry *old, struct tg_lmdb_entry *next)
{
    uint8_t *copy = tg_mem_calloc(1, next->sealed.len + 1);
    int rc = ENOMEM;

    if (copy != NULL) {
        memcpy(copy, next->sealed.ptr, next->sealed.len);
        next->sealed.ptr = copy;
        rc = tg_lmdb_entry_put(w, key, old, next);
    }
    tg_mem_free(copy);
    return rc;
}

static int settle_entry(struct tg_lmdb_write *w, const struct tg_store_op *op,
                        const struct tg_lmdb_entry *old, bool is_noted_again)
{
    const struct tg_store_key *key = &op->of.settle.key;
    struct tg_lmdb_entry next = *old;

    switch (op->of.settle.verdict) {
    case TG_OUTBOX_DONE:
        if (!is_noted_again) {
            return tg_lmdb_entry_remove(w, key, old->due_s);
        }
        next.attempts = 0;
        return old->attempts == 0 ? 0 : rewrite(w, key, old, &next);
    case TG_OUTBOX_RETRY:
        next.attempts++;
        next.due_s = op->of.settle.due_s;
        return next.due_s >= old->expires_s ? tg_lmdb_entry_remove(w, key, old->due_s)
                                            : rewrite(w, key, old, &next);
    case TG_OUTBOX_BLOCK:
        next.is_blocked = true;
        next.due_s = old->expires_s;
        next.sealed = tg_bytes(NULL, 0);
        return tg_lmdb_entry_put(w, key, old, &next);
    }
    return 0;
}

int tg_lmdb_outbox_settle(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                          const struct tg_store_op *op)
{
    const struct tg_lmdb_lease *lease = tg_lmdb_lease_find(leases, &op->of.settle.key);
    struct tg_lmdb_entry old = { .noted = 0 };
    int rc = 0;

    if (lease == NULL || lease->generation != op->of.settle.generation) {
        return 0;
    }
    tg_lmdb_lease_end(leases, lease);
    rc = tg_lmdb_entry_get(w, &op->of.settle.key, &old);
    if (rc == MDB_NOTFOUND || (rc == 0 && (old.born != lease->born || old.is_blocked))) {
        return 0;
    }
    return rc != 0 ? rc : settle_entry(w, op, &old, old.noted != lease->noted);
}

/* ---- sweeping ------------------------------------------------------------------------------- */

/* MDB_NOTFOUND: the end is reached. */
static int sweep_rows(struct tg_lmdb_write *w, const struct tg_lmdb_leases *leases,
                      MDB_cursor *cursor, int64_t now_s, size_t max_count,
                      struct tg_store_outbox_place *place, size_t *removed_count)
{
    struct tg_lmdb_due due = { .key = place->key, .due_s = place->due_s };
    int rc = tg_lmdb_due_from(cursor, place->is_inside ? &due : NULL, &due);

    for (unsigned i = 0; rc == 0; i++) {
        bool must_remove = false;
        int64_t until_s = 0;

        if (due.due_s > now_s) {
            return MDB_NOTFOUND;
        }
        must_remove = due.expires_s <= now_s && !is_leased(leases, &due.key, now_s, &until_s);
        place->due_s = due.due_s;
        place->key = due.key;
        if (i == SWEEP_LOOK_MAX || (must_remove && *removed_count == max_count)) {
            return 0;
        }
        if (must_remove) {
            rc = tg_lmdb_entry_remove(w, &due.key, due.due_s);
            *removed_count += rc == 0 ? 1 : 0;
        }
        if (rc == 0) {
            rc =
                must_remove ? tg_lmdb_due_from(cursor, &due, &due) : tg_lmdb_due_next(cursor, &due);
        }
    }
    return rc;
}

int tg_lmdb_outbox_sweep(struct tg_lmdb_write *w, const struct tg_lmdb_leases *leases,
                         int64_t now_s, size_t max_count, struct tg_store_outbox_place *place,
                         size_t *removed_count)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(w->txn, w->tables->due, &cursor);

    *removed_count = 0;
    if (rc != 0) {
        return rc;
    }
    rc = sweep_rows(w, leases, cursor, now_s, max_count, place, removed_count);
    mdb_cursor_close(cursor);
    place->is_inside = rc == 0;
    return rc == MDB_NOTFOUND ? 0 : rc;
}
