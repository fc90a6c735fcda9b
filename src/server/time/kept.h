/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/time/kept.h - what the store keeps of the time, from one run to the next.
 * Layer: L4 (base, store, server/net/clock.h).
 * Threads: load, save and end at the start and the end; a saver is its worker's.
 * Blocks: load, save and end, on the store.      Secrets: none.
 *
 * The mark is TG_FACT_TIME_MARK, which every change of a record raises too. TG_FACT_CLOCK has the
 * believed time minus the boot clock, and whether the run ended in order.
 */
#ifndef TG_SERVER_TIME_KEPT_H
#define TG_SERVER_TIME_KEPT_H

#include "server/net/clock.h"
#include "store/store.h"

/* Nothing is kept by a store that never had it. TG_E_STORE, TG_E_FULL, TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_time_kept_load(struct tg_store *store, struct tg_time_kept *out);
/* Writes all of it, also a mark that is lower than the one before. */
TG_NODISCARD enum tg_err tg_time_kept_save(struct tg_store *store, const struct tg_time_kept *kept);
/* The last thing before the store is closed: the mark of the run, which is complete now. */
TG_NODISCARD enum tg_err tg_time_kept_end(struct tg_store *store, struct tg_clock *clock);

#define TG_TIME_CLOCK_LEN 9u

/* What is being saved. The store's while saving_count is not 0: it reads `kept` and writes the
   rest, and the worker only reads `kept`. */
struct tg_time_saving {
    struct tg_time_kept kept;
    uint8_t mark[8];
    uint8_t clock_row[TG_TIME_CLOCK_LEN];
};

/* Saves the mark of decisions that changed no record: within TG_TIME_UNSAVED_S while requests come,
   and now and then without them. Until one save has succeeded it tries again and again: what the
   store has may be of the run before, which ended in order. */
struct tg_time_saver {
    struct tg_clock *clock;
    struct tg_store *store;
    struct tg_store_port *port;
    uint64_t next_ms; /* monotonic */
    uint64_t idle_ms;
    bool is_used;
    unsigned saving_count; /* operations of the store */
    bool has_failed;
    bool has_saved; /* false: the start may have found no room to write what it kept */
    struct tg_time_kept saved;
    struct tg_time_saving saving;
};

/* store and port are borrowed as long as saving_count is not 0. */
void tg_time_saver_init(struct tg_time_saver *saver, struct tg_clock *clock, struct tg_store *store,
                        struct tg_store_port *port);
/* Call it often. was_used: requests have come since the last call. */
void tg_time_saver_tick(struct tg_time_saver *saver, bool was_used, uint64_t mono_ms);

#endif
