/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2.h - HTTP/2 (RFC 9113), server side, over nghttp2.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts are in memory that is wiped when the request has been handed on; an answer
 * is wiped when it has been sent.
 *
 * Bounds: settings.stream_max streams, TG_HEAD_MAX and TG_HEADERS_MAX a request, body_max a body,
 * TG_HTTP2_WINDOW bytes of unfinished bodies a connection, settings.requests_max requests; floods
 * of frames that ask for nothing end the connection with ENHANCE_YOUR_CALM.
 */
#ifndef TG_SERVER_HTTP_HTTP2_H
#define TG_SERVER_HTTP_HTTP2_H

#include "server/http/proto.h"

/* env, io and service are borrowed until free. NULL: no memory. */
struct tg_proto *tg_http2_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service);

#endif
