/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing_run.h - proves good standing before a change is made; private to this folder.
 * Layer: L2.   Threads: the worker's; the verification runs on the thread of hooks->offload, with
 * the case that the exchange lends.
 * Blocks: no.   Secrets: the proof is in the case and ends with it.
 * spec: docs/protocol.md section 6
 */
#ifndef TG_RELAY_STANDING_RUN_H
#define TG_RELAY_STANDING_RUN_H

#include "relay/exchange.h"

/* Reads the mailbox, judges the proof, spends the token, makes the change and answers. If
   ex->standing is NULL, makes the change and answers. */
void tg_standing_run(struct tg_exchange *ex);

#endif
