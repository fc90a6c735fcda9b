/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/op.h - the kinds of operations, a row each.
 * Layer: L2 (base), for src/store alone.   Threads: the writer's.   Blocks: on the disk.
 */
#ifndef TG_STORE_LMDB_OP_H
#define TG_STORE_LMDB_OP_H

#include "store/lmdb/writer.h"

struct tg_lmdb_op_kind {
    /* Runs the operation in a transaction. Returns LMDB's codes, as in lmdb/table.h. Runs again,
       from the same state, when the transaction fails: outside the transaction it changes only
       outcomes, which the next run replaces: in op, in w and of the leases. */
    int (*run)(struct tg_lmdb *s, struct tg_lmdb_write *w, struct tg_store_op *op);
    /* After the commit of an operation with err TG_OK. True: it is a sweep that has more to do.
       NULL: nothing to do. */
    bool (*committed)(struct tg_lmdb *s, struct tg_store_op *op);
    /* After a transaction in which the operation was alone and failed. True: it is run again, with
       less. NULL: false. */
    bool (*does_less)(struct tg_store_op *op);
    bool is_last; /* of its transaction (lmdb/outbox.h) */
};

/* Whether a value of more_bytes finds room, beside what the transaction has written. */
enum tg_store_room tg_lmdb_room(const struct tg_lmdb *s, const struct tg_lmdb_write *w,
                                size_t more_bytes);

const struct tg_lmdb_op_kind *tg_lmdb_op_kind(enum tg_store_op_kind kind);

#endif
