/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/memory.h - how much memory connections hold, and whether they may take more.
 * Layer: L4.      Threads: struct tg_memory is shared; an account has the thread that opened it.
 * Blocks: no.     Secrets: none.
 * spec: docs/protocol.md section 3, Limits; docs/architecture.md, property 6.
 *
 * An account holds all that is allocated while its connection's code runs: buffers, what nghttp2
 * and TLS keep, requests and their answers (base/mem_owner.h). A limit that only looked at one
 * request would be multiplied by the streams of a connection and by the connections.
 *
 * No limit is a fixed number: each is a part of what is free now. An account may hold an eighth of
 * what is free, a network as much as is free, that is half of all if it is the only one. The
 * more others hold, the less one may, so some memory stays free however many want more.
 *
 * The last sixteenth is for networks within their fair share: all but this reserve, divided by the
 * number of networks that have a connection and one more. When the reserve is used, connections
 * lose their places until it is free again: tg_memory_relieve. So a newcomer finds memory whatever
 * others hold.
 */
#ifndef TG_SERVER_LEDGER_MEMORY_H
#define TG_SERVER_LEDGER_MEMORY_H

#include "base/err.h"
#include "base/mem_owner.h"
#include "server/ledger/ledger.h"

#include <stdatomic.h>
#include <stdint.h>

/* An account may hold one part in so many of what is free. */
#define TG_ACCOUNT_PARTS 8u
/* ... but up to this as long as anything is free: a TLS connection with one small request. */
#define TG_ACCOUNT_SMALL 65536u
/* Of a network within its fair share: one request of the largest size with its connection. */
#define TG_ACCOUNT_REQUEST ((size_t)640 << 10)
/* Small accounts may hold this much more than what their network may, so that large ones do not
   shut out all others of that network. */
#define TG_NETWORK_SMALL_FACTOR 8u
/* When a network holds its share, its accounts that hold more than this lose their connections, the
   largest first. */
#define TG_ACCOUNT_LARGE (4u * TG_ACCOUNT_SMALL)
/* An account tells the ledger of its network when what it holds has changed by this. */
#define TG_ACCOUNT_REPORT 4096u
/* So much more than the maximum may be allocated, to answer when nothing is free. */
#define TG_MEMORY_RESERVE ((size_t)8 << 20)
/* The overhead that does not count: the store's dirty pages, stacks of threads, what libraries
   allocate by themselves. */
#define TG_MEMORY_OVERHEAD ((size_t)48 << 20)
/* Freed memory is returned to the system when it is more than this, and more than one part in so
   many of what is used. */
#define TG_MEMORY_TRIM_MIN ((size_t)8 << 20)
#define TG_MEMORY_TRIM_PARTS 4u
#define TG_MEMORY_TRIM_MS 5000u
/* The reserve: one part in so many of the maximum. Memory is short when less is free. */
#define TG_MEMORY_SHORT_PARTS 16u

/* The memory of the process. */
struct tg_memory {
    size_t max;      /* bytes for connections and requests; 0: no limit */
    size_t base;     /* what the process used before the first connection */
    size_t rss_base; /* what it really had then; 0: not known */
    uint64_t trimmed_mono_ms;
    /* Bytes that the process has and that no block explains: freed memory that the C library could
       not return, and its libraries. */
    atomic_size_t overhead;
    atomic_size_t promised; /* see tg_account_promise */
    atomic_size_t leaving;  /* bytes of connections that have lost their place and still exist */
};

/*
 *   max        as in struct tg_memory
 *   rss_anon   the anonymous memory that the process has now; 0: not known. The blocks allocated so
 *              far and this memory do not count
 */
void tg_memory_init(struct tg_memory *m, size_t max, size_t rss_anon);
/*
 * Compares the blocks with the memory that the process really has now. One thread, a few times in a
 * second. True: much memory is freed and not returned to the system; call tg_mem_trim().
 */
TG_NODISCARD bool tg_memory_measure(struct tg_memory *m, size_t rss_anon, uint64_t now_mono_ms);
/* Bytes that connections and requests take now, with the overhead and what is promised. */
size_t tg_memory_used(const struct tg_memory *m);
/* Bytes that are not used. SIZE_MAX without a limit. */
size_t tg_memory_free(const struct tg_memory *m);
bool tg_memory_is_short(const struct tg_memory *m);
/*
 * When memory is short, connections lose their places in the ledger until the reserve is free: see
 * tg_holders_relieve. tg_memory_left() gets `leaving` of each holder when its connection is closed.
 */
void tg_memory_relieve(struct tg_memory *m, struct tg_ledger *ledger);
void tg_memory_left(struct tg_memory *m, size_t leaving);

struct tg_account;

/* The accounts of one worker. */
struct tg_accounts {
    struct tg_memory *memory;   /* NULL: no limits */
    struct tg_ledger *ledger;   /* counts for each network; NULL: it has no limits */
    struct tg_account *retired; /* closed, but some of their blocks are in use */
};

/* NULL: there is no memory. Until tg_account_set_payer it belongs to no network. */
struct tg_account *tg_account_open(struct tg_accounts *all);
/* The network that the account belongs to from now on, with all that it holds. */
void tg_account_set_payer(struct tg_account *a, const struct tg_payer *payer);
/* It belongs to the operator: it counts, has no limits and is in nobody's way. The operator's
   connections are few, and TG_MEMORY_RESERVE has room for them. */
void tg_account_set_operator(struct tg_account *a);
/* What tells how much the account holds: on any thread, until it is closed. */
const struct tg_mem_owner *tg_account_owner(const struct tg_account *a);
/* What the account still holds counts until it is freed. Accepts NULL and *a == NULL. */
void tg_account_close(struct tg_account **a);
/* Frees the closed accounts that hold nothing. */
void tg_accounts_reap(struct tg_accounts *all);

/* In these an account that is NULL has no limits and counts nothing, for tests of engines. */
size_t tg_account_held(const struct tg_account *a);
/* Whether the account may hold so many more bytes. It takes nothing: what is allocated counts. */
bool tg_account_may_take(const struct tg_account *a, size_t bytes);
/* Whether its connection should end, if no other holds more: it is large and its network holds as
   much as it may, or memory is short and it belongs to no network, so that it has no place to lose.
 */
bool tg_account_is_in_the_way(const struct tg_account *a);
/* The account will hold so many bytes soon, and counts as if it did already. 0: no longer. Many may
   be promised memory in the time in which one takes it. */
void tg_account_promise(struct tg_account *a, size_t bytes);
/* What this thread allocates from now on belongs to the account. leave gets what enter returned. */
struct tg_mem_owner *tg_account_enter(const struct tg_account *a);
void tg_account_leave(struct tg_account *a, struct tg_mem_owner *before);

/* False: no account of the worker is in the way. */
bool tg_accounts_are_tight(const struct tg_accounts *all);

#endif
