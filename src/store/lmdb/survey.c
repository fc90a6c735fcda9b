/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/survey.h"

#include "base/buf.h"
#include "store/lmdb/entry.h"
#include "store/lmdb/fact.h"
#include "store/lmdb/format.h"
#include "store/lmdb/spent.h"
#include "store/lmdb/value.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES_MAX 1280u
#define READERS_MAX 256u /* as in store.c, whose environment may be open */

static int show(tg_store_see_fn *see, void *ctx, const struct tg_store_seen *seen)
{
    return see(ctx, seen) ? 0 : TG_LMDB_ENDED;
}

static int show_facts(MDB_txn *txn, const struct tg_lmdb_tables *tables, tg_store_see_fn *see,
                      void *ctx)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < TG_FACT_COUNT; i++) {
        struct tg_store_fact fact = { .version = 0 };

        rc = tg_lmdb_fact_get(txn, tables, (enum tg_fact)i, &fact);
        if (rc == 0) {
            rc = show(see, ctx,
                      &(struct tg_store_seen){ .kind = TG_STORE_SEEN_FACT,
                                               .fact = (enum tg_fact)i,
                                               .version = fact.version,
                                               .bytes = fact.value });
        } else if (rc == MDB_NOTFOUND) {
            rc = 0;
        }
    }
    return rc;
}

/* Fills *seen from a row. */
typedef int row_fn(struct tg_store_seen *seen, const MDB_val *k, const MDB_val *v);

static int record_row(struct tg_store_seen *seen, const MDB_val *k, const MDB_val *v)
{
    struct tg_store_record record = { .version = 0 };
    int rc = tg_lmdb_record_row(&seen->key, &record, k, v);

    seen->version = record.version;
    seen->class = record.class;
    seen->expires_s = record.expires_s;
    seen->bytes = record.sealed;
    return rc;
}

static int entry_row(struct tg_store_seen *seen, const MDB_val *k, const MDB_val *v)
{
    struct tg_lmdb_entry entry = { .due_s = 0 };
    int rc = k->mv_size == sizeof(seen->key.bytes) ? tg_lmdb_entry_row(&entry, v) : MDB_CORRUPTED;

    if (rc == 0) {
        memcpy(seen->key.bytes, k->mv_data, sizeof(seen->key.bytes));
        seen->expires_s = entry.expires_s;
        seen->due_s = entry.due_s;
        seen->attempts = entry.attempts;
        seen->is_blocked = entry.is_blocked;
        seen->bytes = entry.sealed;
    }
    return rc;
}

static int show_rows(MDB_txn *txn, MDB_dbi table, enum tg_store_seen_kind kind, row_fn *row,
                     tg_store_see_fn *see, void *ctx)
{
    MDB_cursor *cursor = NULL;
    MDB_val k = { 0, NULL };
    MDB_val v = { 0, NULL };
    int rc = table == TG_LMDB_NO_TABLE ? MDB_NOTFOUND : mdb_cursor_open(txn, table, &cursor);

    if (rc == MDB_NOTFOUND) {
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
        struct tg_store_seen seen = { .kind = kind };

        rc = row(&seen, &k, &v);
        if (rc == 0) {
            rc = show(see, ctx, &seen);
        }
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* All but the outbox. */
static int show_most(MDB_txn *txn, const struct tg_lmdb_tables *tables, enum tg_store_survey what,
                     tg_store_see_fn *see, void *ctx)
{
    int rc = show_facts(txn, tables, see, ctx);

    if (rc == 0) {
        rc = show_rows(txn, tables->series, TG_STORE_SEEN_SERIES, tg_lmdb_series_row, see, ctx);
    }
    if (rc == 0 && what == TG_STORE_SURVEY_COPY) {
        rc = tg_lmdb_spent_show(txn, tables, see, ctx);
    }
    if (rc == 0) {
        rc = show_rows(txn, tables->records, TG_STORE_SEEN_RECORD, record_row, see, ctx);
    }
    return rc;
}

static int survey(MDB_txn *txn, const struct tg_lmdb_tables *tables, enum tg_store_survey what,
                  tg_store_see_fn *see, void *ctx)
{
    int rc = what == TG_STORE_SURVEY_OUTBOX ? 0 : show_most(txn, tables, what, see, ctx);

    if (rc == 0) {
        rc = show_rows(txn, tables->outbox, TG_STORE_SEEN_ENTRY, entry_row, see, ctx);
    }
    return rc == TG_LMDB_ENDED ? 0 : rc;
}

int tg_lmdb_survey(MDB_env *env, const struct tg_lmdb_tables *tables, enum tg_store_survey what,
                   tg_store_see_fn *see, void *ctx)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return rc;
    }
    rc = survey(txn, tables, what, see, ctx);
    mdb_txn_abort(txn);
    return rc;
}

/* ---- a store that is not open --------------------------------------------------------------- */

/* LMDB creates its lock file if that is missing, with the wrong owner if the caller is not the
   relay's user. Both files exist once the store has been opened. */
static bool has_files(const char *dir)
{
    static const char *const names[] = { "data.mdb", "lock.mdb" };
    struct stat st;

    for (size_t i = 0; i < TG_COUNT(names); i++) {
        struct tg_buf name = { 0 };
        bool is_there = false;

        tg_buf_init(&name, PATH_BYTES_MAX);
        tg_buf_append_str(&name, dir);
        tg_buf_append_str(&name, "/");
        tg_buf_append_str(&name, names[i]);
        is_there = tg_buf_status(&name) == TG_OK && stat(tg_buf_cstr(&name), &st) == 0;
        tg_buf_deinit(&name);
        if (!is_there) {
            return false;
        }
    }
    return true;
}

/* 0: the size of the map that the store itself has. The smaller sizes are for machines and
   sanitizers where it does not fit; LMDB raises them to what the file needs. */
static const uint64_t map_sizes[] = { 0, UINT64_C(1) << 36, UINT64_C(1) << 30 };

static int env_try(MDB_env **env, const char *dir, size_t map_size)
{
    int rc = mdb_env_create(env);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_env_set_maxdbs(*env, TG_LMDB_TABLE_COUNT);
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(*env, READERS_MAX);
    }
    if (rc == 0 && map_size > 0) {
        rc = mdb_env_set_mapsize(*env, map_size);
    }
    if (rc == 0) {
        rc = mdb_env_open(*env, dir, MDB_RDONLY | MDB_NOTLS, 0600);
    }
    return rc;
}

static int env_open(MDB_env **env, const char *dir)
{
    int rc = ENOMEM;

    for (size_t i = 0; i < TG_COUNT(map_sizes) && rc == ENOMEM; i++) {
        mdb_env_close(*env); /* of the try before */
        *env = NULL;
        rc = map_sizes[i] > SIZE_MAX / 2 ? ENOMEM : env_try(env, dir, (size_t)map_sizes[i]);
    }
    return rc;
}

static int look(MDB_env *env, tg_store_see_fn *see, void *ctx)
{
    struct tg_lmdb_tables tables;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return rc;
    }
    rc = tg_lmdb_tables_look(&tables, txn);
    if (rc == 0) {
        rc = survey(txn, &tables, TG_STORE_SURVEY_ALL, see, ctx);
    }
    mdb_txn_abort(txn);
    return rc;
}

enum tg_err tg_store_lmdb_survey(const char *dir, tg_store_see_fn *see, void *ctx,
                                 struct tg_fault *fault)
{
    MDB_env *env = NULL;
    int rc = 0;

    if (!has_files(dir)) {
        return TG_E_NOTFOUND;
    }
    rc = env_open(&env, dir);
    if (rc == 0) {
        rc = look(env, see, ctx);
    }
    mdb_env_close(env);
    if (rc == MDB_VERSION_MISMATCH) {
        tg_fault_set(fault,
                     "the store has a format that this version does not know (expected: "
                     "format %u or older)",
                     TG_LMDB_FORMAT);
    } else if (rc != 0) {
        tg_fault_set(fault, "the store cannot be examined: %s", mdb_strerror(rc));
    }
    return rc == 0 ? TG_OK : TG_E_IO;
}
