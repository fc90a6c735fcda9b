/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/payer.h - a client network as the ledger knows it: cells, no address.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none without the ledger's key.
 */
#ifndef TG_SERVER_LEDGER_PAYER_H
#define TG_SERVER_LEDGER_PAYER_H

#include "server/ledger/cells.h"
#include "server/ledger/network.h"

enum tg_payer_kind {
    TG_PAYER_EXEMPT,  /* pays nothing: the relay's own proxy, or a test */
    TG_PAYER_NETWORK, /* the cells of a network */
    TG_PAYER_REFUSED  /* its cells could not be found: everything is refused */
};

/* All zero: exempt. */
struct tg_payer {
    enum tg_payer_kind kind;
    enum tg_network_family family;
    uint64_t work_period;   /* of the salt of work */
    uint64_t stored_period; /* of the salt of what is stored */
    struct tg_spot held[TG_NETWORK_TIERS];
    struct tg_spot work[TG_NETWORK_TIERS];
    struct tg_spot stored[TG_NETWORK_TIERS];
};

/* The tiers that count: 0 for a payer without cells. */
static inline size_t tg_payer_tier_count(const struct tg_payer *payer)
{
    return payer->kind == TG_PAYER_NETWORK ? tg_network_tier_count(payer->family) : 0;
}

/* A cell of its widest tier; 0 for a payer without cells. */
static inline uint16_t tg_payer_widest(const struct tg_payer *payer)
{
    size_t count = tg_payer_tier_count(payer);

    return count == 0 ? 0 : payer->held[count - 1].cell[0];
}

#endif
