/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/copy.h"

#include "store/lmdb/commits.h"
#include "store/lmdb/entry.h"
#include "store/lmdb/fact.h"
#include "store/lmdb/format.h"
#include "store/lmdb/spent.h"

#include <assert.h>
#include <errno.h>

#define STEP_BYTES 4194304u /* 4 MiB: what one transaction writes */
#define STEP_ROWS 4096u

static enum tg_err err_of(const struct tg_lmdb *s, int rc)
{
    if (rc == 0) {
        return TG_OK;
    }
    TG_LOG(s->gate.log, TG_LOG_ERROR, "store.copy_failed", { "code", rc });
    return rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL || rc == MDB_TXN_FULL ? TG_E_FULL
                                                                                    : TG_E_STORE;
}

static enum tg_err hold(struct tg_store *s)
{
    assert(atomic_load(&((struct tg_lmdb *)s)->gate.port_count) == 0);
    return TG_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int begin(struct tg_lmdb *s)
{
    struct tg_lmdb_write *w = &s->copying;

    if (w->txn != NULL) {
        return 0;
    }
    *w = (struct tg_lmdb_write){ .tables = &s->tables, .stats = s->stats };
    return mdb_txn_begin(s->env, NULL, 0, &w->txn);
}

void tg_lmdb_copy_abort(struct tg_lmdb *s)
{
    mdb_txn_abort(s->copying.txn); /* accepts NULL */
    s->copying.txn = NULL;
}

/* The commit count grows with each step, so that a counter file that follows the store shows what
   was lost. */
static int finish(struct tg_lmdb *s, uint64_t commits_min)
{
    struct tg_lmdb_write *w = &s->copying;
    uint64_t is = w->stats.commit_count;
    int rc = tg_lmdb_counts_put(w);

    if (rc == 0) {
        rc = tg_lmdb_commits_put(w, (is > commits_min ? is : commits_min) + 1);
    }
    if (rc == 0) {
        rc = mdb_txn_commit(w->txn);
        w->txn = NULL;
    }
    if (rc != 0) {
        tg_lmdb_copy_abort(s);
        return rc;
    }
    s->stats = w->stats;
    tg_lmdb_counts_publish(s);
    return 0;
}

int tg_lmdb_copy_flush(struct tg_lmdb *s)
{
    return s->copying.txn == NULL ? 0 : finish(s, 0);
}

static enum tg_err commit(struct tg_store *store, uint64_t commits_min)
{
    struct tg_lmdb *s = (struct tg_lmdb *)store;
    int rc = begin(s);

    return err_of(s, rc != 0 ? rc : finish(s, commits_min));
}

/* ---- content -------------------------------------------------------------------------------- */

static int clear_all(struct tg_lmdb *s)
{
    struct tg_lmdb_write *w = &s->copying;
    const MDB_dbi tables[] = { s->tables.places, s->tables.records, s->tables.state,
                               s->tables.outbox, s->tables.due,     s->tables.series,
                               s->tables.spent };
    int rc = begin(s);

    _Static_assert(TG_COUNT(tables) == TG_LMDB_TABLE_COUNT, "every table");
    for (size_t i = 0; rc == 0 && i < TG_COUNT(tables); i++) {
        rc = mdb_drop(w->txn, tables[i], 0);
    }
    w->stats = (struct tg_store_stats){ .commit_count = w->stats.commit_count };
    return rc != 0 ? rc : tg_lmdb_format_put(w);
}

static enum tg_err clear(struct tg_store *store)
{
    struct tg_lmdb *s = (struct tg_lmdb *)store;

    return err_of(s, clear_all(s));
}

static int record_put(struct tg_lmdb_write *w, const struct tg_store_seen *row)
{
    const struct tg_store_record record = { .version = row->version,
                                            .class = row->class,
                                            .expires_s = row->expires_s,
                                            .sealed = row->bytes };

    if (row->version > TG_STORE_VERSION_MAX || row->bytes.len > TG_STORE_VALUE_MAX) {
        return MDB_BAD_VALSIZE;
    }
    return tg_lmdb_put(w, &row->key, NULL, &record);
}

static int entry_put(struct tg_lmdb_write *w, const struct tg_store_seen *row)
{
    const struct tg_lmdb_entry entry = { .due_s = row->due_s,
                                         .expires_s = row->expires_s,
                                         .born = mdb_txn_id(w->txn),
                                         .noted = mdb_txn_id(w->txn),
                                         .attempts = row->attempts,
                                         .is_blocked = row->is_blocked,
                                         .sealed = row->bytes };

    return row->bytes.len > TG_OUTBOX_SEALED_MAX ? MDB_BAD_VALSIZE
                                                 : tg_lmdb_entry_put(w, &row->key, NULL, &entry);
}

static int row_put(struct tg_lmdb_write *w, const struct tg_store_seen *row)
{
    switch (row->kind) {
    case TG_STORE_SEEN_FACT:
        return row->bytes.len > TG_STORE_FACT_MAX
                   ? MDB_BAD_VALSIZE
                   : tg_lmdb_fact_put(w, row->fact, row->version, row->bytes);
    case TG_STORE_SEEN_SERIES:
        return tg_lmdb_series_put(w, row);
    case TG_STORE_SEEN_SPENT:
        return row->bytes.len > TG_SPENT_SEALED_MAX ? MDB_BAD_VALSIZE : tg_lmdb_spent_put(w, row);
    case TG_STORE_SEEN_RECORD:
        return record_put(w, row);
    case TG_STORE_SEEN_ENTRY:
        return entry_put(w, row);
    }
    return MDB_BAD_VALSIZE;
}

static enum tg_err put(struct tg_store *store, const struct tg_store_seen *row)
{
    struct tg_lmdb *s = (struct tg_lmdb *)store;
    int rc = begin(s);

    if (rc == 0) {
        rc = row_put(&s->copying, row);
    }
    if (rc == 0 && (s->copying.written_bytes >= STEP_BYTES || ++s->copied_count >= STEP_ROWS)) {
        s->copied_count = 0;
        rc = tg_lmdb_copy_flush(s);
    }
    return err_of(s, rc);
}

const struct tg_store_copy_ops tg_lmdb_copy_ops = {
    .hold = hold, .clear = clear, .put = put, .commit = commit
};
