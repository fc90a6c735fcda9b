/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/commits.h"

#include "store/lmdb/format.h"
#include "store/lmdb/spent.h"
#include "store/lmdb/value.h"

#define NAME "commits"

int tg_lmdb_commits_get(const struct tg_lmdb_write *w, uint64_t *count)
{
    MDB_val k = tg_lmdb_val(NAME, sizeof(NAME) - 1);
    MDB_val v = { 0, NULL };
    int rc = mdb_get(w->txn, w->tables->state, &k, &v);

    *count = 0;
    if (rc == MDB_NOTFOUND) {
        return 0;
    }
    if (rc == 0 && v.mv_size != 8) {
        return MDB_CORRUPTED;
    }
    if (rc == 0) {
        *count = tg_lmdb_get_u64(v.mv_data);
    }
    return rc;
}

int tg_lmdb_commits_put(struct tg_lmdb_write *w, uint64_t count)
{
    uint8_t row[8];
    MDB_val k = tg_lmdb_val(NAME, sizeof(NAME) - 1);
    MDB_val v = tg_lmdb_val(row, sizeof(row));

    tg_lmdb_put_u64(row, count);
    w->stats.commit_count = count;
    return mdb_put(w->txn, w->tables->state, &k, &v, 0);
}

static int drop(struct tg_lmdb_write *w)
{
    const MDB_dbi tables[] = { w->tables->places, w->tables->records, w->tables->outbox,
                               w->tables->due };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < TG_COUNT(tables); i++) {
        rc = mdb_drop(w->txn, tables[i], 0);
    }
    w->stats = (struct tg_store_stats){ .commit_count = w->stats.commit_count,
                                        .spent_count = w->stats.spent_count };
    return rc != 0 ? rc : tg_lmdb_counts_put(w);
}

int tg_lmdb_restore(struct tg_lmdb *s, enum tg_store_restored how, uint64_t commits_min)
{
    struct tg_lmdb_write w = { .tables = &s->tables, .stats = s->stats };
    struct tg_lmdb_spent_step spent;
    int rc = mdb_txn_begin(s->env, NULL, 0, &w.txn);

    if (rc != 0) {
        return rc;
    }
    if (how == TG_STORE_RESTORED_DROP) {
        rc = drop(&w);
    }
    if (rc == 0) { /* a sweep removes the keys */
        rc = tg_lmdb_spent_sweep(&w, INT64_MAX, 0, &spent);
    }
    if (rc == 0) {
        uint64_t is = w.stats.commit_count;

        rc = tg_lmdb_commits_put(&w, (is > commits_min ? is : commits_min) + 1);
    }
    if (rc != 0) {
        mdb_txn_abort(w.txn);
        return rc;
    }
    rc = mdb_txn_commit(w.txn); /* no client waits, so a failure is only reported */
    if (rc == 0) {
        s->stats = w.stats;
    }
    return rc;
}
