/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes what is queued at that moment, runs every change in order
 * inside one transaction, commits, and only then tells anyone. It never waits for a batch to grow:
 * while it commits the next one gathers by itself.
 */
#include "store/lmdb/writer.h"

#include <assert.h>
#include <signal.h>

#include "store/lmdb/outbox.h"

#define RECORD_OVERHEAD                                                                            \
    1024u /* bytes of pages beside the value, generously: heads, keys, indexes */

static enum tg_err err_of(int rc)
{
    return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL ? TG_E_FULL : TG_E_STORE;
}

/*
 * A map that is full to the last page cannot even remove, as that writes pages too. So puts stop
 * early, by an estimate from above: a value takes whole pages or shares one with few others.
 */
static bool is_map_nearly_full(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                               size_t more_bytes)
{
    uint64_t pages_bytes = 2 * (w->stats.value_bytes + more_bytes) +
                           RECORD_OVERHEAD * (w->stats.record_count + 1) + tg_lmdb_outbox_bytes(w);

    return pages_bytes > s->map_size / 4 * 3;
}

static enum tg_err admit(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                         const struct tg_store_record *old, const struct tg_store_record *next)
{
    bool is_growing = old == NULL || next->sealed.len > old->sealed.len;

    if (is_growing && is_map_nearly_full(s, w, next->sealed.len)) {
        return TG_E_FULL;
    }
    return tg_store_admit(&s->limits, &w->stats, old, next);
}

/* With the record, in its transaction. Where that has been spoilt by them the record goes alone. */
static int notes_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op,
                     const struct tg_store_next *next)
{
    int rc = 0;

    assert(next->note_count <= TG_STORE_NOTES_MAX);
    op->has_notes = next->note_count > 0;
    for (size_t i = 0; rc == 0 && !op->is_noteless && i < next->note_count; i++) {
        if (next->notes[i].ask == TG_OUTBOX_UNBLOCK ||
            !is_map_nearly_full(s, w, next->notes[i].sealed.len)) {
            rc = tg_lmdb_outbox_note(w, &s->limits, &next->notes[i]);
        }
    }
    return rc;
}

static int record_put(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op,
                      const struct tg_store_record *old, const struct tg_store_next *next)
{
    int rc = 0;

    op->err = admit(s, w, old, &next->record);
    if (op->err != TG_OK) {
        return 0;
    }
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

static int sweep_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    size_t want = op->of.sweep.max_count - op->of.sweep.removed_count;
    size_t step = want < TG_LMDB_SWEEP_STEP ? want : TG_LMDB_SWEEP_STEP;
    int rc = tg_lmdb_sweep(w, op->of.sweep.now_s, step, &op->of.sweep.step_count);

    if (rc == 0) {
        rc = tg_lmdb_outbox_sweep(w, &s->leases, op, TG_LMDB_SWEEP_STEP);
    }
    op->err = TG_OK;
    op->of.sweep.is_partial = rc == 0 && ((op->of.sweep.step_count == step && step < want) ||
                                          !op->of.sweep.outbox_step.is_over);
    return rc;
}

static int op_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    switch (op->kind) {
    case TG_STORE_CHANGE:
        return change_run(s, w, op);
    case TG_STORE_SWEEP:
        return sweep_run(s, w, op);
    case TG_STORE_LEASE:
        return tg_lmdb_outbox_lease(w, &s->leases, op);
    case TG_STORE_SETTLE:
        op->err = TG_OK;
        return tg_lmdb_outbox_settle(w, &s->leases, op);
    }
    op->err = TG_E_BUG;
    return 0;
}

/* Runs at most *count operations from first on; *count becomes how many ran without failing. A
   lease sees no settle of its own transaction and ends it (lmdb/outbox.h). */
static int batch_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *first,
                     size_t *count)
{
    size_t limit = *count;
    bool has_settled = false;
    bool has_leased = false;
    int rc = 0;

    *count = 0;
    for (struct tg_store_op *op = first; op != NULL && *count < limit && !has_leased;
         op = op->next) {
        has_leased = op->kind == TG_STORE_LEASE;
        if (w->written_bytes >= TG_LMDB_BATCH_BYTES_MAX || (has_leased && has_settled)) {
            break;
        }
        has_settled = has_settled || op->kind == TG_STORE_SETTLE;
        rc = op_run(s, w, op);
        if (rc != 0) {
            return rc;
        }
        ++*count;
    }
    return w->is_dirty ? tg_lmdb_put_counts(w) : 0;
}

/* What follows a commit. True: a sweep that has more to do. */
static bool op_committed(struct tg_lmdb *s, struct tg_store_op *op)
{
    if (op->err != TG_OK) {
        return false;
    }
    if (op->kind == TG_STORE_SETTLE) {
        tg_lmdb_lease_drop(&s->leases, &op->of.settle.key, op->of.settle.generation);
    }
    if (op->kind != TG_STORE_SWEEP) {
        return false;
    }
    op->of.sweep.removed_count += op->of.sweep.step_count;
    op->of.sweep.outbox = op->of.sweep.outbox_step;
    return op->of.sweep.is_partial;
}

/* Hands the first count operations of pending to their ports; unfinished sweeps queue up again. */
static void batch_complete(struct tg_lmdb *s, struct tg_store_oplist *pending, size_t count)
{
    struct tg_store_oplist again = { NULL, NULL };
    struct tg_store_port *ports = NULL;

    for (size_t i = 0; i < count; i++) {
        struct tg_store_op *op = tg_store_oplist_pop(pending);
        struct tg_store_port *port = op->port;

        if (op_committed(s, op)) {
            tg_store_oplist_append(&again, op);
            continue;
        }
        if (port->batch.head == NULL) {
            port->batch_next = ports;
            ports = port;
        }
        tg_store_oplist_append(&port->batch, op);
    }
    tg_store_oplist_splice(pending, &again);
    while (ports != NULL) {
        struct tg_store_port *port = ports;

        ports = port->batch_next; /* before complete: then the port may be gone */
        struct tg_store_oplist batch = port->batch;

        port->batch = (struct tg_store_oplist){ NULL, NULL };
        tg_store_port_complete(port, &batch);
    }
}

/* True: the change failed with its notes, and is to be tried without. */
static bool sheds_notes(struct tg_store_op *op)
{
    bool is_worth_it = op->kind == TG_STORE_CHANGE && op->has_notes && !op->is_noteless;

    op->is_noteless = op->is_noteless || is_worth_it;
    return is_worth_it;
}

static void batch_fail_first(struct tg_lmdb *s, struct tg_store_oplist *pending, int rc)
{
    if (err_of(rc) != TG_E_FULL) {
        TG_LOG(s->gate.log, TG_LOG_ERROR, "store.change_failed", { "code", rc });
    }
    if (pending->head->kind == TG_STORE_LEASE) {
        tg_lmdb_outbox_unlease(&s->leases, pending->head);
    }
    pending->head->err = err_of(rc);
    batch_complete(s, pending, 1);
}

/*
 * 0, or MDB_MAP_FULL, MDB_TXN_FULL: LMDB looks for the pages it needs before it writes the first
 * byte, so those two mean that nothing happened. Everything else does not return. spec:
 * protocol/3#acknowledged-is-durable */
static int batch_commit(struct tg_lmdb *s, struct tg_lmdb_write *w)
{
    int rc = 0;

    if (!w->is_dirty) {
        /* Nothing was written, so all that was seen is from earlier, durable commits. */
        mdb_txn_abort(w->txn);
        return 0;
    }
    rc = mdb_txn_commit(w->txn);
    if (err_of(rc) == TG_E_FULL) {
        return rc;
    }
    if (rc != 0) {
        /* In doubt: the page cache and the disk may differ from here on. Nobody is answered. */
        tg_store_die(s->gate.log, "store.commit_failed", rc);
    }
    s->stats = w->stats;
    atomic_store_explicit(&s->record_count, s->stats.record_count, memory_order_relaxed);
    atomic_store_explicit(&s->value_bytes, s->stats.value_bytes, memory_order_relaxed);
    atomic_store_explicit(&s->outbox_count, s->stats.outbox_count, memory_order_relaxed);
    return 0;
}

/* One transaction. *count: operations that were tried; on failure, those that ran without. */
static int batch_try(struct tg_lmdb *s, struct tg_store_op *first, size_t *count)
{
    struct tg_lmdb_write w = { .tables = &s->tables, .stats = s->stats, .number = ++s->try_number };
    int rc = mdb_txn_begin(s->env, NULL, 0, &w.txn);

    if (rc != 0) {
        *count = 0;
        first->has_notes = false; /* they are not what failed */
        return rc;
    }
    rc = batch_run(s, &w, first, count);
    if (rc != 0) {
        mdb_txn_abort(w.txn);
        return rc;
    }
    return batch_commit(s, &w);
}

/*
 * One commit's worth of pending. When operation i fails, its transaction is spoilt: those before it
 * run again and are committed alone, then i starts a transaction of its own, and only if it fails
 * there it is answered with the failure. So one bad change costs its neighbours time, not their
 * outcome, and order is kept. A transaction that fails as a whole is halved.
 */
static void batch(struct tg_lmdb *s, struct tg_store_oplist *pending)
{
    size_t limit = TG_LMDB_BATCH_MAX;

    for (;;) {
        size_t count = limit;
        int rc = batch_try(s, pending->head, &count);

        if (rc == 0) {
            batch_complete(s, pending, count);
            return;
        }
        if ((count == 0 || limit == 1) && sheds_notes(pending->head)) {
            continue;
        }
        if (count == 0 || limit == 1) {
            batch_fail_first(s, pending, rc);
            return;
        }
        limit = count < limit ? count : limit / 2;
    }
}

static void *writer_main(void *arg)
{
    struct tg_lmdb *s = arg;
    struct tg_store_oplist pending = { NULL, NULL };

    while (pending.head != NULL || tg_store_queue_wait(&s->queue, &pending)) {
        tg_store_queue_take(&s->queue, &pending);
        batch(s, &pending);
    }
    return NULL;
}

enum tg_err tg_lmdb_writer_start(struct tg_lmdb *s)
{
    sigset_t all;
    sigset_t before;
    int rc = 0;

    /* Signals are for the threads that have a loop to tell. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->writer, NULL, writer_main, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? TG_OK : TG_E_NOMEM;
}
