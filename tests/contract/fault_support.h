/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/fault_support.h - stores under which LMDB, memory, the file system and threads
 * fail. A program that links it wraps all functions that CMakeLists.txt names for it.
 */
#ifndef TG_TEST_FAULT_SUPPORT_H
#define TG_TEST_FAULT_SUPPORT_H

#include "contract_support.h"

#define NEVER_S INT64_C(4000000000)
#define BATCH 10u

/* A library call that fails from call number `from` on, `count` times. 0: never. */
struct failing {
    atomic_int from;
    atomic_int count;
    atomic_int code;
};

extern struct failing fail_begin, fail_renew, fail_commit, fail_put, fail_calloc, fail_thread,
    fail_fsync;
extern atomic_int bad_key;       /* mdb_put fails with fail_put.code for this key; -1: none */
extern atomic_long network_type; /* the type that fstatfs returns; 0: the real one */

void fail_set(struct failing *f, int from, int count, int code);
void fail_none(void);

extern const struct backend fault_lmdb, fault_memory;

/* A fixture with fault_lmdb, and no failure before and after the test. */
int fault_setup(void **state);
int fault_teardown(void **state);

/* BATCH puts in one batch, on keys 0.. */
void batch_run(struct fixture *f, struct call calls[BATCH]);

#define CASE(name) cmocka_unit_test_setup_teardown(name, fault_setup, fault_teardown)

#endif
