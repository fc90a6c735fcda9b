/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends with what the contract allows: each change runs several times, and the writer's
 * thread finds that each first commit of a transaction wrote nothing.
 */
#include "contract/contract_support.h"

#include "support/c/again_store.h"

#include <lmdb.h>
#include <unistd.h>

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    static _Thread_local bool has_refused;

    if (gettid() != getpid() && !has_refused) { /* not what opens or restores the store */
        has_refused = true;
        mdb_txn_abort(txn);
        return MDB_MAP_FULL;
    }
    has_refused = false;
    return __real_mdb_txn_commit(txn);
}

static enum tg_err mem_open(struct tg_store **out, const char *dir,
                            const struct tg_store_limits *limits)
{
    enum tg_err err = tg_store_mem_open(out, limits);

    (void)dir;
    if (err == TG_OK) {
        *out = again_store_over(*out);
    }
    return err;
}

static enum tg_err lmdb_open(struct tg_store **out, const char *dir,
                             const struct tg_store_limits *limits)
{
    struct tg_fault fault = { "" };
    enum tg_err err = tg_store_lmdb_open(out, dir, limits, NULL, &fault);

    if (err != TG_OK) {
        print_error("%s\n", fault.text);
        return err;
    }
    *out = again_store_over(*out);
    return TG_OK;
}

const struct backend backends[] = {
    { .name = "memory", .open = mem_open, .is_immediate = true },
    { .name = "lmdb", .open = lmdb_open },
};
const size_t backend_count = TG_COUNT(backends);
const bool is_wrapped = true;
