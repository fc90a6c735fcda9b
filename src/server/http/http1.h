/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http1.h - HTTP/1.0 and 1.1 (RFC 9110, 9112), server side, over llhttp.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts are in memory that is wiped when the request has been handed on.
 *
 * One request at a time; what follows it on the connection waits. Bounds: TG_HEAD_MAX,
 * TG_HEADERS_MAX, TG_TARGET_MAX, settings.body_max, settings.requests_max.
 */
#ifndef TG_SERVER_HTTP_HTTP1_H
#define TG_SERVER_HTTP_HTTP1_H

#include "server/http/proto.h"

/* env, io and service are borrowed until free. NULL: no memory. */
struct tg_proto *tg_http1_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service);

#endif
