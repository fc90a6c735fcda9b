/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/turns.h - the order in which the connections of a worker get their turns.
 * Layer: L4.      Threads: its worker's.      Blocks: no.      Clock: an argument.
 * Secrets: none. A network is known by its cells in the ledger.
 * spec: docs/architecture.md, properties 4 and 6.
 *
 * Time is counted for each network and halves every TG_TURNS_HALF_MS. Networks that have used
 * little time lately come first; equal ones take turns. This order is kept twice: between the
 * widest tiers (IPv4 /24, IPv6 /48), and between the networks of one of them. So a connection waits
 * for at most one turn of a network that keeps the worker busy, also when that network has many
 * addresses.
 */
#ifndef TG_SERVER_NET_TURNS_H
#define TG_SERVER_NET_TURNS_H

#include "base/err.h"
#include "server/http/list.h"
#include "server/ledger/payer.h"

#include <stdint.h>

#define TG_TURNS_CELLS 4096u
#define TG_TURNS_WIDES 1024u
#define TG_TURNS_LEVELS 12u
#define TG_TURNS_QUIET_US                                                                          \
    2000u /* work of the first level; each further level has twice as much                         \
           */
#define TG_TURNS_HALF_MS 500u

/* The cells of a network and of its widest tier. Zero: a payer without cells. */
struct tg_turn_key {
    uint16_t cell;
    uint16_t wide;
};

/* Those who have something to do, by the time that they used. */
struct tg_turn_order {
    struct tg_link levels[TG_TURNS_LEVELS];
};

struct tg_turn_rank {
    struct tg_link link; /* in a level of an order */
    uint32_t work_us;
};

struct tg_turn_wide {
    struct tg_turn_rank rank;   /* in the order of all */
    struct tg_turn_order order; /* of its cells */
};

struct tg_turn_cell {
    struct tg_turn_rank rank; /* in the order of its wider network, while something waits */
    struct tg_link queue;     /* what waits, in the order of its arrival */
    uint16_t wide;            /* the cell of the wider network */
};

struct tg_turns {
    struct tg_turn_order order;
    struct tg_turn_cell *cells; /* owned, TG_TURNS_CELLS of them */
    struct tg_turn_wide *wides; /* owned, TG_TURNS_WIDES of them */
    size_t count;               /* of what waits */
    uint64_t halved_mono_ms;
};

/* TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_turns_init(struct tg_turns *t, uint64_t now_mono_ms);
/* Also after a failed init. Nothing may wait. */
void tg_turns_deinit(struct tg_turns *t);

struct tg_turn_key tg_turns_key(const struct tg_payer *payer);

/* Appends link, which is in no list. */
void tg_turns_put(struct tg_turns *t, struct tg_turn_key key, struct tg_link *link);
/* Does nothing when link does not wait. */
void tg_turns_remove(struct tg_turns *t, struct tg_link *link);
/* Removes and returns what is next. NULL: nothing waits. */
struct tg_link *tg_turns_take(struct tg_turns *t);
/* Counts the time that a turn of key took. */
void tg_turns_charge(struct tg_turns *t, struct tg_turn_key key, uint64_t work_us);
/* Call it often: it halves the counts when it is time. */
void tg_turns_halve(struct tg_turns *t, uint64_t now_mono_ms);

#endif
