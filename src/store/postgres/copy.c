/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database as a whole: nobody else writes into it while it is copied, or becomes a copy. Every
 * transaction of a relay writes its row of tigress.lane, so a lock on that table keeps them out.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#define WATCH_MS 4000u /* a relay writes every second */
#define LOOK_MS 200
#define STEP_ROWS 256u
#define STEP_BYTES 4194304u /* 4 MiB: what is sent before results are read */

struct tg_pg_copying {
    PGconn *conn;
    size_t row_count; /* sent, without a result */
    size_t byte_count;
};

/* ---- holding -------------------------------------------------------------------------------- */

static const char beats_sql[] =
    "SELECT COALESCE(sum(seq), 0)::bigint, COALESCE(max(beat_s), 0) FROM tigress.lane "
    "WHERE id <> 0 AND node <> $1";
static const char lock_sql[] = "LOCK TABLE tigress.lane IN EXCLUSIVE MODE";

struct beats {
    int64_t seq;
    int64_t last_s;
};

static bool look(const struct tg_pg *s, struct beats *beats)
{
    struct tg_pg_args node = { .count = 0 };
    PGresult *result = NULL;
    bool is_done = false;

    tg_pg_arg_number(&node, s->group.node);
    result = tg_pg_run(s->copying->conn, TG_PG_WORK_MS, beats_sql, &node);
    is_done = result != NULL && PQntuples(result) == 1;
    if (is_done) {
        *beats = (struct beats){ tg_pg_number(result, 0, 0), tg_pg_number(result, 0, 1) };
    }
    PQclear(result);
    return is_done;
}

static bool is_same(const struct beats *a, const struct beats *b)
{
    return a->seq == b->seq && a->last_s == b->last_s;
}

/* TG_E_DENIED: another node has written meanwhile. */
static enum tg_err watch(const struct tg_pg *s, struct beats *first)
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
    uint64_t end_ms = tg_pg_mono_ms() + WATCH_MS;
    struct beats now;

    if (!look(s, first)) {
        return TG_E_STORE;
    }
    while (first->last_s != 0 && tg_pg_mono_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
        if (!look(s, &now)) {
            return TG_E_STORE;
        }
        if (!is_same(first, &now)) {
            return TG_E_DENIED;
        }
    }
    return TG_OK;
}

static enum tg_err lock(const struct tg_pg *s, const struct beats *first)
{
    PGconn *conn = s->copying->conn;
    struct beats now;

    /* A node that hangs comes back to a connection that is lost, and is refused at the next one. */
    if (!tg_pg_end_others(conn, INT64_MAX) || !tg_pg_do(conn, TG_PG_WORK_MS, "BEGIN", NULL) ||
        !tg_pg_do(conn, TG_PG_WORK_MS, lock_sql, NULL) || !look(s, &now)) {
        return TG_E_STORE;
    }
    return is_same(first, &now) ? TG_OK : TG_E_DENIED;
}

static enum tg_err hold(struct tg_store *store)
{
    struct tg_pg *s = (struct tg_pg *)store;
    struct tg_fault fault = { { 0 } };
    struct beats first = { .seq = 0 };
    enum tg_err err = TG_E_BUG;

    assert(atomic_load(&s->gate.port_count) == 0 && s->copying == NULL);
    s->copying = tg_mem_calloc(1, sizeof(*s->copying));
    TG_REQUIRE(s->copying != NULL, TG_E_STORE);
    TG_REQUIRE(tg_pg_session_open(&s->copying->conn, &s->group, true, &fault) == TG_OK, TG_E_STORE);
    TG_REQUIRE(tg_pg_do(s->copying->conn, TG_PG_WORK_MS,
                        "SET idle_in_transaction_session_timeout = 0", NULL) &&
                   tg_pg_do(s->copying->conn, TG_PG_WORK_MS, "SET lock_timeout = '10s'", NULL),
               TG_E_STORE);
    TG_TRY(watch(s, &first));
    TG_TRY(lock(s, &first));
out:
    return err;
}

void tg_pg_copy_free(struct tg_pg *s)
{
    if (s->copying != NULL) {
        PQfinish(s->copying->conn);
        tg_mem_free(s->copying);
        s->copying = NULL;
    }
}

/* ---- sending -------------------------------------------------------------------------------- */

enum { ROW_FACT, ROW_MARK, ROW_SERIES, ROW_SPENT, ROW_RECORD, ROW_ENTRY, ROW_COUNT };

static const char *const inserts[] = {
    [ROW_FACT] = "INSERT INTO tigress.fact (name, version, value) VALUES ($1, $2, $3) ON CONFLICT "
                 "(name) DO UPDATE SET version = EXCLUDED.version, value = EXCLUDED.value",
    [ROW_MARK] = "UPDATE tigress.lane SET mark_s = GREATEST(mark_s, $1::bigint) WHERE id = 0",
    [ROW_SERIES] = "INSERT INTO tigress.series (id, end_s, is_closed) VALUES ($1, $2, $3)",
    [ROW_SPENT] = "INSERT INTO tigress.spent (series, key, sealed) VALUES ($1, $2, $3)",
    [ROW_RECORD] = "INSERT INTO tigress.mailbox (key, tag, version, class, expires_s, sealed) "
                   "VALUES ($1, $2, $3, $4::bigint, $5, $6)",
    [ROW_ENTRY] = "INSERT INTO tigress.outbox (key, due_s, at_s, expires_s, attempts, is_blocked, "
                  "is_noted, lease, sealed) VALUES ($1, $2::bigint, $2::bigint, $3, $4, $5, false, "
                  "0, $6)",
};
_Static_assert(TG_COUNT(inserts) == ROW_COUNT, "a statement for each");

/* Reads the results of what was sent. */
static bool settle(struct tg_pg_copying *c)
{
    bool is_done = true;
    bool is_synced = false;
    PGresult *result = NULL;

    if (PQpipelineStatus(c->conn) == PQ_PIPELINE_OFF) {
        return true;
    }
    is_done = PQpipelineSync(c->conn) == 1;
    while (is_done && !is_synced) {
        result = PQgetResult(c->conn);
        if (result == NULL) { /* the end of one statement, or of the connection */
            is_done = PQstatus(c->conn) == CONNECTION_OK;
            continue;
        }
        is_synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        is_done = is_synced || PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    c->row_count = 0;
    c->byte_count = 0;
    return is_done && PQexitPipelineMode(c->conn) == 1;
}

static bool send(struct tg_pg_copying *c, int row, const struct tg_pg_args *args)
{
    if (PQpipelineStatus(c->conn) == PQ_PIPELINE_OFF && PQenterPipelineMode(c->conn) != 1) {
        return false;
    }
    if (PQsendQueryParams(c->conn, inserts[row], args->count, NULL, args->values, args->lens,
                          args->formats, 1) != 1) {
        return false;
    }
    for (int i = 0; i < args->count; i++) {
        c->byte_count += (size_t)args->lens[i];
    }
    return (++c->row_count < STEP_ROWS && c->byte_count < STEP_BYTES) || settle(c);
}

/* ---- content -------------------------------------------------------------------------------- */

static bool put_fact(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    struct tg_pg_args args = { .count = 0 };
    int64_t mark_s = 0;

    if (row->fact != TG_FACT_TIME_MARK) {
        tg_pg_arg_text(&args, tg_store_fact_name(row->fact));
        tg_pg_arg_number(&args, (int64_t)row->version);
        tg_pg_arg_bytes(&args, row->bytes);
        return send(c, ROW_FACT, &args);
    }
    for (size_t i = 0; i < row->bytes.len && i < TG_STORE_MARK_LEN; i++) {
        mark_s = mark_s << 8 | row->bytes.ptr[i];
    }
    tg_pg_arg_number(&args, mark_s);
    return send(c, ROW_MARK, &args);
}

static bool put_series(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(row->key.bytes));
    tg_pg_arg_number(&args, row->expires_s);
    tg_pg_arg_bool(&args, row->is_closed);
    return send(c, ROW_SERIES, &args);
}

static bool put_spent(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(row->series.bytes));
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(row->key.bytes));
    tg_pg_arg_bytes(&args, row->bytes);
    return send(c, ROW_SPENT, &args);
}

static bool put_record(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    struct tg_pg_args args = { .count = 0 };
    int64_t tag = 0;

    if (tg_rng_fill(&tg_rng_system, (uint8_t *)&tag, sizeof(tag)) != TG_OK) {
        return false;
    }
    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(row->key.bytes));
    tg_pg_arg_number(&args, (tag & INT64_MAX) | 1);
    tg_pg_arg_number(&args, (int64_t)row->version);
    tg_pg_arg_number(&args, row->class);
    tg_pg_arg_number(&args, row->expires_s);
    tg_pg_arg_bytes(&args, row->bytes);
    return send(c, ROW_RECORD, &args);
}

static bool put_entry(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_bytes(&args, TG_ARRAY_BYTES(row->key.bytes));
    tg_pg_arg_number(&args, row->due_s);
    tg_pg_arg_number(&args, row->expires_s);
    tg_pg_arg_number(&args, row->attempts);
    tg_pg_arg_bool(&args, row->is_blocked);
    tg_pg_arg_bytes(&args, row->bytes);
    return send(c, ROW_ENTRY, &args);
}

static bool put_row(struct tg_pg_copying *c, const struct tg_store_seen *row)
{
    switch (row->kind) {
    case TG_STORE_SEEN_FACT:
        return put_fact(c, row);
    case TG_STORE_SEEN_SERIES:
        return put_series(c, row);
    case TG_STORE_SEEN_SPENT:
        return put_spent(c, row);
    case TG_STORE_SEEN_RECORD:
        return put_record(c, row);
    case TG_STORE_SEEN_ENTRY:
        return put_entry(c, row);
    }
    return false;
}

static enum tg_err put(struct tg_store *store, const struct tg_store_seen *row)
{
    return put_row(((struct tg_pg *)store)->copying, row) ? TG_OK : TG_E_STORE;
}

static enum tg_err clear(struct tg_store *store)
{
    static const char *const deletes[] = {
        "DELETE FROM tigress.mailbox",
        "DELETE FROM tigress.outbox",
        "DELETE FROM tigress.spent",
        "DELETE FROM tigress.series",
        "DELETE FROM tigress.fact",
        "DELETE FROM tigress.lane WHERE id <> 0",
        "UPDATE tigress.lane SET seq = 0, mark_s = 0 WHERE id = 0",
    };
    struct tg_pg_copying *c = ((struct tg_pg *)store)->copying;
    bool is_done = settle(c);

    for (size_t i = 0; is_done && i < TG_COUNT(deletes); i++) {
        is_done = tg_pg_do(c->conn, TG_PG_WORK_MS, deletes[i], NULL);
    }
    return is_done ? TG_OK : TG_E_STORE;
}

PGconn *tg_pg_copy_conn(struct tg_pg *s)
{
    return settle(s->copying) ? s->copying->conn : NULL;
}

static enum tg_err commit(struct tg_store *store, uint64_t commits_min)
{
    struct tg_pg *s = (struct tg_pg *)store;
    PGconn *conn = tg_pg_copy_conn(s);
    bool is_done = conn != NULL && tg_pg_recount(conn, commits_min) &&
                   tg_pg_do(conn, TG_PG_WORK_MS, "COMMIT", NULL) &&
                   tg_pg_do(conn, TG_PG_WORK_MS, "BEGIN", NULL) &&
                   tg_pg_do(conn, TG_PG_WORK_MS, lock_sql, NULL);

    return is_done ? tg_pg_session_refresh(conn, &s->group) : TG_E_STORE;
}

const struct tg_store_copy_ops tg_pg_copy_ops = {
    .hold = hold, .clear = clear, .put = put, .commit = commit
};
