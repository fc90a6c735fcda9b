/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_support.h"

#include <errno.h>
#include <lmdb.h>
#include <string.h>
#include <sys/vfs.h>

struct failing fail_begin, fail_renew, fail_commit, fail_put, fail_calloc, fail_thread, fail_fsync;
atomic_int bad_key;
atomic_long network_type;

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

void fail_set(struct failing *f, int from, int count, int code)
{
    atomic_store(&f->code, code);
    atomic_store(&f->count, count);
    atomic_store(&f->from, from);
}

void fail_none(void)
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

const struct backend fault_lmdb = { .name = "lmdb", .open = open_it };

static enum tg_err open_memory(struct tg_store **out, const char *dir,
                               const struct tg_store_limits *limits)
{
    (void)dir;
    return tg_store_mem_open(out, limits);
}

const struct backend fault_memory = { .name = "memory", .open = open_memory };

int fault_setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fail_none();
    fixture_open(f, &fault_lmdb, NULL);
    *state = f;
    return 0;
}

int fault_teardown(void **state)
{
    fail_none();
    fixture_close(*state);
    free(*state);
    return 0;
}

void batch_run(struct fixture *f, struct call calls[BATCH])
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
