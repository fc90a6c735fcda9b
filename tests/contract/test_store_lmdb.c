/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for the embedded store only: the directory, reopening, a full map. */
#include "contract/contract_support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/format.h"
#include "store/lmdb/writer.h"

#define NEVER_S INT64_C(4000000000)

static const struct backend *lmdb(void)
{
    for (size_t i = 0; i < backend_count; i++) {
        if (strcmp(backends[i].name, "lmdb") == 0) {
            return &backends[i];
        }
    }
    fail();
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, lmdb(), NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void reopen(struct fixture *f)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

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

/* A store that is nearly full has no room for notes, but changes still succeed. */
static void full_map__leaves_out_notes(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;
    uint8_t *sealed = calloc(1, TG_OUTBOX_SEALED_MAX);
    struct tg_store_stats stats;

    assert_non_null(sealed);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(
        tg_store_lmdb_open_sized(&f->store, f->dir, &f->limits, NULL, 1024 * 1024, NULL), TG_OK);
    client_open(&f->client, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100, 5000, tg_bytes(sealed, TG_OUTBOX_SEALED_MAX)),
                         TG_OK);
    }
    f->store->ops->stats(f->store, &stats);
    assert_in_range(stats.outbox_count, 10, 1024 * 1024 / TG_OUTBOX_SEALED_MAX);
    assert_stats(f->store, 1, 1);
    assert_int_equal(sweep(&f->client, 5000, 1000), 0);
    assert_outbox(f->store, 0);
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    free(sealed);
}

static mode_t mode_of(const struct fixture *f, const char *name)
{
    char path[160];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void files__are_accessible_only_to_the_owner(void **state)
{
    mode_t before = umask(0);
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    (void)umask(before);
    assert_int_equal(mode_of(&f, "."), 0700);
    assert_int_equal(mode_of(&f, "data.mdb"), 0600);
    assert_int_equal(mode_of(&f, "lock.mdb"), 0600);
    assert_int_equal(mode_of(&f, TG_LMDB_LOCK_FILE), 0600);
    fixture_close(&f);
}

/* A program that is started later must not inherit the store or its lock. */
static void open_files__do_not_survive_exec(void **state)
{
    struct fixture *f = *state;
    unsigned found_count = 0;

    for (int fd = 0; fd < 256; fd++) {
        char name[64];
        char path[256] = "";

        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        if (readlink(name, path, sizeof(path) - 1) > 0 && strstr(path, f->dir) == path) {
            found_count++;
            assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        }
    }
    assert_in_range(found_count, 4, 8);
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

static void second_open__in_this_process__is_refused_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct tg_store *other = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_store_lmdb_open(&other, f->dir, &f->limits, NULL, &fault), TG_E_IO);
    assert_null(other);
    assert_non_null(strstr(fault.text, "in use by another process"));
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("still fine")), TG_OK);
}

static void second_open__in_another_process__is_refused_until_the_first_ends(void **state)
{
    struct fixture f;
    int ready[2];
    int stop[2];
    char byte = 0;
    struct tg_fault fault = { "" };

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t pid = fork();

    if (pid == 0) {
        if (f.backend->open(&f.store, f.dir, &f.limits) == TG_OK) {
            (void)!write(ready[1], "r", 1);
            (void)!read(stop[0], &byte, 1);
        }
        _exit(0); /* without close: the end of the process must release the lock */
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(tg_store_lmdb_open(&f.store, f.dir, &f.limits, NULL, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "in use by another process"));
    assert_null(f.store);
    assert_int_equal(write(stop[1], "s", 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(f.backend->open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    for (int i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(stop[i]);
    }
    fixture_close(&f);
}

static void assert_open_refused(const char *dir, const char *reason)
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_store_lmdb_open(&store, dir, &limits, NULL, &fault), TG_E_IO);
    assert_null(store);
    assert_non_null(strstr(fault.text, reason));
    assert_null(strstr(fault.text, "/tmp"));
}

static void file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void directory_that_cannot_be_created__is_refused_with_the_reason(void **state)
{
    char folder[64];
    char path[128];

    (void)state;
    folder_make(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/absent/db", folder);
    assert_open_refused(path, "cannot be created");
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    file_write(path, "not a directory");
    assert_open_refused(path, "cannot be opened");
    folder_remove(folder);
}

static void foreign_data_file__is_refused_and_not_changed(void **state)
{
    char folder[64];
    char path[128];
    static char text[5000];
    static char back[sizeof(text)];

    (void)state;
    folder_make(folder, sizeof(folder));
    memset(text, 'n', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
    file_write(path, text);
    assert_open_refused(folder, "cannot be opened");
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_int_equal(read(fd, back, sizeof(back)), (ssize_t)sizeof(text) - 1);
    assert_memory_equal(back, text, sizeof(text) - 1);
    (void)close(fd);
    folder_remove(folder);
}

/* Sets a value of 6 letters in the state table. */
static void state_set(const char *dir, const char *name, uint8_t *value, size_t len)
{
    char letters[7];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_val k = { 6, letters };
    MDB_val v = { len, value };

    (void)snprintf(letters, sizeof(letters), "%s", name);

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 3), 0);
    /* The file records the size of the large map, for which a sanitizer may have no room. */
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0);
    assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "s", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* As another version would. */
static void format_set(const char *dir, uint8_t format)
{
    uint8_t value[8] = { 0, 0, 0, 0, 0, 0, 0, format };

    state_set(dir, "format", value, sizeof(value));
}

static void store_of_format_1__is_converted(void **state)
{
    uint8_t counts[16] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 11 };
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 41, 1000, TG_LIT("first")), TG_OK);
    assert_int_equal(put(&f->client, 2, 42, 3000, TG_LIT("second")), TG_OK);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    format_set(f->dir, 1);
    state_set(f->dir, "counts", counts, sizeof(counts));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
        client_open(&f->client, f->store);
        assert_stats(f->store, 2, 11);
        assert_true(look(&f->client, 1, &call));
        assert_int_equal(call.seen.version, 41);
        assert_int_equal(call.seen.class, TG_STORE_LIVE);
        client_close(&f->client);
        f->client.ops->close(&f->store);
    }
    format_set(f->dir, 0);
    assert_open_refused(f->dir, "format");
    format_set(f->dir, TG_LMDB_FORMAT);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static void store_of_format_1_with_spent_tokens__is_refused_with_the_reason(void **state)
{
    uint8_t mark[32] = { 1 };
    uint8_t counts[16] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 37 };
    struct fixture *f = *state;

    assert_int_equal(put(&f->client, 1, 1, 1000, TG_LIT("first")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, 9000, TG_ARRAY_BYTES(mark)), TG_OK);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    format_set(f->dir, 1);
    state_set(f->dir, "counts", counts, sizeof(counts));
    assert_open_refused(f->dir, "spent private tokens");
    assert_open_refused(f->dir, "an empty store folder");
    f->limits = (struct tg_store_limits){ .live_max = 0 };
    format_set(f->dir, TG_LMDB_FORMAT);
    uint8_t counts_2[32] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 37 };

    state_set(f->dir, "counts", counts_2, sizeof(counts_2));
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static void store_of_another_format__is_refused(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    format_set(f.dir, TG_LMDB_FORMAT + 1);
    assert_open_refused(f.dir, "format");
    format_set(f.dir, TG_LMDB_FORMAT);
    assert_int_equal(f.backend->open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    fixture_close(&f);
}

static void full_map__refuses_what_does_not_fit_and_affects_nothing_else(void **state)
{
    enum { COUNT = 600, VALUE = 3000 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    uint8_t *value = calloc(1, VALUE);
    unsigned kept_count = 0;
    unsigned small_count = 0;
    struct call seen;

    assert_non_null(calls);
    assert_non_null(value);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(
        tg_store_lmdb_open_sized(&f->store, f->dir, &f->limits, NULL, 1024 * 1024, NULL), TG_OK);
    client_open(&f->client, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(i + 1, 1000, tg_bytes(value, VALUE));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_true(calls[i].err == TG_OK || calls[i].err == TG_E_FULL);
        assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
        kept_count += calls[i].err == TG_OK ? 1 : 0;
    }
    /* A quarter of the map stays free, so that removing always has pages. */
    assert_in_range(kept_count, 50, 1024 * 1024 / 4 * 3 / (2 * VALUE));
    assert_stats(f->store, kept_count, (uint64_t)kept_count * VALUE);
    /* Filled one record at a time until full. Removing must still work and make room. */
    for (unsigned i = 0; put(&f->client, COUNT + 1 + i, 1, NEVER_S, TG_LIT("")) == TG_OK; i++) {
        small_count++;
    }
    assert_int_equal(put(&f->client, 0, 9, 2000, tg_bytes(value, VALUE + 1)), TG_E_FULL);
    assert_int_equal(sweep(&f->client, 1000, kept_count / 2), kept_count / 2);
    for (unsigned i = 0; i < small_count; i += 2) {
        assert_int_equal(drop(&f->client, COUNT + 1 + i), TG_OK);
    }
    for (unsigned i = 1; i < small_count; i += 2) {
        assert_int_equal(drop(&f->client, COUNT + 1 + i), TG_OK);
    }
    assert_int_equal(put(&f->client, COUNT, 1, NEVER_S, tg_bytes(value, VALUE)), TG_OK);
    assert_stats(f->store, kept_count - kept_count / 2 + 1,
                 (uint64_t)(kept_count - kept_count / 2 + 1) * VALUE);
    free(value);
    free(calls);
}

/* One commit has at most 16 MiB. More queued bytes are several commits, not a failure. */
static void large_batch__is_stored_completely(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    uint8_t *value = calloc(1, TG_STORE_VALUE_MAX);

    assert_non_null(calls);
    assert_non_null(value);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(1, 1000, tg_bytes(value, TG_STORE_VALUE_MAX));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    assert_stats(f->store, COUNT, (uint64_t)COUNT * TG_STORE_VALUE_MAX);
    assert_int_equal(sweep(&f->client, 1000, COUNT), COUNT);
    free(value);
    free(calls);
}

/* Runs misuse in a child and returns the signal that ended it. */
static int misuse_signal(const struct fixture *f,
                         void (*misuse)(struct client *c, struct tg_store *store))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct tg_store *store = NULL;
        struct client c;
        int null_fd = open("/dev/null", O_WRONLY);

        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(null_fd, STDERR_FILENO);
        if (f->backend->open(&store, f->dir, &f->limits) == TG_OK) {
            client_open(&c, store);
            misuse(&c, store);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void misuse_detach(struct client *c, struct tg_store *store)
{
    static struct call call;

    (void)store;
    call.verdict = TG_STORE_KEEP;
    call_start(c, 1, &call);
    c->ops->detach(&c->port);
}

static void misuse_close(struct client *c, struct tg_store *store)
{
    c->ops->close(&store);
}

static void misuse_none(struct client *c, struct tg_store *store)
{
    client_close(c);
    c->ops->close(&store);
}

static void detach_in_flight_and_close_with_a_port__abort(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(misuse_signal(&f, misuse_none), 0);
    assert_int_equal(misuse_signal(&f, misuse_detach), SIGABRT);
    assert_int_equal(misuse_signal(&f, misuse_close), SIGABRT);
    folder_remove(f.folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        CASE(full_map__leaves_out_notes),
        cmocka_unit_test(files__are_accessible_only_to_the_owner),
        CASE(open_files__do_not_survive_exec),
        CASE(tables__stay_consistent),
        CASE(second_open__in_this_process__is_refused_with_the_reason),
        cmocka_unit_test(second_open__in_another_process__is_refused_until_the_first_ends),
        cmocka_unit_test(directory_that_cannot_be_created__is_refused_with_the_reason),
        cmocka_unit_test(foreign_data_file__is_refused_and_not_changed),
        CASE(store_of_format_1__is_converted),
        CASE(store_of_format_1_with_spent_tokens__is_refused_with_the_reason),
        cmocka_unit_test(store_of_another_format__is_refused),
        CASE(full_map__refuses_what_does_not_fit_and_affects_nothing_else),
        CASE(large_batch__is_stored_completely),
        cmocka_unit_test(detach_in_flight_and_close_with_a_port__abort),
    };

    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
