/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/outbox.h - the embedded store's outbox: notes, leases, settling, sweeping.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 * spec: protocol/4#push-not-lost
 *
 * Functions that run in a transaction return LMDB's codes, as in lmdb/table.h, and may run again
 * when it is spoilt. A lease is given while its transaction runs and taken back when that has to
 * be repeated; a settled one ends after the commit. So the writer keeps a lease out of a
 * transaction that settles, and lets it be the last operation of its own.
 */
#ifndef TG_STORE_LMDB_OUTBOX_H
#define TG_STORE_LMDB_OUTBOX_H

#include "store/lmdb/lease.h"
#include "store/lmdb/table.h"

/* Does what note asks for, or nothing where there is no room. */
TG_NODISCARD int tg_lmdb_outbox_note(struct tg_lmdb_write *w, const struct tg_store_limits *limits,
                                     const struct tg_outbox_note *note);
/* Fills op->of.lease, or sets op->err to TG_E_FULL. */
TG_NODISCARD int tg_lmdb_outbox_lease(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                                      struct tg_store_op *op);
/* Takes back what the last run of op gave. */
void tg_lmdb_outbox_unlease(struct tg_lmdb_leases *leases, struct tg_store_op *op);
TG_NODISCARD int tg_lmdb_outbox_settle(struct tg_lmdb_write *w, const struct tg_lmdb_leases *leases,
                                       const struct tg_store_op *op);
/* One step of a sweep: goes on where the last committed one stopped. */
TG_NODISCARD int tg_lmdb_outbox_sweep(struct tg_lmdb_write *w, const struct tg_lmdb_leases *leases,
                                      struct tg_store_op *op, size_t max_count);

/* Bytes of pages that the outbox takes. */
TG_NODISCARD uint64_t tg_lmdb_outbox_bytes(const struct tg_lmdb_write *w);

#endif
