/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/spawn.h - starts the push process: tigressd itself, by exec, so that nothing of
 * the relay's memory is in it, and only its end of a pair of sockets.
 * Layer: L4; for peer.c.      Threads: any that outlives the process.      Blocks: no.
 * Secrets: none; the process gets no key of the relay.
 */
#ifndef TG_SERVER_PUSHLINK_SPAWN_H
#define TG_SERVER_PUSHLINK_SPAWN_H

#include "server/settings/config.h"

#include <sys/types.h>

/* A child, and the relay's end of the pair: non-blocking, close-on-exec. */
struct tg_push_child {
    pid_t pid;
    int fd;
};

/*
 * Starts a process from /proc/self/exe. The kernel kills it when the calling thread ends, so call
 * this on a thread that lasts. The process sends TG_PUSH_IPC_READY when it can accept jobs.
 * TG_E_IO, TG_E_NOMEM.
 */
TG_NODISCARD enum tg_err tg_push_spawn(struct tg_push_child *out, const struct tg_config *config,
                                       struct tg_fault *fault);

#endif
