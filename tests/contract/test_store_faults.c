/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store while LMDB, memory, the file system or threads fail. */
#include "contract/contract_support.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEVER_S INT64_C(4000000000)

/* A library call that fails from call number `from` on, `count` times. 0: never. */
struct failing {
    atomic_int from;
    atomic_int count;
    atomic_int code;
};

static struct failing fail_begin, fail_renew, fail_commit, fail_put, fail_calloc, fail_thread,
    fail_fsync;
static atomic_int bad_key;       /* mdb_put fails with fail_put.code for this key; -1: none */
static atomic_long network_type; /* the type that fstatfs returns; 0: the real one */

static bool fails(struct failing *f)
{
    if (atomic_load(&f->from) == 0) {
        return false;
    }
    if (atomic_load(&f->from) > 1) {
        atomic_fetch_sub(&f->from, 1);
        return false;
    }
    if (atomic_fetch_sub(&f->count, 1) == 1) {
        atomic_store(&f->from, 0);
    }
    return true;
}

static void fail_set(struct failing *f, int from, int count, int code)
{
    atomic_store(&f->code, code);
    atomic_store(&f->count, count);
    atomic_store(&f->from, from);
}

static void fail_none(void)
{
    fail_set(&fail_begin, 0, 0, 0);
    fail_set(&fail_renew, 0, 0, 0);
    fail_set(&fail_commit, 0, 0, 0);
    fail_set(&fail_put, 0, 0, 0);
    fail_set(&fail_calloc, 0, 0, 0);
    fail_set(&fail_thread, 0, 0, 0);
    fail_set(&fail_fsync, 0, 0, 0);
    atomic_store(&bad_key, -1);
    atomic_store(&network_type, 0);
}

#define WRAPPED(type, name, params, args, failing, failed)                                         \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        return fails(&(failing)) ? (failed) : __real_##name args;                                  \
    }

WRAPPED(int, mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
        (env, parent, flags, txn), fail_begin, atomic_load(&fail_begin.code))
WRAPPED(int, mdb_txn_renew, (MDB_txn * txn), (txn), fail_renew, atomic_load(&fail_renew.code))
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size), fail_calloc, NULL)
WRAPPED(int, pthread_create,
        (pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg),
        (thread, attr, start, arg), fail_thread, EAGAIN)
WRAPPED(int, fsync, (int fd), (fd), fail_fsync, (errno = EIO, -1))

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    if (fails(&fail_commit)) {
        mdb_txn_abort(txn);
        return atomic_load(&fail_commit.code);
    }
    return __real_mdb_txn_commit(txn);
}

int __real_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    if (atomic_load(&bad_key) >= 0 && key->mv_size == TG_STORE_KEY_LEN) {
        struct tg_store_key bad = key_of((unsigned)atomic_load(&bad_key));

        if (memcmp(key->mv_data, bad.bytes, sizeof(bad.bytes)) == 0) {
            return atomic_load(&fail_put.code);
        }
    }
    return fails(&fail_put) ? atomic_load(&fail_put.code)
                            : __real_mdb_put(txn, dbi, key, data, flags);
}

int __real_fstatfs(int fd, struct statfs *out);
int __wrap_fstatfs(int fd, struct statfs *out);
int __wrap_fstatfs(int fd, struct statfs *out)
{
    int rc = __real_fstatfs(fd, out);

    if (atomic_load(&network_type) < 0) {
        errno = EIO;
        return -1;
    }
    if (atomic_load(&network_type) != 0) {
        out->f_type = atomic_load(&network_type);
    }
    return rc;
}

static enum tg_err open_it(struct tg_store **out, const char *dir,
                           const struct tg_store_limits *limits)
{
    return tg_store_lmdb_open(out, dir, limits, NULL, NULL);
}

static const struct backend lmdb = { .name = "lmdb", .open = open_it };

static enum tg_err open_memory(struct tg_store **out, const char *dir,
                               const struct tg_store_limits *limits)
{
    (void)dir;
    return tg_store_mem_open(out, limits);
}

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fail_none();
    fixture_open(f, &lmdb, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fail_none();
    fixture_close(*state);
    free(*state);
    return 0;
}

#define BATCH 10u

/* BATCH puts in one batch, on keys 0.. */
static void batch_run(struct fixture *f, struct call calls[BATCH])
{
    struct stopper stopper;

    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        calls[i] = call_put(i + 1, NEVER_S, TG_LIT("batch"));
        call_start(&f->client, i, &calls[i]);
    }
    stopper_release(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        call_finish(&f->client, &calls[i]);
    }
}

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

/* ---- the outbox ----------------------------------------------------------------------------- */

#define NOTE_KEYS 500u

/* The same batch, with a note for each change and a lease of all after it. */
static void noted_batch_run(struct fixture *f, struct call calls[BATCH], struct leased *l)
{
    struct stopper stopper;

    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        calls[i] = call_put(i + 1, NEVER_S, TG_LIT("batch"));
        call_notify(&calls[i], NOTE_KEYS + i, 100 + i, 5000, TG_LIT("note"));
        call_start(&f->client, i, &calls[i]);
    }
    lease_start(&f->client, 200, 260, TG_OUTBOX_LEASE_MAX, l);
    stopper_release(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        call_finish(&f->client, &calls[i]);
    }
    while (l->done_count == 0) {
        client_wait(&f->client);
    }
}

static bool is_handed_out(const struct leased *l, unsigned key)
{
    unsigned count = 0;

    for (size_t i = 0; i < l->count; i++) {
        count += number_of(&l->entries[i].key) == key ? 1 : 0;
    }
    assert_in_range(count, 0, 1);
    return count == 1;
}

static void drop_all(struct fixture *f, const struct leased *l)
{
    for (size_t i = 0; i < l->count; i++) {
        assert_int_equal(settle(&f->client, l, i, TG_OUTBOX_DONE, 0), TG_OK);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        assert_int_equal(drop(&f->client, i), TG_OK);
    }
    assert_stats(f->store, 0, 0);
    assert_outbox(f->store, 0);
}

static void note_that_fails__is_left_out_and_its_change_is_made(void **state)
{
    static const int codes[] = { MDB_MAP_FULL, MDB_TXN_FULL, EIO };
    static struct leased l;
    struct fixture *f = *state;
    struct call calls[BATCH];

    for (size_t n = 0; n < TG_COUNT(codes); n++) {
        atomic_store(&fail_put.code, codes[n]);
        atomic_store(&bad_key, NOTE_KEYS + 4);
        noted_batch_run(f, calls, &l);
        atomic_store(&bad_key, -1);
        assert_int_equal(l.err, TG_OK);
        for (unsigned i = 0; i < BATCH; i++) {
            assert_int_equal(calls[i].err, TG_OK);
            assert_int_equal(is_handed_out(&l, NOTE_KEYS + i), i != 4);
        }
        drop_all(f, &l);
    }
}

/* The batch runs again after a failure. No note is lost or stored twice. */
static void note_of_another_change__survives_a_change_that_fails(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct call calls[BATCH];

    atomic_store(&fail_put.code, EIO);
    atomic_store(&bad_key, 4);
    noted_batch_run(f, calls, &l);
    atomic_store(&bad_key, -1);
    for (unsigned i = 0; i < BATCH; i++) {
        assert_int_equal(calls[i].err, i == 4 ? TG_E_STORE : TG_OK);
        assert_int_equal(is_handed_out(&l, NOTE_KEYS + i), i != 4);
    }
    assert_outbox(f->store, BATCH - 1);
    drop_all(f, &l);
}

static void commit_that_fails__leaves_no_lease_behind(void **state)
{
    static struct leased l;
    static struct leased rest;
    struct fixture *f = *state;
    struct call calls[BATCH];

    for (int n = 1; n <= 7; n++) {
        fail_set(&fail_commit, 1, n, MDB_MAP_FULL);
        noted_batch_run(f, calls, &l);
        assert_int_equal(atomic_load(&fail_commit.from), 0);
        assert_int_equal(l.err, TG_OK);
        lease(&f->client, 200, 260, TG_OUTBOX_LEASE_MAX, &rest);
        assert_int_equal(rest.count, 0);
        for (unsigned i = 1; i < BATCH; i++) {
            assert_int_equal(calls[i].err, TG_OK);
            assert_true(is_handed_out(&l, NOTE_KEYS + i));
        }
        assert_outbox(f->store, l.count);
        drop_all(f, &l);
    }
}

/* One queue: settle, lease, note, settle of another entry. Each sees the ones before it. */
static void outbox_operations_of_one_batch__keep_their_order(void **state)
{
    static struct leased first, second;
    struct fixture *f = *state;
    struct stopper stopper;
    struct call retried = { .verdict = TG_STORE_KEEP };
    struct call noted = call_put(1, NEVER_S, TG_LIT("x"));

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("first")), TG_OK);
    lease(&f->client, 100, 160, 1, &first);
    assert_int_equal(first.count, 1);
    stopper_start(&stopper, &f->client);
    settle_start(&f->client, &first, 0, TG_OUTBOX_RETRY, 101, &retried);
    lease_start(&f->client, 101, 161, 1, &second);
    call_notify(&noted, 7, 101, 5000, TG_LIT("second"));
    call_start(&f->client, 1, &noted);
    stopper_release(&stopper, &f->client);
    call_finish(&f->client, &noted);
    assert_int_equal(retried.err, TG_OK);
    assert_int_equal(second.err, TG_OK);
    assert_int_equal(second.count, 1);
    assert_int_equal(second.entries[0].attempts, 1);
    assert_int_equal(second.entries[0].sealed.len, 5);
    /* Noted after it was leased, in the same batch: due again. */
    assert_int_equal(settle(&f->client, &second, 0, TG_OUTBOX_DONE, 0), TG_OK);
    lease(&f->client, 102, 162, 1, &first);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.entries[0].sealed.len, 6);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

static void notes_before_and_after_a_lease_of_one_batch__are_two_pushes(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct stopper stopper;
    struct call before = call_put(1, NEVER_S, TG_LIT("x"));
    struct call after = call_put(2, NEVER_S, TG_LIT("x"));

    call_notify(&before, 7, 100, 5000, TG_LIT("before"));
    call_notify(&after, 7, 100, 5000, TG_LIT("after"));
    stopper_start(&stopper, &f->client);
    call_start(&f->client, 1, &before);
    lease_start(&f->client, 100, 160, 1, &l);
    call_start(&f->client, 1, &after);
    stopper_release(&stopper, &f->client);
    call_finish(&f->client, &after);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].sealed.len, 6);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].sealed.len, 5);
}

static void assert_lease_without_memory(struct fixture *f)
{
    enum { COUNT = 40 };
    static struct leased l;
    int n = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100 + i, 5000, TG_LIT("note")), TG_OK);
    }
    do {
        fail_set(&fail_calloc, ++n, 1, 0);
        lease_start(&f->client, 200 + n, 200 + n + 1, TG_OUTBOX_LEASE_MAX, &l);
        while (l.done_count == 0) {
            client_wait(&f->client);
        }
        if (l.err != TG_OK) {
            assert_int_equal(l.err, TG_E_FULL);
            assert_int_equal(l.count, 0);
        }
    } while (atomic_load(&fail_calloc.from) == 0);
    assert_in_range(n, COUNT, COUNT + 20);
    fail_none();
    assert_int_equal(l.count, COUNT);
    lease(&f->client, 400, 401, TG_OUTBOX_LEASE_MAX, &l);
    assert_int_equal(l.count, COUNT);
}

static void lease_without_memory__is_full_and_leases_nothing(void **state)
{
    assert_lease_without_memory(*state);
}

static void lease_without_memory__memory_store__is_full_and_leases_nothing(void **state)
{
    static const struct backend memory = { .name = "memory", .open = open_memory };
    struct fixture f;

    (void)state;
    fail_none();
    fixture_open(&f, &memory, NULL);
    assert_lease_without_memory(&f);
    fixture_close(&f);
}

/* Each allocation of a change with a note fails once. Without a record there is no note; without
   memory for the note only the record is stored. */
static void note_without_memory__memory_store__fails_no_change(void **state)
{
    static const struct backend memory = { .name = "memory", .open = open_memory };
    static struct leased l;
    struct fixture f;
    unsigned left_out_count = 0;
    bool was_reached = true;

    (void)state;
    fail_none();
    fixture_open(&f, &memory, NULL);
    assert_int_equal(put(&f.client, 0, 1, NEVER_S, TG_LIT("first")), TG_OK);
    for (unsigned n = 1; was_reached; n++) {
        struct call call = call_put(1, NEVER_S, TG_LIT("x"));

        call_notify(&call, n, 100, 5000, TG_LIT("note"));
        fail_set(&fail_calloc, (int)n, 1, 0);
        call_start(&f.client, n, &call);
        call_finish(&f.client, &call);
        was_reached = atomic_load(&fail_calloc.from) == 0;
        fail_none();
        lease(&f.client, 100, 101, TG_OUTBOX_LEASE_MAX, &l);
        assert_true(l.count == 0 || call.err == TG_OK);
        left_out_count += l.count == 0 && call.err == TG_OK ? 1 : 0;
        if (l.count == 1) {
            assert_int_equal(settle(&f.client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
        }
    }
    assert_int_equal(left_out_count, 2);
    fixture_close(&f);
}

static void lease_and_settle_that_fail__can_be_repeated(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("note")), TG_OK);
    fail_set(&fail_begin, 1, 1, ENOMEM);
    lease_start(&f->client, 100, 160, 1, &l);
    while (l.done_count == 0) {
        client_wait(&f->client);
    }
    assert_int_equal(l.err, TG_E_STORE);
    assert_int_equal(l.count, 0);
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    fail_set(&fail_put, 1, 1, MDB_MAP_FULL);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 300), TG_E_FULL);
    fail_set(&fail_begin, 1, 1, ENOMEM);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_E_STORE);
    assert_outbox(f->store, 1);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 300), TG_OK);
    lease(&f->client, 299, 360, 1, &l);
    assert_int_equal(l.count, 0);
    lease(&f->client, 300, 360, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].attempts, 1);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
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
    fixture_open(&f, &lmdb, NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(child_run(f.dir, prepare, text, sizeof(text)), 70);
    assert_string_equal(text, expected);
    assert_int_equal(open_it(&f.store, f.dir, &f.limits), TG_OK);
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

/* Fails call n of one kind while a store is opened, for each n until opening succeeds. */
static void assert_open_survives(struct failing *failing, int code, enum tg_err expected,
                                 int count_min)
{
    struct tg_store_limits limits = { .live_max = 0 };
    int failures = 0;

    for (bool is_open = false; !is_open;) {
        struct tg_store *store = NULL;
        char folder[64];
        char dir[80];
        struct client c;

        folder_make(folder, sizeof(folder));
        (void)snprintf(dir, sizeof(dir), "%s/db", folder);
        fail_set(failing, failures + 1, 1, code);
        enum tg_err err = open_it(&store, dir, &limits);

        is_open = err == TG_OK;
        fail_none();
        if (!is_open) {
            failures++;
            assert_int_equal(err, expected);
            assert_null(store);
            assert_int_equal(open_it(&store, dir, &limits), TG_OK); /* no lock is left */
        }
        client_open(&c, store);
        assert_int_equal(put(&c, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
        client_close(&c);
        store->ops->close(&store);
        folder_remove(folder);
    }
    assert_in_range(failures, count_min, 100);
}

static void open__with_any_call_failing__leaves_nothing_behind(void **state)
{
    (void)state;
    fail_none();
    assert_open_survives(&fail_calloc, 0, TG_E_NOMEM, 1);
    assert_open_survives(&fail_thread, 0, TG_E_NOMEM, 1);
    assert_open_survives(&fail_fsync, 0, TG_E_IO, 2);
    assert_open_survives(&fail_begin, ENOMEM, TG_E_IO, 1);
    assert_open_survives(&fail_commit, EIO, TG_E_IO, 1);
    assert_open_survives(&fail_put, EIO, TG_E_IO, 2);
}

static void attach__with_any_call_failing__leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct tg_store_port *port = NULL;
    int n = 0;

    fail_set(&fail_begin, 1, 1, MDB_READERS_FULL);
    assert_int_equal(f->client.ops->attach(f->store, NULL, NULL, &port), TG_E_STORE);
    assert_null(port);
    for (n = 1; port == NULL; n++) {
        fail_set(&fail_calloc, n, 1, 0);
        enum tg_err err = f->client.ops->attach(f->store, NULL, NULL, &port);

        assert_int_equal(err, port == NULL ? TG_E_NOMEM : TG_OK);
        assert_in_range(n, 1, 100);
    }
    fail_none();
    assert_in_range(n, 10, 100);
    f->client.ops->detach(&port);
}

static void memory_store__with_any_allocation_failing__refuses_cleanly(void **state)
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct client c;
    unsigned refused_count = 0;
    struct call seen;

    (void)state;
    fail_none();
    for (int n = 1; store == NULL; n++) {
        fail_set(&fail_calloc, n, 1, 0);
        enum tg_err err = tg_store_mem_open(&store, &limits);

        assert_int_equal(err, store == NULL ? TG_E_NOMEM : TG_OK);
    }
    fail_none();
    client_open(&c, store);
    for (unsigned i = 0; i < 300; i++) {
        fail_set(&fail_calloc, 1 + (int)(i % 4), 1, 0);
        enum tg_err err = put(&c, i, 1, NEVER_S, TG_LIT("x"));

        fail_none();
        assert_true(err == TG_OK || err == TG_E_FULL);
        assert_int_equal(look(&c, i, &seen), err == TG_OK);
        refused_count += err == TG_OK ? 0 : 1;
    }
    assert_in_range(refused_count, 75, 299);
    assert_stats(store, 300 - refused_count, 300 - refused_count);
    fail_set(&fail_calloc, 1, 1, 0); /* a sweep needs no memory: its operation is a spare block */
    struct call swept = { .verdict = TG_STORE_KEEP };

    sweep_start(&c, NEVER_S, 10, &swept);
    call_finish(&c, &swept);
    fail_none();
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 10);
    assert_stats(store, 290 - refused_count, 290 - refused_count);
    client_close(&c);
    store->ops->close(&store);
}

static void network_file_system__is_refused_with_the_reason(void **state)
{
    static const long types[] = {
        0x6969, 0xFF534D42, 0xFE534D42, 0x01021997, 0x5346414F, 0x00C36400
    };
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    char folder[64];

    (void)state;
    fail_none();
    folder_make(folder, sizeof(folder));
    for (size_t i = 0; i < TG_COUNT(types); i++) {
        struct tg_fault fault = { "" };

        atomic_store(&network_type, types[i]);
        assert_int_equal(tg_store_lmdb_open(&store, folder, &limits, NULL, &fault), TG_E_IO);
        assert_non_null(strstr(fault.text, "network file system"));
    }
    struct tg_fault fault = { "" };

    atomic_store(&network_type, -1);
    assert_int_equal(tg_store_lmdb_open(&store, folder, &limits, NULL, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "cannot be examined"));
    fail_none();
    folder_remove(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(put_that_finds_the_map_full__is_full_and_affects_no_other),
        CASE(put_that_finds_the_transaction_full__is_full_and_affects_no_other),
        CASE(put_that_fails__is_a_store_error_and_affects_no_other),
        CASE(put_that_fails_once_at_any_call__affects_no_other),
        CASE(commit_that_finds_the_map_full__is_retried_in_parts),
        CASE(note_that_fails__is_left_out_and_its_change_is_made),
        CASE(note_of_another_change__survives_a_change_that_fails),
        CASE(commit_that_fails__leaves_no_lease_behind),
        CASE(outbox_operations_of_one_batch__keep_their_order),
        CASE(notes_before_and_after_a_lease_of_one_batch__are_two_pushes),
        CASE(lease_without_memory__is_full_and_leases_nothing),
        cmocka_unit_test(lease_without_memory__memory_store__is_full_and_leases_nothing),
        cmocka_unit_test(note_without_memory__memory_store__fails_no_change),
        CASE(lease_and_settle_that_fail__can_be_repeated),
        CASE(begin_that_fails__is_a_store_error_and_passes),
        CASE(read_that_fails__is_a_store_error_and_never_an_absent_record),
        cmocka_unit_test(commit_that_fails__ends_the_process_without_an_answer),
        cmocka_unit_test(no_memory_beyond_the_reserve__ends_the_process),
        CASE(apply_without_memory__is_full_through_dispatch),
        cmocka_unit_test(open__with_any_call_failing__leaves_nothing_behind),
        CASE(attach__with_any_call_failing__leaves_nothing_behind),
        cmocka_unit_test(memory_store__with_any_allocation_failing__refuses_cleanly),
        cmocka_unit_test(network_file_system__is_refused_with_the_reason),
    };

    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
