/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/chunk.h - checks the framing of a chunked body before llhttp parses it: sizes,
 * extensions and trailers. llhttp accepts more than RFC 9112 section 7.1, and a proxy in front of
 * the relay may not: then both would find the next request at another byte.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: none; the content of a body is skipped.
 */
#ifndef TG_SERVER_HTTP_CHUNK_H
#define TG_SERVER_HTTP_CHUNK_H

#include "server/http/head.h"

#define TG_CHUNK_NAME_KEPT 24u /* bytes of a trailer's name: longer than each refused one */

struct tg_chunk_guard {
    unsigned state; /* enum state in chunk.c; 0: at the first chunk */
    size_t body_max;
    size_t total;       /* bytes of content that the chunks so far announced */
    size_t left;        /* bytes of content that the current chunk still has */
    size_t size;        /* of the chunk whose size line is read */
    size_t digit_count; /* of that line */
    size_t trailer_len; /* bytes of all trailers */
    size_t trailer_count;
    size_t name_len; /* of the trailer that is read */
    char name[TG_CHUNK_NAME_KEPT];
    struct tg_head_fault fault; /* with TG_CHUNK_BAD */
};

enum tg_chunk {
    TG_CHUNK_MORE,
    TG_CHUNK_END,       /* of the body, with its trailers */
    TG_CHUNK_TOO_LARGE, /* the body is larger than body_max: known from the size line */
    TG_CHUNK_BAD
};

void tg_chunk_guard_start(struct tg_chunk_guard *g, size_t body_max);
/* *used: bytes up to and including the end of the body or the byte that decided; otherwise all.
   spec: protocol/1#no-smuggling */
enum tg_chunk tg_chunk_guard_scan(struct tg_chunk_guard *g, struct tg_bytes in, size_t *used);

#endif
