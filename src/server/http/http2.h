/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2.h - HTTP/2 (RFC 9113), server side, over nghttp2.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts are in memory that is wiped when the request has been handed on; an answer
 * is wiped when it has been sent.
 *
 * Bounds: settings.stream_max streams, TG_HEAD_MAX and TG_HEADERS_MAX a request, body_max a body,
 * TG_H2_WINDOW bytes of unfinished bodies a connection, settings.requests_max requests; floods of
 * frames that ask for nothing end the connection with ENHANCE_YOUR_CALM.
 */
#ifndef TG_SERVER_HTTP_HTTP2_H
#define TG_SERVER_HTTP_HTTP2_H

#include "server/http/proto.h"

#define TG_H2_WINDOW 262144 /* bytes of request bodies held at once, over all streams */
/* Bytes of answers that wait for the peer's window; above it new streams are refused, which a
   client may repeat. Otherwise a peer that opens no window could fill memory with mailboxes. */
#define TG_H2_ANSWERS_MAX (1024u * 1024u)
#define TG_H2_CONTROL_BURST 1000u /* frames that carry no request */
#define TG_H2_CONTROL_PER_S 100u
#define TG_H2_RESET_BURST 200u
#define TG_H2_RESET_PER_S 20u

/* env, host and service are borrowed until free. NULL: no memory. */
struct tg_proto *tg_http2_new(struct tg_env *env, struct tg_proto_host *host,
                              const struct tg_service *service);

#endif
