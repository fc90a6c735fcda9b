/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/child.h - the push process from its own side: settings, user, keys, work.
 * Layer: L4.      Threads: the main thread, before any other.      Blocks: until the pair closes.
 * Secrets: the providers' keys, only in this process.
 */
#ifndef TG_SERVER_PUSHLINK_CHILD_H
#define TG_SERVER_PUSHLINK_CHILD_H

#include "server/settings/config.h"

/* The hidden flag, first and alone, that makes main call tg_push_child_main. */
#define TG_PUSH_CHILD_FLAG "--push-process"
#define TG_PUSH_CHILD_FD 3        /* the child's end of the pair */
#define TG_PUSH_CHILD_CONFIG_FD 4 /* the relay's settings, as --print-config shows them */

/* What the child runs instead of a relay. Returns the exit status; faults go to standard error. */
int tg_push_child_main(void);

/*
 * Checks the keys of all configured providers as the user of the push process. If the calling
 * process was started as root, it becomes push-user and stays so. For --check-config.
 */
TG_NODISCARD enum tg_err tg_push_child_check(const struct tg_config *config,
                                             struct tg_fault *fault);

#endif
