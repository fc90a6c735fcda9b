/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/statement.h"

#include "base/num.h"

#include <assert.h>
#include <string.h>

/*
 * A note belongs to the change of a record. The transaction sees its own write: the record has the
 * tag of the change if it was made, and is gone if it was removed (made is false). A change that
 * lost against another one leaves no note.
 */
#define IF_CHANGED(key, tag, made)                                                                 \
    "(EXISTS (SELECT 1 FROM tigress.mailbox m WHERE m.key = " key "::bytea AND (m.tag = " tag      \
    "::bigint OR NOT " made "::boolean))) = " made "::boolean"

#define NOW_S "floor(extract(epoch FROM clock_timestamp()))::bigint"

static const struct {
    const char *name;
    const char *sql;
} statements[] = {
    [TG_PG_EPOCH] = { "epoch",
                      "SELECT version, print, (SELECT max(version) FROM tigress.epoch) FROM "
                      "tigress.epoch WHERE is_open" },
    [TG_PG_READ] = { "read", "SELECT version, class, expires_s, tag, sealed FROM tigress.mailbox "
                             "WHERE key = $1" },
    [TG_PG_TAGS] = { "tags", "SELECT key, tag FROM tigress.mailbox WHERE key = ANY ($1::bytea[])" },
    /* The lock holds a change of the epoch back. An announced one is respected without it, so that
       the change does not wait for ever. */
    [TG_PG_INSERT] = { "insert",
                       "INSERT INTO tigress.mailbox (key, tag, version, class, expires_s, sealed) "
                       "SELECT $1::bytea, $2::bigint, $3::bigint, $4::bigint, $5::bigint, "
                       "$6::bytea "
                       "FROM (SELECT version FROM tigress.epoch WHERE version = $7::bigint AND "
                       "is_open AND NOT EXISTS (SELECT 1 FROM tigress.epoch n WHERE n.version > "
                       "$7::bigint) FOR SHARE) e ON CONFLICT (key) DO NOTHING" },
    [TG_PG_UPDATE] = { "update",
                       "UPDATE tigress.mailbox SET tag = $2, version = $3, class = $4::bigint, "
                       "expires_s = $5, sealed = $6 WHERE key = $1 AND tag = $7" },
    [TG_PG_DELETE] = { "delete", "DELETE FROM tigress.mailbox WHERE key = $1 AND tag = $2" },

    [TG_PG_NOTE] = { "note",
                     "INSERT INTO tigress.outbox AS o (key, due_s, at_s, expires_s, attempts, "
                     "is_blocked, is_noted, lease, sealed) SELECT $1::bytea, $2::bigint, "
                     "LEAST($2::bigint, $3::bigint), $3::bigint, 0, false, false, 0, $4::bytea "
                     "WHERE " IF_CHANGED(
                         "$5", "$6", "$7") " ON CONFLICT (key) DO UPDATE SET sealed = "
                                           "EXCLUDED.sealed, is_noted = true, "
                                           "expires_s = GREATEST(o.expires_s, EXCLUDED.expires_s) "
                                           "WHERE NOT o.is_blocked RETURNING o.is_noted" },
    [TG_PG_NOTE_AGAIN] = { "note_again",
                           "UPDATE tigress.outbox SET sealed = $3, is_noted = true, expires_s = "
                           "GREATEST(expires_s, $2::bigint) WHERE key = $1 AND NOT is_blocked "
                           "AND " IF_CHANGED("$4", "$5", "$6") },
    [TG_PG_UNBLOCK] = { "unblock",
                        "DELETE FROM tigress.outbox WHERE key = $1 AND is_blocked AND " IF_CHANGED(
                            "$2", "$3", "$4") },

    [TG_PG_UNLEASE] = { "unlease", "UPDATE tigress.outbox SET lease = 0, at_s = LEAST(due_s, "
                                   "expires_s) WHERE lease > $1 AND lease <= $2" },
    [TG_PG_LEASE_EXPIRED] = { "lease_expired",
                              "DELETE FROM tigress.outbox WHERE key IN (SELECT key FROM "
                              "tigress.outbox WHERE at_s <= $1 AND expires_s <= $1 ORDER BY at_s "
                              "LIMIT $2 FOR UPDATE SKIP LOCKED)" },
    [TG_PG_LEASE] = { "lease",
                      "WITH d AS (SELECT key, due_s FROM tigress.outbox WHERE at_s <= $1 AND NOT "
                      "is_blocked AND expires_s > $1 ORDER BY at_s, key LIMIT $2 FOR UPDATE SKIP "
                      "LOCKED), n AS (SELECT key, row_number() OVER (ORDER BY due_s, key) AS rank "
                      "FROM d) UPDATE tigress.outbox o SET lease = $3::bigint + n.rank, "
                      "at_s = $4, is_noted = false FROM n WHERE o.key = n.key RETURNING o.key, "
                      "o.lease, o.attempts, o.expires_s, o.sealed" },
    [TG_PG_NEXT_DUE] = { "next_due", "SELECT min(at_s) FROM tigress.outbox" },
    [TG_PG_DONE_REMOVE] = { "done_remove", "DELETE FROM tigress.outbox WHERE key = $1 AND lease = "
                                           "$2 AND NOT is_noted" },
    [TG_PG_DONE_AGAIN] = { "done_again",
                           "UPDATE tigress.outbox SET lease = 0, attempts = 0, is_noted = false, "
                           "at_s = LEAST(due_s, expires_s) WHERE key = $1 AND lease = $2" },
    [TG_PG_RETRY_REMOVE] = { "retry_remove", "DELETE FROM tigress.outbox WHERE key = $1 AND lease "
                                             "= $2 AND expires_s <= $3" },
    [TG_PG_RETRY] = { "retry", "UPDATE tigress.outbox SET lease = 0, attempts = attempts + 1, "
                               "is_noted = false, due_s = $3, at_s = $3 WHERE key = $1 AND "
                               "lease = $2" },
    [TG_PG_BLOCK] = { "block", "UPDATE tigress.outbox SET lease = 0, is_blocked = true, "
                               "at_s = expires_s, sealed = '' WHERE key = $1 AND lease = $2" },

    [TG_PG_FACT] = { "fact", "SELECT version, value FROM tigress.fact WHERE name = $1" },
    [TG_PG_FACT_INSERT] = { "fact_insert",
                            "INSERT INTO tigress.fact (name, version, value) VALUES ($1, 1, $2) "
                            "ON CONFLICT (name) DO NOTHING" },
    [TG_PG_FACT_UPDATE] = { "fact_update", "UPDATE tigress.fact SET version = version + 1, value = "
                                           "$2 WHERE name = $1 AND version = $3" },
    [TG_PG_MARK] = { "mark", "SELECT max(mark_s) FROM tigress.lane" },

    [TG_PG_SERIES_MOVE] = { "series_move", "UPDATE tigress.series SET end_s = $2 WHERE id = $1 AND "
                                           "NOT is_closed" },
    [TG_PG_SERIES_OPEN] = { "series_open",
                            "INSERT INTO tigress.series (id, end_s, is_closed) SELECT $1::bytea, "
                            "$2::bigint, false WHERE (SELECT count(*) FROM tigress.series) < $3 "
                            "ON CONFLICT (id) DO NOTHING" },
    [TG_PG_SERIES] = { "series", "SELECT is_closed, end_s FROM tigress.series WHERE id = $1" },
    /* The lock holds a sweep that closes the series back until the key is there. */
    [TG_PG_SPEND] = { "spend",
                      "INSERT INTO tigress.spent (series, key, sealed) SELECT s.id, $2::bytea, "
                      "$3::bytea FROM (SELECT id FROM tigress.series WHERE id = $1 AND NOT "
                      "is_closed FOR SHARE) s ON CONFLICT (series, key) DO NOTHING" },
    [TG_PG_SPENT] = { "spent",
                      "SELECT k.sealed FROM tigress.series s LEFT JOIN tigress.spent k ON "
                      "k.series = s.id AND k.key = $2 WHERE s.id = $1 AND NOT s.is_closed" },

    [TG_PG_SWEEP_LOOK] = { "sweep_look",
                           "SELECT EXISTS (SELECT 1 FROM tigress.mailbox WHERE expires_s <= $1), "
                           "EXISTS (SELECT 1 FROM tigress.outbox WHERE at_s <= $1 AND expires_s "
                           "<= $1), EXISTS (SELECT 1 FROM tigress.series WHERE NOT is_closed AND "
                           "end_s <= $1), EXISTS (SELECT 1 FROM tigress.spent k JOIN "
                           "tigress.series s ON s.id = k.series WHERE s.is_closed)" },
    [TG_PG_SWEEP_RECORDS] = { "sweep_records",
                              "WITH d AS (DELETE FROM tigress.mailbox WHERE key IN (SELECT key "
                              "FROM tigress.mailbox WHERE expires_s <= $1 ORDER BY expires_s, key "
                              "LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING class, "
                              "octet_length(sealed) AS len) SELECT class, count(*), "
                              "sum(len)::bigint FROM d GROUP BY class" },
    [TG_PG_SWEEP_ENTRIES] = { "sweep_entries",
                              "DELETE FROM tigress.outbox WHERE key IN (SELECT key FROM "
                              "tigress.outbox WHERE at_s <= $1 AND expires_s <= $1 ORDER BY at_s "
                              "LIMIT $2 FOR UPDATE SKIP LOCKED)" },
    [TG_PG_SWEEP_CLOSE] = { "sweep_close", "UPDATE tigress.series SET is_closed = true WHERE NOT "
                                           "is_closed AND end_s <= $1" },
    [TG_PG_SWEEP_SPENT] = { "sweep_spent",
                            "DELETE FROM tigress.spent WHERE (series, key) IN (SELECT k.series, "
                            "k.key FROM tigress.spent k JOIN tigress.series s ON s.id = k.series "
                            "WHERE s.is_closed LIMIT $1 FOR UPDATE OF k SKIP LOCKED)" },
    [TG_PG_OLDEST] = { "oldest", "SELECT min(expires_s) FROM tigress.mailbox" },

    /* The last statement of every transaction that writes. */
    [TG_PG_LANE] = { "lane",
                     "INSERT INTO tigress.lane AS l (id, node, seq, beat_s, mark_s, live_count, "
                     "live_bytes, ended_count, ended_bytes, outbox_count, spent_count) VALUES ($1, "
                     "$2, $10::bigint, " NOW_S ", LEAST($3::bigint, " NOW_S
                     "), $4, $5, $6, $7, $8, $9) "
                     "ON CONFLICT (id) DO UPDATE SET seq = l.seq + EXCLUDED.seq, beat_s = "
                     "EXCLUDED.beat_s, "
                     "mark_s = GREATEST(l.mark_s, EXCLUDED.mark_s), "
                     "live_count = l.live_count + EXCLUDED.live_count, "
                     "live_bytes = l.live_bytes + EXCLUDED.live_bytes, "
                     "ended_count = l.ended_count + EXCLUDED.ended_count, "
                     "ended_bytes = l.ended_bytes + EXCLUDED.ended_bytes, "
                     "outbox_count = l.outbox_count + EXCLUDED.outbox_count, "
                     "spent_count = l.spent_count + EXCLUDED.spent_count "
                     "RETURNING seq, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, "
                     "COALESCE(current_setting('synchronous_standby_names', true), '') <> ''" },
    [TG_PG_OTHERS] = { "others",
                       "SELECT sum(seq)::bigint, sum(live_count)::bigint, sum(live_bytes)::bigint, "
                       "sum(ended_count)::bigint, sum(ended_bytes)::bigint, "
                       "sum(outbox_count)::bigint, sum(spent_count)::bigint FROM tigress.lane "
                       "WHERE node <> $1" },
    [TG_PG_FOLD] = { "fold",
                     "WITH d AS (DELETE FROM tigress.lane WHERE id <> 0 AND node NOT IN (SELECT "
                     "node FROM tigress.lane WHERE beat_s > " NOW_S " - $1::bigint) RETURNING *), "
                     "s AS (SELECT COALESCE(sum(seq), 0)::bigint AS seq, COALESCE(max(mark_s), 0) "
                     "AS mark_s, COALESCE(sum(live_count), 0)::bigint AS live_count, "
                     "COALESCE(sum(live_bytes), 0)::bigint AS live_bytes, "
                     "COALESCE(sum(ended_count), 0)::bigint AS ended_count, "
                     "COALESCE(sum(ended_bytes), 0)::bigint AS ended_bytes, "
                     "COALESCE(sum(outbox_count), 0)::bigint AS outbox_count, "
                     "COALESCE(sum(spent_count), 0)::bigint AS spent_count FROM d) "
                     "UPDATE tigress.lane l SET seq = l.seq + s.seq, "
                     "mark_s = GREATEST(l.mark_s, s.mark_s), "
                     "live_count = l.live_count + s.live_count, "
                     "live_bytes = l.live_bytes + s.live_bytes, "
                     "ended_count = l.ended_count + s.ended_count, "
                     "ended_bytes = l.ended_bytes + s.ended_bytes, "
                     "outbox_count = l.outbox_count + s.outbox_count, "
                     "spent_count = l.spent_count + s.spent_count FROM s WHERE l.id = 0" },
};
static_assert(TG_COUNT(statements) == TG_PG_STATEMENT_COUNT, "a row for each statement");

const char *tg_pg_statement_name(enum tg_pg_statement statement)
{
    return statements[statement].name;
}

const char *tg_pg_statement_sql(enum tg_pg_statement statement)
{
    return statements[statement].sql;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void add(struct tg_pg_args *args, const void *value, size_t len, int format)
{
    assert((unsigned)args->count < TG_PG_ARGS_MAX);
    args->values[args->count] = value;
    args->lens[args->count] = (int)len;
    args->formats[args->count] = format;
    args->count++;
}

void tg_pg_arg_number(struct tg_pg_args *args, int64_t value)
{
    uint8_t *at = args->numbers[args->count];

    for (unsigned i = 0; i < 8; i++) {
        at[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    }
    add(args, at, 8, 1);
}

void tg_pg_arg_bool(struct tg_pg_args *args, bool value)
{
    args->numbers[args->count][0] = value ? 1 : 0;
    add(args, args->numbers[args->count], 1, 1);
}

void tg_pg_arg_bytes(struct tg_pg_args *args, struct tg_bytes value)
{
    add(args, value.len == 0 ? (const void *)"" : value.ptr, value.len, 1);
}

void tg_pg_arg_text(struct tg_pg_args *args, const char *value)
{
    add(args, value, strlen(value), 0);
}

bool tg_pg_send(PGconn *conn, enum tg_pg_statement statement, const struct tg_pg_args *args)
{
    static const struct tg_pg_args none;
    const struct tg_pg_args *a = args == NULL ? &none : args;

    return PQsendQueryPrepared(conn, statements[statement].name, a->count, a->values, a->lens,
                               a->formats, 1) == 1;
}

/* ---- results -------------------------------------------------------------------------------- */

int64_t tg_pg_number(const PGresult *result, int row, int column)
{
    const uint8_t *at = (const uint8_t *)PQgetvalue(result, row, column);
    int len = PQgetlength(result, row, column);
    uint64_t value = len > 0 && len < 8 && (at[0] & 0x80u) != 0 && len > 1 ? UINT64_MAX : 0;

    for (int i = 0; i < len && i < 8; i++) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

struct tg_bytes tg_pg_bytes(const PGresult *result, int row, int column)
{
    return tg_bytes(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

uint64_t tg_pg_row_count(const PGresult *result)
{
    uint64_t count = 0;

    /* libpq takes a result that it does not change through a pointer to non-const. */
    if (tg_num_parse_u64(&count, tg_bytes_str(PQcmdTuples((PGresult *)(uintptr_t)result)),
                         UINT64_MAX) != TG_OK) {
        count = 0;
    }
    return count;
}
