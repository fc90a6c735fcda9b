/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on PostgreSQL when connections end, commits are in doubt, transactions are rolled back
 * and standbys are missing. On the server that TIGRESS_TEST_POSTGRES names, through a proxy.
 */
#include "contract/contract_support.h"
#include "contract/pg_ask.h"
#include "store/database.h"

#include "support/c/pg_proxy.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NEVER_S INT64_C(4000000000)
#define ANSWER_S 10 /* within which the store answers, whatever happens */

struct scene {
    char folder[64];
    struct pg_proxy first;
    struct pg_proxy second;
    struct tg_log log;
    atomic_uint reason_counts[TG_REASON_COUNT];
    struct tg_store *store;
    struct client client;
    struct tg_store_database database;
};

/* ---- the database --------------------------------------------------------------------------- */

static void set_standby(const char *name)
{
    char sql[200];

    (void)snprintf(sql, sizeof(sql), "ALTER SYSTEM SET synchronous_standby_names = '%s'", name);
    pg_run(sql);
    pg_run("SELECT pg_reload_conf()");
    while (!pg_is_answer("SHOW synchronous_standby_names", name)) {
    }
}

/* ---- the store ------------------------------------------------------------------------------ */

static void on_log(void *ctx, enum tg_log_level level, const char *name,
                   const struct tg_log_field *fields, size_t field_count)
{
    struct scene *s = ctx;

    (void)level;
    (void)name;
    for (size_t i = 0; i < field_count; i++) {
        s->reason_counts[tg_log_reason_of(fields[i].value)]++;
    }
}

static const char *server_folder(void)
{
    static char folder[256];
    PQconninfoOption *options = PQconninfoParse(getenv("TIGRESS_TEST_POSTGRES"), NULL);

    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "host") == 0 && o->val != NULL) {
            (void)snprintf(folder, sizeof(folder), "%s", o->val);
        }
    }
    PQconninfoFree(options);
    return folder;
}

/* One connection; the servers are tried in their order. */
static void open_store(struct scene *s)
{
    static const struct tg_store_limits none;
    char url[200];
    const struct tg_store_pg_settings settings = { .url = url,
                                                   .password_file = "",
                                                   .lane_count = 1 };
    struct tg_fault fault = { "" };

    (void)snprintf(url, sizeof(url), "postgresql://postgres@/postgres?host=%s,%s", s->first.folder,
                   s->second.folder);
    if (tg_store_pg_open(&s->store, &settings, &none, &s->log, &fault) != TG_OK) {
        fail_msg("%s", fault.text);
    }
    client_open(&s->client, s->store);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct tg_store *store = NULL;
    char dir[80];

    assert_non_null(s);
    folder_make(s->folder, sizeof(s->folder));
    (void)snprintf(dir, sizeof(dir), "%s/store", s->folder);
    assert_int_equal(backends[0].open(&store, dir, &(struct tg_store_limits){ 0 }), TG_OK);
    store->ops->close(&store); /* the tables are there, and empty */
    s->log = (struct tg_log){ .write = on_log, .ctx = s };
    pg_proxy_start(&s->first, server_folder());
    pg_proxy_start(&s->second, server_folder());
    open_store(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    set_standby(""); /* a test that failed has left one, for which all that follows would wait */
    client_close(&s->client);
    s->store->ops->close(&s->store);
    pg_proxy_stop(&s->first);
    pg_proxy_stop(&s->second);
    pg_run(
        "SET client_min_messages = warning; DROP FUNCTION IF EXISTS tigress.fault() CASCADE; DROP "
        "SEQUENCE IF EXISTS tigress.faults");
    folder_remove(s->folder);
    free(s);
    return 0;
}

static void cut(struct scene *s, enum pg_proxy_cut how, const char *statement)
{
    s->first.statement = statement;
    atomic_store(&s->first.cut, (int)how);
}

/* Until the next call. */
static const struct tg_store_database *database_of(struct scene *s)
{
    assert_true(tg_store_database(s->store, &s->database));
    return &s->database;
}

/* The trigger's body runs for each new record; the sequence counts also what is rolled back. */
static void make_trigger(const char *body)
{
    char sql[600];

    (void)snprintf(
        sql, sizeof(sql),
        "CREATE SEQUENCE tigress.faults; CREATE FUNCTION tigress.fault() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN %s RETURN NEW; END $$; CREATE TRIGGER fault BEFORE "
        "INSERT ON tigress.mailbox FOR EACH ROW EXECUTE FUNCTION tigress.fault()",
        body);
    pg_run(sql);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void idle_connection_ended_by_the_server__made_again(void **state)
{
    struct scene *s = *state;

    assert_int_equal(put(&s->client, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    pg_run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
           "'tigressd'");
    assert_int_equal(put(&s->client, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    assert_stats(s->store, 1, 3);
    assert_int_equal(database_of(s)->losses[TG_REASON_DATABASE_UNREACHABLE], 1);
    assert_int_equal(database_of(s)->batch_count, 2);
    assert_int_equal(database_of(s)->change_count, 2);
    assert_int_equal(database_of(s)->up_count, 1);
    assert_int_equal(database_of(s)->wanted_count, 1);
    client_close(&s->client);
    assert_int_equal(database_of(s)->up_count, 0);
    assert_int_equal(database_of(s)->wanted_count, 0);
    client_open(&s->client, s->store);
}

/* An outcome in doubt: the same change runs again, and finds that nothing was made. */
static void cut_before_the_commit__change_is_made_by_another_run(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("one"));

    cut(s, PG_PROXY_BEFORE_COMMIT, "insert");
    call_start(&s->client, 1, &call);
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_int_equal(s->first.cut_count, 1);
    assert_int_equal(call.run_count, 2);
    assert_false(call.has_seen);
    assert_stats(s->store, 1, 3);
    assert_int_equal(database_of(s)->doubt_count, 1);
    assert_int_equal(database_of(s)->change_count, 1);
}

/* The same, and it finds what it has made itself: it does not decide on that, as the delete of a
   mailbox that it has ended. */
static void cut_after_the_commit__outcome_of_the_first_run_stands(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("one"));

    cut(s, PG_PROXY_AFTER_COMMIT, "insert");
    call_start(&s->client, 1, &call);
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_int_equal(s->first.cut_count, 1);
    assert_int_equal(call.run_count, 1);
    assert_false(call.has_seen);
    assert_stats(s->store, 1, 3);
    assert_true(pg_is_answer("SELECT sum(live_count) FROM tigress.lane", "1"));
}

static void on_news(void *ctx, const struct tg_store_key *key)
{
    size_t *count = ctx;

    (void)key;
    (*count)++;
}

/* The second run may find that nothing is left to change: the callback wakes nobody then. It is
   known at once, not by the next look. */
static void cut_after_the_commit__waiters_of_the_same_node_hear_of_it(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("two"));
    struct tg_store_key key = key_of(1);
    size_t news_count = 0;

    assert_int_equal(put(&s->client, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    assert_int_equal(s->client.ops->hear(s->client.port, on_news, &news_count), TG_OK);
    assert_int_equal(s->client.ops->follow(s->client.port, &key), TG_OK);
    cut(s, PG_PROXY_AFTER_COMMIT, "update");
    call_start(&s->client, 1, &call);
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_int_equal(call.run_count, 1);
    s->client.ops->dispatch(s->client.port);
    assert_true(news_count > 0);
    s->client.ops->unfollow(s->client.port, &key);
}

/* 503, and never a guess. */
static void cut_after_the_commit__and_no_server__in_doubt(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("one"));
    time_t began = time(NULL);

    cut(s, PG_PROXY_AFTER_COMMIT, "insert");
    call_start(&s->client, 1, &call);
    while (s->first.cut_count == 0) {
        client_wait(&s->client);
    }
    atomic_store(&s->first.is_refusing, true);
    atomic_store(&s->second.is_refusing, true);
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_E_STORE);
    assert_true(time(NULL) - began <= ANSWER_S);
    assert_string_equal(database_of(s)->trouble.text, "the database cannot be reached");
    assert_int_equal(database_of(s)->up_count, 0);
    atomic_store(&s->first.is_refusing, false);
    assert_true(look(&s->client, 1, &call));
    assert_int_equal(call.seen.version, 1);
    assert_stats(s->store, 1, 3);
    assert_string_equal(database_of(s)->trouble.text, "");
    assert_int_equal(database_of(s)->up_count, 1);
}

static void several_servers__the_one_that_takes_writes_is_used(void **state)
{
    struct scene *s = *state;

    assert_int_equal(put(&s->client, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    assert_int_equal(s->second.accepted_count, 0);
    atomic_store(&s->first.is_read_only, true); /* a fail-over */
    cut(s, PG_PROXY_BEFORE_COMMIT, "update");
    assert_int_equal(put(&s->client, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    assert_int_equal(s->second.accepted_count, 1);
    atomic_store(&s->first.is_read_only, false);
    atomic_store(&s->second.is_refusing, true); /* and back */
    assert_int_equal(put(&s->client, 1, 3, NEVER_S, TG_LIT("three")), TG_OK);
}

/* ---- rolled back ---------------------------------------------------------------------------- */

static void assert_repeated(struct scene *s, const char *sqlstate)
{
    struct call calls[3];
    char body[200];

    (void)snprintf(
        body, sizeof(body),
        "IF nextval('tigress.faults') <= 2 THEN RAISE EXCEPTION USING ERRCODE = '%s'; END "
        "IF;",
        sqlstate);
    make_trigger(body);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, TG_LIT("one"));
        call_start(&s->client, i + 1, &calls[i]);
    }
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&s->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
        assert_int_equal(calls[i].run_count, 3); /* together each time */
    }
    assert_stats(s->store, 3, 9);
    assert_int_equal(database_of(s)->conflict_count, 6);
    assert_int_equal(database_of(s)->overtaken_count, 0);
    assert_int_equal(database_of(s)->change_count, 3);
}

/* The first run finds another record than the one that it replaces. */
static enum tg_store_verdict change_after_another_writer(void *ctx,
                                                         const struct tg_store_record *old,
                                                         struct tg_store_next *next)
{
    struct call *call = ctx;

    assert_non_null(old);
    if (call->run_count++ == 0) {
        pg_run("UPDATE tigress.mailbox SET tag = tag + 1");
    }
    next->record = call->next;
    return TG_STORE_PUT;
}

static void on_changed(void *ctx, enum tg_err err)
{
    struct call *call = ctx;

    call->err = err;
    call->done_count++;
}

static void record_that_another_writer_changed__decided_again(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("two"));
    struct tg_store_key key = key_of(1);

    assert_int_equal(put(&s->client, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    s->client.ops->apply(s->client.port, &key, change_after_another_writer, &call, on_changed);
    while (call.done_count == 0) {
        client_wait(&s->client);
    }
    assert_int_equal(call.err, TG_OK);
    assert_int_equal(call.run_count, 2);
    assert_stats(s->store, 1, 3);
    assert_int_equal(database_of(s)->overtaken_count, 1);
    assert_int_equal(database_of(s)->conflict_count, 0);
    assert_int_equal(database_of(s)->change_count, 2);
}

static void serialization_failure__whole_batch_runs_again(void **state)
{
    assert_repeated(*state, "40001");
}

static void deadlock__whole_batch_runs_again(void **state)
{
    assert_repeated(*state, "40P01");
}

static void one_bad_change__fails_alone(void **state)
{
    struct scene *s = *state;
    struct call calls[5];

    make_trigger("IF NEW.sealed = 'bad' THEN RAISE EXCEPTION USING ERRCODE = '22000'; END IF;");
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, i == 2 ? TG_LIT("bad") : TG_LIT("one"));
        call_start(&s->client, i + 1, &calls[i]);
    }
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&s->client, &calls[i]);
        assert_int_equal(calls[i].err, i == 2 ? TG_E_STORE : TG_OK);
        assert_int_equal(calls[i].run_count, 2); /* with the others, and alone */
    }
    assert_stats(s->store, 4, 12);
    assert_int_equal(put(&s->client, 9, 1, NEVER_S, TG_LIT("one")), TG_OK);
}

/* ---- standbys ------------------------------------------------------------------------------- */

#define WAITING                                                                                    \
    "FROM pg_stat_activity WHERE application_name = 'tigressd' AND wait_event = 'SyncRep'"

/* false: the store has given the change up, because the machine is slow. */
static bool is_counted(struct scene *s, const struct call *call, const char *sql)
{
    while (!pg_is_answer(sql, "1") && call->done_count == 0) {
        s->client.ops->dispatch(s->client.port);
    }
    return call->done_count == 0;
}

/* The transaction of the change is held until the standby is asked for: no beat waits before it. */
static bool is_waiting_for_a_standby(struct scene *s, struct call *call)
{
    PGconn *holder = PQconnectdb(getenv("TIGRESS_TEST_POSTGRES"));
    bool is = false;

    PQclear(PQexec(holder, "SELECT pg_advisory_lock(1)"));
    make_trigger("PERFORM pg_advisory_xact_lock(1);");
    call_start(&s->client, 1, call);
    is = is_counted(s, call, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'");
    set_standby("nobody");
    PQfinish(holder);
    return is && is_counted(s, call, "SELECT count(*) " WAITING);
}

static void start_and_wait_for_a_standby(void **state, struct call *call)
{
    while (!is_waiting_for_a_standby(*state, call)) {
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
        *call = call_put(1, NEVER_S, TG_LIT("one"));
    }
}

/* The server reports success and a warning: the change is on no standby. */
static void cancelled_wait_for_a_standby__is_no_success(void **state)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("one"));
    struct scene *s = NULL;

    start_and_wait_for_a_standby(state, &call);
    s = *state;
    pg_run("SELECT pg_cancel_backend(pid) " WAITING);
    while (s->reason_counts[TG_REASON_DATABASE_SLOW] == 0) {
        client_wait(&s->client);
        assert_int_equal(call.done_count, 0);
    }
    set_standby("");
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_int_equal(call.run_count, 1); /* what it has made stands */
    assert_stats(s->store, 1, 3);
}

static void standby_that_does_not_answer__in_doubt_in_time(void **state)
{
    struct scene *s = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("one"));
    time_t began = time(NULL);

    set_standby("nobody");
    call_start(&s->client, 1, &call);
    call_finish(&s->client, &call);
    assert_int_equal(call.err, TG_E_STORE);
    assert_true(time(NULL) - began <= ANSWER_S);
    assert_non_null(strstr(database_of(s)->trouble.text, "acknowledges no write"));
    set_standby("");
    assert_int_equal(put(&s->client, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    /* The open has had one, the port has one: none was given up. */
    assert_int_equal(s->first.accepted_count, 2);
    assert_stats(s->store, 1, 3);
    assert_string_equal(database_of(s)->trouble.text, "");
    assert_true(database_of(s)->wait_sum_us > 5 * 1000000);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    static const struct CMUnitTest tests[] = {
        ROW(idle_connection_ended_by_the_server__made_again),
        ROW(cut_before_the_commit__change_is_made_by_another_run),
        ROW(cut_after_the_commit__outcome_of_the_first_run_stands),
        ROW(cut_after_the_commit__waiters_of_the_same_node_hear_of_it),
        ROW(cut_after_the_commit__and_no_server__in_doubt),
        ROW(several_servers__the_one_that_takes_writes_is_used),
        ROW(serialization_failure__whole_batch_runs_again),
        ROW(deadlock__whole_batch_runs_again),
        ROW(record_that_another_writer_changed__decided_again),
        ROW(one_bad_change__fails_alone),
        ROW(cancelled_wait_for_a_standby__is_no_success),
        ROW(standby_that_does_not_answer__in_doubt_in_time),
    };

    return cmocka_run_group_tests_name("cuts", tests, NULL, NULL);
}
