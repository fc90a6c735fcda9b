/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/listener.h - a listening socket on a worker's loop.
 * Layer: L4.      Threads: bind anywhere, the rest on its worker.      Blocks: no.
 */
#ifndef TG_SERVER_NET_LISTENER_H
#define TG_SERVER_NET_LISTENER_H

#include "base/fault.h"
#include "base/log.h"
#include "server/ops/metrics.h"
#include "server/settings/config.h"

#include <uv.h>

/* Checks that no socket listens at `at`. Call it before the first bind: sockets of one user share a
   port (SO_REUSEPORT), so a second relay would silently get half of the connections of the first.
   Port 0 always succeeds. TG_E_IO: fault names the port. */
TG_NODISCARD enum tg_err tg_listener_check_free(const struct tg_endpoint *at,
                                                struct tg_fault *fault);

/* Opens a non-blocking listening socket at `at`, with `port` as its port unless that is 0. Several
   may share a port (SO_REUSEPORT). *bound_port is the port bound. TG_E_IO with fault. */
TG_NODISCARD enum tg_err tg_listener_bind(int *fd, uint16_t *bound_port,
                                          const struct tg_endpoint *at, uint16_t port,
                                          struct tg_fault *fault);

/* The same for a socket that the service manager opened: fd becomes non-blocking. */
TG_NODISCARD enum tg_err tg_listener_adopt(int fd, uint16_t *bound_port, struct tg_fault *fault);

enum tg_accepted {
    TG_ACCEPTED,
    TG_ACCEPTED_LAST /* with the spare descriptor: no other is free until a connection closes */
};

struct tg_listener {
    uv_poll_t poll;
    uv_timer_t pause; /* until the next attempt after accepting failed */
    int fd;
    int reserve_fd; /* closed when descriptors run out; -1: it is in use */
    struct tg_metrics_block *metrics;
    const struct tg_log *log;
    /* A connection. It takes ownership of fd. */
    void (*accepted)(void *ctx, int fd, enum tg_accepted how);
    /* Descriptors ran out and another thread took the spare one: nothing can be accepted until a
       connection closes. */
    void (*starved)(void *ctx);
    void *ctx;
    bool is_open;
    bool
        is_behind; /* set by the owner: connections wait for their turn, so few are added at once */
};

/* Takes ownership of fd, also on failure. The caller sets accepted, ctx, metrics and log before. */
TG_NODISCARD enum tg_err tg_listener_start(struct tg_listener *l, uv_loop_t *loop, int fd);
/* Gets the spare descriptor back. Call it when connections have closed. */
void tg_listener_reserve(struct tg_listener *l);
/* Accepts the connections that are waiting, then closes the socket. Does nothing if not open. */
void tg_listener_stop(struct tg_listener *l);

#endif
