/* SPDX-License-Identifier: Apache-2.0 */
/* * direct/tcp.h - TCP for both ends of a direct transfer.
 * Layer: L4, as part of libtigress_direct.   Threads: any.   Blocks: tg_tcp_wait.   Secrets: none.
 */
#ifndef TG_DIRECT_TCP_H
#define TG_DIRECT_TCP_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/timekeeper.h"

#include <poll.h>
#include <sys/socket.h>

/* UTC milliseconds of the system's clock. */
int64_t tg_tcp_now_ms(void);

/* The clock of a device that hosts a mailbox. All zero is ready. */
struct tg_tcp_clock {
    struct tg_timekeeper keeper;
    bool is_running;
};
/* UTC milliseconds that run with the boot clock, from the first call on: a mailbox neither ends nor
   comes back because the system's clock was set. */
int64_t tg_tcp_clock_ms(struct tg_tcp_clock *clock);

/* A numeric address: IPv4, or IPv6 with or without brackets; no names, no scope. TG_E_SYNTAX */
TG_NODISCARD enum tg_err tg_tcp_address(struct sockaddr_storage *out, socklen_t *out_len,
                                        struct tg_bytes text, uint16_t port);
/* Non-blocking, closed on exec, without delay; closes fd when that fails. */
TG_NODISCARD enum tg_err tg_tcp_prepare(int fd);

enum tg_tcp_io { TG_TCP_DONE, TG_TCP_AGAIN, TG_TCP_GONE };
/* *len: bytes at most; then bytes read or written. */
enum tg_tcp_io tg_tcp_read(int fd, uint8_t *out, size_t *len);
enum tg_tcp_io tg_tcp_write(int fd, struct tg_bytes data, size_t *len);

/* Waits for the fds from now_ms until deadline_ms (0: none), one second at most. */
void tg_tcp_wait(struct pollfd *fds, size_t count, int64_t deadline_ms, int64_t now_ms);

#endif
