/* SPDX-License-Identifier: Apache-2.0 */
#include "push/queue.h"

void tg_push_queue_append(struct tg_push_queue *queue, struct tg_push_queue_job *job)
{
    job->next = NULL;
    if (queue->first == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
}

void tg_push_queue_prepend(struct tg_push_queue *queue, struct tg_push_queue_job *job)
{
    job->next = queue->first;
    queue->first = job;
    if (job->next == NULL) {
        queue->last = job;
    }
}

struct tg_push_queue_job *tg_push_queue_take(struct tg_push_queue *queue)
{
    struct tg_push_queue_job *job = queue->first;

    if (job != NULL) {
        queue->first = job->next;
        job->next = NULL;
    }
    return job;
}
