/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_loop - the statements of stateful transfers, sent to PostgreSQL by a bare loop: without HTTP,
 * JSON, sealing, and the store that decides.
 *
 *   pg_loop CONNINFO CONNECTIONS BATCH SECONDS
 *
 * A connection takes BATCH new mailboxes at a time through create, preview (a read), bind, update,
 * read, update, read and delete (a tombstone). As in the store, a change reads the epoch and its
 * records up to a sync point, and writes them with the row of the lane up to the next one, in the
 * order of the keys. Each connection has a thread. Prints one JSON line.
 */
#include "store/postgres/statement.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define CONNECTIONS_MAX 64
#define BATCH_MAX 64
#define KEY_LEN 32u
#define EXPIRES_S INT64_C(4000000000)

static const size_t lens[] = { 1400, 0, 1450, 1450, 0, 1450, 0, 160 }; /* written; 0: a read */
#define STEP_COUNT (sizeof(lens) / sizeof(lens[0]))

struct loop {
    pthread_t thread;
    const char *conninfo;
    int batch;
    double until_s;
    unsigned long transfer_count;
    PGconn *conn;
    int64_t id; /* of its lane */
    int64_t tag;
    uint8_t keys[BATCH_MAX][KEY_LEN];
    uint8_t record[1450];
};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(bool is_good, const struct loop *l, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "pg_loop: %s failed: %s\n", what, PQerrorMessage(l->conn));
        exit(1);
    }
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_LEN);
}

static void send_one(const struct loop *l, enum tg_pg_statement statement, struct tg_pg_args *args)
{
    must(tg_pg_send(l->conn, statement, args), l, tg_pg_statement_name(statement));
}

/* Each of count statements must have touched or found `rows` rows; the first `others` may differ.
 */
static void await(const struct loop *l, int others, int count, unsigned long rows)
{
    must(PQpipelineSync(l->conn) == 1, l, "sync");
    for (int i = 0; i < others + count; i++) {
        PGresult *result = PQgetResult(l->conn);
        ExecStatusType status = PQresultStatus(result);
        bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

        must(is_good, l, "a statement");
        must(i < others || strtoul(PQcmdTuples(result), NULL, 10) == rows, l, "a row");
        PQclear(result);
        must(PQgetResult(l->conn) == NULL, l, "the end of a result");
    }
    PQclear(PQgetResult(l->conn)); /* of the sync point */
}

static void read_all(const struct loop *l, unsigned long rows)
{
    struct tg_pg_args none = { .count = 0 };

    send_one(l, TG_PG_EPOCH, &none);
    for (int i = 0; i < l->batch; i++) {
        struct tg_pg_args args = { .count = 0 };

        tg_pg_arg_bytes(&args, tg_bytes(l->keys[i], KEY_LEN));
        send_one(l, TG_PG_READ, &args);
    }
    await(l, 1, l->batch, rows);
}

static void send_lane(const struct loop *l)
{
    struct tg_pg_args args = { .count = 0 };

    tg_pg_arg_number(&args, l->id);
    tg_pg_arg_number(&args, l->id); /* a node of its own */
    for (int i = 0; i < 7; i++) {
        tg_pg_arg_number(&args, 0);
    }
    tg_pg_arg_number(&args, 1);
    send_one(l, TG_PG_LANE, &args);
}

static void write_all(struct loop *l, size_t step)
{
    for (int i = 0; i < l->batch; i++) {
        struct tg_pg_args args = { .count = 0 };

        tg_pg_arg_bytes(&args, tg_bytes(l->keys[i], KEY_LEN));
        tg_pg_arg_number(&args, l->tag + 1);
        tg_pg_arg_number(&args, (int64_t)step + 1);
        tg_pg_arg_number(&args, step + 1 == STEP_COUNT ? 1 : 0);
        tg_pg_arg_number(&args, EXPIRES_S);
        tg_pg_arg_bytes(&args, tg_bytes(l->record, lens[step]));
        tg_pg_arg_number(&args, step == 0 ? 0 : l->tag); /* of the epoch, or the old tag */
        send_one(l, step == 0 ? TG_PG_INSERT : TG_PG_UPDATE, &args);
    }
    send_lane(l);
    await(l, 0, l->batch + 1, 1);
    l->tag++;
}

static void prepare(const struct loop *l)
{
    static const enum tg_pg_statement used[] = { TG_PG_EPOCH, TG_PG_READ, TG_PG_INSERT,
                                                 TG_PG_UPDATE, TG_PG_LANE };

    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        PGresult *result = PQprepare(l->conn, tg_pg_statement_name(used[i]),
                                     tg_pg_statement_sql(used[i]), 0, NULL);

        must(PQresultStatus(result) == PGRES_COMMAND_OK, l, "prepare");
        PQclear(result);
    }
}

static void *run(void *ctx)
{
    struct loop *l = ctx;

    while (now_s() < l->until_s) {
        must(getrandom(l->keys, sizeof(l->keys), 0) == (ssize_t)sizeof(l->keys), l, "getrandom");
        qsort(l->keys, (size_t)l->batch, KEY_LEN, compare_keys);
        for (size_t step = 0; step < STEP_COUNT; step++) {
            read_all(l, step == 0 ? 0 : 1);
            if (lens[step] > 0) {
                write_all(l, step);
            }
        }
        l->transfer_count += (unsigned long)l->batch;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct loop loops[CONNECTIONS_MAX];
    int count = argc == 5 ? atoi(argv[2]) : 0;
    int batch = argc == 5 ? atoi(argv[3]) : 0;
    unsigned long sum = 0;
    double began_s = 0;

    if (count < 1 || count > CONNECTIONS_MAX || batch < 1 || batch > BATCH_MAX) {
        fprintf(stderr, "usage: pg_loop CONNINFO CONNECTIONS BATCH SECONDS (both up to 64)\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        struct loop *l = &loops[i];

        l->batch = batch;
        l->conn = PQconnectdb(argv[1]);
        must(PQstatus(l->conn) == CONNECTION_OK, l, "connect");
        must(getrandom(&l->id, sizeof(l->id), 0) == (ssize_t)sizeof(l->id), l, "getrandom");
        l->id = (l->id & INT64_MAX) | 1;
        prepare(l);
        must(PQenterPipelineMode(l->conn) == 1, l, "pipeline");
    }
    began_s = now_s();
    for (int i = 0; i < count; i++) {
        loops[i].until_s = began_s + strtod(argv[4], NULL);
        must(pthread_create(&loops[i].thread, NULL, run, &loops[i]) == 0, &loops[i], "thread");
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(loops[i].thread, NULL);
        sum += loops[i].transfer_count;
        PQfinish(loops[i].conn);
    }
    printf("{\"transfers_per_s\":%.1f}\n", (double)sum / (now_s() - began_s));
    return 0;
}
