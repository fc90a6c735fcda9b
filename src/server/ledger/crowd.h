/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/crowd.h - which holder of a place goes first when memory is short; private to
 * holders.c, under its lock.
 * Layer: L4 (base).      Threads: one at a time.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_LEDGER_CROWD_H
#define TG_SERVER_LEDGER_CROWD_H

#include "server/ledger/burdens.h"

/* Networks that one call may look at in each list. */
#define TG_CROWD_LOOKS 2048u

/* The memory of networks, and what a network may hold before others go. */
struct tg_crowd {
    const struct tg_burdens *burdens;
    const struct tg_counts *memory;
    uint64_t share; /* bytes */
    size_t looks;   /* networks and holders looked at so far */
};

/*
 * The holder to lose its place: see tg_holders_relieve. NULL: nobody who holds a place holds
 * memory. What networks hold is compared in steps of TG_CROWD_STEP: of two that hold about the same
 * the one goes whose holder came first, because a newcomer needs most.
 */
struct tg_holder *tg_crowd_pick(struct tg_crowd *c);
#define TG_CROWD_STEP 65536u

#endif
