/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/groups/groups.h - the state of a store above several.
 * Layer: L2 (base, store).      Threads: a port's functions on its own thread.      Blocks: no.
 * Secrets: none.
 *
 * A port has a port of each group. What one group alone has to do is passed on to it, and its
 * callback is the caller's. The rest is an operation of this store, with what it asks of the
 * groups.
 */
#ifndef TG_STORE_GROUPS_GROUPS_H
#define TG_STORE_GROUPS_GROUPS_H

#include "store/groups/map.h"
#include "store/store_port.h"

/* The group is in the upper bits of the generation of a lease. */
#define TG_GROUP_GENERATION_BITS 56u

struct tg_groups;

struct tg_groups_watch {
    struct tg_groups *store;
    _Atomic uint64_t commit_count; /* of the group */
};

struct tg_groups {
    struct tg_store base;
    struct tg_store_gate gate;
    struct tg_group_map map;
    struct tg_store *groups[TG_GROUPS_MAX]; /* owned */
    uint32_t asked[TG_STORE_SHARDS];        /* groups that may have records of the shard: a set */
    const struct tg_log *log;
    atomic_bool has_told_map; /* the log says that the groups are at a version that is not known */
    struct tg_groups_watch watches[TG_GROUPS_MAX];
    tg_store_committed_fn *committed; /* NULL: nobody watches */
    void *committed_ctx;
};

struct tg_groups_port {
    struct tg_store_port base;
    int epoll_fd;
    struct tg_store_port *ports[TG_GROUPS_MAX];
    /* As a group was seen last; version UINT64_MAX: not seen. */
    struct tg_store_epoch seen[TG_GROUPS_MAX];
    size_t lease_first; /* the group that the next lease begins with */
    size_t find_count; /* looks that a group has not answered, also where the caller was answered */
};

static inline struct tg_groups *tg_groups_of(const struct tg_store_port *port)
{
    return (struct tg_groups *)port->store;
}

/* A store of these groups, which it owns from then on. TG_E_NOMEM: nothing is taken. */
TG_NODISCARD enum tg_err tg_groups_over(struct tg_store **out, const struct tg_group_map *map,
                                        struct tg_store *const groups[], const struct tg_log *log);

/* ---- child.c: one group ---------------------------------------------------------------------- */

/* The port of a group, with the share of what is started on it. */
struct tg_store_port *tg_groups_child(struct tg_groups_port *port, size_t group, uint16_t share);
/* The answer of an operation: dispatch gives it. */
void tg_groups_complete(struct tg_store_op *op, enum tg_err err);

/* ---- find.c: records ------------------------------------------------------------------------ */

void tg_groups_apply(struct tg_store_port *port, const struct tg_store_key *key,
                     tg_store_change_fn *change, void *ctx, tg_store_done_fn *done);
void tg_groups_read(struct tg_store_port *port, const struct tg_store_key *key,
                    tg_store_found_fn *found, void *ctx);

/* ---- all.c: what all groups have to do ------------------------------------------------------ */

void tg_groups_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                     tg_store_swept_fn *swept, void *ctx);
void tg_groups_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                     tg_store_leased_fn *leased, void *ctx);
void tg_groups_mark(struct tg_store_port *port, tg_store_fact_fn *change, void *ctx,
                    tg_store_done_fn *done);

#endif
