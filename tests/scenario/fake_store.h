/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store around the memory store: it counts what is written, can be down or full, and can keep
 * changes waiting. For tests of the relay core. Threads: one.
 */
#ifndef TG_TESTS_FAKE_STORE_H
#define TG_TESTS_FAKE_STORE_H

#include "store/store.h"

struct fake_store;

/* How often it runs a change. */
enum fake_store_runs {
    FAKE_STORE_RUNS_ONCE,
    FAKE_STORE_RUNS_AGAIN /* as support/c/again_store.h */
};

/* Aborts when the memory store cannot be opened. */
struct tg_store *fake_store_open(enum fake_store_runs runs);
struct tg_store_port *fake_store_port(struct tg_store *store);
void fake_store_close(struct tg_store **store);

/* TG_OK: works. Otherwise every change ends with that error and nothing is written, and every read
   fails unless the store is full. */
void fake_store_fail_with(struct tg_store *store, enum tg_err err);
/* Likewise for spending alone. */
void fake_store_fail_spends_with(struct tg_store *store, enum tg_err err);
/* While held, dispatch completes nothing. */
void fake_store_hold(struct tg_store *store, bool is_held);
/* While slow, a read finds the record of the time of the call, and completes in fake_store_pump().
 */
void fake_store_slow_reads(struct tg_store *store, bool is_slow);
/* Records written or removed and keys spent since it was opened. */
size_t fake_store_write_count(const struct tg_store *store);
/* The last sealed bytes written; ends with the next write. */
struct tg_bytes fake_store_last_sealed(const struct tg_store *store);
/* Runs what has completed, until nothing is left. */
void fake_store_pump(struct tg_store *store);
/* Runs changes that have completed, but completes no slow read. */
void fake_store_step(struct tg_store *store);
/* Removes what has expired. */
void fake_store_sweep(struct tg_store *store, int64_t now_s);
/* Opens a series, or sets its end. */
enum tg_err fake_store_series(struct tg_store *store, const struct tg_store_key *series,
                              int64_t end_s);

#endif
