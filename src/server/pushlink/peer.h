/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/peer.h - the life of the push processes: the one that accepts jobs, the one that
 * starts, the one that finishes its jobs, and those that have been ended.
 * Layer: L4; for channel.c and link.c.      Threads: the link's; until that one runs, the thread
 * that starts it.      Blocks: start, until the first process is ready.
 * Secrets: none.
 */
#ifndef TG_SERVER_PUSHLINK_PEER_H
#define TG_SERVER_PUSHLINK_PEER_H

#include "server/pushlink/spawn.h"
#include "server/pushlink/window.h"

#include <stdatomic.h>
#include <uv.h>

#define TG_PUSH_ENDING_MAX 16u

struct tg_push_peers;

/* A push process that starts, accepts jobs, or finishes its jobs. */
struct tg_push_peer {
    struct tg_push_peers *peers;
    struct tg_push_child child;
    uv_poll_t poll; /* its data is the peer */
    bool is_ready;
    uint64_t since_mono_ms; /* when it started; of old: when it was replaced */
};

/* A push process whose pair is closed, until waitpid(2) has returned it. */
struct tg_push_ending {
    pid_t pid;
    uint64_t kill_mono_ms;
};

/* All borrowed until the owner closes the handles of loop. */
struct tg_push_peers_setup {
    const struct tg_push_link_setup *link;
    struct tg_push_window *window;
    uv_loop_t *loop;
    uv_poll_cb on_poll;           /* a pair can be read or written; poll->data is the peer */
    void (*on_reaped)(void *ctx); /* after waiting for the processes that have been ended */
    void *ctx;
};

struct tg_push_peers {
    struct tg_push_peers_setup setup;
    struct tg_push_peer *current; /* accepts jobs; NULL: there is none */
    struct tg_push_peer *next;    /* not ready yet */
    struct tg_push_peer *old;     /* accepts no further job */
    bool is_reload;               /* next is for a reload; else it replaces a process that failed */
    bool is_ending;               /* no further process is started */
    atomic_bool is_up;            /* read by any thread */
    uint64_t backoff_ms;
    uv_timer_t respawn;
    uv_timer_t reap;
    struct tg_push_ending endings[TG_PUSH_ENDING_MAX];
    size_t ending_count;
};

/* peers is all zero. The owner closes the handles of setup->loop. TG_E_IO. */
TG_NODISCARD enum tg_err tg_push_peers_init(struct tg_push_peers *peers,
                                            const struct tg_push_peers_setup *setup);
/* Starts the first process and waits until it is ready. TG_E_IO, TG_E_NOMEM: no process runs. */
TG_NODISCARD enum tg_err tg_push_peers_start(struct tg_push_peers *peers, struct tg_fault *fault);
/* Undoes start, before the loop has run. */
void tg_push_peers_abandon(struct tg_push_peers *peers);

/* Starts a process that takes over when it is ready. */
void tg_push_peers_reload(struct tg_push_peers *peers);
/* Ends the processes that are stuck, not ready in time, or done. Call it at every tick. */
void tg_push_peers_check(struct tg_push_peers *peers, uint64_t mono_ms);
/* Ends all processes and starts no other. All have ended when ending_count is 0. */
void tg_push_peers_end(struct tg_push_peers *peers);

/* From now on on_poll is called when peer can be read, or, if wants_room, written. */
void tg_push_peer_poll(struct tg_push_peer *peer, bool wants_room);
/* peer is ready: it gets the jobs from now on. */
void tg_push_peer_take_over(struct tg_push_peer *peer);
/* peer failed: logs event, makes its jobs due again, ends peer, and starts another one later. */
void tg_push_peer_lose(struct tg_push_peer *peer, const char *event);

#endif
