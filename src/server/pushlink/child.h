/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/child.h - the push process from its own side: settings, user, keys, work.
 * Layer: L4.      Threads: the main thread, before any other.      Blocks: until the pair closes.
 * Secrets: the providers' keys, in this process alone.
 */
#ifndef TG_SERVER_PUSHLINK_CHILD_H
#define TG_SERVER_PUSHLINK_CHILD_H

#include "server/settings/config.h"

/* The hidden flag, first and alone, that makes main call tg_push_child_main. */
#define TG_PUSH_CHILD_FLAG "--push-process"
#define TG_PUSH_CHILD_FD 3        /* its end of the pair */
#define TG_PUSH_CHILD_CONFIG_FD 4 /* the relay's settings, as --print-config shows them */

/* What the child runs instead of a relay. Its exit status; what is wrong is on standard error. */
int tg_push_child_main(void);

/*
 * Whether the keys of every configured provider are good, as whom the push process will open them:
 * started as root, the calling process becomes push-user for good. For --check-config.
 */
TG_NODISCARD enum tg_err tg_push_child_check(const struct tg_config *config,
                                             struct tg_fault *fault);

#endif
