/* SPDX-License-Identifier: Apache-2.0 */
/* The whole database: shown row by row, and restored. */
#include "store/postgres/pg.h"

#include <string.h>

#define ROW_MS 8000u /* until the next row */

/* ---- surveys -------------------------------------------------------------------------------- */

typedef bool show_fn(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen);

static void take_key(struct tg_store_key *out, const PGresult *row, int column)
{
    struct tg_bytes key = tg_pg_bytes(row, 0, column);

    memcpy(out->bytes, key.ptr, key.len < TG_STORE_KEY_LEN ? key.len : TG_STORE_KEY_LEN);
}

static bool show_fact(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    struct tg_bytes name = tg_pg_bytes(row, 0, 0);

    seen->kind = TG_STORE_SEEN_FACT;
    seen->version = (uint64_t)tg_pg_number(row, 0, 1);
    seen->bytes = tg_pg_bytes(row, 0, 2);
    for (unsigned i = 0; i < TG_FACT_COUNT; i++) {
        const char *wanted = i == TG_FACT_CLOCK ? s->clock_fact : tg_store_fact_name(i);

        if (tg_bytes_is_equal(name, tg_bytes_str(wanted))) {
            seen->fact = (enum tg_fact)i;
            return true;
        }
    }
    return false; /* of another computer */
}

static bool show_mark(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    static _Thread_local uint8_t bytes[TG_STORE_MARK_LEN];

    (void)s;
    seen->kind = TG_STORE_SEEN_FACT;
    seen->fact = TG_FACT_TIME_MARK;
    seen->version = 1;
    seen->bytes = TG_ARRAY_BYTES(bytes);
    return tg_store_mark_raise(bytes, NULL, tg_pg_number(row, 0, 0));
}

static bool show_series(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_SERIES;
    take_key(&seen->key, row, 0);
    seen->expires_s = tg_pg_number(row, 0, 1);
    seen->is_closed = tg_pg_number(row, 0, 2) != 0;
    return true;
}

static bool show_spent(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_SPENT;
    take_key(&seen->key, row, 0);
    take_key(&seen->series, row, 1);
    seen->bytes = tg_pg_bytes(row, 0, 2);
    return true;
}

static bool show_record(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_RECORD;
    take_key(&seen->key, row, 0);
    seen->version = (uint64_t)tg_pg_number(row, 0, 1);
    seen->expires_s = tg_pg_number(row, 0, 2);
    seen->bytes = tg_pg_bytes(row, 0, 3);
    seen->class = tg_pg_number(row, 0, 4) == TG_STORE_LIVE ? TG_STORE_LIVE : TG_STORE_ENDED;
    return true;
}

static bool show_entry(const struct tg_pg *s, const PGresult *row, struct tg_store_seen *seen)
{
    (void)s;
    seen->kind = TG_STORE_SEEN_ENTRY;
    take_key(&seen->key, row, 0);
    seen->expires_s = tg_pg_number(row, 0, 1);
    seen->is_blocked = tg_pg_number(row, 0, 2) != 0;
    seen->bytes = tg_pg_bytes(row, 0, 3);
    seen->due_s = tg_pg_number(row, 0, 4);
    seen->attempts = (uint32_t)tg_pg_number(row, 0, 5);
    return true;
}

enum {
    OF_ALL = 1 << TG_STORE_SURVEY_ALL,
    OF_OUTBOX = 1 << TG_STORE_SURVEY_OUTBOX,
    OF_COPY = 1 << TG_STORE_SURVEY_COPY
};

static const struct {
    const char *sql;
    show_fn *show;
    unsigned of;
} shown[] = {
    { "SELECT name, version, value FROM tigress.fact", show_fact, OF_ALL | OF_COPY },
    { "SELECT max(mark_s) FROM tigress.lane", show_mark, OF_ALL | OF_COPY },
    { "SELECT id, end_s, is_closed FROM tigress.series", show_series, OF_ALL | OF_COPY },
    { "SELECT k.key, k.series, k.sealed FROM tigress.spent k JOIN tigress.series s ON s.id = "
      "k.series WHERE NOT s.is_closed",
      show_spent, OF_COPY },
    { "SELECT key, version, expires_s, sealed, class FROM tigress.mailbox", show_record,
      OF_ALL | OF_COPY },
    { "SELECT key, expires_s, is_blocked, sealed, CASE WHEN is_blocked THEN expires_s ELSE "
      "LEAST(due_s, expires_s) END, attempts FROM tigress.outbox",
      show_entry, OF_ALL | OF_OUTBOX | OF_COPY },
};

/* Row by row, so that the whole table is never in memory. TG_E_DENIED: see() ended it. */
static enum tg_err show_all(const struct tg_pg *s, PGconn *conn, size_t i, tg_store_see_fn *see,
                            void *ctx)
{
    enum tg_err err = TG_OK;
    PGresult *row = NULL;

    if (PQsendQueryParams(conn, shown[i].sql, 0, NULL, NULL, NULL, NULL, 1) != 1 ||
        PQsetSingleRowMode(conn) != 1) {
        return TG_E_STORE;
    }
    while (err == TG_OK) {
        struct tg_store_seen seen = { .version = 0 };

        if (!tg_pg_await(conn, ROW_MS)) {
            return TG_E_STORE;
        }
        row = PQgetResult(conn);
        if (row == NULL) {
            break;
        }
        if (PQresultStatus(row) == PGRES_SINGLE_TUPLE) {
            err = !shown[i].show(s, row, &seen) || see(ctx, &seen) ? TG_OK : TG_E_DENIED;
        } else if (PQresultStatus(row) != PGRES_TUPLES_OK) {
            err = TG_E_STORE;
        }
        PQclear(row);
    }
    return err;
}

static enum tg_err show_of(const struct tg_pg *s, PGconn *conn, enum tg_store_survey what,
                           tg_store_see_fn *see, void *ctx)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < TG_COUNT(shown); i++) {
        if ((shown[i].of & 1u << what) != 0) {
            err = show_all(s, conn, i, see, ctx);
        }
    }
    return err == TG_E_DENIED ? TG_OK : err;
}

enum tg_err tg_pg_survey(struct tg_pg *s, enum tg_store_survey what, tg_store_see_fn *see,
                         void *ctx)
{
    PGconn *conn = NULL;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_STORE;

    if (what == TG_STORE_SURVEY_COPY) {
        conn = tg_pg_copy_conn(s);
        return conn == NULL ? TG_E_STORE : show_of(s, conn, what, see, ctx);
    }
    if (tg_pg_session_open(&conn, &s->group, true, &fault) == TG_OK &&
        tg_pg_do(conn, TG_PG_WORK_MS, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL)) {
        err = show_of(s, conn, what, see, ctx);
    }
    PQfinish(conn);
    return err;
}

/* ---- a restored backup ---------------------------------------------------------------------- */

static bool restore(PGconn *conn, enum tg_store_restored how, uint64_t commits_min)
{
    static const char *const dropped[] = { "DELETE FROM tigress.mailbox",
                                           "DELETE FROM tigress.outbox" };
    bool is_done = true;

    for (size_t i = 0; how == TG_STORE_RESTORED_DROP && is_done && i < TG_COUNT(dropped); i++) {
        is_done = tg_pg_do(conn, TG_PG_WORK_MS, dropped[i], NULL);
    }
    return is_done &&
           tg_pg_do(conn, TG_PG_WORK_MS, "UPDATE tigress.series SET is_closed = true", NULL) &&
           tg_pg_recount(conn, commits_min) && tg_pg_do(conn, TG_PG_WORK_MS, "COMMIT", NULL);
}

/* In the transaction that holds the database, or in one of its own. */
enum tg_err tg_pg_restore(struct tg_pg *s, enum tg_store_restored how, uint64_t commits_min)
{
    PGconn *own = NULL;
    PGconn *conn = s->copying != NULL ? tg_pg_copy_conn(s) : NULL;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_STORE;

    if (conn == NULL && s->copying == NULL &&
        tg_pg_session_open(&own, &s->group, true, &fault) == TG_OK &&
        tg_pg_do(own, TG_PG_WORK_MS, "BEGIN", NULL)) {
        conn = own;
    }
    if (conn != NULL && restore(conn, how, commits_min)) {
        err = tg_pg_session_refresh(conn, &s->group);
    }
    PQfinish(own);
    return err == TG_OK ? TG_OK : TG_E_STORE;
}
