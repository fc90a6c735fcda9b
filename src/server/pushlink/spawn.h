/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/spawn.h - starts the push process: tigressd itself, by exec, so that nothing of
 * the relay's memory is in it, and only its end of a pair of sockets.
 * Layer: L4; for peer.c.      Threads: any that lasts as long as the process.      Blocks: no.
 * Secrets: none; the relay's keys never go there.
 */
#ifndef TG_SERVER_PUSHLINK_SPAWN_H
#define TG_SERVER_PUSHLINK_SPAWN_H

#include "server/settings/config.h"

#include <sys/types.h>

/* A child, and the relay's end of the pair: non-blocking, closed with exec. */
struct tg_push_child {
    pid_t pid;
    int fd;
};

/*
 * Starts one from /proc/self/exe. The kernel ends it with the calling thread, so call it on one
 * that lasts. What it is ready for it says itself: TG_PUSH_IPC_READY.
 * TG_E_IO, TG_E_NOMEM.
 */
TG_NODISCARD enum tg_err tg_push_spawn(struct tg_push_child *out, const struct tg_config *config,
                                       struct tg_fault *fault);

#endif
