/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/child.h - the push process: tigressd itself, started again by exec, so that
 * nothing of the relay's memory is in it, and only its end of a pair of sockets. Layer: L4.
 * Threads: each function says.      Blocks: spawn no, main until the pair closes. Secrets: the
 * child's provider keys never come here; the relay's keys never go there.
 */
#ifndef TG_SERVER_PUSHLINK_CHILD_H
#define TG_SERVER_PUSHLINK_CHILD_H

#include "server/settings/config.h"

#include <sys/types.h>

/* The hidden flag, first and alone, that makes main call tg_push_child_main. */
#define TG_PUSH_CHILD_FLAG "--push-process"
#define TG_PUSH_CHILD_FD 3        /* its end of the pair */
#define TG_PUSH_CHILD_CONFIG_FD 4 /* the relay's settings, as --print-config shows them */

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
TG_NODISCARD enum tg_err tg_push_child_spawn(struct tg_push_child *out,
                                             const struct tg_config *config,
                                             struct tg_fault *fault);

/* What the child runs instead of a relay. Its exit status; what is wrong is on standard error. */
int tg_push_child_main(void);

/*
 * Whether the keys of every configured provider are good, as whom the push process will open them:
 * started as root, the calling process becomes push-user for good. For --check-config.
 */
TG_NODISCARD enum tg_err tg_push_child_check(const struct tg_config *config,
                                             struct tg_fault *fault);

#endif
