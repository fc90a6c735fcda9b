/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/wake.h - tells the other nodes which records were changed, and hears it from them.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: one of its own; the functions may be
 * called from any.   Blocks: only tg_pg_wake_deinit, for a moment.
 * Secrets: none; a hint is the first bytes of a keyed hash that the database has.
 *
 * A hint may be lost: nothing rests on it. It is sent after the commit of its change is known, on a
 * connection of its own, because PostgreSQL holds a lock from a NOTIFY to the end of its
 * transaction, and all commits with a NOTIFY would wait for a standby one after the other.
 */
#ifndef TG_STORE_POSTGRES_WAKE_H
#define TG_STORE_POSTGRES_WAKE_H

#include "store/postgres/hints.h"
#include "store/postgres/resolve.h"
#include "store/store.h"

#include <stdatomic.h>

/* What one port hears. Its owner is the port. */
struct tg_pg_ear {
    void (*heard)(void *ctx); /* any thread: there are hints to take */
    void *ctx;
    atomic_size_t follow_count; /* keys that are followed; 0: hints are left out */
    struct tg_pg_hints *hints;  /* under the wake's lock */
    struct tg_pg_ear *next;     /* likewise */
};

struct tg_pg_wake;

/* node: of the hints that are its own, which it does not hear. url and resolver are borrowed.
   TG_E_NOMEM, TG_E_IO */
TG_NODISCARD enum tg_err tg_pg_wake_new(struct tg_pg_wake **out, const struct tg_pg_url *url,
                                        struct tg_pg_resolver *resolver, int64_t node);
/* Ends the connections. Accepts *w == NULL. */
void tg_pg_wake_free(struct tg_pg_wake **w);

/* From now on the ear gets hints; the first one connects. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_pg_wake_hear(struct tg_pg_wake *w, struct tg_pg_ear *ear);
/* Accepts an ear that hears nothing. heard() is not running afterwards. */
void tg_pg_wake_ignore(struct tg_pg_wake *w, struct tg_pg_ear *ear);
/* Moves what the ear has heard to out. */
void tg_pg_wake_take(struct tg_pg_wake *w, struct tg_pg_ear *ear, struct tg_pg_hints *out);

/* The record was changed and is durable: for the other nodes. Nothing while nobody hears. */
void tg_pg_wake_tell(struct tg_pg_wake *w, const struct tg_store_key *key);
/* For the ports of this node. */
void tg_pg_wake_tell_own(struct tg_pg_wake *w, const struct tg_store_key *key);

#endif
