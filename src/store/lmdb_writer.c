/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes what is queued at that moment, runs every change in order
 * inside one transaction, commits, and only then tells anyone. It never waits for a batch to grow:
 * while it commits the next one gathers by itself.
 */
#include "store/lmdb_writer.h"

#include <signal.h>

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
static enum tg_err admit(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                         const struct tg_store_record *old, const struct tg_store_record *next)
{
    uint64_t pages_bytes = 2 * (w->stats.value_bytes + next->sealed.len) +
                           RECORD_OVERHEAD * (w->stats.record_count + 1);
    bool is_growing = old == NULL || next->sealed.len > old->sealed.len;

    if (is_growing && pages_bytes > s->map_size / 4 * 3) {
        return TG_E_FULL;
    }
    return tg_store_admit(&s->limits, &w->stats, old, next);
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
    switch (op->change(op->ctx, old, &next)) {
    case TG_STORE_KEEP:
        return 0;
    case TG_STORE_PUT:
        op->err = admit(s, w, old, &next.record);
        return op->err == TG_OK ? tg_lmdb_put(w, &op->of.key, old, &next.record) : 0;
    case TG_STORE_REMOVE:
        return old == NULL ? 0 : tg_lmdb_remove(w, &op->of.key, old);
    }
    op->err = TG_E_BUG;
    return 0;
}

static int sweep_run(struct tg_lmdb_write *w, struct tg_store_op *op)
{
    size_t want = op->of.sweep.max_count - op->of.sweep.removed_count;
    size_t step = want < TG_LMDB_SWEEP_STEP ? want : TG_LMDB_SWEEP_STEP;
    int rc = tg_lmdb_sweep(w, op->of.sweep.now_s, step, &op->of.sweep.step_count);

    op->err = TG_OK;
    op->of.sweep.is_partial = rc == 0 && op->of.sweep.step_count == step && step < want;
    return rc;
}

static int op_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op)
{
    switch (op->kind) {
    case TG_STORE_CHANGE:
        return change_run(s, w, op);
    case TG_STORE_SWEEP:
        return sweep_run(w, op);
    case TG_STORE_LEASE:
        op->of.lease.next_due_s = INT64_MAX;
        op->err = TG_OK;
        return 0;
    case TG_STORE_SETTLE:
        op->err = TG_OK;
        return 0;
    }
    op->err = TG_E_BUG;
    return 0;
}

/* Runs at most *count operations from first on; *count becomes how many ran without failing. */
static int batch_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *first,
                     size_t *count)
{
    size_t limit = *count;
    int rc = 0;

    *count = 0;
    for (struct tg_store_op *op = first; op != NULL && *count < limit; op = op->next) {
        if (w->written_bytes >= TG_LMDB_BATCH_BYTES_MAX) {
            break;
        }
        rc = op_run(s, w, op);
        if (rc != 0) {
            return rc;
        }
        ++*count;
    }
    return w->is_dirty ? tg_lmdb_put_counts(w) : 0;
}

/* Hands the first count operations of pending to their ports; unfinished sweeps queue up again. */
static void batch_complete(struct tg_store_oplist *pending, size_t count)
{
    struct tg_store_oplist again = { NULL, NULL };
    struct tg_store_port *ports = NULL;

    for (size_t i = 0; i < count; i++) {
        struct tg_store_op *op = tg_store_oplist_pop(pending);
        struct tg_store_port *port = op->port;

        if (op->kind == TG_STORE_SWEEP && op->err == TG_OK) {
            op->of.sweep.removed_count += op->of.sweep.step_count;
            if (op->of.sweep.is_partial) {
                tg_store_oplist_append(&again, op);
                continue;
            }
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

static void batch_fail_first(struct tg_lmdb *s, struct tg_store_oplist *pending, int rc)
{
    if (err_of(rc) != TG_E_FULL) {
        TG_LOG(s->gate.log, TG_LOG_ERROR, "store.change_failed", { "code", rc });
    }
    pending->head->err = err_of(rc);
    batch_complete(pending, 1);
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
    return 0;
}

/* One transaction. *count: operations that were tried; on failure, those that ran without. */
static int batch_try(struct tg_lmdb *s, struct tg_store_op *first, size_t *count)
{
    struct tg_lmdb_write w = { .tables = &s->tables, .stats = s->stats };
    int rc = mdb_txn_begin(s->env, NULL, 0, &w.txn);

    if (rc != 0) {
        *count = 0;
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
            batch_complete(pending, count);
            return;
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
