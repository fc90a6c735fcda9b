/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2_stream.h - one stream of an HTTP/2 connection; private to http2*.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts and answers; wiped once the service or the peer has them.
 */
#ifndef TG_SERVER_HTTP_HTTP2_STREAM_H
#define TG_SERVER_HTTP_HTTP2_STREAM_H

#include "server/http/head.h"
#include "server/http/http2_conn.h"

struct tg_http2_stream {
    struct tg_link link;
    struct tg_link expecting;
    struct tg_http2 *conn;
    struct tg_pending pending;
    struct tg_deadline deadline; /* of the body, then of the answer */
    struct tg_reqmem *mem;       /* while the request is read */
    struct tg_buf answer;        /* body not yet sent */
    size_t answer_sent;
    uint64_t from_mono_ms; /* of its head, then of its answer */
    uint64_t taken_before; /* conn->taken_total when it was answered */
    size_t unsent_before;  /* conn->unsent then, with its own answer */
    size_t unreturned;     /* body bytes not yet returned to the stream's window */
    int32_t id;
    uint8_t method_len;
    char method[TG_HTTP2_METHOD_MAX];
    struct tg_head_fault fault;
    size_t block_len;     /* of the current header block, as RFC 9113, section 6.5.2, counts it */
    uint32_t block_lines; /* its fields, pseudo-header fields not counted */
    uint16_t authority_at, authority_len; /* in mem->text */
    size_t discarded;                     /* bytes of the body received after the answer */
    bool is_dispatched;
    bool is_sending;
    bool is_answered; /* the whole answer was sent */
};

/* Cancels an open request and frees s. */
void tg_http2_stream_free(struct tg_http2_stream *s);
/* A part of the body: kept, or discarded once the request is answered. */
void tg_http2_receive(struct tg_http2_stream *s, struct tg_bytes part);
/* The head is complete. False: its network is over its budget or not known, and the request was
   refused. */
TG_NODISCARD bool tg_http2_admit(struct tg_http2_stream *s);
/* Gives the request to the service: it is complete, or its body is too large. */
void tg_http2_dispatch(struct tg_http2_stream *s, bool is_body_too_large);
/* Answers an error without the service seeing the request. */
void tg_http2_refuse(struct tg_http2_stream *s, unsigned status, const char *detail);

/* Resets the stream: its request does not follow the rules of RFC 9113, section 8. */
void tg_http2_reset_malformed(struct tg_http2_stream *s);

/* Callbacks: pending.respond; s->deadline while the body is received, and after an early answer. */
void tg_http2_on_respond(struct tg_pending *p, const struct tg_http_response *response);
void tg_http2_on_body_deadline(struct tg_deadline *d);
void tg_http2_on_discard_deadline(struct tg_deadline *d);

#endif
