/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/outbox.h - the outbox of the embedded store: notes, leases, settling, sweeping.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 * spec: protocol/4#push-not-lost
 *
 * Functions that run in a transaction return LMDB's codes, as in lmdb/table.h, and may run again
 * when it fails. Leases are given and ended when the transaction is committed (lmdb/lease.h). A
 * note has the number of its transaction, and a lease compares it with the number that it saw. So a
 * lease operation is the last of its transaction.
 */
#ifndef TG_STORE_LMDB_OUTBOX_H
#define TG_STORE_LMDB_OUTBOX_H

#include "store/lmdb/lease.h"
#include "store/lmdb/table.h"

/* Does what note asks for, or nothing if there is no room. */
TG_NODISCARD int tg_lmdb_outbox_note(struct tg_lmdb_write *w, const struct tg_store_limits *limits,
                                     const struct tg_outbox_note *note);
/* Fills op->of.lease, or sets op->err to TG_E_FULL. */
TG_NODISCARD int tg_lmdb_outbox_lease(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                                      struct tg_store_op *op);
TG_NODISCARD int tg_lmdb_outbox_settle(struct tg_lmdb_write *w, struct tg_lmdb_leases *leases,
                                       const struct tg_store_op *op);
/* One step of the way through the outbox, from *place on: removes up to max_count entries that have
   expired. *place becomes the place of the next step. */
TG_NODISCARD int tg_lmdb_outbox_sweep(struct tg_lmdb_write *w, const struct tg_lmdb_leases *leases,
                                      int64_t now_s, size_t max_count,
                                      struct tg_store_outbox_place *place, size_t *removed_count);

/* Bytes of the pages that the outbox uses. */
TG_NODISCARD uint64_t tg_lmdb_outbox_bytes(const struct tg_lmdb_write *w);

#endif
