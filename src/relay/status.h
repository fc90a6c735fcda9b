/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/status.h - the titles of HTTP statuses, and the one map from errors to statuses.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 * spec: docs/protocol.md section 1.
 */
#ifndef TG_RELAY_STATUS_H
#define TG_RELAY_STATUS_H

#include "base/err.h"

/* The reason phrase of RFC 9110, also the title of a problem document. Never NULL. */
const char *tg_status_title(unsigned status);
/* Which status answers an error. An error without a row, and TG_OK, is a 500: fail closed. */
unsigned tg_status_of_err(enum tg_err err);
/* Seconds that a client should wait before it tries again after err; 0: no Retry-After. */
unsigned tg_status_retry_after_s(enum tg_err err);

#endif
