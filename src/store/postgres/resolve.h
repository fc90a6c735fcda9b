/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/resolve.h - the addresses of the servers. The C library's lookup of a name blocks,
 * and so does libpq's: a thread that lives only for the lookup does it, and every connection gets
 * an address. Layer: L2 (base), for src/store/postgres alone.   Threads: any.   Blocks: no.
 * Secrets: none.
 */
#ifndef TG_STORE_POSTGRES_RESOLVE_H
#define TG_STORE_POSTGRES_RESOLVE_H

#include "store/postgres/url.h"

#include <pthread.h>
#include <stdint.h>

struct tg_pg_resolver {
    const struct tg_pg_url *url;
    struct tg_pg_host looked_up[TG_PG_HOSTS_MAX]; /* the thread's */
    pthread_mutex_t lock;                         /* of all below */
    struct tg_pg_host found[TG_PG_HOSTS_MAX];     /* with addresses */
    size_t found_count;
    uint64_t asked_ms; /* when the last lookup began; 0: never */
    bool is_running;
    bool has_thread; /* to join */
    pthread_t thread;
};

enum tg_pg_lookup { TG_PG_LOOKUP_RUNS, TG_PG_LOOKUP_DONE };

TG_NODISCARD enum tg_err tg_pg_resolver_init(struct tg_pg_resolver *r, const struct tg_pg_url *url);
/* Waits for a lookup that runs. */
void tg_pg_resolver_deinit(struct tg_pg_resolver *r);
/*
 * The server number `at` (they repeat from 0 on) with its address. RUNS: ask again later. DONE with
 * false in *has_host: no name has an address now. *count: how many servers there are.
 */
enum tg_pg_lookup tg_pg_resolver_get(struct tg_pg_resolver *r, size_t at, uint64_t now_ms,
                                     struct tg_pg_host *host, bool *has_host, size_t *count);

#endif
