/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/pair_file.h - reads the file of a TLS certificate or key; private to pair.c.
 * Layer: L4 (base).      Threads: any.      Blocks: reads a file.
 * Secrets: a key passes through the caller's buffer, which wipes it.
 */
#ifndef TG_SERVER_KEYS_PAIR_FILE_H
#define TG_SERVER_KEYS_PAIR_FILE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"

enum tg_pair_file { TG_PAIR_FILE_CERT, TG_PAIR_FILE_KEY };

/* Fills out up to one byte below its maximum; more is too large. A key must be a file that no other
   user may read: see decision 0021. *reason and fault: why it failed. */
TG_NODISCARD enum tg_err tg_pair_file_read(struct tg_buf *out, const char *path,
                                           enum tg_pair_file kind, enum tg_log_reason *reason,
                                           struct tg_fault *fault);

#endif
