/* SPDX-License-Identifier: Apache-2.0 */
/* A store above several: its ports, and what is passed on to one group. */
#include "store/groups/groups.h"

#include "base/mem.h"

#include <assert.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#define WAIT_MS 50 /* a group without a descriptor is asked again */

static struct tg_groups *groups_of(struct tg_store *s)
{
    return (struct tg_groups *)s;
}

static struct tg_groups_port *port_of(struct tg_store_port *port)
{
    return (struct tg_groups_port *)port;
}

/* ---- passed on to one group ----------------------------------------------------------------- */

/* What is passed on does not wait in this store's queue; a full one refuses it all the same. */
static bool is_full(const struct tg_store_port *port)
{
    return atomic_load_explicit(&port->gate->waiting_count, memory_order_relaxed) >=
           TG_STORE_QUEUE_MAX;
}

/* op: NULL if the queue has refused it already. */
static void refuse(struct tg_store_op *op)
{
    if (op != NULL) {
        tg_groups_complete(op, TG_E_FULL);
    }
}

/* The port of the group with spent tokens, series and facts. */
static struct tg_store_port *fixed(struct tg_store_port *port)
{
    return tg_groups_child(port_of(port), tg_groups_of(port)->map.fixed, port->share);
}

static void groups_settle(struct tg_store_port *port, const struct tg_store_key *key,
                          uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                          tg_store_done_fn *done, void *ctx)
{
    size_t group = (size_t)(generation >> TG_GROUP_GENERATION_BITS);
    struct tg_store_port *child = NULL;

    assert(group < tg_groups_of(port)->map.group_count);
    if (is_full(port)) {
        refuse(tg_store_port_settle(port, key, generation, verdict, due_s, done, ctx));
        return;
    }
    child = tg_groups_child(port_of(port), group, port->share);
    generation &= (UINT64_C(1) << TG_GROUP_GENERATION_BITS) - 1;
    child->store->ops->settle(child, key, generation, verdict, due_s, done, ctx);
}

static void groups_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                        void *ctx, tg_store_done_fn *done)
{
    if (fact == TG_FACT_TIME_MARK) {
        tg_groups_mark(port, change, ctx, done);
    } else if (is_full(port)) {
        refuse(tg_store_port_fact(port, fact, change, ctx, done));
    } else {
        struct tg_store_port *child = fixed(port);

        child->store->ops->fact(child, fact, change, ctx, done);
    }
}

static void groups_series(struct tg_store_port *port, const struct tg_store_key *series,
                          int64_t end_s, tg_store_done_fn *done, void *ctx)
{
    struct tg_store_port *child = fixed(port);

    if (is_full(port)) {
        refuse(tg_store_port_series(port, series, end_s, done, ctx));
    } else {
        child->store->ops->series(child, series, end_s, done, ctx);
    }
}

static void groups_spend(struct tg_store_port *port, const struct tg_spend *spend,
                         tg_store_spent_fn *spent, void *ctx)
{
    struct tg_store_port *child = fixed(port);

    if (is_full(port)) {
        refuse(tg_store_port_spend(port, spend, spent, ctx));
    } else {
        child->store->ops->spend(child, spend, spent, ctx);
    }
}

/* ---- news ----------------------------------------------------------------------------------- */

static enum tg_err groups_hear(struct tg_store_port *port, tg_store_news_fn *news, void *ctx)
{
    const struct tg_groups *s = tg_groups_of(port);
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        err = s->groups[i]->ops->hear(port_of(port)->ports[i], news, ctx);
    }
    return err;
}

/* In the first `count` groups that may have the record. */
static void unfollow_some(struct tg_store_port *port, const struct tg_store_key *key, size_t count)
{
    const struct tg_groups *s = tg_groups_of(port);

    for (size_t i = 0; i < count; i++) {
        if ((s->asked[key->bytes[0]] >> i & 1) != 0) {
            s->groups[i]->ops->unfollow(port_of(port)->ports[i], key);
        }
    }
}

static enum tg_err groups_follow(struct tg_store_port *port, const struct tg_store_key *key)
{
    const struct tg_groups *s = tg_groups_of(port);
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        if ((s->asked[key->bytes[0]] >> i & 1) != 0) {
            err = s->groups[i]->ops->follow(port_of(port)->ports[i], key);
        }
        if (err != TG_OK) {
            unfollow_some(port, key, i);
        }
    }
    return err;
}

static void groups_unfollow(struct tg_store_port *port, const struct tg_store_key *key)
{
    unfollow_some(port, key, tg_groups_of(port)->map.group_count);
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* Any thread. */
static void on_notify(void *ctx)
{
    const struct tg_store_port *port = ctx;

    port->notify(port->notify_ctx);
}

static void dispatch_groups(struct tg_store_port *port)
{
    const struct tg_groups *s = tg_groups_of(port);

    for (size_t i = 0; i < s->map.group_count; i++) {
        s->groups[i]->ops->dispatch(port_of(port)->ports[i]);
    }
}

static void groups_dispatch(struct tg_store_port *port)
{
    dispatch_groups(port);
    tg_store_port_dispatch(port);
}

static int groups_descriptor(const struct tg_store_port *port)
{
    return ((const struct tg_groups_port *)port)->epoll_fd;
}

static void detach_all(struct tg_groups_port *p, const struct tg_groups *s)
{
    for (size_t i = 0; i < s->map.group_count; i++) {
        s->groups[i]->ops->detach(&p->ports[i]);
    }
    if (p->epoll_fd >= 0) {
        (void)close(p->epoll_fd);
    }
}

static enum tg_err attach_group(struct tg_groups_port *p, struct tg_store *group,
                                struct tg_store_port **out)
{
    struct epoll_event event = { .events = EPOLLIN };
    int fd = -1;
    enum tg_err err = group->ops->attach(group, on_notify, &p->base, out);

    if (err != TG_OK) {
        return err;
    }
    fd = group->ops->descriptor(*out);
    return fd < 0 || epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? TG_OK : TG_E_NOMEM;
}

static enum tg_err groups_attach(struct tg_store *store, tg_store_notify_fn *notify,
                                 void *notify_ctx, struct tg_store_port **port)
{
    struct tg_groups *s = groups_of(store);
    struct tg_groups_port *p = tg_mem_calloc(1, sizeof(*p));
    enum tg_err err = TG_E_BUG;

    if (p == NULL) {
        return TG_E_NOMEM;
    }
    /* A group may notify at once. */
    p->base.notify = notify;
    p->base.notify_ctx = notify_ctx;
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    TG_REQUIRE(p->epoll_fd >= 0, TG_E_NOMEM);
    for (size_t i = 0; i < s->map.group_count; i++) {
        p->seen[i].version = UINT64_MAX;
        TG_TRY(attach_group(p, s->groups[i], &p->ports[i]));
    }
    TG_TRY(tg_store_port_init(&p->base, store, &s->gate, notify, notify_ctx));
    *port = &p->base;
    p = NULL;
out:
    if (p != NULL) {
        detach_all(p, s);
        tg_mem_free(p);
    }
    return err;
}

static void groups_detach(struct tg_store_port **port)
{
    if (*port != NULL) {
        struct tg_groups_port *p = port_of(*port);

        /* Callers were answered by the group that had the record. The others answer in some seconds
           at the latest. */
        while (p->find_count > 0) {
            struct pollfd fd = { .fd = p->epoll_fd, .events = POLLIN };

            (void)poll(&fd, 1, WAIT_MS);
            dispatch_groups(*port);
        }
        detach_all(p, tg_groups_of(*port));
        tg_store_port_deinit(&p->base);
        tg_mem_free(p);
        *port = NULL;
    }
}

/* ---- the store ------------------------------------------------------------------------------ */

/* A pass through the groups for one kind of row. */
struct pass {
    const struct tg_groups *store;
    tg_store_see_fn *see;
    void *ctx;
    unsigned kinds; /* 1 << enum tg_store_seen_kind: those that are shown */
    unsigned over;  /* those after which there is nothing more to show */
    bool is_ended;  /* by see() */
};

static bool see_kind(void *ctx, const struct tg_store_seen *seen)
{
    struct pass *p = ctx;

    if ((p->over >> seen->kind & 1) != 0) {
        return false;
    }
    p->is_ended = (p->kinds >> seen->kind & 1) != 0 && !p->see(p->ctx, seen);
    return !p->is_ended;
}

enum {
    OF_FACT = 1u << TG_STORE_SEEN_FACT,
    OF_SERIES = 1u << TG_STORE_SEEN_SERIES,
    OF_RECORD = 1u << TG_STORE_SEEN_RECORD,
    OF_ENTRY = 1u << TG_STORE_SEEN_ENTRY
};

/* Facts and series are those of the fixed group. */
static enum tg_err groups_survey(struct tg_store *store, enum tg_store_survey what,
                                 tg_store_see_fn *see, void *ctx)
{
    static const struct {
        enum tg_store_survey what;
        unsigned kinds;
        unsigned over;
        bool is_fixed;
    } passes[] = {
        { TG_STORE_SURVEY_ALL, OF_FACT | OF_SERIES, OF_RECORD | OF_ENTRY, true },
        { TG_STORE_SURVEY_ALL, OF_RECORD, OF_ENTRY, false },
        { TG_STORE_SURVEY_OUTBOX, OF_ENTRY, 0, false },
    };
    struct tg_groups *s = groups_of(store);
    struct pass p = { .store = s, .see = see, .ctx = ctx };
    enum tg_err err = TG_OK;

    for (size_t k = what == TG_STORE_SURVEY_OUTBOX ? TG_COUNT(passes) - 1 : 0; k < TG_COUNT(passes);
         k++) {
        p.kinds = passes[k].kinds;
        p.over = passes[k].over;
        for (size_t i = 0; err == TG_OK && !p.is_ended && i < s->map.group_count; i++) {
            if (!passes[k].is_fixed || i == s->map.fixed) {
                err = s->groups[i]->ops->survey(s->groups[i], passes[k].what, see_kind, &p);
            }
        }
    }
    return err;
}

static enum tg_err groups_restore(struct tg_store *store, enum tg_store_restored how,
                                  uint64_t commits_min)
{
    struct tg_groups *s = groups_of(store);
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        err = s->groups[i]->ops->restore(s->groups[i], how, commits_min);
    }
    return err;
}

static void groups_stats(const struct tg_store *store, struct tg_store_stats *out)
{
    const struct tg_groups *s = (const struct tg_groups *)store;
    struct tg_store_stats one;

    *out = (struct tg_store_stats){ .room = TG_STORE_ROOM_ANY };
    for (size_t i = 0; i < s->map.group_count; i++) {
        s->groups[i]->ops->stats(s->groups[i], &one);
        out->live_count += one.live_count;
        out->live_bytes += one.live_bytes;
        out->ended_count += one.ended_count;
        out->ended_bytes += one.ended_bytes;
        out->outbox_count += one.outbox_count;
        out->spent_count += one.spent_count;
        out->room = one.room > out->room ? one.room : out->room;
        out->commit_count += one.commit_count;
    }
}

/* The sum of all groups; it may be that of a moment before. */
static void on_committed(void *ctx, uint64_t commit_count)
{
    struct tg_groups_watch *watch = ctx;
    const struct tg_groups *s = watch->store;
    uint64_t sum = 0;

    atomic_store(&watch->commit_count, commit_count);
    for (size_t i = 0; i < s->map.group_count; i++) {
        sum += atomic_load(&s->watches[i].commit_count);
    }
    s->committed(s->committed_ctx, sum);
}

static void groups_watch(struct tg_store *store, tg_store_committed_fn *committed, void *ctx)
{
    struct tg_groups *s = groups_of(store);

    s->committed = committed;
    s->committed_ctx = ctx;
    for (size_t i = 0; i < s->map.group_count; i++) {
        struct tg_store_stats stats;

        s->groups[i]->ops->stats(s->groups[i], &stats);
        s->watches[i].store = s;
        atomic_store(&s->watches[i].commit_count, stats.commit_count);
        s->groups[i]->ops->watch(s->groups[i], on_committed, &s->watches[i]);
    }
}

static struct tg_store *groups_part(struct tg_store *store, size_t index)
{
    const struct tg_groups *s = groups_of(store);

    return index < s->map.group_count ? s->groups[index] : NULL;
}

/* A group that can be used, as far as is known; one of the newest version, and with a shard that no
   other group may have records of. */
static void groups_place(const struct tg_store *store, struct tg_store_key *key)
{
    const struct tg_groups *s = (const struct tg_groups *)store;

    for (unsigned shard = 0; shard < TG_STORE_SHARDS; shard++) {
        uint32_t set = s->asked[shard];
        size_t group = s->map.versions[s->map.version_count - 1].of[shard];

        if ((set & (set - 1)) == 0 && s->groups[group]->ops->epoch->is_usable(s->groups[group])) {
            key->bytes[0] = (uint8_t)shard;
            return;
        }
    }
}

static void groups_close(struct tg_store **store)
{
    struct tg_groups *s = groups_of(*store);

    if (s == NULL) {
        return;
    }
    assert(atomic_load(&s->gate.port_count) == 0);
    for (size_t i = 0; i < s->map.group_count; i++) {
        s->groups[i]->ops->close(&s->groups[i]);
    }
    tg_mem_free(s);
    *store = NULL;
}

static const struct tg_store_ops groups_ops = {
    .attach = groups_attach,
    .descriptor = groups_descriptor,
    .share = tg_store_port_share,
    .detach = groups_detach,
    .apply = tg_groups_apply,
    .read = tg_groups_read,
    .sweep = tg_groups_sweep,
    .lease = tg_groups_lease,
    .settle = groups_settle,
    .fact = groups_fact,
    .series = groups_series,
    .spend = groups_spend,
    .hear = groups_hear,
    .follow = groups_follow,
    .unfollow = groups_unfollow,
    .dispatch = groups_dispatch,
    .survey = groups_survey,
    .watch = groups_watch,
    .restore = groups_restore,
    .stats = groups_stats,
    .part = groups_part,
    .place = groups_place,
    .close = groups_close,
};

enum tg_err tg_groups_over(struct tg_store **out, const struct tg_group_map *map,
                           struct tg_store *const groups[], const struct tg_log *log)
{
    struct tg_groups *s = tg_mem_calloc(1, sizeof(*s));

    if (s == NULL) {
        return TG_E_NOMEM;
    }
    s->base.ops = &groups_ops;
    s->gate.log = log;
    s->log = log;
    s->map = *map;
    for (size_t i = 0; i < map->group_count; i++) {
        assert(groups[i]->ops->epoch != NULL);
        s->groups[i] = groups[i];
    }
    for (unsigned shard = 0; shard < TG_STORE_SHARDS; shard++) {
        s->asked[shard] = tg_group_map_groups(map, map->version_count - 1, (uint8_t)shard);
    }
    *out = &s->base;
    return TG_OK;
}
