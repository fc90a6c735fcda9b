/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/costly.h - when a handshake may do work that is long and cannot be divided.
 * Layer: L4.      Threads: its worker's.      Blocks: no.      Clock: an argument.
 * Secrets: none. A network is known by its cells in the ledger.
 * spec: protocol/3#costly-handshakes; docs/decisions/0035.
 *
 * A turn that cannot be divided delays all that comes meanwhile, in any order of turns.
 * So it is made rare: after one of them a network rests TG_COSTLY_REST times as long as it took,
 * and others are delayed in less than one part in so many of the time. The widest tier counts, so
 * that many small networks of one owner are one. A network that has the worker for itself does not
 * rest.
 */
#ifndef TG_SERVER_NET_COSTLY_H
#define TG_SERVER_NET_COSTLY_H

#include "server/net/turns.h"

#define TG_COSTLY_CELLS 1024u
#define TG_COSTLY_REST 128u
#define TG_COSTLY_ALONE_MS 60000u /* nobody else had a turn for so long */

struct tg_costly_cell {
    struct tg_link link;  /* in the ring, while something waits */
    struct tg_link queue; /* what waits, in the order of its arrival */
    uint64_t rests_until_us;
};

struct tg_costly {
    struct tg_link ring;          /* of cells in which something waits */
    struct tg_costly_cell *cells; /* owned, TG_COSTLY_CELLS of them */
    size_t count;                 /* of what waits */
    bool has_last;                /* there was a turn, of this network: */
    uint16_t last_wide;
    uint64_t shared_until_us; /* until then two networks count as using the worker */
};

/* TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_costly_init(struct tg_costly *c);
/* Also after a failed init. Nothing may wait. */
void tg_costly_deinit(struct tg_costly *c);

/* A network had a turn. */
void tg_costly_note_turn(struct tg_costly *c, struct tg_turn_key key, uint64_t now_us);

/* Whether the network may do such work now. */
bool tg_costly_may(const struct tg_costly *c, struct tg_turn_key key, uint64_t now_us);
/* It did, and that took took_us. */
void tg_costly_done(struct tg_costly *c, struct tg_turn_key key, uint64_t now_us, uint64_t took_us);

/* Appends link, which is in no list, to what waits. */
void tg_costly_wait(struct tg_costly *c, struct tg_turn_key key, struct tg_link *link);
/* Does nothing when link does not wait. */
void tg_costly_remove(struct tg_costly *c, struct tg_link *link);
/* Moves what may begin now to the end of released: one of each network that does not rest, which
   then counts as resting until it is done. A network that is alone gets all. */
void tg_costly_release(struct tg_costly *c, uint64_t now_us, struct tg_link *released);

#endif
