/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay core with a fake store, a fake clock and a random source that counts, and the exchanges
 * that run on it. Shared by the scenario runner, unit tests and the fuzz target.
 */
#ifndef TG_TESTS_WORLD_H
#define TG_TESTS_WORLD_H

#include "fake_store.h"

#include "base/timekeeper.h"
#include "relay/api.h"

#define WORLD_SLOTS 32u
#define WORLD_HEADERS_MAX 24u

/* One exchange, and a copy of its answer. */
struct world_slot {
    struct world *world;
    bool is_used;
    struct tg_exchange *exchange; /* NULL once it has ended */
    bool is_waiting;
    struct tg_store_key key;
    uint64_t wait_ms;
    unsigned answer_count;
    unsigned status;
    int call;
    bool is_head;
    bool must_close;
    size_t header_count;
    struct tg_buf names[TG_RESPONSE_HEADERS_MAX], values[TG_RESPONSE_HEADERS_MAX];
    struct tg_buf body;
};

struct world {
    struct tg_moment now;
    struct tg_clocks clocks; /* the clocks that made now, and the policy */
    struct tg_timekeeper keeper;
    uint64_t random_state;
    struct tg_rng rng;
    struct tg_store *store;
    struct tg_keyring keyring;
    struct tg_relay_config config;
    struct tg_relay_hooks hooks;
    struct tg_relay *relay;
    size_t notified_count;      /* calls of hooks.changed */
    size_t queued_count;        /* calls of hooks.push_queued */
    char push_type[32];         /* the one token type that has a sender; empty: none */
    bool is_deaf;               /* changes do not wake long polls */
    bool is_manual;             /* requests do not pump the store */
    void (*in_wait)(void *ctx); /* runs once, inside the next ops->wait; may be NULL */
    void *in_wait_ctx;
    char pushed[512];
    struct world_slot slots[WORLD_SLOTS];
};

void world_init(struct world *w);
/* The same with a store that runs changes so often. */
void world_init_with(struct world *w, enum fake_store_runs runs);
void world_deinit(struct world *w);

/* Begins a run at this time; nothing is kept of the one before. */
void world_set_clock(struct world *w, int64_t now_s);
/* Both clocks run on. */
void world_pass(struct world *w, int64_t seconds);
/* The wall clock is set; negative: back. */
void world_leap(struct world *w, int64_t seconds);
/* Begins a run with what the one before has kept, after a boot of the machine. Aborts when the
   policy refuses the start. */
void world_restart(struct world *w);

/* Leases the entries that are due, settles all of them, and returns the data of their tokens,
   longest due first, separated by commas; "none" without entries. The text ends with the next
   call. */
const char *world_push(struct world *w, enum tg_outbox_verdict verdict, int64_t due_s);

/* Runs a request until it is answered or waits. The slot is free again after world_release(). */
struct world_slot *world_request(struct world *w, const struct tg_http_request *request);
void world_release(struct world_slot *slot);
/* A refusal of the transport, into an unused slot; returns its status. */
unsigned world_refuse(struct world_slot *slot, unsigned status, const char *detail,
                      unsigned retry_after_s, const char *request_id);
unsigned world_refuse_as(struct world_slot *slot, const struct tg_refusal *refusal);
/* The value, or NULL. */
const struct tg_buf *world_header(const struct world_slot *slot, const char *name);

#endif
