/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/window.h - the outbox entries under lease: from the store to a message, and from
 * an outcome back to the store. At most TG_PUSH_WINDOW of them.
 * Layer: L4; for peer.c, channel.c and link.c.      Threads: the link's.      Blocks: no.
 * Secrets: tokens in messages, wiped when sent or released.
 */
#ifndef TG_SERVER_PUSHLINK_WINDOW_H
#define TG_SERVER_PUSHLINK_WINDOW_H

#include "server/pushlink/setup.h"

#define TG_PUSH_BATCH 64u /* entries that wait for the socket: at most 1 MiB */

enum tg_push_slot_state { TG_SLOT_FREE, TG_SLOT_WAITING, TG_SLOT_SENT, TG_SLOT_SETTLING };

struct tg_push_window;

/* An entry under lease. */
struct tg_push_slot {
    struct tg_push_window *window;
    enum tg_push_slot_state state;
    uint64_t id;
    struct tg_store_key key;
    uint64_t generation;
    int64_t expires_s;
    const void *holder; /* TG_SLOT_SENT: the process that has the job */
    uint64_t sent_mono_ms;
    struct tg_buf message; /* TG_SLOT_WAITING */
};

struct tg_push_window {
    struct tg_push_link_setup setup;
    struct tg_push_settings settings;
    struct tg_store_port *port;
    struct tg_clock_hand hand;
    uint64_t lease_s;
    bool is_open;     /* a process accepts jobs; otherwise nothing is leased */
    bool wants_lease; /* an entry may be due */
    bool is_leasing;
    size_t credit; /* entries that may be leased before the next tick */
    bool is_last;  /* before the end: a settled entry may be due again, so lease again */
    bool has_reported_failure; /* leasing failed, and that has been logged */
    uint64_t id_count;
    size_t free_count;
    uint16_t free_slots[TG_PUSH_WINDOW];
    size_t waiting_at, waiting_count;
    struct tg_push_slot *waiting[TG_PUSH_BATCH]; /* in order, from waiting_at on */
    struct tg_push_slot slots[TG_PUSH_WINDOW];
    struct tg_buf scratch;
};

/* w is all zero. The caller sets port afterwards. */
void tg_push_window_init(struct tg_push_window *w, const struct tg_push_link_setup *setup,
                         const struct tg_push_settings *settings);
void tg_push_window_deinit(struct tg_push_window *w);

/* Call it once a second: entries may have become due, and another window may be leased. */
void tg_push_window_tick(struct tg_push_window *w);
/* Leases entries that are due, if there is room and no message waits for the socket. */
void tg_push_window_lease(struct tg_push_window *w, int64_t now_s);
/* The next message for the socket; NULL: none. */
struct tg_push_slot *tg_push_window_next(const struct tg_push_window *w);
/* The message of tg_push_window_next has been sent to holder. */
void tg_push_window_sent(struct tg_push_window *w, const void *holder, uint64_t mono_ms);
/* False: holder has no such job. */
bool tg_push_window_settle(struct tg_push_window *w, const void *holder,
                           const struct tg_push_ipc_outcome *outcome);

/* Makes the jobs of holder due again; with NULL those that wait for the socket. */
void tg_push_window_release(struct tg_push_window *w, const void *holder, int64_t now_s);
size_t tg_push_window_held(const struct tg_push_window *w, const void *holder);
/* holder has a job for longer than its lease: it is stuck. */
bool tg_push_window_is_stuck(const struct tg_push_window *w, const void *holder, uint64_t mono_ms);
/* No entry is under lease, and no lease is requested. */
bool tg_push_window_is_idle(const struct tg_push_window *w);

#endif
