/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/record.h - encodes and decodes a mailbox record, with a format number; before sealing.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.
 */
#ifndef TG_MAILBOX_RECORD_H
#define TG_MAILBOX_RECORD_H

#include "base/buf.h"
#include "mailbox/mailbox.h"

/* The newest format. A record is written in the oldest format that can hold it, so that an older
   relay reads all but the tombstones that need format 2. */
#define TG_RECORD_FORMAT 2u
#define TG_RECORD_MAX (120u * 1024u) /* bytes */

TG_NODISCARD enum tg_err tg_record_encode(struct tg_buf *out, const struct tg_mailbox *box);
/* Views in *box end with data. TG_E_UNSUPPORTED: another format number. TG_E_SYNTAX: no record. */
TG_NODISCARD enum tg_err tg_record_decode(struct tg_mailbox *box, struct tg_bytes data);

#endif
