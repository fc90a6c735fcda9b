/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/queue.h - the queue of one provider's jobs.
 * Layer: L3, for push/sender alone.   Threads: one.   Blocks: no.
 * Secrets: the token of each job; wiped by the owner of the job.
 */
#ifndef TG_PUSH_QUEUE_H
#define TG_PUSH_QUEUE_H

#include "push/http_connection.h"
#include "push/schedule.h"

struct tg_push_queue_job {
    struct tg_push_queue_job *next; /* in the queue, or in the list of idle jobs */
    uint64_t id;
    int64_t expires_s;
    uint8_t collapse[TG_PUSH_TAG_LEN];
    uint8_t origin[TG_PUSH_ORIGIN_TAG_LEN]; /* see struct tg_push_attempt */
    struct tg_buf token_data;
    struct tg_push_route *route;
    uint32_t credential;
    bool is_repetition;
    enum tg_push_connection_kind connection;
};

/* First in, first out. All zero is empty. The jobs are the caller's. */
struct tg_push_queue {
    struct tg_push_queue_job *first;
    struct tg_push_queue_job *last;
};

void tg_push_queue_append(struct tg_push_queue *queue, struct tg_push_queue_job *job);
/* For a job that is repeated: it is sent next. */
void tg_push_queue_prepend(struct tg_push_queue *queue, struct tg_push_queue_job *job);
/* Removes the first job. NULL: the queue is empty. */
struct tg_push_queue_job *tg_push_queue_take(struct tg_push_queue *queue);

#endif
