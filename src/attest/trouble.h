/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/trouble.h - whether a call of OpenSSL failed for want of memory rather than over its
 * input: refusing a device because the relay is short of memory would be a lie.
 * Layer: L2, for attest/ alone.      Threads: any; the queue of errors is the thread's.
 * Blocks: no.      Secrets: none.
 */
#ifndef TG_ATTEST_TROUBLE_H
#define TG_ATTEST_TROUBLE_H

#include <stdbool.h>

/* Whether an error of the queue is an allocation, or a look-up of an algorithm. */
bool tg_trouble_is(unsigned long code);

/* Empties the thread's queue of errors; true when an allocation or a look-up of an algorithm is
   among them. */
bool tg_trouble_take(void);

#endif
