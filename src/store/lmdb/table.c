/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/table.h"

#include "store/lmdb/format.h"
#include "store/lmdb/value.h"

#include <assert.h>
#include <string.h>

#define HEAD_LEN 8u /* class and version */
#define CLASS_SHIFT 56u

/* flags: MDB_CREATE or 0. */
static int dbis_open(struct tg_lmdb_tables *tables, MDB_txn *txn, unsigned flags)
{
    const struct {
        const char *name;
        MDB_dbi *dbi;
        bool is_newer; /* a store of this format may lack it */
    } wanted[TG_LMDB_TABLE_COUNT] = {
        { "k", &tables->places, false }, { "m", &tables->records, false },
        { "s", &tables->state, false },  { "o", &tables->outbox, true },
        { "d", &tables->due, true },     { "g", &tables->series, true },
        { "p", &tables->spent, true }
    };

    for (size_t i = 0; i < TG_LMDB_TABLE_COUNT; i++) {
        int rc = mdb_dbi_open(txn, wanted[i].name, flags, wanted[i].dbi);

        if (rc == MDB_NOTFOUND) {
            *wanted[i].dbi = TG_LMDB_NO_TABLE;
            rc = wanted[i].is_newer ? 0 : MDB_VERSION_MISMATCH;
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int tg_lmdb_tables_look(struct tg_lmdb_tables *tables, MDB_txn *txn)
{
    int rc = dbis_open(tables, txn, 0);

    return rc == 0 ? tg_lmdb_format_look(txn, tables) : rc;
}

int tg_lmdb_tables_open(struct tg_lmdb_tables *tables, struct tg_lmdb_write *w)
{
    MDB_stat outbox = { .ms_entries = 0 };
    MDB_stat spent = { .ms_entries = 0 };
    int rc = dbis_open(tables, w->txn, MDB_CREATE);

    w->tables = tables;
    if (rc == 0) {
        rc = tg_lmdb_format_open(w);
    }
    if (rc == 0) {
        rc = mdb_stat(w->txn, tables->outbox, &outbox);
    }
    if (rc == 0) {
        rc = mdb_stat(w->txn, tables->spent, &spent);
    }
    w->stats.outbox_count = outbox.ms_entries;
    w->stats.spent_count = spent.ms_entries;
    return rc;
}

static int record_value(struct tg_store_record *record, const MDB_val *v)
{
    uint64_t head = v->mv_size < HEAD_LEN ? UINT64_MAX : tg_lmdb_get_u64(v->mv_data);

    if (head >> CLASS_SHIFT >= TG_STORE_CLASS_COUNT) {
        return MDB_CORRUPTED;
    }
    record->class = (enum tg_store_class)(head >> CLASS_SHIFT);
    record->version = head & TG_STORE_VERSION_MAX;
    record->sealed = tg_bytes((const uint8_t *)v->mv_data + HEAD_LEN, v->mv_size - HEAD_LEN);
    return 0;
}

int tg_lmdb_record_row(struct tg_store_key *key, struct tg_store_record *record, const MDB_val *k,
                       const MDB_val *v)
{
    if (k->mv_size != TG_LMDB_PLACE_LEN) {
        return MDB_CORRUPTED;
    }
    record->expires_s = tg_lmdb_time_of(tg_lmdb_get_u64(k->mv_data));
    memcpy(key->bytes, (const uint8_t *)k->mv_data + 8, sizeof(key->bytes));
    return record_value(record, v);
}

int tg_lmdb_get(MDB_txn *txn, const struct tg_lmdb_tables *tables, const struct tg_store_key *key,
                struct tg_store_record *record)
{
    uint8_t place[TG_LMDB_PLACE_LEN];
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    MDB_val v = { 0, NULL };
    int rc = mdb_get(txn, tables->places, &k, &v);

    if (rc != 0) {
        return rc;
    }
    if (v.mv_size != 8) {
        return MDB_CORRUPTED;
    }
    record->expires_s = tg_lmdb_time_of(tg_lmdb_get_u64(v.mv_data));
    tg_lmdb_place(place, record->expires_s, key);
    k = tg_lmdb_val(place, sizeof(place));
    rc = mdb_get(txn, tables->records, &k, &v);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    return record_value(record, &v);
}

static int place_put(struct tg_lmdb_write *w, const struct tg_store_key *key, int64_t expires_s)
{
    uint8_t order[8];

    tg_lmdb_put_u64(order, tg_lmdb_time_order(expires_s));
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    MDB_val v = tg_lmdb_val(order, sizeof(order));

    return mdb_put(w->txn, w->tables->places, &k, &v, 0);
}

/* Writes into the page directly, so that the record is copied only once. */
static int record_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                      const struct tg_store_record *next)
{
    uint8_t place[TG_LMDB_PLACE_LEN];

    tg_lmdb_place(place, next->expires_s, key);
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    MDB_val v = { .mv_size = HEAD_LEN + next->sealed.len, .mv_data = NULL };
    int rc = mdb_put(w->txn, w->tables->records, &k, &v, MDB_RESERVE);
    uint8_t *page = v.mv_data;

    if (rc != 0) {
        return rc;
    }
    tg_lmdb_put_u64(page, (uint64_t)next->class << CLASS_SHIFT | next->version);
    if (next->sealed.len > 0) {
        memcpy(page + HEAD_LEN, next->sealed.ptr, next->sealed.len);
    }
    return 0;
}

static int record_del(struct tg_lmdb_write *w, const struct tg_store_key *key, int64_t expires_s)
{
    uint8_t place[TG_LMDB_PLACE_LEN];

    tg_lmdb_place(place, expires_s, key);
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    int rc = mdb_del(w->txn, w->tables->records, &k, NULL);

    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

int tg_lmdb_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                const struct tg_store_record *old, const struct tg_store_record *next)
{
    bool is_moving = old != NULL && old->expires_s != next->expires_s;
    int rc = 0;

    assert(next->version <= TG_STORE_VERSION_MAX);
    w->is_dirty = true;
    if (is_moving) {
        rc = record_del(w, key, old->expires_s);
    }
    if (rc == 0 && (old == NULL || is_moving)) {
        rc = place_put(w, key, next->expires_s);
    }
    if (rc == 0) {
        rc = record_put(w, key, next);
    }
    if (rc != 0) {
        return rc;
    }
    w->added_count += old == NULL ? 1 : 0;
    tg_store_count(&w->stats, old, next);
    w->written_bytes += next->sealed.len;
    return 0;
}

int tg_lmdb_remove(struct tg_lmdb_write *w, const struct tg_store_key *key,
                   const struct tg_store_record *old)
{
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    int rc = 0;

    w->is_dirty = true;
    rc = mdb_del(w->txn, w->tables->places, &k, NULL);
    if (rc == 0) {
        rc = record_del(w, key, old->expires_s);
    }
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    tg_store_count(&w->stats, old, NULL);
    return 0;
}

/* The oldest record; MDB_NOTFOUND: there is none. */
static int oldest_get(MDB_cursor *cursor, struct tg_store_key *key, int64_t *expires_s)
{
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);

    if (rc != 0) {
        return rc;
    }
    if (k.mv_size != TG_LMDB_PLACE_LEN) {
        return MDB_CORRUPTED;
    }
    *expires_s = tg_lmdb_time_of(tg_lmdb_get_u64(k.mv_data));
    memcpy(key->bytes, (const uint8_t *)k.mv_data + 8, sizeof(key->bytes));
    return 0;
}

int tg_lmdb_oldest(const struct tg_lmdb_write *w, int64_t *expires_s)
{
    struct tg_store_key key;
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(w->txn, w->tables->records, &cursor);

    if (rc != 0) {
        return rc;
    }
    rc = oldest_get(cursor, &key, expires_s);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND) {
        *expires_s = INT64_MAX;
        rc = 0;
    }
    return rc;
}

/* MDB_NOTFOUND: no record is due. */
static int oldest_remove(struct tg_lmdb_write *w, MDB_cursor *cursor, int64_t now_s)
{
    struct tg_store_key key;
    struct tg_store_record old = { .version = 0 };
    int64_t expires_s = 0;
    int rc = oldest_get(cursor, &key, &expires_s);

    if (rc != 0) {
        return rc;
    }
    if (expires_s > now_s) {
        return MDB_NOTFOUND;
    }
    rc = tg_lmdb_get(w->txn, w->tables, &key, &old);
    if (rc != 0 || old.expires_s != expires_s) {
        return rc == 0 || rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    return tg_lmdb_remove(w, &key, &old);
}

int tg_lmdb_sweep(struct tg_lmdb_write *w, int64_t now_s, size_t max_count, size_t *removed_count)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(w->txn, w->tables->records, &cursor);
    size_t count = 0;

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && count < max_count) {
        rc = oldest_remove(w, cursor, now_s);
        count += rc == 0 ? 1 : 0;
    }
    mdb_cursor_close(cursor);
    *removed_count = count;
    return rc == MDB_NOTFOUND ? 0 : rc;
}
