/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/reqmem.h - memory for a request while it is read.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts and bodies; wiped when freed.
 *
 * It takes what the request has so far, and belongs to the connection that allocates it: an
 * unfinished request with a small head takes a few hundred bytes.
 */
#ifndef TG_SERVER_HTTP_REQMEM_H
#define TG_SERVER_HTTP_REQMEM_H

#include "base/buf.h"
#include "relay/api.h"
#include "server/http/conn_limits.h"

/* Text and fields of a request. */
struct tg_reqmem {
    struct tg_buf text;   /* target, names and values, one after the other */
    struct tg_buf fields; /* where they are in text */
    struct tg_buf body;
    size_t target_at, target_len; /* in text */
};

/* An empty request memory, or NULL. */
struct tg_reqmem *tg_reqmem_new(size_t body_max);
/* Wipes and frees. Accepts NULL and *m == NULL. */
void tg_reqmem_free(struct tg_reqmem **m);

/* Adds a field whose name and value are in text. False: there is no memory, or no room: there are
   TG_HEADERS_MAX already. */
TG_NODISCARD bool tg_reqmem_add_field(struct tg_reqmem *m, size_t name_at, size_t name_len,
                                      size_t value_at, size_t value_len);
size_t tg_reqmem_field_count(const struct tg_reqmem *m);
/* Views in text; they end when it grows. */
struct tg_http_header tg_reqmem_field(const struct tg_reqmem *m, size_t index);
/* Fills headers and *out, which are valid as long as m. */
void tg_reqmem_request(struct tg_reqmem *m, struct tg_http_header headers[TG_HEADERS_MAX],
                       struct tg_bytes method, struct tg_http_request *out);

#endif
