/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http_loop.h - one epoll loop for the sockets and timers of several libcurl multi handles.
 * Layer: L3, for push/engine, push/sender and push/http alone.   Threads: one.   Blocks: no.
 * Secrets: none.
 *
 * The loop knows nothing about requests. It lets a handle act and then calls the handle's collect,
 * which takes the transfers that ended.
 */
#ifndef TG_PUSH_HTTP_LOOP_H
#define TG_PUSH_HTTP_LOOP_H

#include "base/err.h"
#include "push/curl.h"

#include <stdbool.h>
#include <stdint.h>

struct tg_push_http_loop;

TG_NODISCARD enum tg_err tg_push_http_loop_new(struct tg_push_http_loop **out,
                                               int64_t (*mono_ms)(void));
/* Accepts *loop == NULL. Every handle was removed from the loop before. */
void tg_push_http_loop_free(struct tg_push_http_loop **loop);
/* A descriptor that is readable when tg_push_http_loop_run has something to do. */
int tg_push_http_loop_fd(const struct tg_push_http_loop *loop);
/* Milliseconds until the first timer expires, or -1. */
int tg_push_http_loop_wait_ms(const struct tg_push_http_loop *loop);
/* Lets every socket and timer act and calls collect of every handle. */
void tg_push_http_loop_run(struct tg_push_http_loop *loop);

/* Takes the transfers that ended. It may add others. */
typedef void tg_push_http_loop_collect_fn(void *ctx);

enum tg_push_http_loop_writes {
    TG_PUSH_WRITES_AT_ONCE, /* requests may have a connection each */
    TG_PUSH_WRITES_BUNDLED  /* many requests share a connection */
};

/* A multi handle on a loop. All zero: no handle. */
struct tg_push_http_multi {
    struct tg_push_http_loop *loop;
    CURLM *handle;
    size_t index;   /* in the loop */
    int64_t due_ms; /* when libcurl wants to act; -1: never */
    struct tg_push_http_socket *sockets;
    uint32_t fresh_count; /* transfers added since the last run */
    enum tg_push_http_loop_writes writes;
    tg_push_http_loop_collect_fn *collect;
    void *ctx;
};

/* TG_E_LIMIT: the loop has no place. TG_E_NOMEM. Must be deinitialised in every case. */
TG_NODISCARD enum tg_err tg_push_http_multi_init(struct tg_push_http_multi *multi,
                                                 struct tg_push_http_loop *loop,
                                                 enum tg_push_http_loop_writes writes,
                                                 tg_push_http_loop_collect_fn *collect, void *ctx);
/* Leaves the loop. Every transfer has been removed before. */
void tg_push_http_multi_deinit(struct tg_push_http_multi *multi);
/* False: no memory. */
TG_NODISCARD bool tg_push_http_multi_add(struct tg_push_http_multi *multi, CURL *easy);

#endif
