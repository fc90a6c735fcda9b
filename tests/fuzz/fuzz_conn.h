/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives an HTTP engine over a whole connection. The first byte of the input selects how the
 * service answers, how the bytes are split, and what happens in between. The remaining bytes come
 * from the peer.
 */
#ifndef TESTS_FUZZ_FUZZ_CONN_H
#define TESTS_FUZZ_FUZZ_CONN_H

#include "server/http/proto.h"

#include <stdint.h>

typedef struct tg_proto *fuzz_engine_fn(struct tg_env *env, struct tg_proto_io *io,
                                        const struct tg_service *service);

/* Aborts when a limit is exceeded or something is not freed. */
int fuzz_conn(fuzz_engine_fn *engine, const uint8_t *data, size_t len);

#endif
