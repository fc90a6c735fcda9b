/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/lmdb_support.h - the embedded store alone.
 */
#ifndef TG_TEST_LMDB_SUPPORT_H
#define TG_TEST_LMDB_SUPPORT_H

#include "contract_support.h"

#define NEVER_S INT64_C(4000000000)

const struct backend *lmdb(void);
int lmdb_setup(void **state);
int lmdb_teardown(void **state);

/* Closes the store and opens it again. */
void reopen(struct fixture *f);

#define CASE(name) cmocka_unit_test_setup_teardown(name, lmdb_setup, lmdb_teardown)

#endif
