/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/process.h - the push process: takes jobs from the relay's end of a socket pair, sends them,
 * tells what became of them (push/ipc.h).
 * Layer: L3 (base, crypto, wire).   Threads: one, its caller's.   Blocks: until the pair closes.
 * Secrets: provider keys and tokens, wiped when it returns.
 */
#ifndef TG_PUSH_PROCESS_H
#define TG_PUSH_PROCESS_H

#include "base/log.h"
#include "push/settings.h"

/* Opens the keys, says TG_PUSH_IPC_READY on fd and serves until the other end closes. Closes fd.
   An exit status: 0 after the other end closed, else what went wrong has been told. */
int tg_push_process_run(const struct tg_push_settings *settings, int fd, const struct tg_log *log);

#endif
