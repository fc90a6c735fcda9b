/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/process.h - the push process: receives jobs from a socket pair, sends the pushes and reports
 * the outcomes (push/ipc.h).
 * Layer: L3 (base, crypto, wire).   Threads: one, its caller's.   Blocks: until the pair closes.
 * Secrets: provider keys and tokens, wiped when it returns.
 */
#ifndef TG_PUSH_PROCESS_H
#define TG_PUSH_PROCESS_H

#include "base/log.h"
#include "push/settings.h"

/* Opens the keys, sends TG_PUSH_IPC_READY on fd and serves until the other end closes. Closes fd.
   Returns an exit status: 0 after the other end closed; otherwise the error has been reported. */
int tg_push_process_run(const struct tg_push_settings *settings, int fd, const struct tg_log *log);

#endif
