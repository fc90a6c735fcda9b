/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/lifetime.h - the rule for the expiration of a new mailbox; part of mailbox/mailbox.c.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Clock: an argument.
 */
#ifndef TG_MAILBOX_LIFETIME_H
#define TG_MAILBOX_LIFETIME_H

#include "mailbox/mailbox.h"

enum tg_lifetime {
    TG_LIFETIME_ALLOWED, /* by both times; *expires_s is the expiration */
    TG_LIFETIME_REFUSED, /* by both times; *fault names the limit */
    TG_LIFETIME_DISPUTED /* one time allows it, the other does not */
};

/* Judges the expiration that a create names, or finds one where it names none. */
enum tg_lifetime tg_lifetime_judge(const struct tg_mailbox_command *cmd,
                                   const struct tg_moment *now, int64_t *expires_s,
                                   struct tg_fault *fault);

#endif
