/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/head.h - checks of a request head that RFC 9112 requires beyond its grammar, and the
 * head of an answer.
 * Layer: L4.      Threads: any.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_HEAD_H
#define TG_SERVER_HTTP_HEAD_H

#include "server/http/env.h"

/* Finds the end of a head and refuses what parsers disagree about: a bare CR or LF, a folded line,
   white space before a name. */
struct tg_head_guard {
    uint8_t last;    /* the byte before */
    size_t line_len; /* of the line so far, without CR */
    size_t line_count;
};

enum tg_guard { TG_GUARD_MORE, TG_GUARD_END, TG_GUARD_BAD };

/* Looks at in; *used: bytes up to and with the end, or where it went wrong, or all. */
enum tg_guard tg_head_guard_scan(struct tg_head_guard *g, struct tg_bytes in, size_t *used);

/* How a refusal reads. status 0: nothing to refuse. */
struct tg_head_fault {
    unsigned status;
    const char *detail;
};

/* What a head says about the connection and the body. */
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

enum tg_head_connection { TG_HEAD_KEEP, TG_HEAD_KEEP_1_0, TG_HEAD_CLOSE };

/* Appends status line and headers, with date, content-length where it belongs, and connection. */
void tg_head_encode(struct tg_buf *out, const struct tg_http_response *response,
                    struct tg_bytes date, enum tg_head_connection connection);

/* Whether an answer with this status has a body (RFC 9110, section 6.4.1). */
bool tg_head_has_body(unsigned status);

#endif
