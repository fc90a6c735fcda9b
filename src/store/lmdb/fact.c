/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/fact.h"

#include "store/lmdb/value.h"

#include <string.h>

#define HEAD_LEN 8u /* version */

static MDB_val name_of(enum tg_fact fact)
{
    const char *name = tg_store_fact_name(fact);

    return tg_lmdb_val(name, strlen(name));
}

int tg_lmdb_fact_get(MDB_txn *txn, const struct tg_lmdb_tables *tables, enum tg_fact fact,
                     struct tg_store_fact *found)
{
    MDB_val k = name_of(fact);
    MDB_val v = { 0, NULL };
    int rc = mdb_get(txn, tables->state, &k, &v);

    if (rc != 0) {
        return rc;
    }
    if (v.mv_size < HEAD_LEN || v.mv_size > HEAD_LEN + TG_STORE_FACT_MAX) {
        return MDB_CORRUPTED;
    }
    found->version = tg_lmdb_get_u64(v.mv_data);
    found->value = tg_bytes((const uint8_t *)v.mv_data + HEAD_LEN, v.mv_size - HEAD_LEN);
    return 0;
}

int tg_lmdb_fact_put(struct tg_lmdb_write *w, enum tg_fact fact, uint64_t version,
                     struct tg_bytes value)
{
    uint8_t row[HEAD_LEN + TG_STORE_FACT_MAX];
    MDB_val k = name_of(fact);
    MDB_val v = tg_lmdb_val(row, HEAD_LEN + value.len);

    tg_lmdb_put_u64(row, version);
    if (value.len > 0) {
        memcpy(row + HEAD_LEN, value.ptr, value.len);
    }
    w->is_dirty = true;
    w->written_bytes += value.len;
    return mdb_put(w->txn, w->tables->state, &k, &v, 0);
}

int tg_lmdb_fact_change(struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct tg_store_fact old = { .version = 0 };
    struct tg_bytes next = { NULL, 0 };
    int rc = tg_lmdb_fact_get(w->txn, w->tables, op->of.fact.fact, &old);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }
    op->err = TG_OK;
    if (!op->of.fact.change(op->ctx, rc == 0 ? &old : NULL, &next)) {
        return 0;
    }
    if (next.len > TG_STORE_FACT_MAX) {
        op->err = TG_E_FULL;
        return 0;
    }
    return tg_lmdb_fact_put(w, op->of.fact.fact, old.version + 1, next);
}

int tg_lmdb_fact_mark(struct tg_lmdb_write *w, int64_t mark_s)
{
    struct tg_store_fact old = { .version = 0 };
    uint8_t next[TG_STORE_MARK_LEN];
    int rc = tg_lmdb_fact_get(w->txn, w->tables, TG_FACT_TIME_MARK, &old);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }
    if (!tg_store_mark_raise(next, rc == 0 ? &old : NULL, mark_s)) {
        return 0;
    }
    return tg_lmdb_fact_put(w, TG_FACT_TIME_MARK, old.version + 1, TG_ARRAY_BYTES(next));
}
