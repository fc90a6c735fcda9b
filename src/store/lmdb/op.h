/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/op.h - the kinds of operations, a row each.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 */
#ifndef TG_STORE_LMDB_OP_H
#define TG_STORE_LMDB_OP_H

#include "store/lmdb/writer.h"

struct tg_lmdb_op_kind {
    /* Runs the operation in a transaction. Returns LMDB's codes, as in lmdb/table.h, and may run
       again when the transaction fails. */
    int (*run)(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op);
    /* After the commit of an operation with err TG_OK. True: it is a sweep that has more to do.
       NULL: nothing to do. */
    bool (*committed)(struct tg_lmdb *s, struct tg_store_op *op);
    /* After a transaction in which the operation was alone and failed: takes back what run changed
       outside the transaction. True: run it again. NULL: nothing to take back. */
    bool (*undone)(struct tg_lmdb *s, struct tg_store_op *op);
    /* Of one transaction, an operation that gives leases is the last, and none before it ends
       leases (lmdb/outbox.h). */
    bool gives_leases;
    bool ends_leases;
};

/* Whether a value of more_bytes finds room, beside what the transaction has written. */
enum tg_store_room tg_lmdb_room(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                                size_t more_bytes);

const struct tg_lmdb_op_kind *tg_lmdb_op_kind(enum tg_store_op_kind kind);

#endif
