/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn.h - one connection: socket, TLS, what is not yet read or sent, an HTTP engine.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: buffers hold requests and answers; they are wiped when freed. The peer's address is
 * never kept: it is asked of the socket when a rate limit needs it.
 */
#ifndef TG_SERVER_NET_CONN_H
#define TG_SERVER_NET_CONN_H

#include "server/http/proto.h"
#include "server/net/tls.h"

#include <uv.h>

/* What the connections of one worker share. */
struct tg_conns {
    struct tg_env *env;
    uv_loop_t *loop;
    struct tg_link all;
    struct tg_link kicked; /* to be run once the current callbacks are over */
    size_t count;          /* closing ones included */
    uint8_t read_buf[TG_READ_MAX];
    struct tg_buf join; /* parts of an answer put together for one TLS record */
};

void tg_conns_init(struct tg_conns *cs, struct tg_env *env, uv_loop_t *loop);
/* When count is 0. */
void tg_conns_deinit(struct tg_conns *cs);

/* Takes fd (non-blocking), also on failure. tls NULL: plain. service is borrowed for good. */
TG_NODISCARD enum tg_err tg_conn_open(struct tg_conns *cs, int fd, struct tg_tls_context *tls,
                                      const struct tg_service *service);
/* Runs what was kicked before the call, outside of callbacks; `kicked` may be filled again. */
void tg_conns_run(struct tg_conns *cs);
/* Every connection finishes what it has and closes. env.is_draining is set. */
void tg_conns_drain(struct tg_conns *cs);
/* Closes all at once; memory goes with the loop's next turn. */
void tg_conns_close(struct tg_conns *cs);

#endif
