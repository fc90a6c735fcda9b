/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/sweep.h - sweeps of the embedded store: how much each commit removes.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 * spec: protocol/3#sweep-keeps-up
 *
 * A sweep takes a step in each commit, as its last operation. A step removes as many records as
 * were added since the last step, and some more: the number grows with the time by which the sweep
 * is behind, up to a maximum. The same is true for the outbox.
 */
#ifndef TG_STORE_LMDB_SWEEP_H
#define TG_STORE_LMDB_SWEEP_H

#include "store/lmdb/writer.h"

/* An operation's run and committed, as in lmdb/op.h. */
TG_NODISCARD int tg_lmdb_sweep_run(struct tg_lmdb *s, struct tg_lmdb_write *w,
                                   struct tg_store_op *op);
bool tg_lmdb_sweep_committed(struct tg_lmdb *s, struct tg_store_op *op);

/* After the commit of w: counts what it added. */
void tg_lmdb_sweep_note(struct tg_lmdb *s, const struct tg_lmdb_write *w);

#endif
