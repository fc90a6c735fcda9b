/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/c/epoch_store.h - lets a store without epochs be a group: its epoch is a matter of the
 * test, and a test may step between what a port does and what the group does.
 */
#ifndef TG_SUPPORT_EPOCH_STORE_H
#define TG_SUPPORT_EPOCH_STORE_H

#include "store/epoch.h"

/* Changes the store's operations in place, until it is closed. */
void epoch_store_make(struct tg_store *store, struct tg_store_epoch open);
void epoch_store_set(struct tg_store *store, struct tg_store_epoch open);
struct tg_store_epoch epoch_store_get(struct tg_store *store);

/* Reads of the group are kept until epoch_store_answer, which answers them with err: what they
   found when they came. */
void epoch_store_keep_reads(struct tg_store *store, bool is_kept);
/* The same, but they look when they are answered. */
void epoch_store_delay_reads(struct tg_store *store, bool is_delayed);
void epoch_store_answer(struct tg_store *store, enum tg_err err);
/* Called once, at the next change of a record that the group gets, before it is done. */
void epoch_store_before_apply(struct tg_store *store, void (*step)(void *ctx), void *ctx);
void epoch_store_set_usable(struct tg_store *store, bool is_usable);

#endif
