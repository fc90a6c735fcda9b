/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/resolve.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FRESH_MS 5000u /* a result is used again for so long */
#define STALE_MS 1000u /* after so long, an earlier result is used while a lookup runs */

enum tg_err tg_pg_resolver_init(struct tg_pg_resolver *r, const struct tg_pg_url *url)
{
    bool needs_lookup = false;

    memset(r, 0, sizeof(*r));
    r->url = url;
    for (size_t i = 0; i < url->host_count; i++) {
        needs_lookup = needs_lookup || tg_pg_host_needs_lookup(&url->hosts[i]);
    }
    if (!needs_lookup) {
        memcpy(r->found, url->hosts, url->host_count * sizeof(r->found[0]));
        r->found_count = url->host_count;
        r->asked_ms = UINT64_MAX; /* for ever */
    }
    return pthread_mutex_init(&r->lock, NULL) == 0 ? TG_OK : TG_E_NOMEM;
}

void tg_pg_resolver_deinit(struct tg_pg_resolver *r)
{
    if (r->has_thread) {
        (void)pthread_join(r->thread, NULL);
    }
    (void)pthread_mutex_destroy(&r->lock);
}

/* All addresses of one server, as servers of their own, so that one that is dead is passed over. */
static void look_up(const struct tg_pg_host *host, struct tg_pg_host *found, size_t *count)
{
    static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *list = NULL;

    if (!tg_pg_host_needs_lookup(host)) {
        found[(*count)++] = *host;
        return;
    }
    if (getaddrinfo(host->name, NULL, &hints, &list) != 0) {
        return;
    }
    for (const struct addrinfo *a = list; a != NULL && *count < TG_PG_HOSTS_MAX; a = a->ai_next) {
        struct tg_pg_host *out = &found[*count];

        *out = *host;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, out->address, sizeof(out->address), NULL, 0,
                        NI_NUMERICHOST) == 0) {
            ++*count;
        }
    }
    freeaddrinfo(list);
}

static void *run(void *ctx)
{
    struct tg_pg_resolver *r = ctx;
    size_t count = 0;

    for (size_t i = 0; i < r->url->host_count && count < TG_PG_HOSTS_MAX; i++) {
        look_up(&r->url->hosts[i], r->looked_up, &count);
    }
    (void)pthread_mutex_lock(&r->lock);
    if (count > 0) { /* what was found before is better than nothing */
        memcpy(r->found, r->looked_up, count * sizeof(r->found[0]));
        r->found_count = count;
    }
    r->is_running = false;
    (void)pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void start(struct tg_pg_resolver *r, uint64_t now_ms)
{
    sigset_t all;
    sigset_t before;

    if (r->has_thread) {
        (void)pthread_join(r->thread, NULL); /* it has ended */
        r->has_thread = false;
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    r->has_thread = pthread_create(&r->thread, NULL, run, r) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->is_running = r->has_thread;
    r->asked_ms = now_ms;
}

enum tg_pg_lookup tg_pg_resolver_get(struct tg_pg_resolver *r, size_t at, uint64_t now_ms,
                                     struct tg_pg_host *host, bool *has_host, size_t *count)
{
    enum tg_pg_lookup answer = TG_PG_LOOKUP_DONE;

    (void)pthread_mutex_lock(&r->lock);
    if (!r->is_running && r->asked_ms != UINT64_MAX &&
        (r->asked_ms == 0 || now_ms >= r->asked_ms + FRESH_MS)) {
        start(r, now_ms);
    }
    if (r->is_running && (r->found_count == 0 || now_ms < r->asked_ms + STALE_MS)) {
        answer = TG_PG_LOOKUP_RUNS;
    }
    *count = r->found_count;
    *has_host = r->found_count > 0;
    if (*has_host) {
        *host = r->found[at % r->found_count];
    }
    (void)pthread_mutex_unlock(&r->lock);
    return answer;
}
