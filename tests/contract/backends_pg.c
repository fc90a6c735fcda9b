/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL, on the server that TIGRESS_TEST_POSTGRES names: a database, and two as groups. */
#include "contract/contract_support.h"

#include "store/groups/groups.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define URL_MAX 512u

static void pg_run(const char *url, const char *sql, bool may_fail)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);

    if (!may_fail && PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s", PQerrorMessage(conn));
    }
    PQclear(result);
    PQfinish(conn);
}

/* The server's URL with another database, which is made if it is missing. */
static const char *url_of(char out[URL_MAX], const char *database)
{
    const char *url = getenv("TIGRESS_TEST_POSTGRES");
    const char *slash = url == NULL ? NULL : strstr(url, "@/");
    const char *end = slash == NULL ? NULL : strchr(slash, '?');
    char sql[128];

    assert_non_null(end);
    (void)snprintf(out, URL_MAX, "%.*s@/%s%s", (int)(slash - url), url, database, end);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s", database);
    pg_run(url, sql, true);
    return out;
}

/* The databases are shared by all tests: a store in an unused dir is an empty one. */
static void empty(const struct tg_store_pg_settings *settings)
{
    struct tg_fault fault = { "" };

    if (tg_store_pg_migrate(settings, "postgres", &fault) != TG_OK) {
        print_error("%s\n", fault.text);
    }
    pg_run(settings->url,
           "DELETE FROM tigress.mailbox; DELETE FROM tigress.outbox; "
           "DELETE FROM tigress.series; DELETE FROM tigress.spent; "
           "DELETE FROM tigress.fact; DELETE FROM tigress.lane WHERE id <> 0; "
           "UPDATE tigress.lane SET seq = 0, mark_s = 0, live_count = 0, live_bytes = 0, "
           "ended_count = 0, ended_bytes = 0, outbox_count = 0, spent_count = 0; "
           "DELETE FROM tigress.epoch; INSERT INTO tigress.epoch VALUES (0, 0, true)",
           false);
}

static enum tg_err open_one(struct tg_store **out, const struct tg_store_pg_settings *settings,
                            const struct tg_store_limits *limits)
{
    struct tg_fault fault = { "" };
    enum tg_err err = tg_store_pg_open(out, settings, limits, NULL, &fault);

    if (err != TG_OK) {
        print_error("%s\n", fault.text);
    }
    return err;
}

static enum tg_err pg_open(struct tg_store **out, const char *dir,
                           const struct tg_store_limits *limits)
{
    const struct tg_store_pg_settings settings = { .url = getenv("TIGRESS_TEST_POSTGRES"),
                                                   .password_file = "",
                                                   .lane_count = 2 };

    if (mkdir(dir, 0700) == 0) {
        empty(&settings);
    }
    return open_one(out, &settings, limits);
}

/* Keys from 0x80 on were always in the first, the others may be in both, and are made in the
   second. */
static enum tg_err groups_open(struct tg_store **out, const char *dir,
                               const struct tg_store_limits *limits)
{
    static const char text[] = "group a u-a\ngroup b u-b\nmap 1 00-ff a\nmap 2 00-7f b 80-ff a\n"
                               "fixed a\n";
    static struct tg_group_map map;
    static char urls[2][URL_MAX];
    struct tg_store *groups[2] = { NULL };
    struct tg_fault fault = { "" };
    bool is_new = mkdir(dir, 0700) == 0;

    assert_int_equal(tg_group_map_parse(&map, tg_bytes_str(text), &fault), TG_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct tg_store_pg_settings settings = { .url = url_of(urls[i], i == 0 ? "group_a"
                                                                                     : "group_b"),
                                                       .password_file = "",
                                                       .lane_count = 2,
                                                       .group = (unsigned)i + 1 };
        const struct tg_store_epoch epoch = { .version = 2,
                                              .print = tg_group_map_print(&map, 1, i) };

        if (is_new) {
            empty(&settings);
        }
        if (open_one(&groups[i], &settings, limits) != TG_OK) {
            return TG_E_IO;
        }
        if (is_new) {
            assert_int_equal(groups[i]->ops->epoch->announce(groups[i], &epoch), TG_OK);
            assert_int_equal(groups[i]->ops->epoch->open(groups[i], &epoch), TG_OK);
        }
    }
    return tg_groups_over(out, &map, groups, NULL);
}

const struct backend backends[] = {
    { .name = "postgres", .open = pg_open, .is_on_loop = true, .has_clock = true },
    { .name = "groups",
      .open = groups_open,
      .is_on_loop = true,
      .has_clock = true,
      .has_parts = true },
};
const size_t backend_count = TG_COUNT(backends);
const bool is_wrapped = false;
