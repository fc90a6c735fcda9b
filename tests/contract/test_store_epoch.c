/* SPDX-License-Identifier: Apache-2.0 */
/* The epoch of a database on PostgreSQL: what is made while it changes, and that the change
 * happens. */
#include "contract/contract_support.h"
#include "contract/pg_ask.h"

#include "store/epoch.h"
#include "store/postgres/statement.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define NEVER_S 4000000000
#define TURNS_MAX 500u

static const struct tg_store_epoch alone = { .version = 0 };
static const struct tg_store_epoch first = { .version = 1, .print = 11 };
static const struct tg_store_epoch second = { .version = 2, .print = 22 };

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, &backends[0], NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static const struct tg_store_epoch_ops *ops_of(const struct fixture *f)
{
    return f->store->ops->epoch;
}

/* ---- operations that name an epoch ---------------------------------------------------------- */

static enum tg_store_verdict make(void *ctx, const struct tg_store_record *old,
                                  struct tg_store_next *next)
{
    struct call *call = ctx;

    atomic_fetch_add(&call->run_count, 1);
    call->has_seen = old != NULL;
    next->record = call->next;
    return call->verdict;
}

static void on_done(void *ctx, enum tg_err err)
{
    struct call *call = ctx;

    call->err = err;
    call->done_count++;
}

static void start_at(struct client *c, unsigned key, const struct tg_store_epoch *at,
                     struct call *call)
{
    struct tg_store_key k = key_of(key);

    *call = call_put(1, NEVER_S, TG_LIT("x"));
    c->ops->epoch->apply(c->port, &k, at, make, call, on_done);
}

static enum tg_err create_at(struct client *c, unsigned key, const struct tg_store_epoch *at)
{
    struct call call;

    start_at(c, key, at, &call);
    call_finish(c, &call);
    return call.err;
}

struct probe {
    unsigned done_count;
    enum tg_err err;
    bool is_there;
    struct tg_store_epoch epoch;
};

static void on_probed(void *ctx, enum tg_err err, const struct tg_store_record *record,
                      const struct tg_store_epoch *epoch)
{
    struct probe *p = ctx;

    *p = (struct probe){ .done_count = 1, .err = err, .is_there = record != NULL, .epoch = *epoch };
}

static struct probe probe(struct client *c, unsigned key)
{
    struct tg_store_key k = key_of(key);
    struct probe p = { .done_count = 0 };

    c->ops->epoch->read(c->port, &k, on_probed, &p);
    while (p.done_count == 0) {
        client_wait(c);
    }
    assert_int_equal(p.err, TG_OK);
    return p;
}

static void change_to(struct fixture *f, const struct tg_store_epoch *next)
{
    assert_int_equal(ops_of(f)->announce(f->store, next), TG_OK);
    assert_int_equal(ops_of(f)->open(f->store, next), TG_OK);
}

/* ---- what they do --------------------------------------------------------------------------- */

static void record__made_at_the_open_epoch_alone(void **state)
{
    struct fixture *f = *state;
    struct call call;

    change_to(f, &first);
    assert_int_equal(create_at(&f->client, 1, &alone), TG_E_CONFLICT);
    assert_int_equal(create_at(&f->client, 1, &second), TG_E_CONFLICT);
    assert_int_equal(
        create_at(&f->client, 1, &(struct tg_store_epoch){ .version = 1, .print = 12 }),
        TG_E_CONFLICT);
    start_at(&f->client, 1, NULL, &call);
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_E_CONFLICT);
    assert_int_equal(call.run_count, 0); /* what is absent there is not shown */
    assert_false(probe(&f->client, 1).is_there);
    assert_int_equal(create_at(&f->client, 1, &first), TG_OK);
    assert_true(probe(&f->client, 1).is_there);
    assert_int_equal(probe(&f->client, 1).epoch.version, 1);
    assert_int_equal(probe(&f->client, 2).epoch.print, 11);
    assert_stats(f->store, 1, 1);
}

static void record_that_exists__changed_at_any_epoch(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(create_at(&f->client, 1, &alone), TG_OK);
    change_to(f, &first);
    start_at(&f->client, 1, NULL, &call);
    call_finish(&f->client, &call);
    assert_true(call.err == TG_OK && call.has_seen);
    assert_int_equal(create_at(&f->client, 1, &second), TG_OK);
}

/* A node without the map: it serves what there is. */
static void store_alone__after_a_change_no_absence_is_certain(void **state)
{
    struct fixture *f = *state;
    struct tg_store *again = NULL;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    change_to(f, &first);
    assert_true(look(&f->client, 1, &call));
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, TG_LIT("y")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, TG_LIT("x")), TG_E_STORE);
    call = (struct call){ .verdict = TG_STORE_KEEP };
    assert_int_equal(keep(&f->client, 2, &call), TG_E_STORE);
    look_start(&f->client, 2, &call);
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_E_STORE);
    assert_int_equal(f->backend->open(&again, f->dir, &f->limits), TG_E_DENIED);
}

static void announced_epoch__stops_creates_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct tg_store_epoch_list list;

    assert_int_equal(create_at(&f->client, 1, &alone), TG_OK);
    assert_int_equal(ops_of(f)->announce(f->store, &first), TG_OK);
    assert_int_equal(ops_of(f)->announce(f->store, &first), TG_OK);
    assert_int_equal(create_at(&f->client, 2, &alone), TG_E_CONFLICT);
    assert_int_equal(create_at(&f->client, 2, &first), TG_E_CONFLICT);
    assert_int_equal(create_at(&f->client, 1, NULL), TG_OK);
    assert_int_equal(ops_of(f)->list(f->store, &list), TG_OK);
    assert_int_equal(list.open.version, 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(ops_of(f)->open(f->store, &first), TG_OK);
    assert_int_equal(ops_of(f)->open(f->store, &first), TG_OK);
    assert_int_equal(create_at(&f->client, 2, &first), TG_OK);
}

static void epoch__never_goes_back_and_keeps_its_print(void **state)
{
    struct fixture *f = *state;
    struct tg_store_epoch other = { .version = 2, .print = 23 };
    struct tg_store_epoch_list list;

    change_to(f, &second);
    assert_int_equal(ops_of(f)->announce(f->store, &first), TG_E_CONFLICT);
    assert_int_equal(ops_of(f)->open(f->store, &first), TG_E_CONFLICT);
    assert_int_equal(ops_of(f)->announce(f->store, &other), TG_E_CONFLICT);
    assert_int_equal(ops_of(f)->open(f->store, &other), TG_E_CONFLICT);
    assert_int_equal(ops_of(f)->list(f->store, &list), TG_OK);
    assert_int_equal(list.open.version, 2);
    assert_int_equal(list.open.print, 22);
}

static void has_records__of_a_range_of_shards(void **state)
{
    struct fixture *f = *state;
    bool has_any = true;

    assert_int_equal(create_at(&f->client, 0xff, &alone), TG_OK);
    assert_int_equal(create_at(&f->client, 0x10, &alone), TG_OK);
    assert_int_equal(ops_of(f)->has_records(f->store, 0, 0x0f, &has_any), TG_OK);
    assert_false(has_any);
    assert_int_equal(ops_of(f)->has_records(f->store, 0x11, 0xfe, &has_any), TG_OK);
    assert_false(has_any);
    assert_int_equal(ops_of(f)->has_records(f->store, 0x10, 0x10, &has_any), TG_OK);
    assert_true(has_any);
    assert_int_equal(ops_of(f)->has_records(f->store, 0xff, 0xff, &has_any), TG_OK);
    assert_true(has_any);
}

/* ---- creates and a change at one time ------------------------------------------------------- */

static PGconn *session(const char *sql)
{
    PGconn *conn = PQconnectdb(getenv("TIGRESS_TEST_POSTGRES"));
    PGresult *result = PQexec(conn, sql);

    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    return conn;
}

static void end_session(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, sql));
    PQfinish(conn);
}

/* Runs the port until a statement waits for a lock. */
static void until_blocked(struct client *c)
{
    unsigned turn = 0;

    while (!pg_is_answer("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
                         "t")) {
        struct pollfd fd = { .fd = c->ops->descriptor(c->port), .events = POLLIN };

        (void)poll(&fd, 1, 10);
        c->ops->dispatch(c->port);
        assert_in_range(++turn, 0, TURNS_MAX);
    }
}

/* The node has read the epoch, its INSERT waits for the change, and then the change is there. */
static void create_that_waits_for_a_change__makes_nothing(void **state)
{
    struct fixture *f = *state;
    PGconn *conn = session("BEGIN; UPDATE tigress.epoch SET is_open = false; "
                           "INSERT INTO tigress.epoch VALUES (1, 11, true)");
    struct call call;

    start_at(&f->client, 1, &alone, &call);
    until_blocked(&f->client);
    end_session(conn, "COMMIT");
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_E_CONFLICT);
    assert_true(pg_is_answer("SELECT count(*) FROM tigress.mailbox", "0"));
    assert_stats(f->store, 0, 0);
}

struct change {
    struct tg_store *store;
    atomic_bool is_done;
    enum tg_err err;
};

static void *change_thread(void *ctx)
{
    struct change *c = ctx;

    c->err = c->store->ops->epoch->announce(c->store, &second);
    if (c->err == TG_OK) {
        c->err = c->store->ops->epoch->open(c->store, &second);
    }
    atomic_store(&c->is_done, true);
    return NULL;
}

/* A create that is under way, its outcome unknown to its node, keeps the epoch open. */
static void change__waits_for_the_create_that_is_under_way(void **state)
{
    struct fixture *f = *state;
    struct change change = { .store = f->store };
    pthread_t thread;
    PGconn *conn = NULL;

    change_to(f, &first);
    conn = session("BEGIN; INSERT INTO tigress.mailbox SELECT '\\x11', 1, 0, 1, 1, '' FROM (SELECT "
                   "version FROM tigress.epoch WHERE version = 1 AND is_open FOR SHARE) e");
    assert_int_equal(pthread_create(&thread, NULL, change_thread, &change), 0);
    until_blocked(&f->client);
    assert_false(atomic_load(&change.is_done));
    assert_true(pg_is_answer("SELECT version FROM tigress.epoch WHERE is_open", "1"));
    end_session(conn, "COMMIT");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(change.err, TG_OK);
    assert_true(pg_is_answer("SELECT version FROM tigress.epoch WHERE is_open", "2"));
}

/* A transaction with a create, as a lane sends it, that stays open. */
static void begin_create(PGconn *conn, unsigned key, const char *version)
{
    char name[16];
    const char *const values[] = { name, "1", "1", "0", "4000000000", "x", version };

    PGresult *result = NULL;

    (void)snprintf(name, sizeof(name), "\\x%08x", key);
    PQclear(PQexec(conn, "BEGIN"));
    result = PQexecParams(conn, tg_pg_statement_sql(TG_PG_INSERT), TG_COUNT(values), NULL, values,
                          NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        fail_msg("%s", PQerrorMessage(conn));
    }
    PQclear(result);
}

/* At each moment one of two transactions has the lock, unless they respect the announcement. */
static void change__under_creates_without_a_pause__happens(void **state)
{
    struct fixture *f = *state;
    struct change change = { .store = f->store };
    PGconn *conns[2] = { NULL };
    pthread_t thread;
    unsigned turn = 0;

    change_to(f, &first); /* ends all sessions */
    conns[0] = session("SET synchronous_commit = off");
    conns[1] = session("SET synchronous_commit = off");
    begin_create(conns[1], turn, "1");
    assert_int_equal(pthread_create(&thread, NULL, change_thread, &change), 0);
    while (!atomic_load(&change.is_done) && turn < TURNS_MAX) {
        PGconn *next = conns[turn % 2];

        begin_create(next, ++turn, "1");
        PQclear(PQexec(conns[turn % 2], "COMMIT"));
        (void)poll(NULL, 0, 2); /* so that a waiter wakes */
    }
    assert_in_range(turn, 0, TURNS_MAX - 1);
    end_session(conns[0], "COMMIT");
    end_session(conns[1], "COMMIT");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(change.err, TG_OK);
    assert_true(pg_is_answer("SELECT version FROM tigress.epoch WHERE is_open", "2"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(record__made_at_the_open_epoch_alone),
        CASE(record_that_exists__changed_at_any_epoch),
        CASE(store_alone__after_a_change_no_absence_is_certain),
        CASE(announced_epoch__stops_creates_and_nothing_else),
        CASE(epoch__never_goes_back_and_keeps_its_print),
        CASE(has_records__of_a_range_of_shards),
        CASE(create_that_waits_for_a_change__makes_nothing),
        CASE(change__waits_for_the_create_that_is_under_way),
        CASE(change__under_creates_without_a_pause__happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
