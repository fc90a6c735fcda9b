/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/errand.h - who waits for what the store or another thread works on; private to this folder.
 * Layer: L2.   Threads: the worker's alone, also while what it belongs to is lent.   Blocks: no.
 * Secrets: none.
 */
#ifndef TG_RELAY_ERRAND_H
#define TG_RELAY_ERRAND_H

struct tg_exchange;
struct tg_relay;

/* The first member of what an exchange lends: struct tg_change, struct tg_standing_case. */
struct tg_errand {
    struct tg_relay *relay;
    struct tg_exchange *exchange; /* gets it back; NULL: nobody waits, and its callback frees it */
};

#endif
