/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/apply.h - applies the command of an exchange to a record of the store; private to this
 * folder.
 * Layer: L2.   Threads: tg_apply_record the worker's, tg_apply_change the store's.   Blocks: no.
 * Secrets: the record in the clear stays in the exchange.
 */
#ifndef TG_RELAY_APPLY_H
#define TG_RELAY_APPLY_H

#include "relay/exchange.h"

/*
 * Opens record, NULL if there is none, and applies the command to it: ex->box and ex->result. Gives
 * the same result each time it runs.
 * TG_E_NOMEM
 * TG_E_CRYPTO   the record cannot be opened or decoded
 */
TG_NODISCARD enum tg_err tg_apply_record(struct tg_exchange *ex,
                                         const struct tg_store_record *record);
/* A tg_store_change_fn; ctx is the exchange. An error goes to ex->change_err and changes nothing in
   the store. */
enum tg_store_verdict tg_apply_change(void *ctx, const struct tg_store_record *old,
                                      struct tg_store_next *next);

#endif
