/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store while LMDB or memory fail under changes and reads. */
#include "fault_support.h"

#include <errno.h>
#include <lmdb.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_failed_alone(void **state, int code, enum tg_err expected)
{
    struct fixture *f = *state;
    struct call calls[BATCH];
    struct call seen;

    atomic_store(&fail_put.code, code);
    atomic_store(&bad_key, 4);
    batch_run(f, calls);
    for (unsigned i = 0; i < BATCH; i++) {
        assert_int_equal(calls[i].err, i == 4 ? expected : TG_OK);
        assert_int_equal(look(&f->client, i, &seen), i != 4);
    }
    assert_stats(f->store, BATCH - 1, (BATCH - 1) * 5);
    atomic_store(&bad_key, -1);
    assert_int_equal(put(&f->client, 4, 1, NEVER_S, TG_LIT("later")), TG_OK);
    assert_stats(f->store, BATCH, BATCH * 5);
}

static void put_that_finds_the_map_full__is_full_and_affects_no_other(void **state)
{
    assert_failed_alone(state, MDB_MAP_FULL, TG_E_FULL);
}

static void put_that_finds_the_transaction_full__is_full_and_affects_no_other(void **state)
{
    assert_failed_alone(state, MDB_TXN_FULL, TG_E_FULL);
}

static void put_that_fails__is_a_store_error_and_affects_no_other(void **state)
{
    assert_failed_alone(state, EIO, TG_E_STORE);
}

/* Records, expirations and counts are all written by mdb_put. Each call of a batch fails once. Only
   a change that fails in a separate transaction is answered with the failure. */
static void put_that_fails_once_at_any_call__affects_no_other(void **state)
{
    struct fixture *f = *state;
    struct call calls[BATCH];
    struct call seen;

    for (int n = 1; n <= (int)(2 * BATCH + 1); n++) {
        fail_set(&fail_put, n, 1, MDB_MAP_FULL);
        batch_run(f, calls);
        assert_int_equal(atomic_load(&fail_put.from), 0);
        for (unsigned i = 0; i < BATCH; i++) {
            assert_int_equal(calls[i].err, n <= 2 && i == 0 ? TG_E_FULL : TG_OK);
            assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
            assert_int_equal(drop(&f->client, i), TG_OK);
        }
        assert_stats(f->store, 0, 0);
    }
}

/* LMDB allocates its last pages in the commit, before it writes: that is full, not in doubt. */
static void commit_that_finds_the_map_full__is_retried_in_parts(void **state)
{
    struct fixture *f = *state;
    struct call calls[BATCH];
    struct call seen;

    for (int n = 1; n <= 6; n++) {
        unsigned refused_count = 0;

        fail_set(&fail_commit, 1, n, MDB_MAP_FULL);
        batch_run(f, calls);
        assert_int_equal(atomic_load(&fail_commit.from), 0);
        for (unsigned i = 0; i < BATCH; i++) {
            assert_true(calls[i].err == TG_OK || (calls[i].err == TG_E_FULL && i < 2));
            assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
            refused_count += calls[i].err == TG_OK ? 0 : 1;
            assert_int_equal(drop(&f->client, i), TG_OK);
        }
        assert_int_equal(refused_count, n < 5 ? 0 : 1); /* 256 or all 10, 10, 5, 2, 1 at a time */
        assert_stats(f->store, 0, 0);
    }
}

static void begin_that_fails__is_a_store_error_and_passes(void **state)
{
    struct fixture *f = *state;
    struct call call;

    fail_set(&fail_begin, 1, 1, ENOMEM);
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_E_STORE);
    assert_false(look(&f->client, 1, &call));
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    assert_true(look(&f->client, 1, &call));
}

static void found_failure(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    assert_null(record);
    *(enum tg_err *)ctx = err;
}

static void read_that_fails__is_a_store_error_and_never_an_absent_record(void **state)
{
    struct fixture *f = *state;
    struct tg_store_key key = key_of(1);
    enum tg_err err = TG_OK;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    fail_set(&fail_renew, 1, 1, MDB_PANIC);
    f->client.ops->read(f->client.port, &key, found_failure, &err);
    assert_int_equal(err, TG_E_STORE);
    err = TG_OK;
    fail_set(&fail_calloc, 1, 1, 0);
    f->client.ops->read(f->client.port, &key, found_failure, &err);
    assert_int_equal(err, TG_E_STORE);
    assert_true(look(&f->client, 1, &call));
}

/* Runs in a child. It reports through a pipe: L for a log event, D for an answer. */
static int report_fd;

static void report_event(void *ctx, enum tg_log_level level, const char *name,
                         const struct tg_log_field *fields, size_t field_count)
{
    (void)ctx;
    (void)level;
    (void)fields;
    (void)field_count;
    (void)!write(report_fd, strcmp(name, "store.commit_failed") == 0 ? "C" : "L", 1);
}

static void report_done(void *ctx, enum tg_err err)
{
    (void)ctx;
    (void)err;
    (void)!write(report_fd, "D", 1);
}

static enum tg_store_verdict report_change(void *ctx, const struct tg_store_record *old,
                                           struct tg_store_next *next)
{
    (void)ctx;
    (void)old;
    next->record = (struct tg_store_record){ .version = 1,
                                             .expires_s = NEVER_S,
                                             .sealed = TG_LIT("in doubt") };
    return TG_STORE_PUT;
}

static void child_write(const char *dir, void (*prepare)(void))
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_log log = { report_event, NULL };
    struct tg_store *store = NULL;
    struct client c;

    if (tg_store_lmdb_open(&store, dir, &limits, &log, NULL) != TG_OK) {
        _exit(1);
    }
    client_open(&c, store);
    if (put(&c, 1, 1, NEVER_S, TG_LIT("acknowledged")) != TG_OK) {
        _exit(1);
    }
    prepare();
    for (unsigned i = 0; i < 200; i++) {
        struct tg_store_key key = key_of(2 + i);

        c.ops->apply(c.port, &key, report_change, NULL, report_done);
    }
    for (;;) {
        client_wait(&c);
    }
}

static void prepare_commit(void)
{
    fail_set(&fail_commit, 1, 1, EIO);
}

static void prepare_heap(void)
{
    fail_set(&fail_calloc, 1, 1000000, 0);
}

/* Returns the child's exit status; text is what it reported. */
static int child_run(const char *dir, void (*prepare)(void), char *text, size_t size)
{
    int fds[2];
    int status = 0;
    size_t len = 0;
    ssize_t n = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();

    if (pid == 0) {
        report_fd = fds[1];
        child_write(dir, prepare);
    }
    (void)close(fds[1]);
    while (len + 1 < size && (n = read(fds[0], text + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    text[len] = '\0';
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_dies_with(void (*prepare)(void), const char *expected)
{
    struct fixture f;
    struct call call;
    char text[16];

    fail_none();
    fixture_open(&f, &fault_lmdb, NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(child_run(f.dir, prepare, text, sizeof(text)), 70);
    assert_string_equal(text, expected);
    assert_int_equal(fault_lmdb.open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    assert_true(look(&f.client, 1, &call));
    assert_memory_equal(call.seen_bytes, "acknowledged", 12);
    fixture_close(&f);
}

static void commit_that_fails__ends_the_process_without_an_answer(void **state)
{
    (void)state;
    assert_dies_with(prepare_commit, "C");
}

/* 64 refusals have memory in reserve. One more cannot be answered. */
static void no_memory_beyond_the_reserve__ends_the_process(void **state)
{
    (void)state;
    assert_dies_with(prepare_heap, "L");
}

static void apply_without_memory__is_full_through_dispatch(void **state)
{
    struct fixture *f = *state;
    struct call calls[8];

    fail_set(&fail_calloc, 1, 1000000, 0);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, TG_LIT("x"));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_E_FULL);
        assert_int_equal(calls[i].run_count, 0);
    }
    fail_none();
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    assert_stats(f->store, 1, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(put_that_finds_the_map_full__is_full_and_affects_no_other),
        CASE(put_that_finds_the_transaction_full__is_full_and_affects_no_other),
        CASE(put_that_fails__is_a_store_error_and_affects_no_other),
        CASE(put_that_fails_once_at_any_call__affects_no_other),
        CASE(commit_that_finds_the_map_full__is_retried_in_parts),
        CASE(begin_that_fails__is_a_store_error_and_passes),
        CASE(read_that_fails__is_a_store_error_and_never_an_absent_record),
        cmocka_unit_test(commit_that_fails__ends_the_process_without_an_answer),
        cmocka_unit_test(no_memory_beyond_the_reserve__ends_the_process),
        CASE(apply_without_memory__is_full_through_dispatch),
    };

    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
