/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/inbox.h - keys of changed mailboxes, from all workers to the waiters of one.
 * Layer: L4.      Threads: any thread puts; the worker delivers.
 * Blocks: while another thread copies a key.      Secrets: none; keys are keyed hashes.
 */
#ifndef TG_SERVER_HTTP_INBOX_H
#define TG_SERVER_HTTP_INBOX_H

#include "server/http/waiters.h"

#include <pthread.h>

#define TG_INBOX_MAX 65536u /* keys; beyond it every waiter is woken */

struct tg_inbox {
    pthread_mutex_t lock;
    struct tg_store_key *keys; /* owned */
    size_t count;
    size_t cap;
    bool has_overflowed; /* keys were dropped: wake every waiter */
};

TG_NODISCARD enum tg_err tg_inbox_init(struct tg_inbox *in);
void tg_inbox_deinit(struct tg_inbox *in);
/* Any thread. Returns whether the reader must be notified: the inbox was empty. No change is lost:
   if the key cannot be kept, the reader wakes every waiter. */
bool tg_inbox_put(struct tg_inbox *in, const struct tg_store_key *key);
/* The reader's thread: marks the waiters on the keys of the inbox and empties it. */
void tg_inbox_deliver(struct tg_inbox *in, struct tg_waiters *w);

#endif
