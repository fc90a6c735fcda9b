/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/dir.h - the directory of the embedded store: creation, checks, lock.
 * Layer: L2 (base), for src/store alone.   Threads: one at a time.   Blocks: on the disk.
 */
#ifndef TG_STORE_LMDB_DIR_H
#define TG_STORE_LMDB_DIR_H

#include "base/err.h"
#include "base/fault.h"

#define TG_LMDB_LOCK_FILE "tigress.lock"

struct tg_lmdb_dir {
    int dir_fd;
    int lock_fd; /* holds the lock while it is open */
};

/*
 * Creates dir with mode 0700 if it is absent (its parent must exist), refuses a network file
 * system, and takes the lock against other processes. TG_E_IO: fault has the reason; nothing is
 * open.
 */
TG_NODISCARD enum tg_err tg_lmdb_dir_open(struct tg_lmdb_dir *d, const char *dir,
                                          struct tg_fault *fault);
/* Makes the names of the files in it durable. */
TG_NODISCARD enum tg_err tg_lmdb_dir_sync(const struct tg_lmdb_dir *d, struct tg_fault *fault);
void tg_lmdb_dir_close(struct tg_lmdb_dir *d);

#endif
