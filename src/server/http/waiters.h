/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/waiters.h - which requests of one worker wait for which mailbox.
 * Layer: L4.      Threads: a table per worker; the inbox takes keys from any thread.
 * Blocks: the inbox for the length of a copy.      Secrets: none; keys are keyed hashes.
 */
#ifndef TG_SERVER_HTTP_WAITERS_H
#define TG_SERVER_HTTP_WAITERS_H

#include "base/err.h"
#include "server/http/list.h"
#include "store/store.h"

#include <pthread.h>

#define TG_INBOX_MAX 65536u /* keys; beyond it every waiter looks again */

struct tg_waiter {
    struct tg_link link;
    struct tg_store_key key;
    /* key changed. The waiter is in the table; this call may remove it. Set by the owner. */
    void (*woken)(struct tg_waiter *waiter);
};

struct tg_waiters {
    struct tg_link *buckets; /* owned; NULL until the first add */
    size_t bucket_count;     /* 0 or a power of two */
    size_t count;
};

void tg_waiters_init(struct tg_waiters *w);
/* Every waiter must be out. */
void tg_waiters_deinit(struct tg_waiters *w);

/* Links waiter under key until removed. TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_waiters_add(struct tg_waiters *w, struct tg_waiter *waiter,
                                        const struct tg_store_key *key);
/* Does nothing when it is in no table. */
void tg_waiters_remove(struct tg_waiters *w, struct tg_waiter *waiter);
/* woken() for every waiter on key that was there when the call began. Returns how many. */
size_t tg_waiters_wake(struct tg_waiters *w, const struct tg_store_key *key);
/* woken() for every waiter that was there when the call began. */
size_t tg_waiters_wake_all(struct tg_waiters *w);

/* Keys that other threads announce. */
struct tg_inbox {
    pthread_mutex_t lock;
    struct tg_store_key *keys; /* owned */
    size_t count;
    size_t cap;
    bool has_overflowed; /* keys were dropped: wake everybody */
};

TG_NODISCARD enum tg_err tg_inbox_init(struct tg_inbox *in);
void tg_inbox_deinit(struct tg_inbox *in);
/* Any thread. Returns whether the reader must be notified (the inbox was empty). Never loses a
   wake: what cannot be kept makes the reader wake everybody. */
bool tg_inbox_put(struct tg_inbox *in, const struct tg_store_key *key);
/* The reader's thread: wakes what the inbox names and empties it. Returns how many were woken. */
size_t tg_inbox_deliver(struct tg_inbox *in, struct tg_waiters *w);

#endif
