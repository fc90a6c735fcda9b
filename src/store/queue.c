/* SPDX-License-Identifier: Apache-2.0 */
#include "store/queue.h"

#include "base/mem.h"
#include "base/mem_owner.h"

enum tg_err tg_store_queue_init(struct tg_store_queue *q)
{
    *q = (struct tg_store_queue){ .is_closed = false };
    if (tg_store_shares_init(&q->shares) != TG_OK) {
        return TG_E_NOMEM;
    }
    if (pthread_mutex_init(&q->lock, NULL) != 0) {
        tg_store_shares_deinit(&q->shares);
        return TG_E_NOMEM;
    }
    if (pthread_cond_init(&q->wake, NULL) != 0) {
        (void)pthread_mutex_destroy(&q->lock);
        tg_store_shares_deinit(&q->shares);
        return TG_E_NOMEM;
    }
    return TG_OK;
}

void tg_store_queue_deinit(struct tg_store_queue *q)
{
    (void)pthread_cond_destroy(&q->wake);
    (void)pthread_mutex_destroy(&q->lock);
    tg_store_shares_deinit(&q->shares);
}

static void append(struct tg_store_queue *q, struct tg_store_op *op)
{
    if (op->kind == TG_STORE_SWEEP) {
        tg_store_oplist_append(&q->sweeps, op);
    } else {
        tg_store_shares_put(&q->shares, op);
    }
}

void tg_store_queue_push(struct tg_store_queue *q, struct tg_store_op *op)
{
    bool is_asleep = false;

    (void)pthread_mutex_lock(&q->lock);
    append(q, op);
    is_asleep = q->is_writer_asleep;
    q->is_writer_asleep = false; /* one signal is enough */
    (void)pthread_mutex_unlock(&q->lock);
    if (is_asleep) {
        (void)pthread_cond_signal(&q->wake);
    }
}

struct tg_store_op *tg_store_queue_pop(struct tg_store_queue *q)
{
    struct tg_store_op *op = NULL;

    (void)pthread_mutex_lock(&q->lock);
    op = tg_store_shares_pop(&q->shares);
    (void)pthread_mutex_unlock(&q->lock);
    return op;
}

size_t tg_store_queue_take_sweeps(struct tg_store_queue *q, struct tg_store_oplist *sweeps)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&q->lock);
    tg_store_oplist_splice(sweeps, &q->sweeps);
    count = q->shares.count;
    (void)pthread_mutex_unlock(&q->lock);
    return count;
}

static bool is_empty(const struct tg_store_queue *q)
{
    return q->shares.count == 0 && q->sweeps.head == NULL;
}

bool tg_store_queue_wait(struct tg_store_queue *q)
{
    bool has_some = false;

    (void)pthread_mutex_lock(&q->lock);
    while (is_empty(q) && !q->is_closed) {
        q->is_writer_asleep = true;
        tg_mem_publish();
        tg_mem_wipe_registers();
        (void)pthread_cond_wait(&q->wake, &q->lock);
    }
    q->is_writer_asleep = false;
    has_some = !is_empty(q);
    (void)pthread_mutex_unlock(&q->lock);
    return has_some;
}

void tg_store_queue_close(struct tg_store_queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    q->is_closed = true;
    (void)pthread_mutex_unlock(&q->lock);
    (void)pthread_cond_signal(&q->wake);
}
