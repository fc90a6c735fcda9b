/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only thread that writes. It takes the queued operations in the order of their shares' turns,
 * runs them inside one transaction, commits, and answers after the commit. It never waits for a
 * batch to grow: the next batch collects while it commits.
 */
#include "store/lmdb/writer.h"

#include "store/lmdb/commits.h"
#include "store/lmdb/fact.h"
#include "store/lmdb/format.h"
#include "store/lmdb/op.h"
#include "store/lmdb/sweep.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

_Static_assert(TG_LMDB_BATCH_MAX <= TG_LMDB_ENDED_MAX, "each operation may end one lease");

static bool is_no_room(int rc)
{
    return rc == ENOSPC || rc == EDQUOT;
}

static enum tg_err err_of(int rc)
{
    return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL || is_no_room(rc) ? TG_E_FULL : TG_E_STORE;
}

/* Writes what the operations have in common. */
static int batch_finish(struct tg_lmdb_write *w)
{
    int rc = w->is_dirty ? tg_lmdb_counts_put(w) : 0;

    if (rc == 0 && w->is_dirty) {
        rc = tg_lmdb_commits_put(w, w->stats.commit_count + 1);
    }
    return rc != 0 || w->mark_s == 0 ? rc : tg_lmdb_fact_mark(w, w->mark_s);
}

void tg_lmdb_counts_publish(struct tg_lmdb *s)
{
    uint64_t words[TG_LMDB_COUNTS];

    memcpy(words, &s->stats, sizeof(words));
    for (size_t i = 0; i < TG_LMDB_COUNTS; i++) {
        atomic_store_explicit(&s->counts[i], words[i], memory_order_relaxed);
    }
    atomic_store_explicit(&s->commit_count, s->stats.commit_count, memory_order_relaxed);
}

/* The one behind op in pending (NULL: its first), or else the next one of the queue, which is then
   the last of pending. NULL: there is none. What came after the batch began waits for the next one,
   where its share may have the first turn. */
static struct tg_store_op *next_op(struct tg_lmdb *s, struct tg_store_oplist *pending,
                                   const struct tg_store_op *op)
{
    struct tg_store_op *next = op == NULL ? pending->head : op->next;

    if (next == NULL && s->queued_count > 0) {
        next = tg_store_queue_pop(&s->queue);
        s->queued_count--;
        tg_store_oplist_append(pending, next);
    }
    return next;
}

/* Runs at most *count operations of pending and of the queue; *count becomes how many ran without
   failing. */
static int batch_run(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_oplist *pending,
                     size_t *count)
{
    size_t limit = *count;
    struct tg_store_op *op = NULL;
    bool is_last = false;

    *count = 0;
    while (*count < limit && !is_last && w->written_bytes < TG_LMDB_BATCH_BYTES_MAX &&
           (op = next_op(s, pending, op)) != NULL) {
        const struct tg_lmdb_op_kind *kind = tg_lmdb_op_kind(op->kind);
        int rc = 0;

        is_last = kind->is_last;
        rc = kind->run(s, w, op);
        if (rc != 0) {
            return rc;
        }
        ++*count;
    }
    return batch_finish(w);
}

/* True: the operation has more to do. */
static bool op_committed(struct tg_lmdb *s, struct tg_store_op *op)
{
    const struct tg_lmdb_op_kind *kind = tg_lmdb_op_kind(op->kind);

    return op->err == TG_OK && kind->committed != NULL && kind->committed(s, op);
}

/* True: the operation is run again. */
static bool op_does_less(struct tg_store_op *op)
{
    const struct tg_lmdb_op_kind *kind = tg_lmdb_op_kind(op->kind);

    return kind->does_less != NULL && kind->does_less(op);
}

/* Gives the first count operations of pending to their ports. Sweeps that have more to do wait for
   the next batch. */
static void batch_complete(struct tg_lmdb *s, struct tg_store_oplist *pending, size_t count)
{
    struct tg_store_port *ports = NULL;

    for (size_t i = 0; i < count; i++) {
        struct tg_store_op *op = tg_store_oplist_pop(pending);
        struct tg_store_port *port = op->port;

        if (op_committed(s, op)) {
            tg_store_oplist_append(&s->sweep.waiting, op);
            continue;
        }
        if (port->batch.head == NULL) {
            port->batch_next = ports;
            ports = port;
        }
        tg_store_oplist_append(&port->batch, op);
    }
    while (ports != NULL) {
        struct tg_store_port *port = ports;

        ports = port->batch_next; /* before complete, after which the port may be freed */
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
    batch_complete(s, pending, 1);
}

/* The number of the last transaction that readers see. */
static size_t last_txn(MDB_env *env)
{
    MDB_envinfo info = { .me_last_txnid = 0 };

    return mdb_env_info(env, &info) == 0 ? info.me_last_txnid : 0;
}

/*
 * Whether a commit that failed with rc certainly wrote nothing that counts.
 *
 * MDB_MAP_FULL, MDB_TXN_FULL: LMDB finds the pages it needs before it writes the first byte.
 * ENOSPC, EDQUOT: from the write of the pages, or from the flush before the meta page is written.
 * The pages belong to no tree that a reader sees, and the next transaction writes each page that it
 * uses. If the write of the meta page fails, LMDB refuses further transactions, because the cached
 * page differs from the disk: that is in doubt. So is an error that LMDB reports for a write that
 * was cut, EIO, which may also come from the disk.
 */
static bool is_definite(struct tg_lmdb *s, int rc, size_t txn_before)
{
    MDB_txn *txn = NULL;

    if (err_of(rc) != TG_E_FULL) {
        return false;
    }
    if (!is_no_room(rc)) {
        return true;
    }
    if (last_txn(s->env) != txn_before || mdb_txn_begin(s->env, NULL, 0, &txn) != 0) {
        return false;
    }
    mdb_txn_abort(txn);
    s->space.has_failed = true;
    atomic_fetch_add_explicit(&s->disk_failures, 1, memory_order_relaxed);
    return true;
}

/* 0, or a failure that is definite: nothing was written. Any other ends the process.
   spec: protocol/3#acknowledged-is-durable */
static int batch_commit(struct tg_lmdb *s, struct tg_lmdb_write *w)
{
    size_t txn_before = 0;
    int rc = 0;

    if (!w->is_dirty) {
        /* Nothing was written: the operations saw only earlier commits, which are durable. */
        mdb_txn_abort(w->txn);
        return 0;
    }
    if (!tg_lmdb_space_fits(&s->space, w)) {
        mdb_txn_abort(w->txn);
        s->space.has_failed = true;
        return ENOSPC;
    }
    txn_before = last_txn(s->env);
    rc = mdb_txn_commit(w->txn);
    if (rc != 0 && is_definite(s, rc, txn_before)) {
        return rc;
    }
    if (rc != 0) {
        /* In doubt: the page cache and the disk may differ from now on. No client is answered. */
        tg_store_die(s->gate.log, is_no_room(rc) ? "store.disk_full" : "store.commit_failed", rc);
    }
    return 0;
}

/* The transaction is committed, or wrote nothing: what it decided counts from now on. */
static void batch_take(struct tg_lmdb *s, const struct tg_lmdb_write *w)
{
    tg_lmdb_leases_take(&s->leases);
    if (!w->is_dirty) {
        return;
    }
    tg_lmdb_sweep_note(s, w);
    s->stats = w->stats;
    tg_lmdb_counts_publish(s);
    if (s->committed != NULL) {
        s->committed(s->committed_ctx, s->stats.commit_count);
    }
}

/* Measures the disk, and shows the result to other threads. */
static int batch_look(struct tg_lmdb *s, const struct tg_lmdb_write *w)
{
    int rc = tg_lmdb_space_look(&s->space, s->env, w);

    if (rc == 0) {
        atomic_store_explicit(&s->room, (uint64_t)tg_lmdb_room(s, w, TG_STORE_VALUE_MAX),
                              memory_order_relaxed);
        atomic_store_explicit(&s->disk_used, s->space.end, memory_order_relaxed);
        atomic_store_explicit(&s->disk_free, s->space.free_bytes, memory_order_relaxed);
    }
    return rc;
}

/* One transaction. *count: operations that were tried; on failure, those that ran without. */
static int batch_try(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_oplist *pending,
                     size_t *count)
{
    int rc = batch_look(s, w);

    tg_lmdb_leases_begin(&s->leases);
    if (rc == 0) {
        rc = batch_run(s, w, pending, count);
    } else {
        *count = 0;
    }
    if (rc != 0) {
        mdb_txn_abort(w->txn);
        return rc;
    }
    rc = batch_commit(s, w);
    if (rc == 0) {
        batch_take(s, w);
    }
    return rc;
}

/*
 * Commits one batch of pending. When operation i fails, the transaction is aborted. The operations
 * before i run again and are committed without it. Then i starts the next transaction, and only if
 * it fails there it is answered with the failure. So a failing operation delays the others but does
 * not change their outcome, and the order is kept. A batch whose commit fails is halved.
 */
static void batch(struct tg_lmdb *s, struct tg_store_oplist *pending)
{
    size_t limit = TG_LMDB_BATCH_MAX;

    for (;;) {
        struct tg_lmdb_write w = { .tables = &s->tables, .stats = s->stats };
        size_t count = limit;
        int rc = mdb_txn_begin(s->env, NULL, 0, &w.txn);

        if (rc != 0) {
            batch_fail_first(s, pending, rc);
            return;
        }
        rc = batch_try(s, &w, pending, &count);
        if (rc == 0) {
            batch_complete(s, pending, count);
            return;
        }
        if (count > 0 && limit > 1) {
            limit = count < limit ? count : limit / 2;
        } else if (!op_does_less(pending->head)) {
            batch_fail_first(s, pending, rc);
            return;
        }
    }
}

static void *writer_main(void *arg)
{
    struct tg_lmdb *s = arg;
    struct tg_store_oplist pending = { NULL, NULL };

    while (pending.head != NULL || s->sweep.waiting.head != NULL ||
           tg_store_queue_wait(&s->queue)) {
        s->queued_count = tg_store_queue_take_sweeps(&s->queue, &s->sweep.waiting);
        (void)next_op(s, &pending, NULL); /* a sweep begins no transaction while others wait */
        tg_store_oplist_splice(&pending, &s->sweep.waiting);
        batch(s, &pending);
    }
    return NULL;
}

enum tg_err tg_lmdb_writer_start(struct tg_lmdb *s)
{
    sigset_t all;
    sigset_t before;
    int rc = 0;

    /* Other threads handle signals. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->writer, NULL, writer_main, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? TG_OK : TG_E_NOMEM;
}
