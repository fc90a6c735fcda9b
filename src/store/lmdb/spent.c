/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/spent.h"

#include "store/lmdb/value.h"

#include <string.h>

#define SERIES_LEN 13u
#define PLACE_LEN (4u + TG_STORE_KEY_LEN)

enum state { OPEN, CLOSING, CLOSED };

struct series {
    uint32_t number;
    int64_t end_s;
    enum state state;
};

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

/* ---- rows ----------------------------------------------------------------------------------- */

static int series_value(struct series *series, const MDB_val *v)
{
    const uint8_t *at = v->mv_data;

    if (v->mv_size != SERIES_LEN || at[12] > CLOSED) {
        return MDB_CORRUPTED;
    }
    *series = (struct series){ .number = get_u32(at),
                               .end_s = tg_lmdb_time_of(tg_lmdb_get_u64(at + 4)),
                               .state = (enum state)at[12] };
    return 0;
}

static int series_get(const struct tg_lmdb_write *w, const struct tg_store_key *id,
                      struct series *series)
{
    MDB_val k = tg_lmdb_val(id->bytes, sizeof(id->bytes));
    MDB_val v = { 0, NULL };
    int rc = mdb_get(w->txn, w->tables->series, &k, &v);

    return rc != 0 ? rc : series_value(series, &v);
}

static int series_put(struct tg_lmdb_write *w, const struct tg_store_key *id,
                      const struct series *series)
{
    uint8_t row[SERIES_LEN];
    MDB_val k = tg_lmdb_val(id->bytes, sizeof(id->bytes));
    MDB_val v = tg_lmdb_val(row, sizeof(row));

    put_u32(row, series->number);
    tg_lmdb_put_u64(row + 4, tg_lmdb_time_order(series->end_s));
    row[12] = (uint8_t)series->state;
    w->is_dirty = true;
    return mdb_put(w->txn, w->tables->series, &k, &v, 0);
}

int tg_lmdb_series_row(struct tg_store_seen *seen, const MDB_val *k, const MDB_val *v)
{
    struct series series = { .number = 0 };
    int rc = k->mv_size == sizeof(seen->key.bytes) ? series_value(&series, v) : MDB_CORRUPTED;

    if (rc == 0) {
        memcpy(seen->key.bytes, k->mv_data, sizeof(seen->key.bytes));
        seen->expires_s = series.end_s;
        seen->is_closed = series.state != OPEN;
    }
    return rc;
}

static void place_of(uint8_t place[PLACE_LEN], uint32_t number, const struct tg_store_key *key)
{
    put_u32(place, number);
    memcpy(place + 4, key->bytes, sizeof(key->bytes));
}

uint64_t tg_lmdb_spent_bytes(const struct tg_lmdb_write *w)
{
    MDB_stat p = { .ms_psize = 0 };

    if (w->stats.spent_count == 0 || mdb_stat(w->txn, w->tables->spent, &p) != 0) {
        return 0;
    }
    return (uint64_t)p.ms_psize * (p.ms_branch_pages + p.ms_leaf_pages);
}

/* ---- operations ----------------------------------------------------------------------------- */

static int series_new(struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct series series = { .end_s = op->of.series.end_s, .state = OPEN };
    MDB_stat g = { .ms_entries = 0 };
    int rc = mdb_stat(w->txn, w->tables->series, &g);

    if (rc != 0) {
        return rc;
    }
    if (g.ms_entries >= TG_SERIES_MAX) {
        op->err = TG_E_FULL;
        return 0;
    }
    series.number = (uint32_t)g.ms_entries;
    return series_put(w, &op->of.series.id, &series);
}

int tg_lmdb_spent_series(struct tg_lmdb_write *w, struct tg_store_op *op)
{
    struct series series = { .number = 0 };
    int rc = series_get(w, &op->of.series.id, &series);

    op->err = TG_OK;
    if (rc == MDB_NOTFOUND) {
        return series_new(w, op);
    }
    if (rc != 0) {
        return rc;
    }
    if (series.state != OPEN) {
        op->err = TG_E_DENIED;
        return 0;
    }
    if (series.end_s == op->of.series.end_s) {
        return 0;
    }
    series.end_s = op->of.series.end_s;
    return series_put(w, &op->of.series.id, &series);
}

static int spend_new(struct tg_lmdb_write *w, struct tg_store_op *op, const MDB_val *place)
{
    struct tg_bytes sealed = op->of.spend.spend.sealed;
    MDB_val k = *place;
    MDB_val v = tg_lmdb_val(sealed.ptr, sealed.len);
    int rc = mdb_put(w->txn, w->tables->spent, &k, &v, 0);

    w->is_dirty = true;
    if (rc == 0) {
        op->of.spend.outcome = TG_SPEND_NEW;
        w->stats.spent_count++;
        w->spent_count++;
        w->written_bytes += sealed.len;
    }
    return rc;
}

/* spec: protocol/6#token-spent-once */
int tg_lmdb_spent_spend(struct tg_lmdb_write *w, const struct tg_store_limits *limits,
                        enum tg_store_room room, struct tg_store_op *op)
{
    const struct tg_spend *spend = &op->of.spend.spend;
    struct series series = { .number = 0 };
    uint8_t place[PLACE_LEN] = { 0 };
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    MDB_val v = { 0, NULL };
    int rc = series_get(w, &spend->series, &series);

    op->err = TG_OK;
    op->of.spend.outcome = TG_SPEND_CLOSED;
    op->of.spend.known_len = 0;
    if (rc == MDB_NOTFOUND || (rc == 0 && series.state != OPEN)) {
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    place_of(place, series.number, &spend->key);
    rc = mdb_get(w->txn, w->tables->spent, &k, &v);
    if (rc == 0) {
        return tg_store_spend_known(op, tg_bytes(v.mv_data, v.mv_size)) ? 0 : MDB_CORRUPTED;
    }
    if (rc != MDB_NOTFOUND) {
        return rc;
    }
    if (room != TG_STORE_ROOM_ANY || !tg_store_spend_fits(limits, &w->stats)) {
        op->err = TG_E_FULL;
        return 0;
    }
    return spend_new(w, op, &k);
}

/* ---- the keys of a series ------------------------------------------------------------------- */

/* 0; MDB_NOTFOUND: the key at k is behind the series. */
static int in_series(const MDB_val *k, uint32_t number)
{
    if (k->mv_size != PLACE_LEN) {
        return MDB_CORRUPTED;
    }
    return get_u32(k->mv_data) == number ? 0 : MDB_NOTFOUND;
}

/* The first one. MDB_NOTFOUND: there is none. */
static int first_of_series(MDB_cursor *cursor, uint32_t number, MDB_val *k, MDB_val *v)
{
    static const struct tg_store_key lowest = { { 0 } };
    uint8_t place[PLACE_LEN] = { 0 };
    int rc = 0;

    place_of(place, number, &lowest);
    *k = tg_lmdb_val(place, sizeof(place));
    rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    return rc == 0 ? in_series(k, number) : rc;
}

/* ---- copies --------------------------------------------------------------------------------- */

static int keys_show(MDB_cursor *cursor, struct tg_store_seen *seen, uint32_t number,
                     tg_store_see_fn *see, void *ctx)
{
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = first_of_series(cursor, number, &k, &v);

    while (rc == 0) {
        memcpy(seen->key.bytes, (const uint8_t *)k.mv_data + 4, sizeof(seen->key.bytes));
        seen->bytes = tg_bytes(v.mv_data, v.mv_size);
        rc = see(ctx, seen) ? mdb_cursor_get(cursor, &k, &v, MDB_NEXT) : TG_LMDB_ENDED;
        rc = rc == 0 ? in_series(&k, number) : rc;
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int series_show(MDB_cursor *series_cursor, MDB_cursor *key_cursor, tg_store_see_fn *see,
                       void *ctx)
{
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = 0;

    while ((rc = mdb_cursor_get(series_cursor, &k, &v, MDB_NEXT)) == 0) {
        struct tg_store_seen seen = { .kind = TG_STORE_SEEN_SPENT };
        struct series series = { .number = 0 };

        rc = k.mv_size == sizeof(seen.series.bytes) ? series_value(&series, &v) : MDB_CORRUPTED;
        if (rc == 0 && series.state == OPEN) {
            memcpy(seen.series.bytes, k.mv_data, sizeof(seen.series.bytes));
            rc = keys_show(key_cursor, &seen, series.number, see, ctx);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int tg_lmdb_spent_show(MDB_txn *txn, const struct tg_lmdb_tables *tables, tg_store_see_fn *see,
                       void *ctx)
{
    MDB_cursor *series_cursor = NULL;
    MDB_cursor *key_cursor = NULL;
    int rc = mdb_cursor_open(txn, tables->series, &series_cursor);

    if (rc == 0) {
        rc = mdb_cursor_open(txn, tables->spent, &key_cursor);
        if (rc == 0) {
            rc = series_show(series_cursor, key_cursor, see, ctx);
            mdb_cursor_close(key_cursor);
        }
        mdb_cursor_close(series_cursor);
    }
    return rc;
}

int tg_lmdb_series_put(struct tg_lmdb_write *w, const struct tg_store_seen *seen)
{
    struct series series = { .end_s = seen->expires_s, .state = seen->is_closed ? CLOSED : OPEN };
    MDB_stat g = { .ms_entries = 0 };
    int rc = mdb_stat(w->txn, w->tables->series, &g);

    series.number = (uint32_t)g.ms_entries;
    return rc != 0 ? rc : series_put(w, &seen->key, &series);
}

int tg_lmdb_spent_put(struct tg_lmdb_write *w, const struct tg_store_seen *seen)
{
    struct series series = { .number = 0 };
    uint8_t place[PLACE_LEN] = { 0 };
    MDB_val k = tg_lmdb_val(place, sizeof(place));
    MDB_val v = tg_lmdb_val(seen->bytes.ptr, seen->bytes.len);
    int rc = series_get(w, &seen->series, &series);

    if (rc != 0) {
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    place_of(place, series.number, &seen->key);
    rc = mdb_put(w->txn, w->tables->spent, &k, &v, 0);
    w->is_dirty = true;
    w->stats.spent_count += rc == 0 ? 1 : 0;
    w->written_bytes += seen->bytes.len;
    return rc;
}

/* ---- sweeping ------------------------------------------------------------------------------- */

/* The next series after *id (before the first: is_first) that must be closed or has keys left. */
static int next_to_close(const struct tg_lmdb_write *w, int64_t now_s, bool is_first,
                         struct tg_store_key *id, struct series *series)
{
    MDB_cursor *cursor = NULL;
    MDB_val k = tg_lmdb_val(id->bytes, sizeof(id->bytes));
    MDB_val v = { 0, NULL };
    int rc = mdb_cursor_open(w->txn, w->tables->series, &cursor);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(cursor, &k, &v, is_first ? MDB_FIRST : MDB_SET_RANGE);
    if (rc == 0 && !is_first && k.mv_size == sizeof(id->bytes) &&
        memcmp(k.mv_data, id->bytes, sizeof(id->bytes)) == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    while (rc == 0) {
        rc = k.mv_size == sizeof(id->bytes) ? series_value(series, &v) : MDB_CORRUPTED;
        if (rc == 0 &&
            (series->state == CLOSING || (series->state == OPEN && series->end_s <= now_s))) {
            memcpy(id->bytes, k.mv_data, sizeof(id->bytes));
            break;
        }
        if (rc == 0) {
            rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
        }
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* Removes the first key of a series; MDB_NOTFOUND: there is none. */
static int key_remove(struct tg_lmdb_write *w, MDB_cursor *cursor, uint32_t number)
{
    uint8_t place[PLACE_LEN] = { 0 };
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = first_of_series(cursor, number, &k, &v);

    if (rc != 0) {
        return rc;
    }
    memcpy(place, k.mv_data, sizeof(place));
    k = tg_lmdb_val(place, sizeof(place));
    w->is_dirty = true;
    rc = mdb_del(w->txn, w->tables->spent, &k, NULL);
    if (rc == 0) {
        w->stats.spent_count--;
    }
    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

/* MDB_NOTFOUND: no key is left. */
static int keys_remove(struct tg_lmdb_write *w, uint32_t number, size_t max_count, size_t *count)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(w->txn, w->tables->spent, &cursor);

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && *count < max_count) {
        rc = key_remove(w, cursor, number);
        *count += rc == 0 ? 1 : 0;
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* First it is closed, then its keys are removed, in the same transaction or in later ones.
   spec: protocol/6#retired-key-for-good */
static int series_sweep(struct tg_lmdb_write *w, const struct tg_store_key *id,
                        struct series *series, size_t max_count, size_t *count)
{
    enum state before = series->state;
    int rc = keys_remove(w, series->number, max_count, count);

    if (rc != 0 && rc != MDB_NOTFOUND) {
        return rc;
    }
    series->state = rc == MDB_NOTFOUND ? CLOSED : CLOSING;
    return series->state == before ? 0 : series_put(w, id, series);
}

int tg_lmdb_spent_sweep(struct tg_lmdb_write *w, int64_t now_s, size_t max_count,
                        struct tg_lmdb_spent_step *step)
{
    struct tg_store_key id = { { 0 } };
    struct series series = { .number = 0 };
    bool is_first = true;
    int rc = 0;

    *step = (struct tg_lmdb_spent_step){ .removed_count = 0 };
    while (rc == 0) {
        rc = next_to_close(w, now_s, is_first, &id, &series);
        is_first = false;
        if (rc == 0) {
            step->has_closed = step->has_closed || series.state == OPEN;
            rc = series_sweep(w, &id, &series, max_count, &step->removed_count);
            step->has_more = step->has_more || series.state == CLOSING;
        }
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}
