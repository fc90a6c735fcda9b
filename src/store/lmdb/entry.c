/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/entry.h"

#include "store/lmdb/value.h"

#define HEAD_LEN 37u
#define FLAG_BLOCKED 1u

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (24 - 8 * i));
    }
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int tg_lmdb_entry_row(struct tg_lmdb_entry *entry, const MDB_val *v)
{
    const uint8_t *p = v->mv_data;

    if (v->mv_size < HEAD_LEN || p[36] > FLAG_BLOCKED) {
        return MDB_CORRUPTED;
    }
    *entry = (struct tg_lmdb_entry){ .due_s = tg_lmdb_time_of(tg_lmdb_get_u64(p)),
                                     .expires_s = tg_lmdb_time_of(tg_lmdb_get_u64(p + 8)),
                                     .born = tg_lmdb_get_u64(p + 16),
                                     .noted = tg_lmdb_get_u64(p + 24),
                                     .attempts = get_u32(p + 32),
                                     .is_blocked = p[36] == FLAG_BLOCKED,
                                     .sealed = tg_bytes(p + HEAD_LEN, v->mv_size - HEAD_LEN) };
    return 0;
}

int tg_lmdb_entry_get(const struct tg_lmdb_write *w, const struct tg_store_key *key,
                      struct tg_lmdb_entry *entry)
{
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    MDB_val v = { 0, NULL };
    int rc = mdb_get(w->txn, w->tables->outbox, &k, &v);

    return rc != 0 ? rc : tg_lmdb_entry_row(entry, &v);
}

static int row_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                   const struct tg_lmdb_entry *next)
{
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    MDB_val v = { .mv_size = HEAD_LEN + next->sealed.len, .mv_data = NULL };
    int rc = mdb_put(w->txn, w->tables->outbox, &k, &v, MDB_RESERVE);
    uint8_t *page = v.mv_data;

    if (rc != 0) {
        return rc;
    }
    tg_lmdb_put_u64(page, tg_lmdb_time_order(next->due_s));
    tg_lmdb_put_u64(page + 8, tg_lmdb_time_order(next->expires_s));
    tg_lmdb_put_u64(page + 16, next->born);
    tg_lmdb_put_u64(page + 24, next->noted);
    put_u32(page + 32, next->attempts);
    page[36] = next->is_blocked ? FLAG_BLOCKED : 0;
    if (next->sealed.len > 0) {
        memcpy(page + HEAD_LEN, next->sealed.ptr, next->sealed.len);
    }
    return 0;
}

static int due_put(struct tg_lmdb_write *w, const struct tg_store_key *key, int64_t due_s,
                   int64_t expires_s)
{
    uint8_t place[TG_LMDB_PLACE_LEN];
    uint8_t order[8];

    tg_lmdb_place(place, due_s, key);
    tg_lmdb_put_u64(order, tg_lmdb_time_order(expires_s));
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    MDB_val v = tg_lmdb_val(order, sizeof(order));

    return mdb_put(w->txn, w->tables->due, &k, &v, 0);
}

static int due_del(struct tg_lmdb_write *w, const struct tg_store_key *key, int64_t due_s)
{
    uint8_t place[TG_LMDB_PLACE_LEN];

    tg_lmdb_place(place, due_s, key);
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    int rc = mdb_del(w->txn, w->tables->due, &k, NULL);

    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

int tg_lmdb_entry_put(struct tg_lmdb_write *w, const struct tg_store_key *key,
                      const struct tg_lmdb_entry *old, const struct tg_lmdb_entry *next)
{
    bool is_moving = old != NULL && old->due_s != next->due_s;
    bool is_same_row = old != NULL && !is_moving && old->expires_s == next->expires_s;
    int rc = 0;

    w->is_dirty = true;
    if (is_moving) {
        rc = due_del(w, key, old->due_s);
    }
    if (rc == 0 && !is_same_row) {
        rc = due_put(w, key, next->due_s, next->expires_s);
    }
    if (rc == 0) {
        rc = row_put(w, key, next);
    }
    if (rc != 0) {
        return rc;
    }
    w->noted_count += old == NULL ? 1 : 0;
    w->stats.outbox_count += old == NULL ? 1 : 0;
    w->written_bytes += next->sealed.len;
    return 0;
}

int tg_lmdb_entry_remove(struct tg_lmdb_write *w, const struct tg_store_key *key, int64_t due_s)
{
    MDB_val k = tg_lmdb_val(key->bytes, sizeof(key->bytes));
    int rc = 0;

    w->is_dirty = true;
    rc = mdb_del(w->txn, w->tables->outbox, &k, NULL);
    if (rc == 0) {
        rc = due_del(w, key, due_s);
    }
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    w->stats.outbox_count--;
    return 0;
}

static int due_get(MDB_cursor *cursor, MDB_val *k, MDB_cursor_op op, struct tg_lmdb_due *due)
{
    MDB_val v = { 0, NULL };
    int rc = mdb_cursor_get(cursor, k, &v, op);

    if (rc != 0) {
        return rc;
    }
    if (k->mv_size != TG_LMDB_PLACE_LEN || v.mv_size != 8) {
        return MDB_CORRUPTED;
    }
    due->due_s = tg_lmdb_time_of(tg_lmdb_get_u64(k->mv_data));
    due->expires_s = tg_lmdb_time_of(tg_lmdb_get_u64(v.mv_data));
    memcpy(due->key.bytes, (const uint8_t *)k->mv_data + 8, sizeof(due->key.bytes));
    return 0;
}

int tg_lmdb_due_from(MDB_cursor *cursor, const struct tg_lmdb_due *from, struct tg_lmdb_due *due)
{
    uint8_t place[TG_LMDB_PLACE_LEN];
    MDB_val k = { 0, NULL };

    if (from == NULL) {
        return due_get(cursor, &k, MDB_FIRST, due);
    }
    tg_lmdb_place(place, from->due_s, &from->key);
    k = tg_lmdb_val(place, sizeof(place));
    return due_get(cursor, &k, MDB_SET_RANGE, due);
}

int tg_lmdb_due_next(MDB_cursor *cursor, struct tg_lmdb_due *due)
{
    MDB_val k = { 0, NULL };

    return due_get(cursor, &k, MDB_NEXT, due);
}
