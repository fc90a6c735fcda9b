/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/counter.h - a small file, kept apart from the store, that follows its count of
 * commits: a store that is behind it is an older copy, such as a restored backup.
 * Layer: L4 (base, store).      Threads: start and stop; after arm, the store's writer.
 * Blocks: reads and writes the file.      Secrets: none.
 *
 * The file is written after each commit and before its changes are answered. It is not synced then:
 * after a power failure it may be behind the store, which is harmless, and the next start makes it
 * equal. It is never ahead of a store that lost nothing, because the commit is on the disk first.
 */
#ifndef TG_SERVER_STORAGE_COUNTER_H
#define TG_SERVER_STORAGE_COUNTER_H

#include "base/fault.h"
#include "base/log.h"
#include "base/rng.h"
#include "store/store.h"

#include <stdatomic.h>

#define TG_STORE_ID_LEN 16u /* bytes */

struct tg_store_counter {
    const char *path; /* borrowed */
    const struct tg_log *log;
    int fd; /* with a lock on the file; -1: none */
    enum { TG_COUNTER_FILE_MISSING, TG_COUNTER_FILE_GOOD, TG_COUNTER_FILE_DAMAGED } file;
    uint8_t file_id[TG_STORE_ID_LEN];
    uint64_t file_count;
    uint64_t id_version; /* of the store's fact; 0: the store has no id yet */
    uint8_t id[TG_STORE_ID_LEN];
    uint64_t count;           /* of the store */
    uint64_t unwritten_count; /* of the store, where the last write failed; else 0 */
    atomic_uint_least64_t failure_count;
};

/* Opens and reads the file and what the store has. TG_E_IO, TG_E_DENIED: fault has the sentence. */
TG_NODISCARD enum tg_err tg_store_counter_open(struct tg_store_counter *c, const char *path,
                                               struct tg_store *store, const struct tg_log *log,
                                               struct tg_fault *fault);
/* TG_E_DENIED: the store may be an older copy, or another one. */
TG_NODISCARD enum tg_err tg_store_counter_judge(const struct tg_store_counter *c,
                                                struct tg_fault *fault, const char **advice);
/* Makes the file and the store's id if they are missing, and follows the store from now on. Before
   a port is attached. */
TG_NODISCARD enum tg_err tg_store_counter_arm(struct tg_store_counter *c, struct tg_store *store,
                                              const struct tg_rng *rng, struct tg_fault *fault);
/*
 * --restored: drops or keeps what the store holds, counts an epoch, and gives the store another id
 * and a count over both, so that the copy and its original can be told apart. May be repeated.
 */
TG_NODISCARD enum tg_err tg_store_counter_restore(struct tg_store_counter *c,
                                                  struct tg_store *store,
                                                  enum tg_store_restored how,
                                                  const struct tg_rng *rng, struct tg_fault *fault);
/* Counts one more restored backup. */
TG_NODISCARD enum tg_err tg_store_epoch_raise(struct tg_store *store);
/* Writes of the file that failed since arm. Any thread. */
uint64_t tg_store_counter_failures(const struct tg_store_counter *c);
/* After the store is closed. Writes what could not be written, and syncs the file. Accepts a
 * counter that was not opened, with fd -1. */
void tg_store_counter_close(struct tg_store_counter *c);

#endif
