/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http1_parser.h - collects one HTTP/1 request with llhttp; private to http1.c. It only
 * checks sizes.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: the request is in the memory that the caller lends, and wipes.
 */
#ifndef TG_SERVER_HTTP_HTTP1_PARSER_H
#define TG_SERVER_HTTP_HTTP1_PARSER_H

#include "server/http/head.h"

#include <llhttp.h>

struct tg_http1_parser {
    llhttp_t llhttp;
    struct tg_reqmem *mem;  /* filled; borrowed from start on, until the caller sets it to NULL */
    struct tg_asker *asker; /* filled from the head; borrowed */
    size_t body_max;        /* bytes */
    size_t name_at;         /* in mem's text, of the header being read */
    size_t name_len;
    size_t value_at;
    struct tg_head_fault fault; /* why a callback failed; status 0: none did */
    bool is_in_body;            /* set by the caller after the head */
    bool is_complete;
    bool is_body_too_large;
};

/* For the next request. */
void tg_http1_parser_start(struct tg_http1_parser *p, struct tg_reqmem *mem, struct tg_asker *asker,
                           size_t body_max);

#endif
