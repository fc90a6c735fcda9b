/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http1.h - HTTP/1.0 and 1.1 (RFC 9110, 9112), server side, over llhttp.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: request texts are in memory that is wiped once the service has the request.
 *
 * It serves one request at a time; pipelined ones wait. Limits: http/conn_limits.h.
 */
#ifndef TG_SERVER_HTTP_HTTP1_H
#define TG_SERVER_HTTP_HTTP1_H

#include "server/http/proto.h"

/* env, io and service are borrowed until free. NULL: no memory. */
struct tg_proto *tg_http1_new(struct tg_env *env, struct tg_proto_io *io,
                              const struct tg_service *service);

#endif
