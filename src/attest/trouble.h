/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/trouble.h - whether OpenSSL failed because memory was short, not because of its input.
 * Layer: L2, for attest/ alone.      Threads: any; the queue of errors is the thread's.
 * Blocks: no.      Secrets: none.
 *
 * A relay that is short of memory must not report that a device is bad.
 */
#ifndef TG_ATTEST_TROUBLE_H
#define TG_ATTEST_TROUBLE_H

#include <stdbool.h>

/* Whether an error code is a failed allocation or a failed look-up of an algorithm. */
bool tg_trouble_is(unsigned long code);

/* Empties the thread's queue of errors. True: a failed allocation or look-up of an algorithm was
   among them. */
bool tg_trouble_take(void);

#endif
