/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for the embedded store only: what it holds after it was opened again, and its tables. */
#include "lmdb_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/format.h"
#include "store/lmdb/writer.h"

static void reopen__finds_every_record_and_the_counts(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 41, 1000, TG_LIT("first")), TG_OK);
    assert_int_equal(put(&f->client, 2, 42, 3000, TG_LIT("second")), TG_OK);
    assert_int_equal(put(&f->client, 3, 43, NEVER_S, TG_LIT("third")), TG_OK);
    assert_int_equal(drop(&f->client, 2), TG_OK);
    reopen(f);
    assert_stats(f->store, 2, 10);
    assert_false(look(&f->client, 2, &call));
    assert_true(look(&f->client, 3, &call));
    assert_int_equal(call.seen.version, 43);
    assert_int_equal(call.seen.expires_s, NEVER_S);
    assert_memory_equal(call.seen_bytes, "third", 5);
    assert_int_equal(sweep(&f->client, 1000, 10), 1);
    reopen(f);
    assert_stats(f->store, 1, 5);
}

static void reopen__finds_facts_and_the_time_mark(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy copy;
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 0, TG_LIT("one")), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, TG_LIT("two")), TG_OK);
    call.mark_s = 0x0102;
    call_start(&f->client, 1, &call);
    call_finish(&f->client, &call);
    reopen(f);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_EPOCH, &copy), TG_OK);
    assert_int_equal(copy.version, 2);
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.bytes, "two", 3);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_TIME_MARK, &copy), TG_OK);
    assert_int_equal(copy.len, 8);
    assert_memory_equal(copy.bytes, "\0\0\0\0\0\0\1\2", 8);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_STORE_ID, &copy), TG_OK);
    assert_int_equal(copy.version, 0);
    assert_stats(f->store, 1, 1);
}

/* Tokens of a closed series must not be taken again by a clock that was set back. */
static void sweep_that_closes_a_series__raises_the_time_mark(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy copy;

    assert_int_equal(series_open(&f->client, 1, 0x0304), TG_OK);
    assert_int_equal(sweep(&f->client, 0x0303, 10), 0);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_TIME_MARK, &copy), TG_OK);
    assert_int_equal(copy.version, 0);
    assert_int_equal(sweep(&f->client, 0x0304, 10), 0);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_TIME_MARK, &copy), TG_OK);
    assert_int_equal(copy.len, 8);
    assert_memory_equal(copy.bytes, "\0\0\0\0\0\0\3\4", 8);
}

static uint64_t commits_of(const struct fixture *f)
{
    struct tg_store_stats stats = { .live_count = 0 };

    f->client.ops->stats(f->store, &stats);
    return stats.commit_count;
}

/* What the watch was told last. */
static void on_committed(void *ctx, uint64_t commit_count)
{
    atomic_store((atomic_ullong *)ctx, commit_count);
}

static void commits__are_counted_and_told_before_the_answer(void **state)
{
    struct fixture *f = *state;
    atomic_ullong told = 0;
    struct call call;
    uint64_t before = 0;

    client_close(&f->client);
    f->client.ops->watch(f->store, on_committed, &told);
    client_open(&f->client, f->store);
    for (unsigned i = 0; i < 50; i++) {
        before = commits_of(f);
        assert_int_equal(put(&f->client, i, 1, NEVER_S, TG_LIT("x")), TG_OK);
        assert_int_equal(commits_of(f), before + 1);
        assert_int_equal(atomic_load(&told), before + 1);
    }
    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
    assert_int_equal(sweep(&f->client, 1, 10), 0);
    assert_int_equal(commits_of(f), before + 1);
    reopen(f);
    assert_int_equal(commits_of(f), before + 1);
    assert_int_equal(drop(&f->client, 1), TG_OK);
    assert_int_equal(commits_of(f), before + 2);
    assert_int_equal(atomic_load(&told), before + 1);
}

static void restore__raises_the_count_of_commits_over_both(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    client_close(&f->client);
    assert_int_equal(f->store->ops->restore(f->store, TG_STORE_RESTORED_KEEP, 0), TG_OK);
    assert_int_equal(commits_of(f), 2);
    assert_int_equal(f->store->ops->restore(f->store, TG_STORE_RESTORED_DROP, 1000), TG_OK);
    assert_int_equal(commits_of(f), 1001);
    client_open(&f->client, f->store);
    reopen(f);
    assert_int_equal(commits_of(f), 1001);
    assert_stats(f->store, 0, 0);
}

#define KINDS (TG_STORE_SEEN_ENTRY + 1u)

static bool count_seen(void *ctx, const struct tg_store_seen *seen)
{
    unsigned *counts = ctx;

    counts[seen->kind]++;
    return true;
}

/* A process of its own looks at the store while this one uses it. 0: it saw these numbers. */
static int survey_elsewhere(const char *dir, const unsigned expected[KINDS])
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        unsigned counts[KINDS] = { 0 };
        struct tg_fault fault = { "" };
        enum tg_err err = tg_store_lmdb_survey(dir, count_seen, counts, &fault);

        _exit(err == TG_OK && memcmp(counts, expected, sizeof(counts)) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void survey_by_another_process__sees_the_store_and_harms_nothing(void **state)
{
    static const unsigned before[KINDS] = { 1, 1, 0, 1, 1 };
    static const unsigned after[KINDS] = { 1, 1, 0, 2, 1 };
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 0, TG_LIT("one")), TG_OK);
    assert_int_equal(tell(&f->client, 9, 40, 600, TG_LIT("push")), TG_OK);
    assert_int_equal(series_open(&f->client, 5, 100), TG_OK);
    assert_int_equal(survey_elsewhere(f->dir, before), 0);
    assert_int_equal(put(&f->client, 7, 3, 500, TG_LIT("seven")), TG_OK);
    assert_int_equal(survey_elsewhere(f->dir, after), 0);
    reopen(f);
    assert_true(look(&f->client, 7, &call));
}

static void survey_without_a_store__creates_nothing(void **state)
{
    struct tg_fault fault = { "" };
    char folder[64];
    char dir[80];
    unsigned counts[KINDS] = { 0 };

    (void)state;
    folder_make(folder, sizeof(folder));
    (void)snprintf(dir, sizeof(dir), "%s/db", folder);
    assert_int_equal(tg_store_lmdb_survey(dir, count_seen, counts, &fault), TG_E_NOTFOUND);
    assert_int_equal(access(dir, F_OK), -1);
    assert_int_equal(tg_store_lmdb_survey(folder, count_seen, counts, &fault), TG_E_NOTFOUND);
    assert_string_equal(fault.text, "");
    assert_int_equal(rmdir(folder), 0);
}

static void reopen__ends_every_lease_and_keeps_settled_entries(void **state)
{
    static struct leased l;
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(tell(&f->client, i, 100 + i, 5000, TG_LIT("t")), TG_OK);
    }
    lease(&f->client, 200, NEVER_S, 4, &l);
    assert_int_equal(l.count, 4);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_int_equal(settle(&f->client, &l, 1, TG_OUTBOX_RETRY, 300), TG_OK);
    assert_int_equal(settle(&f->client, &l, 2, TG_OUTBOX_BLOCK, 0), TG_OK);
    reopen(f);
    assert_outbox(f->store, 4);
    lease(&f->client, 200, 260, TG_OUTBOX_LEASE_MAX, &l);
    assert_int_equal(l.count, 2);
    assert_int_equal(number_of(&l.entries[0].key), 3);
    assert_int_equal(number_of(&l.entries[1].key), 4);
    lease(&f->client, 300, 360, TG_OUTBOX_LEASE_MAX, &l);
    assert_int_equal(l.count, 3);
    assert_int_equal(number_of(&l.entries[2].key), 1);
    assert_int_equal(l.entries[2].attempts, 1);
    assert_int_equal(tell(&f->client, 2, 400, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 400, 401, TG_OUTBOX_LEASE_MAX, &l);
    assert_int_equal(l.count, 3);
}

/* Removes the tables of the outbox, which a version without outbox does not create. */
static void store_without_outbox_tables__opens_and_gets_them(void **state)
{
    static struct leased l;
    static const char *const names[] = { "o", "d" };
    struct fixture *f = *state;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    struct call call;

    assert_int_equal(put(&f->client, 1, 41, NEVER_S, TG_LIT("first")), TG_OK);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, TG_LMDB_TABLE_COUNT), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0);
    assert_int_equal(mdb_env_open(env, f->dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        MDB_dbi dbi = 0;

        assert_int_equal(mdb_dbi_open(txn, names[i], 0, &dbi), 0);
        assert_int_equal(mdb_drop(txn, dbi, 1), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
    assert_true(look(&f->client, 1, &call));
    assert_int_equal(call.seen.version, 41);
    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
}

/* Both tables of the outbox always have the same entries. */
static void outbox_tables__stay_consistent(void **state)
{
    enum { COUNT = 400, KEYS = 23 };
    static struct leased l;
    struct fixture *f = *state;
    const struct tg_lmdb *lmdb_store = (const struct tg_lmdb *)f->store;
    MDB_txn *txn = NULL;
    MDB_stat outbox;
    MDB_stat due;
    struct tg_store_stats stats;

    for (unsigned i = 0; i < COUNT; i++) {
        int64_t now_s = 1000 + i;

        assert_int_equal(
            tell(&f->client, i * 7 % KEYS, now_s, now_s + 3 + i * 11 % 40, TG_LIT("t")), TG_OK);
        if (i % 5 == 0) {
            assert_int_equal(unblock(&f->client, i % KEYS), TG_OK);
        }
        if (i % 3 == 0) {
            lease(&f->client, now_s, now_s + 5, 2, &l);
            for (size_t n = 0; n < l.count; n++) {
                assert_int_equal(
                    settle(&f->client, &l, n, (enum tg_outbox_verdict)((i + n) % 3), now_s + 9),
                    TG_OK);
            }
        }
        if (i % 31 == 0) {
            (void)sweep(&f->client, now_s, 5);
        }
        f->store->ops->stats(f->store, &stats);
        assert_int_equal(mdb_txn_begin(lmdb_store->env, NULL, MDB_RDONLY, &txn), 0);
        assert_int_equal(mdb_stat(txn, lmdb_store->tables.outbox, &outbox), 0);
        assert_int_equal(mdb_stat(txn, lmdb_store->tables.due, &due), 0);
        mdb_txn_abort(txn);
        assert_int_equal(outbox.ms_entries, stats.outbox_count);
        assert_int_equal(due.ms_entries, stats.outbox_count);
    }
    (void)sweep(&f->client, NEVER_S, 1000);
    assert_outbox(f->store, 0);
}

/* Both tables become empty together: no entry of one is left without the other. */
static void tables__stay_consistent(void **state)
{
    enum { COUNT = 200 };
    struct fixture *f = *state;
    const struct tg_lmdb *l = (const struct tg_lmdb *)f->store;
    MDB_txn *txn = NULL;
    MDB_stat places;
    MDB_stat records;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(put(&f->client, i % 50, i, 1000 + (i * 37) % 11, TG_LIT("x")), TG_OK);
        if (i % 7 == 0) {
            assert_int_equal(drop(&f->client, (i * 3) % 50), TG_OK);
        }
        if (i % 31 == 0) {
            (void)sweep(&f->client, 1003, 5);
        }
        struct tg_store_stats stats;

        f->store->ops->stats(f->store, &stats);
        assert_int_equal(mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn), 0);
        assert_int_equal(mdb_stat(txn, l->tables.places, &places), 0);
        assert_int_equal(mdb_stat(txn, l->tables.records, &records), 0);
        mdb_txn_abort(txn);
        assert_int_equal(places.ms_entries, stats.live_count);
        assert_int_equal(records.ms_entries, stats.live_count);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(reopen__finds_every_record_and_the_counts),
        CASE(reopen__finds_facts_and_the_time_mark),
        CASE(sweep_that_closes_a_series__raises_the_time_mark),
        CASE(survey_by_another_process__sees_the_store_and_harms_nothing),
        cmocka_unit_test(survey_without_a_store__creates_nothing),
        CASE(commits__are_counted_and_told_before_the_answer),
        CASE(restore__raises_the_count_of_commits_over_both),
        CASE(reopen__ends_every_lease_and_keeps_settled_entries),
        CASE(store_without_outbox_tables__opens_and_gets_them),
        CASE(outbox_tables__stay_consistent),
        CASE(tables__stay_consistent),
    };

    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
