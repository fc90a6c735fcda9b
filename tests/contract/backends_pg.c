/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL, on the server that TIGRESS_TEST_POSTGRES names. */
#include "contract/contract_support.h"

#include <libpq-fe.h>
#include <sys/stat.h>

static void pg_run(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s", PQerrorMessage(conn));
    }
    PQclear(result);
    PQfinish(conn);
}

/* The database is shared by all tests: a store in an unused dir is an empty one. */
static enum tg_err pg_open(struct tg_store **out, const char *dir,
                           const struct tg_store_limits *limits)
{
    const char *url = getenv("TIGRESS_TEST_POSTGRES");
    const struct tg_store_pg_settings settings = { .url = url,
                                                   .password_file = "",
                                                   .lane_count = 2 };
    struct tg_fault fault = { "" };
    static bool is_migrated;
    enum tg_err err = TG_OK;

    if (mkdir(dir, 0700) == 0) {
        if (!is_migrated && tg_store_pg_migrate(&settings, "postgres", &fault) != TG_OK) {
            print_error("%s\n", fault.text);
        }
        is_migrated = true;
        pg_run(url, "DELETE FROM tigress.mailbox; DELETE FROM tigress.outbox; "
                    "DELETE FROM tigress.series; DELETE FROM tigress.spent; "
                    "DELETE FROM tigress.fact; DELETE FROM tigress.lane WHERE id <> 0; "
                    "UPDATE tigress.lane SET seq = 0, mark_s = 0, live_count = 0, live_bytes = 0, "
                    "ended_count = 0, ended_bytes = 0, outbox_count = 0, spent_count = 0");
    }
    err = tg_store_pg_open(out, &settings, limits, NULL, &fault);
    if (err != TG_OK) {
        print_error("%s\n", fault.text);
    }
    return err;
}

const struct backend backends[] = {
    { .name = "postgres", .open = pg_open, .is_on_loop = true, .has_clock = true },
};
const size_t backend_count = TG_COUNT(backends);
const bool is_wrapped = false;
