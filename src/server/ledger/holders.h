/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/holders.h - who holds a place of a kind (a connection, a long poll), and who loses
 * it when a newcomer needs one and all are taken.
 * Layer: L4 (base).   Threads: any; one lock, held for a bounded time.   Blocks: no.
 * Secrets: none. A network is known by its cells.
 * spec: docs/protocol.md section 3, Limits; docs/architecture.md, property 6.
 *
 * While there are free places, everybody gets one. Otherwise the burden of a network decides: how
 * many places it holds, divided by the weight of its tier; of its tiers the largest number.
 *   1. Of the networks over their fair share: first those of least worth, then those of the
 *      largest burden, then the one that has had its place for longest. A network is over its
 *      share if its widest tier holds more places than the average of all widest networks.
 *   2. If there is none: the largest burden of all.
 *   3. If there is none: the newcomer's own network, if a place of it is worth nothing.
 * In 1 and 2 only networks lose a place whose burden is larger than the newcomer's would be. So a
 * newcomer of the network that holds most takes no place of others.
 *
 * A holder that loses its place is doomed: the place is free at once, and its worker is woken to
 * end it.
 */
#ifndef TG_SERVER_LEDGER_HOLDERS_H
#define TG_SERVER_LEDGER_HOLDERS_H

#include "server/http/list.h"
#include "server/ledger/payer.h"

#include <stdatomic.h>

/* What a place is used for. Those of less worth lose it first. */
enum tg_worth {
    TG_WORTH_NONE,    /* no request was accepted yet; handshakes */
    TG_WORTH_PROVEN,  /* a request was accepted */
    TG_WORTH_WAITING, /* a long poll of a bound claim waits */
    TG_WORTH_COUNT
};

struct tg_holder_group;

struct tg_mem_owner;
struct tg_counts;

/* Embedded in what holds a place. Zero: it holds none. */
struct tg_holder {
    struct tg_link same[TG_NETWORK_TIERS]; /* those of the same group and worth, oldest first */
    struct tg_holder_group *groups[TG_NETWORK_TIERS];
    struct tg_link doomed;
    size_t tier_count; /* 0: exempt, it loses its place to nobody */
    size_t worker;
    uint64_t number; /* those that came first have the smallest */
    enum tg_worth worth;
    bool is_in;
    /* What it holds besides its place. Set before it enters, valid until it leaves; NULL: nothing.
     */
    const struct tg_mem_owner *memory;
    size_t leaving;        /* bytes of memory, if it lost its place for them; else 0 */
    atomic_bool is_active; /* set by the owner: a request is in progress. Others go first. */
};

struct tg_holders;

/*
 *   max           places
 *   worker_count  owners of holders
 *   wake          called on any thread, without the lock, when a holder of this worker was doomed.
 *                 It may be the calling worker, which has looked at its doomed holders before this
 *                 turn. NULL: nobody is woken
 * TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_holders_new(struct tg_holders **out, size_t max, size_t worker_count,
                                        void (*wake)(void *ctx, size_t worker), void *ctx);
/* After every holder has left. Accepts NULL and *h == NULL. */
void tg_holders_free(struct tg_holders **h);

/* Gives holder a place. False: there is none, or no memory. worker is its owner. */
TG_NODISCARD bool tg_holders_enter(struct tg_holders *h, struct tg_holder *holder,
                                   const struct tg_payer *payer, size_t worker,
                                   enum tg_worth worth);
/* Frees the place, also of a doomed holder. Does nothing if it holds none. */
void tg_holders_leave(struct tg_holders *h, struct tg_holder *holder);
/* Does nothing if it holds no place. */
void tg_holders_set_worth(struct tg_holders *h, struct tg_holder *holder, enum tg_worth worth);

/* Dooms one holder as if all places were taken and payer needed one. False: none would lose it. */
bool tg_holders_make_room(struct tg_holders *h, const struct tg_payer *payer);
/* Holders that one call dooms at most. */
#define TG_HOLDERS_RELIEF_MAX 64u
/*
 * Dooms holders until they hold `need` bytes of memory together. Of the networks that hold more
 * than `share` bytes first those of least worth, then those of the network that holds most, then
 * the largest. Without such a network the same of all networks. It looks at a bounded number.
 *   memory   what networks hold, by their spots
 * Returns the bytes. The caller sees to it that they are freed.
 */
size_t tg_holders_relieve(struct tg_holders *h, const struct tg_counts *memory, uint64_t share,
                          size_t need);

/* The next doomed holder of a worker, on its thread; it holds no place. NULL: none. */
struct tg_holder *tg_holders_next_doomed(struct tg_holders *h, size_t worker);

/* Places that are taken. */
size_t tg_holders_count(struct tg_holders *h);
/* Networks that hold a place, those of the widest tiers. Without the lock. */
size_t tg_holders_network_count(const struct tg_holders *h);

#endif
