/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/head.h - checks of a request head that RFC 9112 requires beyond its grammar, and the
 * head of an answer.
 * Layer: L4.      Threads: any.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_HEAD_H
#define TG_SERVER_HTTP_HEAD_H

#include "server/http/env.h"
#include "server/http/reqmem.h"

/* Why both versions of HTTP refuse a head. */
#define TG_HEAD_TOO_LARGE "the request head is larger than 32 KiB"
#define TG_HEAD_TOO_MANY_LINES "the request head has more than 64 header lines"
#define TG_HEAD_TARGET_TOO_LONG "the request target is longer than 4096 bytes"
#define TG_HEAD_NO_MEMORY "the relay has no memory for the request head"
#define TG_BODY_NO_MEMORY "the relay has no memory for the request body"
#define TG_REQUEST_NO_MEMORY "the relay has no memory for the request"
#define TG_HEAD_BAD_TRAILER                                                                        \
    "a trailer has a field that must be in the head: about length, routing, content or conditions"
#define TG_HEAD_EXPECTATION "Expect can only be 100-continue"
#define TG_HEAD_OVER_RATE "too many requests from this network"
#define TG_HEAD_NO_CONNECT "CONNECT is not supported: this server is not a proxy"
_Static_assert(TG_HEAD_MAX == 32u * 1024u && TG_HEADERS_MAX == 64u && TG_TARGET_MAX == 4096u,
               "the texts above name these limits");

/* Finds the end of a head and refuses what parsers disagree about: a CR or LF alone, a folded line,
   white space before a name. */
struct tg_head_guard {
    uint8_t last;    /* the previous byte */
    size_t line_len; /* of the current line, without CR */
    size_t line_count;
};

enum tg_guard { TG_GUARD_MORE, TG_GUARD_END, TG_GUARD_BAD };

/* *used: bytes up to and including the end of the head or the first bad byte; otherwise all. */
enum tg_guard tg_head_guard_scan(struct tg_head_guard *g, struct tg_bytes in, size_t *used);

/* Why a head is refused. status 0: it is not. */
struct tg_head_fault {
    unsigned status;
    const char *detail;
};

/* What a head states about the connection and the body. */
struct tg_head_facts {
    unsigned minor; /* HTTP/1.minor */
    bool has_expect_continue;
    bool has_chunked; /* Transfer-Encoding: chunked */
};

/*
 * Checks host, target form, Expect and Transfer-Encoding of the request in m, and turns an
 * absolute-form target into its origin form.
 */
struct tg_head_fault tg_head_check(struct tg_reqmem *m, bool is_connect,
                                   struct tg_head_facts *facts);

/* Whether a trailer of this name is refused: its sender relies on it, or another server on the way
   may act on it. All other trailers are ignored. spec: protocol/1#trailers */
bool tg_head_is_refused_trailer(struct tg_bytes name);

enum tg_head_connection { TG_HEAD_KEEP, TG_HEAD_KEEP_1_0, TG_HEAD_CLOSE };

/* Appends status line and headers, with date, connection, and content-length if the status has a
   body. */
void tg_head_encode(struct tg_buf *out, const struct tg_http_response *response,
                    struct tg_bytes date, enum tg_head_connection connection);

/* Whether an answer with this status has a body (RFC 9110, section 6.4.1). */
bool tg_head_has_body(unsigned status);

#endif
