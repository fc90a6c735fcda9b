/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/cost.h - asks the transport whether the client may have what a request is about to cost;
 * private to this folder.
 * Layer: L2.   Threads: the worker's.   Blocks: no.   Secrets: lengths of records only.
 */
#ifndef TG_RELAY_COST_H
#define TG_RELAY_COST_H

#include "relay/exchange.h"

/* Whether anybody asks what a request costs. */
bool tg_cost_is_asked(const struct tg_exchange *ex);
/* What the record that the change made will take of the store. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_cost_measure(struct tg_exchange *ex);
/* False: it must not be done, and the client is not answered. cost: TG_COST_REPORT. */
TG_NODISCARD bool tg_cost_may(struct tg_exchange *ex, enum tg_cost cost);
/* False: the client may not have it, and was answered. */
TG_NODISCARD bool tg_cost_pay(struct tg_exchange *ex, enum tg_cost cost);

#endif
