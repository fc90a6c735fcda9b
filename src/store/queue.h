/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/queue.h - operations on their way from many ports to one writer thread.
 * Layer: L2 (base), for src/store alone.   Threads: push on any, take on the writer.
 * Blocks: push and take only for the lock; wait until something is queued.
 */
#ifndef TG_STORE_QUEUE_H
#define TG_STORE_QUEUE_H

#include "store/store_port.h"

struct tg_store_queue {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct tg_store_oplist ops;
    struct tg_store_oplist sweeps; /* apart, so that a full queue does not delay them */
    bool is_writer_asleep;
    bool is_closed;
};

TG_NODISCARD enum tg_err tg_store_queue_init(struct tg_store_queue *q);
void tg_store_queue_deinit(struct tg_store_queue *q);

void tg_store_queue_push(struct tg_store_queue *q, struct tg_store_op *op);
/* Moves all queued operations to the end of the two lists. */
void tg_store_queue_take(struct tg_store_queue *q, struct tg_store_oplist *ops,
                         struct tg_store_oplist *sweeps);
/* Sleeps while the queue is empty. False: closed and empty. */
bool tg_store_queue_wait(struct tg_store_queue *q);
/* No pushes from here on. Wakes the writer. */
void tg_store_queue_close(struct tg_store_queue *q);

#endif
