/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/notify.h - notifies the service manager of the relay's state (sd_notify(3), without
 * its library).
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_OPS_NOTIFY_H
#define TG_SERVER_OPS_NOTIFY_H

#include <stdint.h>

/* Sends state, such as "READY=1", to the socket in NOTIFY_SOCKET; does nothing without one. */
void tg_notify(const char *state);

/* The number of descriptors from socket activation (sd_listen_fds(3)). The first one is 3. */
int tg_notify_listen_fds(void);

/* The longest time between two WATCHDOG=1 (sd_watchdog_enabled(3)); 0: not needed. */
uint64_t tg_notify_watchdog_ms(void);

#endif
