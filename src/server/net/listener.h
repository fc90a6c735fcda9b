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

/* Whether nobody listens at `at` yet. To be asked before the first bind: sockets of one user share
   a port, so that a second relay would take half of the first one's connections, and nobody would
   notice. Port 0 is free. TG_E_IO: fault says which port. */
TG_NODISCARD enum tg_err tg_listener_check_free(const struct tg_endpoint *at,
                                                struct tg_fault *fault);

/* A non-blocking listening socket on at, port replaced by `port` unless that is 0. Several may
   share a port (SO_REUSEPORT). *bound_port is the port it got. TG_E_IO with fault. */
TG_NODISCARD enum tg_err tg_listener_bind(int *fd, uint16_t *bound_port,
                                          const struct tg_endpoint *at, uint16_t port,
                                          struct tg_fault *fault);

/* The same of a socket that the service manager has opened: fd becomes non-blocking. */
TG_NODISCARD enum tg_err tg_listener_adopt(int fd, uint16_t *bound_port, struct tg_fault *fault);

struct tg_listener {
    uv_poll_t poll;
    uv_timer_t pause; /* until it tries again where accepting failed */
    int fd;
    int reserve_fd; /* given up for a moment when descriptors run out; -1: taken by others */
    struct tg_metrics_block *metrics;
    const struct tg_log *log;
    /* Takes fd. */
    void (*accepted)(void *ctx, int fd);
    void *ctx;
    bool is_open;
};

/* Takes fd. accepted, ctx, metrics and log are set before. */
TG_NODISCARD enum tg_err tg_listener_start(struct tg_listener *l, uv_loop_t *loop, int fd);
/* Accepts what has already connected, then closes the socket. Does nothing when not open. */
void tg_listener_stop(struct tg_listener *l);

#endif
