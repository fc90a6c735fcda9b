/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/waiters.h - which requests of one worker wait for which mailbox.
 * Layer: L4.      Threads: a table per worker.      Blocks: no.
 * Secrets: none; keys are keyed hashes.
 */
#ifndef TG_SERVER_HTTP_WAITERS_H
#define TG_SERVER_HTTP_WAITERS_H

#include "base/err.h"
#include "server/http/list.h"
#include "store/store.h"

struct tg_waiter {
    struct tg_link link;
    struct tg_store_key key;
    /* key changed. The waiter is in the table; the callback may remove it or another one. Set by
       the owner. */
    void (*woken)(struct tg_waiter *waiter);
};

/* Who learns which keys are waited for: as many ends as begins. */
struct tg_waiters_watch {
    enum tg_err (*begin)(void *ctx, const struct tg_store_key *key); /* NULL: nobody */
    void (*end)(void *ctx, const struct tg_store_key *key);
    void *ctx;
};

struct tg_waiters {
    struct tg_waiters_watch watch; /* set before the first add */
    struct tg_link *buckets;       /* owned; NULL until the first add */
    size_t bucket_count;           /* 0 or a power of two */
    size_t count;
    struct tg_link waking; /* marked, and in no bucket */
};

void tg_waiters_init(struct tg_waiters *w);
/* Every waiter must have been removed. */
void tg_waiters_deinit(struct tg_waiters *w);

/* Links waiter under key until removed. TG_E_NOMEM, or an error of watch.begin. */
TG_NODISCARD enum tg_err tg_waiters_add(struct tg_waiters *w, struct tg_waiter *waiter,
                                        const struct tg_store_key *key);
/* Does nothing if it is in no table. */
void tg_waiters_remove(struct tg_waiters *w, struct tg_waiter *waiter);
/* Marks every waiter on key that is in the table. Returns how many. */
size_t tg_waiters_wake(struct tg_waiters *w, const struct tg_store_key *key);
/* The same for every waiter in the table. */
void tg_waiters_wake_all(struct tg_waiters *w);
/* Calls woken() of at most max marked waiters: one change may wake a crowd, and others must not
   wait for all of it. Returns whether more are marked. */
bool tg_waiters_run(struct tg_waiters *w, size_t max);

#endif
