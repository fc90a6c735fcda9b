/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2.h - HTTP/2 (RFC 9113), server side, over nghttp2.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts are in memory that is wiped once the service has the request; an answer is
 * wiped when it has been sent.
 *
 * What RFC 9113 requires is checked by nghttp2 and, where it leaves something to its user, in
 * http2_meter.c (streams that have ended), http2_head.c (requests) and http2_frames.c (windows).
 * spec: protocol/1#http2-rules
 *
 * Limits: http/conn_limits.h. Too many resets or frames without a request end the connection with
 * ENHANCE_YOUR_CALM.
 */
#ifndef TG_SERVER_HTTP_HTTP2_H
#define TG_SERVER_HTTP_HTTP2_H

#include "server/http/proto.h"

/* env, io and service are borrowed until free. NULL: no memory. */
struct tg_proto *tg_http2_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service);

#endif
