/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/queue.h - operations on their way from many ports to one writer thread.
 * Layer: L2 (base), for src/store alone.   Threads: push on any, pop and take on the writer.
 * Blocks: push, pop and take only for the lock; wait until something is queued.
 */
#ifndef TG_STORE_QUEUE_H
#define TG_STORE_QUEUE_H

#include "store/shares.h"

struct tg_store_queue {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct tg_store_shares shares;
    struct tg_store_oplist sweeps; /* apart, so that a full queue does not delay them */
    bool is_writer_asleep;
    bool is_closed;
};

TG_NODISCARD enum tg_err tg_store_queue_init(struct tg_store_queue *q);
void tg_store_queue_deinit(struct tg_store_queue *q);

void tg_store_queue_push(struct tg_store_queue *q, struct tg_store_op *op);
/* Removes and returns the next operation that is no sweep. NULL: there is none. */
struct tg_store_op *tg_store_queue_pop(struct tg_store_queue *q);
/* Moves all sweeps to the end of the list. Returns how many other operations wait. */
size_t tg_store_queue_take_sweeps(struct tg_store_queue *q, struct tg_store_oplist *sweeps);
/* Sleeps while the queue is empty. False: closed and empty. */
bool tg_store_queue_wait(struct tg_store_queue *q);
/* No pushes from here on. Wakes the writer. */
void tg_store_queue_close(struct tg_store_queue *q);

#endif
