/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/link.h - between the outbox and the push process: leases entries, opens them,
 * hands them over as jobs, and settles what became of them. Keeps the process running. Layer: L4.
 * Threads: one of its own, with its own loop and port to the store, so that no request waits for
 * it; each function says who may call.      Blocks: start and stop. Secrets: tokens, from the store
 * to the pair of sockets; wiped when sent.
 */
#ifndef TG_SERVER_PUSHLINK_LINK_H
#define TG_SERVER_PUSHLINK_LINK_H

#include "server/pushlink/setup.h"

struct tg_push_link;

/*
 * Starts the push process, waits until it is ready, then starts the thread. On the main thread: the
 * process ends with it.
 *   *out    NULL when no provider is configured: then there is nothing to start
 * TG_E_IO, TG_E_NOMEM: fault says why; what the process itself had to say is on standard error.
 */
TG_NODISCARD enum tg_err tg_push_link_start(struct tg_push_link **out,
                                            const struct tg_push_link_setup *setup,
                                            struct tg_fault *fault);

/* Any thread; link may be NULL. There is something new in the outbox. */
void tg_push_link_wake(struct tg_push_link *link);
/* Any thread; NULL. A new push process reads its keys and takes over; if it does not come up, the
   old one stays. */
void tg_push_link_reload(struct tg_push_link *link);
/* Any thread; NULL. From now on pushes get half of drain-timeout. */
void tg_push_link_drain(struct tg_push_link *link);
/* Any thread; NULL: no. The push process takes jobs. */
bool tg_push_link_is_up(const struct tg_push_link *link);

/*
 * After the last worker has ended: sends what is due within the time of drain, ends the process and
 * the thread. What is not settled stays in the outbox. False: the store has not finished; then
 * nothing is freed and only the end of the process is safe. Accepts *link == NULL.
 */
TG_NODISCARD bool tg_push_link_stop(struct tg_push_link **link);

#endif
