/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that uses what its contract allows: it runs each change() and each change of a fact
 * several times, with no record, with older records of the key and with one that nobody wrote,
 * before the run that counts. Some of these runs are on a thread of their own. What a run got ends
 * with it: its bytes are overwritten and freed.
 */
#ifndef TG_TESTS_AGAIN_STORE_H
#define TG_TESTS_AGAIN_STORE_H

#include "store/store.h"

/* Takes real, and closes it with the store. Aborts without memory, here and later. */
struct tg_store *again_store_over(struct tg_store *real);

#endif
