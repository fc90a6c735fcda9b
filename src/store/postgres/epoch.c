/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The epoch of a database: which version of the map its records are made by. A batch asks for it
 * before it reads, so what it knows is at most too old: then the INSERT finds another row, or one
 * whose lock it waited for, and makes nothing.
 */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#define EPOCH_MS 60000u /* for what was under way when the epoch was closed */
#define ANSWER_MS 8000u

/* ---- in a batch ----------------------------------------------------------------------------- */

static bool take_epoch(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_batch *b = lane->batch;

    (void)item;
    b->has_epoch = PQntuples(result) == 1;
    if (b->has_epoch) {
        b->epoch = (struct tg_store_epoch){ .version = (uint64_t)tg_pg_number(result, 0, 0),
                                            .print = (uint64_t)tg_pg_number(result, 0, 1) };
        b->is_closing = (uint64_t)tg_pg_number(result, 0, 2) > b->epoch.version;
    }
    return false;
}

bool tg_pg_epoch_ask(struct tg_pg_lane *lane)
{
    return tg_pg_expect(lane, TG_PG_EPOCH, NULL, take_epoch, NULL);
}

/* An operator changed the map without this node. */
static void report_map(struct tg_pg_lane *lane)
{
    struct tg_pg *s = tg_pg_of_lane(lane);

    if (!atomic_exchange(&s->group.has_told_map, true)) {
        TG_LOG(s->gate.log, TG_LOG_ERROR, "store.map_unknown",
               { "version", (int64_t)lane->batch->epoch.version });
    }
}

bool tg_pg_epoch_admit(struct tg_pg_lane *lane, struct tg_store_op *op)
{
    const struct tg_pg_batch *b = lane->batch;
    bool is_same = b->has_epoch && !b->is_closing && b->epoch.version == op->epoch.version &&
                   b->epoch.print == op->epoch.print;

    if (!is_same && !op->is_at && b->has_epoch) {
        report_map(lane);
    }
    if (!is_same || (op->is_at && !op->may_make)) {
        op->err = op->is_at ? TG_E_CONFLICT : TG_E_STORE;
        return false;
    }
    return true;
}

bool tg_pg_epoch_is_usable(const struct tg_store *store)
{
    return atomic_load(&((const struct tg_pg *)store)->group.reason) == (int)TG_REASON_NONE;
}

/* ---- at the start --------------------------------------------------------------------------- */

static struct tg_pg *pg_of(struct tg_store *store)
{
    return (struct tg_pg *)store;
}

static enum tg_err read_epochs(PGconn *conn, struct tg_store_epoch_list *out)
{
    PGresult *rows = tg_pg_run(conn, ANSWER_MS,
                               "SELECT version, print, is_open FROM tigress.epoch ORDER BY version "
                               "DESC LIMIT 64",
                               NULL);
    enum tg_err err = TG_E_STORE;
    size_t open_count = 0;
    size_t count = rows == NULL ? 0 : (size_t)PQntuples(rows);

    TG_REQUIRE(count <= TG_STORE_EPOCHS_MAX, TG_E_STORE);
    *out = (struct tg_store_epoch_list){ .count = count };
    for (size_t i = 0; i < count; i++) {
        struct tg_store_epoch epoch = { .version = (uint64_t)tg_pg_number(rows, (int)i, 0),
                                        .print = (uint64_t)tg_pg_number(rows, (int)i, 1) };

        out->all[i] = epoch;
        if (tg_pg_number(rows, (int)i, 2) != 0) {
            out->open = epoch;
            open_count++;
        }
    }
    TG_REQUIRE(open_count == 1, TG_E_STORE);
    err = TG_OK;
out:
    PQclear(rows);
    return err;
}

/* A session whose reads rest on what is replicated. NULL: none. */
static PGconn *session(struct tg_pg *s)
{
    struct tg_fault fault = { { 0 } };
    PGconn *conn = NULL;

    if (tg_pg_session_open(&conn, &s->group, true, &fault) == TG_OK &&
        tg_pg_session_barrier(conn, 0, &fault) != TG_OK) {
        PQfinish(conn);
        conn = NULL;
    }
    return conn;
}

enum tg_err tg_pg_epoch_check(PGconn *conn, struct tg_fault *fault)
{
    struct tg_store_epoch_list list;
    enum tg_err err = read_epochs(conn, &list);

    if (err == TG_OK && list.open.version != 0) {
        tg_fault_set(
            fault,
            "the database is one of several that share the mailboxes, by version %llu of "
            "their map (expected: store-groups with the file of the map, instead of store)",
            (unsigned long long)list.open.version);
        err = TG_E_DENIED;
    }
    return err == TG_E_STORE ? TG_E_IO : err;
}

enum tg_err tg_pg_epoch_list(struct tg_store *store, struct tg_store_epoch_list *out)
{
    PGconn *conn = session(pg_of(store));
    enum tg_err err = conn == NULL ? TG_E_STORE : read_epochs(conn, out);

    PQfinish(conn);
    return err;
}

enum tg_err tg_pg_epoch_has_records(struct tg_store *store, uint8_t first, uint8_t last,
                                    bool *has_any)
{
    PGconn *conn = session(pg_of(store));
    struct tg_pg_args args = { .count = 0 };
    PGresult *row = NULL;
    enum tg_err err = TG_E_STORE;

    /* The bytes of a number, cut to the one that begins a key; after 0xff there is no next one. */
    tg_pg_arg_number(&args, first);
    tg_pg_arg_number(&args, last);
    row = conn == NULL
              ? NULL
              : tg_pg_run(conn, TG_PG_WORK_MS,
                          "SELECT EXISTS (SELECT 1 FROM tigress.mailbox WHERE key >= "
                          "set_byte('\\x00'::bytea, 0, $1::integer) AND ($2 = 255 OR key < "
                          "set_byte('\\x00'::bytea, 0, LEAST($2 + 1, 255)::integer)))",
                          &args);
    if (row != NULL && PQntuples(row) == 1) {
        *has_any = tg_pg_number(row, 0, 0) != 0;
        err = TG_OK;
    }
    PQclear(row);
    PQfinish(conn);
    return err;
}

/* ---- changing it ---------------------------------------------------------------------------- */

bool tg_pg_end_others(PGconn *conn, int64_t before_us)
{
    static const char sql[] =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = "
        "current_user AND datname = current_database() AND pid <> pg_backend_pid() AND "
        "floor(extract(epoch FROM backend_start) * 1000000)::bigint < $1";
    uint64_t end_ms = tg_pg_mono_ms() + ANSWER_MS;
    struct tg_pg_args args = { .count = 0 };
    int64_t left = 1;

    tg_pg_arg_number(&args, before_us);
    while (left != 0 && tg_pg_mono_ms() < end_ms) {
        PGresult *row = tg_pg_run(conn, ANSWER_MS, sql, &args);

        if (row == NULL || PQntuples(row) != 1) {
            PQclear(row);
            return false;
        }
        left = tg_pg_number(row, 0, 0);
        PQclear(row);
    }
    return left == 0;
}

/* Programs that know no epochs are refused from now on, and those that are connected end. */
static bool end_old_programs(PGconn *conn)
{
    static const char refuse_sql[] =
        "UPDATE tigress.schema_version SET compatible_from = 2 WHERE compatible_from < 2 AND "
        "version = (SELECT max(version) FROM tigress.schema_version)";
    struct tg_fault fault = { { 0 } };
    PGresult *row = NULL;
    int64_t now_us = 0;

    if (!tg_pg_do(conn, ANSWER_MS, refuse_sql, NULL) ||
        tg_pg_session_barrier(conn, 0, &fault) != TG_OK) {
        return false;
    }
    row = tg_pg_run(conn, ANSWER_MS,
                    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", NULL);
    now_us = row != NULL && PQntuples(row) == 1 ? tg_pg_number(row, 0, 0) : 0;
    PQclear(row);
    return now_us > 0 && tg_pg_end_others(conn, now_us);
}

/* TG_E_CONFLICT: the store has a later version, or this one with another print. */
static enum tg_err judge(const struct tg_store_epoch_list *list, const struct tg_store_epoch *next)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->all[i].version > next->version ||
            (list->all[i].version == next->version && list->all[i].print != next->print)) {
            return TG_E_CONFLICT;
        }
    }
    return TG_OK;
}

static enum tg_err announce(PGconn *conn, const struct tg_store_epoch *next)
{
    struct tg_store_epoch_list list;
    struct tg_pg_args args = { .count = 0 };
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_BUG;

    TG_TRY(read_epochs(conn, &list));
    TG_TRY(judge(&list, next));
    TG_REQUIRE(list.open.version != 0 || end_old_programs(conn), TG_E_STORE);
    tg_pg_arg_number(&args, (int64_t)next->version);
    tg_pg_arg_number(&args, (int64_t)next->print);
    TG_REQUIRE(tg_pg_do(conn, ANSWER_MS,
                        "INSERT INTO tigress.epoch (version, print, is_open) VALUES ($1, $2, "
                        "false) ON CONFLICT (version) DO NOTHING",
                        &args),
               TG_E_STORE);
    TG_TRY(tg_pg_session_barrier(conn, 0, &fault) == TG_OK ? TG_OK : TG_E_STORE);
    TG_TRY(read_epochs(conn, &list));
    TG_TRY(judge(&list, next));
out:
    return err;
}

enum tg_err tg_pg_epoch_announce(struct tg_store *store, const struct tg_store_epoch *next)
{
    PGconn *conn = session(pg_of(store));
    enum tg_err err = conn == NULL ? TG_E_STORE : announce(conn, next);

    PQfinish(conn);
    return err;
}

/* The first statement waits for all that share the lock. */
static bool change(PGconn *conn, const struct tg_store_epoch *next)
{
    struct tg_pg_args args = { .count = 0 };
    struct tg_fault fault = { { 0 } };

    tg_pg_arg_number(&args, (int64_t)next->version);
    return tg_pg_do(conn, ANSWER_MS, "BEGIN", NULL) &&
           tg_pg_do(conn, EPOCH_MS,
                    "UPDATE tigress.epoch SET is_open = false WHERE is_open AND version < $1",
                    &args) &&
           tg_pg_do(
               conn, EPOCH_MS,
               "UPDATE tigress.epoch SET is_open = true WHERE version = $1 AND NOT is_open AND "
               "NOT EXISTS (SELECT 1 FROM tigress.epoch n WHERE n.version > $1)",
               &args) &&
           tg_pg_do(conn, EPOCH_MS, "COMMIT", NULL) &&
           tg_pg_session_barrier(conn, 0, &fault) == TG_OK;
}

enum tg_err tg_pg_epoch_open(struct tg_store *store, const struct tg_store_epoch *next)
{
    PGconn *conn = session(pg_of(store));
    struct tg_store_epoch_list list;
    enum tg_err err = TG_E_STORE;

    TG_REQUIRE(conn != NULL && read_epochs(conn, &list) == TG_OK, TG_E_STORE);
    TG_TRY(judge(&list, next));
    TG_REQUIRE(change(conn, next) && read_epochs(conn, &list) == TG_OK, TG_E_STORE);
    TG_REQUIRE(list.open.version == next->version && list.open.print == next->print, TG_E_CONFLICT);
    err = TG_OK;
out:
    PQfinish(conn);
    return err;
}
