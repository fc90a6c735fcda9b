/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/notify.h - telling the service manager how we are (sd_notify(3), without its library).
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_OPS_NOTIFY_H
#define TG_SERVER_OPS_NOTIFY_H

#include <stdint.h>

/* Sends state, such as "READY=1", to the socket in NOTIFY_SOCKET; does nothing without one. */
void tg_notify(const char *state);

/* Descriptors handed over by socket activation (sd_listen_fds(3)), the first being 3; 0: none. */
int tg_notify_listen_fds(void);

/* How often at most WATCHDOG=1 is awaited (sd_watchdog_enabled(3)); 0: not at all. */
uint64_t tg_notify_watchdog_ms(void);

#endif
