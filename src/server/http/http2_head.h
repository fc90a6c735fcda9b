/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2_head.h - the header fields of an HTTP/2 request: limits, and what RFC 9113
 * requires beyond the checks of nghttp2; private to http2*.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_HTTP2_HEAD_H
#define TG_SERVER_HTTP_HTTP2_HEAD_H

#include "server/http/http2_stream.h"

/* A head or trailers begin. */
void tg_http2_head_begin(struct tg_http2_stream *s);
/* A field of the request's head. False: the block is larger than twice a limit, and the connection
   ends. Up to there a block is decoded, so that its request gets an answer. */
TG_NODISCARD bool tg_http2_head_field(struct tg_http2_stream *s, struct tg_bytes name,
                                      struct tg_bytes value);
/* The same for a trailer, which is limited and otherwise ignored. */
TG_NODISCARD bool tg_http2_head_trailer(struct tg_http2_stream *s, struct tg_bytes name,
                                        struct tg_bytes value);
/* The head is complete: refuses the request, or answers what it expects before its body. */
void tg_http2_head_end(struct tg_http2_stream *s, bool has_body);
/* All bytes that have arrived were processed: sends 100 Continue for the heads that expect it and
   are not yet decided. */
void tg_http2_head_continue(struct tg_http2 *c);
/* The trailers are complete. */
void tg_http2_head_end_trailers(struct tg_http2_stream *s);

#endif
