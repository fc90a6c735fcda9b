/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/reqmem.h - memory for a request while it is read, kept for reuse.
 * Layer: L4.      Threads: a pool per worker.      Blocks: no.
 * Secrets: request texts and bodies; wiped when put back.
 */
#ifndef TG_SERVER_HTTP_REQMEM_H
#define TG_SERVER_HTTP_REQMEM_H

#include "base/buf.h"
#include "relay/api.h"
#include "server/http/conn_limits.h"
#include "server/http/list.h"

#define TG_REQMEM_KEPT 32u /* kept for reuse by a pool */

/* Text and fields of a request. */
struct tg_reqmem {
    struct tg_link link;
    struct tg_buf text; /* target, names and values, one after the other */
    struct tg_buf body;
    size_t target_len;
    size_t field_count;
    struct {
        uint16_t name_at, name_len, value_at, value_len; /* in text; TG_HEAD_MAX fits */
    } fields[TG_HEADERS_MAX];
    struct tg_http_header headers[TG_HEADERS_MAX];
};

struct tg_reqmem_pool {
    struct tg_link kept;
    size_t kept_count;
};

void tg_reqmem_pool_init(struct tg_reqmem_pool *pool);
/* After everything has been put back. */
void tg_reqmem_pool_deinit(struct tg_reqmem_pool *pool);

/* An empty request memory, or NULL. */
struct tg_reqmem *tg_reqmem_take(struct tg_reqmem_pool *pool, size_t body_max);
/* Wipes it, then keeps or frees it; *m becomes NULL. Accepts *m == NULL. */
void tg_reqmem_put(struct tg_reqmem_pool *pool, struct tg_reqmem **m);
/* Fills m->headers from the fields and *out from m. *out is valid as long as m. */
void tg_reqmem_request(struct tg_reqmem *m, struct tg_bytes method, struct tg_http_request *out);

#endif
