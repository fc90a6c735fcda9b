/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/ending.h - how a mailbox ends and what its tombstone keeps; part of mailbox/mailbox.c.
 * Layer: L2 (base, crypto).   Threads: any.   Blocks: no.
 * Secrets: an end note is sealed by the devices; it is compared in constant time.
 */
#ifndef TG_MAILBOX_ENDING_H
#define TG_MAILBOX_ENDING_H

#include "mailbox/mailbox.h"

/* What the two devices are told of an end. */
struct tg_ending {
    const char *problem; /* slug of the problem type */
    const char *detail;
};

/* of: how it ended; TG_MAILBOX_LIVE: it has expired. */
struct tg_ending tg_ending_of(enum tg_mailbox_state of);

/* Whether a recipient was ever bound, also one that relinquished. */
enum tg_recipient tg_ending_recipient(const struct tg_mailbox *box);

/* Makes *box a tombstone. by: the end. note: of the device that ends it; may be empty. */
void tg_ending_bury(struct tg_mailbox *box, enum tg_mailbox_state by, struct tg_bytes note);

/* The tombstone's note for this device: that of the other one. Empty: none. */
struct tg_bytes tg_ending_note_for(const struct tg_mailbox *box,
                                   const struct tg_mailbox_side *reader);

/* Whether this device's delete, without a fault, is the one that made the tombstone: it has the
   same note. Without a note that is not known. */
bool tg_ending_is_repeated(const struct tg_mailbox *box, const struct tg_mailbox_side *caller,
                           const struct tg_mailbox_command *cmd);

#endif
