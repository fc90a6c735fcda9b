/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/tcp.h - what both ends of a direct transfer need of TCP.
 * Layer: L4 in a library of its own.   Threads: any.   Blocks: tg_tcp_wait.   Secrets: none.
 */
#ifndef TG_DIRECT_TCP_H
#define TG_DIRECT_TCP_H

#include "base/bytes.h"
#include "base/err.h"

#include <poll.h>
#include <sys/socket.h>

/* UTC milliseconds. */
int64_t tg_tcp_now_ms(void);

/* A numeric address: IPv4, or IPv6 with or without brackets; no names, no scope. TG_E_SYNTAX */
TG_NODISCARD enum tg_err tg_tcp_address(struct sockaddr_storage *out, socklen_t *out_len,
                                        struct tg_bytes host, uint16_t port);
/* Non-blocking, closed on exec, without delay; closes fd when that fails. */
TG_NODISCARD enum tg_err tg_tcp_prepare(int fd);

enum tg_tcp_io { TG_TCP_DONE, TG_TCP_AGAIN, TG_TCP_GONE };
/* Both say how much went through in *len (cap before). */
enum tg_tcp_io tg_tcp_read(int fd, uint8_t *out, size_t *len);
enum tg_tcp_io tg_tcp_write(int fd, struct tg_bytes data, size_t *len);

/* Waits for the fds, until deadline_ms (0: none) and a second at most. */
void tg_tcp_wait(struct pollfd *fds, size_t count, int64_t deadline_ms);

#endif
