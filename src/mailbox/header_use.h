/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/header_use.h - which header has a meaning on which call, and what it gets elsewhere.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.   Secrets: none.
 * spec: docs/protocol.md section 2.5.
 */
#ifndef TG_MAILBOX_HEADER_USE_H
#define TG_MAILBOX_HEADER_USE_H

#include "mailbox/mailbox.h"

/* Why this call refuses the headers, a 400: the first one that it uses and that is malformed, or
   that has no meaning on it although its sender may rely on it. NULL: it refuses none. */
const char *tg_header_use_fault(const struct tg_request_headers *headers,
                                enum tg_mailbox_call call);

#endif
