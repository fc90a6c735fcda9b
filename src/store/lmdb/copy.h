/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/copy.h - the embedded store as a whole: what is written into it when it becomes a copy
 * of another store.
 * Layer: L2 (base), for src/store alone.   Threads: one, while the writer has nothing to do.
 * Blocks: on the disk.
 *
 * The lock of the folder keeps other processes out. What is put is committed in steps, because a
 * transaction of LMDB should not be large.
 */
#ifndef TG_STORE_LMDB_COPY_H
#define TG_STORE_LMDB_COPY_H

#include "store/lmdb/writer.h"

extern const struct tg_store_copy_ops tg_lmdb_copy_ops;

/* Commits what was put, without new counts. Returns LMDB's codes. */
TG_NODISCARD int tg_lmdb_copy_flush(struct tg_lmdb *s);
/* Before the environment is closed. */
void tg_lmdb_copy_abort(struct tg_lmdb *s);

#endif
