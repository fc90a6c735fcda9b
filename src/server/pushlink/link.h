/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/link.h - connects the outbox and the push process: leases outbox entries, opens
 * them, sends them as jobs, and settles them by their outcomes. Keeps the process running.
 * Layer: L4.      Threads: a separate one, with its own loop and port to the store, so that no
 * request waits for it; each function states which thread may call it.      Blocks: start and stop.
 * Secrets: tokens, from the store to the pair of sockets; wiped when sent.
 */
#ifndef TG_SERVER_PUSHLINK_LINK_H
#define TG_SERVER_PUSHLINK_LINK_H

#include "server/pushlink/setup.h"

struct tg_push_link;

/*
 * Starts the push process, waits until it is ready, then starts the thread. Call it on the main
 * thread, because the process ends with the calling thread.
 *   *out    NULL when no provider is configured: then nothing is started
 * TG_E_IO, TG_E_NOMEM: fault has the reason. The process reports its own faults on standard error.
 */
TG_NODISCARD enum tg_err tg_push_link_start(struct tg_push_link **out,
                                            const struct tg_push_link_setup *setup,
                                            struct tg_fault *fault);

/* Any thread; link may be NULL. The outbox has a new entry. */
void tg_push_link_wake(struct tg_push_link *link);
/* Any thread; link may be NULL. Starts a push process that reads the keys again and takes over. If
   it does not become ready, the old one stays. */
void tg_push_link_reload(struct tg_push_link *link);
/* Any thread; link may be NULL. From now on pushes have half of drain-timeout. */
void tg_push_link_drain(struct tg_push_link *link);
/* Any thread. Whether a push process accepts jobs; false for NULL. */
bool tg_push_link_is_up(const struct tg_push_link *link);

/*
 * Call it after the last worker has ended. Sends the entries that are due within the time of drain,
 * then ends the process and the thread. Entries that are not settled stay in the outbox.
 * False: the store did not finish. Then nothing is freed, and the relay can only exit. Accepts
 * *link == NULL.
 */
TG_NODISCARD bool tg_push_link_stop(struct tg_push_link **link);

#endif
