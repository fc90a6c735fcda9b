/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/perform.h - reads or changes the mailbox in the store, waits for a change, answers; private
 * to this folder.
 * Layer: L2.   Threads: the worker's.   Blocks: no.   Secrets: none of its own.
 */
#ifndef TG_RELAY_PERFORM_H
#define TG_RELAY_PERFORM_H

#include "relay/exchange.h"

/* What is started at the store between the two is of the client's share. */
void tg_perform_enter_share(const struct tg_exchange *ex);
void tg_perform_leave_share(const struct tg_relay *relay);

/* Reads the mailbox and answers; makes a change where the read needs one; starts a long poll where
   there is nothing new. */
void tg_perform_look(struct tg_exchange *ex);
/* Reads the mailbox: lends the change to found(). */
void tg_perform_read(struct tg_exchange *ex, tg_store_found_fn *found);
/* Changes the mailbox in the store's atomic step and answers. */
void tg_perform_change(struct tg_exchange *ex);

#endif
