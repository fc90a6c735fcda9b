/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/format.h"

#include "store/lmdb/value.h"

#define COUNTS_LEN 32u
#define SPENT_LEN_1 32u
#define COUNTS_LEN_1 16u /* of format 1: the count and the bytes of all records */

static MDB_val name_format(void)
{
    return tg_lmdb_val("format", 6);
}

static MDB_val name_counts(void)
{
    return tg_lmdb_val("counts", 6);
}

/* 0: no number that can be read. */
static int format_get(MDB_txn *txn, MDB_dbi state, uint64_t *format)
{
    MDB_val key = name_format();
    MDB_val val = { 0, NULL };
    int rc = mdb_get(txn, state, &key, &val);

    if (rc == 0) {
        *format = val.mv_size == 8 ? tg_lmdb_get_u64(val.mv_data) : 0;
    }
    return rc;
}

int tg_lmdb_format_put(struct tg_lmdb_write *w)
{
    uint8_t format[8];
    MDB_val key = name_format();
    MDB_val val = tg_lmdb_val(format, sizeof(format));
    int rc = 0;

    tg_lmdb_put_u64(format, TG_LMDB_FORMAT);
    w->is_dirty = true;
    rc = mdb_put(w->txn, w->tables->state, &key, &val, 0);
    return rc != 0 ? rc : tg_lmdb_counts_put(w);
}

static int counts_get(struct tg_lmdb_write *w, size_t len)
{
    MDB_val key = name_counts();
    MDB_val val = { 0, NULL };
    int rc = mdb_get(w->txn, w->tables->state, &key, &val);
    const uint8_t *at = val.mv_data;

    if (rc != 0) {
        return rc;
    }
    if (val.mv_size != len) {
        return MDB_CORRUPTED;
    }
    w->stats.live_count = tg_lmdb_get_u64(at);
    w->stats.live_bytes = tg_lmdb_get_u64(at + 8);
    if (len == COUNTS_LEN) {
        w->stats.ended_count = tg_lmdb_get_u64(at + 16);
        w->stats.ended_bytes = tg_lmdb_get_u64(at + 24);
    }
    return 0;
}

int tg_lmdb_counts_put(struct tg_lmdb_write *w)
{
    uint8_t counts[COUNTS_LEN];
    MDB_val key = name_counts();
    MDB_val val = tg_lmdb_val(counts, sizeof(counts));

    tg_lmdb_put_u64(counts, w->stats.live_count);
    tg_lmdb_put_u64(counts + 8, w->stats.live_bytes);
    tg_lmdb_put_u64(counts + 16, w->stats.ended_count);
    tg_lmdb_put_u64(counts + 24, w->stats.ended_bytes);
    return mdb_put(w->txn, w->tables->state, &key, &val, 0);
}

/* In format 1 a spent token is a record with SPENT_LEN_1 sealed bytes, which is less than a mailbox
   has. It does not name the series, so it cannot be converted: MDB_INCOMPATIBLE. */
static int refuse_spent_1(const struct tg_lmdb_write *w)
{
    MDB_cursor *cursor = NULL;
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = mdb_cursor_open(w->txn, w->tables->records, &cursor);

    if (rc != 0) {
        return rc;
    }
    while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0 && v.mv_size != 8 + SPENT_LEN_1) {
    }
    mdb_cursor_close(cursor);
    return rc == 0 ? MDB_INCOMPATIBLE : rc == MDB_NOTFOUND ? 0 : rc;
}

/* In format 1 a record has no class: its head is the version, whose first byte is 0, as that of a
   live record. So no record is written again. */
static int convert_1(struct tg_lmdb_write *w)
{
    int rc = refuse_spent_1(w);

    if (rc == 0) {
        rc = counts_get(w, COUNTS_LEN_1);
    }
    return rc != 0 ? rc : tg_lmdb_format_put(w);
}

int tg_lmdb_format_look(MDB_txn *txn, const struct tg_lmdb_tables *tables)
{
    uint64_t found = 0;
    int rc = format_get(txn, tables->state, &found);

    if (rc == 0 && (found < TG_LMDB_FORMAT_OLDEST || found > TG_LMDB_FORMAT)) {
        rc = MDB_VERSION_MISMATCH;
    }
    return rc == MDB_NOTFOUND ? MDB_VERSION_MISMATCH : rc;
}

int tg_lmdb_format_open(struct tg_lmdb_write *w)
{
    uint64_t found = 0;
    int rc = format_get(w->txn, w->tables->state, &found);

    if (rc == MDB_NOTFOUND) {
        return tg_lmdb_format_put(w);
    }
    if (rc != 0) {
        return rc;
    }
    switch (found) {
    case TG_LMDB_FORMAT:
        return counts_get(w, COUNTS_LEN);
    case 1:
        return convert_1(w);
    default:
        return MDB_VERSION_MISMATCH;
    }
}
