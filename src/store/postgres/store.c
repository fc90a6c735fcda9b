/* SPDX-License-Identifier: Apache-2.0 */
/* The store on PostgreSQL: its ports, each with an epoll descriptor that has all that it waits for.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX (TG_PG_LANES_MAX + 1u)
/* Without the answer to a write, of which there is one a second. */
#define SILENT_MS 3000u
#define FLUSH_MS 1000u /* detach waits so long for counts that are not written yet */

static struct tg_pg_port *port_of(struct tg_store_port *port)
{
    return (struct tg_pg_port *)port;
}

/* ---- dispatch ------------------------------------------------------------------------------- */

static void arm(struct tg_pg_port *p, uint64_t now_ms)
{
    struct itimerspec at = { .it_value = { .tv_nsec = 0 } };
    uint64_t due_ms = UINT64_MAX;

    for (unsigned i = 0; i < p->lane_count; i++) {
        uint64_t lane_ms = tg_pg_lane_due(&p->lanes[i]);

        due_ms = lane_ms < due_ms ? lane_ms : due_ms;
    }
    if (due_ms != UINT64_MAX) {
        uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 1;

        at.it_value.tv_sec = (time_t)(wait_ms / 1000);
        at.it_value.tv_nsec = (long)(wait_ms % 1000) * 1000000;
    }
    (void)timerfd_settime(p->timer_fd, 0, &at, NULL);
}

static void do_io(struct tg_pg_port *p)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(p->epoll_fd, events, EVENTS_MAX, 0);
    uint64_t expirations = 0;

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL) {
            (void)!read(p->timer_fd, &expirations, sizeof(expirations));
        } else {
            tg_pg_lane_ready(events[i].data.ptr);
        }
    }
}

static void tick(struct tg_pg_port *p)
{
    uint64_t now_ms = tg_pg_mono_ms();

    for (unsigned i = 0; i < p->lane_count; i++) {
        tg_pg_lane_tick(&p->lanes[i], now_ms);
    }
    arm(p, now_ms);
}

static void pg_dispatch(struct tg_store_port *port)
{
    struct tg_pg_port *p = port_of(port);

    p->is_dirty = false;
    tg_pg_news_hear(p);
    do_io(p);
    tick(p);
    tg_store_port_dispatch(port);
    tick(p); /* what the callbacks started */
}

static int pg_descriptor(const struct tg_store_port *port)
{
    return ((const struct tg_pg_port *)port)->epoll_fd;
}

/* ---- operations ----------------------------------------------------------------------------- */

static void enqueue(struct tg_store_port *port, struct tg_store_op *op, unsigned index)
{
    struct tg_pg_port *p = port_of(port);
    struct tg_pg_lane *lane = &p->lanes[index];

    if (op == NULL) {
        return;
    }
    op->since_ms = tg_pg_mono_ms();
    tg_pg_lane_want(lane);
    if (op->kind == TG_STORE_SWEEP) {
        tg_store_oplist_append(&lane->sweeps, op);
    } else {
        tg_store_shares_put(&lane->waiting, op);
    }
    if (!p->is_dirty && !port->is_dispatching) {
        p->is_dirty = true;
        port->notify(port->notify_ctx);
    }
}

static unsigned lane_of(const struct tg_pg_port *p, const struct tg_store_key *key)
{
    unsigned writing = p->lane_count > 1 ? p->lane_count - 1 : 1;

    return key->bytes[TG_STORE_KEY_LEN - 1] % writing;
}

static void pg_apply(struct tg_store_port *port, const struct tg_store_key *key,
                     tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    enqueue(port, tg_store_port_change(port, key, change, ctx, done), lane_of(port_of(port), key));
}

static void pg_apply_at(struct tg_store_port *port, const struct tg_store_key *key,
                        const struct tg_store_epoch *at, tg_store_change_fn *change, void *ctx,
                        tg_store_done_fn *done)
{
    enqueue(port, tg_store_port_change_at(port, key, at, change, ctx, done),
            lane_of(port_of(port), key));
}

static void pg_probe(struct tg_store_port *port, const struct tg_store_key *key,
                     tg_store_probed_fn *probed, void *ctx)
{
    enqueue(port, tg_store_port_probe(port, key, probed, ctx), port_of(port)->lane_count - 1);
}

static void pg_read(struct tg_store_port *port, const struct tg_store_key *key,
                    tg_store_found_fn *found, void *ctx)
{
    enqueue(port, tg_store_port_read(port, key, found, ctx), port_of(port)->lane_count - 1);
}

static void pg_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                     tg_store_swept_fn *swept, void *ctx)
{
    enqueue(port, tg_store_port_sweep(port, now_s, max_count, swept, ctx), 0);
}

static void pg_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                     tg_store_leased_fn *leased, void *ctx)
{
    enqueue(port, tg_store_port_lease(port, now_s, until_s, max_count, leased, ctx), 0);
}

static void pg_settle(struct tg_store_port *port, const struct tg_store_key *key,
                      uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                      tg_store_done_fn *done, void *ctx)
{
    enqueue(port, tg_store_port_settle(port, key, generation, verdict, due_s, done, ctx), 0);
}

static void pg_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                    void *ctx, tg_store_done_fn *done)
{
    enqueue(port, tg_store_port_fact(port, fact, change, ctx, done), 0);
}

static void pg_series(struct tg_store_port *port, const struct tg_store_key *series, int64_t end_s,
                      tg_store_done_fn *done, void *ctx)
{
    enqueue(port, tg_store_port_series(port, series, end_s, done, ctx), 0);
}

static void pg_spend(struct tg_store_port *port, const struct tg_spend *spend,
                     tg_store_spent_fn *spent, void *ctx)
{
    enqueue(port, tg_store_port_spend(port, spend, spent, ctx), 0);
}

/* ---- news of other nodes -------------------------------------------------------------------- */

static void on_heard(void *ctx)
{
    const struct tg_store_port *port = ctx;

    port->notify(port->notify_ctx);
}

static enum tg_err pg_hear(struct tg_store_port *port, tg_store_news_fn *news, void *ctx)
{
    struct tg_pg_port *p = port_of(port);
    struct tg_pg_wake *wake = tg_pg_of(port)->group.wake;

    if (p->news != NULL) {
        p->news = NULL;
        tg_pg_wake_ignore(wake, &p->ear);
    }
    if (news == NULL) {
        return TG_OK;
    }
    p->news = news;
    p->news_ctx = ctx;
    p->ear.heard = on_heard;
    p->ear.ctx = port;
    return tg_pg_wake_hear(wake, &p->ear);
}

static enum tg_err pg_follow(struct tg_store_port *port, const struct tg_store_key *key)
{
    struct tg_pg_port *p = port_of(port);
    bool is_first = p->follow.count == 0;
    enum tg_err err = tg_pg_follow_add(&p->follow, key);

    if (is_first) {
        tg_pg_look_pause(p, TG_PG_LOOK_EVERY_MS);
    }
    atomic_store(&p->ear.follow_count, p->follow.count);
    return err;
}

static void pg_unfollow(struct tg_store_port *port, const struct tg_store_key *key)
{
    struct tg_pg_port *p = port_of(port);

    tg_pg_follow_remove(&p->follow, key);
    atomic_store(&p->ear.follow_count, p->follow.count);
}

/* ---- ports ---------------------------------------------------------------------------------- */

static void port_free(struct tg_pg_port *p)
{
    for (unsigned i = 0; i < p->lane_count; i++) {
        tg_pg_lane_deinit(&p->lanes[i]);
        tg_mem_free(p->lanes[i].batch);
    }
    tg_pg_follow_deinit(&p->follow);
    if (p->timer_fd >= 0) {
        (void)close(p->timer_fd);
    }
    if (p->epoll_fd >= 0) {
        (void)close(p->epoll_fd);
    }
    tg_mem_free(p);
}

static enum tg_err port_fill(struct tg_pg_port *p, const struct tg_pg *s)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = NULL } };
    enum tg_err err = TG_E_NOMEM;

    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    TG_REQUIRE(p->epoll_fd >= 0 && p->timer_fd >= 0, TG_E_NOMEM);
    TG_REQUIRE(epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->timer_fd, &event) == 0, TG_E_NOMEM);
    TG_TRY(tg_rng_fill(&tg_rng_system, (uint8_t *)&p->random, sizeof(p->random)));
    for (unsigned i = 0; i < s->lane_count; i++) {
        p->lane_count = i + 1;
        TG_TRY(tg_pg_lane_init(&p->lanes[i], p, i));
        p->lanes[i].batch = tg_mem_calloc(1, sizeof(*p->lanes[i].batch));
        TG_REQUIRE(p->lanes[i].batch != NULL, TG_E_NOMEM);
    }
    err = TG_OK;
out:
    return err;
}

static enum tg_err pg_attach(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                             struct tg_store_port **port)
{
    struct tg_pg *pg = (struct tg_pg *)s;
    struct tg_pg_port *p = tg_mem_calloc(1, sizeof(*p));
    enum tg_err err = TG_E_BUG;

    if (p == NULL) {
        return TG_E_NOMEM;
    }
    p->epoll_fd = -1;
    p->timer_fd = -1;
    TG_TRY(port_fill(p, pg));
    TG_TRY(tg_store_port_init(&p->base, s, &pg->gate, notify, notify_ctx));
    atomic_store(&pg->group.tally.acknowledged_ms, tg_pg_mono_ms()); /* from now on it should be */
    tg_pg_lane_want(&p->lanes[0]);
    tick(p); /* connects */
    *port = &p->base;
    p = NULL;
out:
    if (p != NULL) {
        port_free(p);
    }
    return err;
}

static bool is_settled(const struct tg_pg_lane *lane)
{
    return lane->state != TG_PG_READY ||
           (lane->batch->kind == TG_PG_IDLE && tg_pg_counts_is_zero(&lane->carry));
}

/* Writes what was counted after the last transaction. */
static void flush(struct tg_pg_port *p)
{
    uint64_t end_ms = tg_pg_mono_ms() + FLUSH_MS;

    for (unsigned i = 0; i < p->lane_count; i++) {
        struct tg_pg_lane *lane = &p->lanes[i];
        uint64_t now_ms = tg_pg_mono_ms();

        if (!tg_pg_counts_is_zero(&lane->carry)) {
            lane->beat_ms = 0; /* now */
        }
        while (!is_settled(lane) && !tg_pg_counts_is_zero(&lane->carry) && now_ms < end_ms) {
            struct pollfd fd = { .fd = p->epoll_fd, .events = POLLIN };

            tg_pg_lane_tick(lane, now_ms);
            (void)poll(&fd, 1, (int)(end_ms - now_ms));
            do_io(p);
            now_ms = tg_pg_mono_ms();
        }
    }
}

static void pg_detach(struct tg_store_port **port)
{
    if (*port != NULL) {
        struct tg_pg_port *p = port_of(*port);

        (void)pg_hear(*port, NULL, NULL);
        flush(p);
        tg_store_port_deinit(&p->base);
        port_free(p);
        *port = NULL;
    }
}

/* ---- the store ------------------------------------------------------------------------------ */

static enum tg_err pg_survey(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                             void *ctx)
{
    return tg_pg_survey((struct tg_pg *)s, what, see, ctx);
}

static void pg_watch(struct tg_store *s, tg_store_committed_fn *committed, void *ctx)
{
    struct tg_pg *pg = (struct tg_pg *)s;

    pg->committed = committed;
    pg->committed_ctx = ctx;
}

static enum tg_err pg_restore(struct tg_store *s, enum tg_store_restored how, uint64_t commits_min)
{
    assert(atomic_load(&((struct tg_pg *)s)->gate.port_count) == 0);
    return tg_pg_restore((struct tg_pg *)s, how, commits_min);
}

static void pg_stats(const struct tg_store *s, struct tg_store_stats *out)
{
    /* The lock may be taken although the store is const. */
    union {
        const struct tg_store *in;
        struct tg_pg *pg;
    } self = { .in = s };

    (void)pthread_mutex_lock(&self.pg->group.lock);
    tg_pg_counts_total(&self.pg->group, out);
    (void)pthread_mutex_unlock(&self.pg->group.lock);
}

/* The reason of a lane is known when it is lost, that of one that waits for a standby only later.
 */
static enum tg_log_reason trouble_of(const struct tg_pg_group *group)
{
    enum tg_log_reason reason = (enum tg_log_reason)atomic_load(&group->reason);
    uint64_t seen_ms = atomic_load(&group->tally.acknowledged_ms);

    if (reason == TG_REASON_NONE && seen_ms != 0 && tg_pg_mono_ms() > seen_ms + SILENT_MS) {
        reason = TG_REASON_DATABASE_SLOW;
    }
    return reason;
}

static void pg_database(const struct tg_store *s, struct tg_store_database *out)
{
    const struct tg_pg_group *group = &((const struct tg_pg *)s)->group;
    enum tg_log_reason reason = trouble_of(group);

    tg_pg_tally_read(out, &group->tally);
    if (reason != TG_REASON_NONE) {
        tg_pg_explain(&out->trouble, reason);
    }
}

static void pg_free(struct tg_pg *pg)
{
    tg_pg_url_free(&pg->group.url);
    tg_mem_free(pg);
}

static void pg_close(struct tg_store **s)
{
    struct tg_pg *pg = (struct tg_pg *)*s;

    if (pg == NULL) {
        return;
    }
    assert(atomic_load(&pg->gate.port_count) == 0);
    tg_pg_copy_free(pg);
    tg_pg_wake_free(&pg->group.wake);
    tg_pg_resolver_deinit(&pg->group.resolver);
    (void)pthread_mutex_destroy(&pg->group.lock);
    pg_free(pg);
    *s = NULL;
}

static const struct tg_store_epoch_ops epoch_ops = {
    .read = pg_probe,
    .apply = pg_apply_at,
    .is_usable = tg_pg_epoch_is_usable,
    .list = tg_pg_epoch_list,
    .has_records = tg_pg_epoch_has_records,
    .announce = tg_pg_epoch_announce,
    .open = tg_pg_epoch_open,
};

static const struct tg_store_ops pg_ops = {
    .attach = pg_attach,
    .descriptor = pg_descriptor,
    .detach = pg_detach,
    .share = tg_store_port_share,
    .apply = pg_apply,
    .read = pg_read,
    .sweep = pg_sweep,
    .lease = pg_lease,
    .settle = pg_settle,
    .fact = pg_fact,
    .series = pg_series,
    .spend = pg_spend,
    .hear = pg_hear,
    .follow = pg_follow,
    .unfollow = pg_unfollow,
    .dispatch = pg_dispatch,
    .survey = pg_survey,
    .watch = pg_watch,
    .restore = pg_restore,
    .copy = &tg_pg_copy_ops,
    .epoch = &epoch_ops,
    .stats = pg_stats,
    .database = pg_database,
    .close = pg_close,
};

/* The clock of a computer says nothing about that of another one. */
static void name_clock(struct tg_pg *pg)
{
    uint8_t id[64] = { 0 };
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, id, sizeof(id));

    if (fd >= 0) {
        (void)close(fd);
    }
    for (ssize_t i = 0; i < len; i++) {
        hash = (hash ^ id[i]) * UINT64_C(0x100000001b3);
    }
    (void)snprintf(pg->clock_fact, sizeof(pg->clock_fact), "%s %016llx",
                   tg_store_fact_name(TG_FACT_CLOCK), (unsigned long long)hash);
}

enum tg_err tg_store_pg_check(const char *url, struct tg_fault *fault)
{
    struct tg_pg_url *parsed = tg_mem_calloc(1, sizeof(*parsed));
    enum tg_err err = parsed == NULL ? TG_E_NOMEM : tg_pg_url_parse(parsed, url, fault);

    if (err == TG_OK) {
        tg_pg_url_free(parsed);
    }
    tg_mem_free(parsed);
    return err;
}

enum tg_err tg_store_pg_open(struct tg_store **out, const struct tg_store_pg_settings *settings,
                             const struct tg_store_limits *limits, const struct tg_log *log,
                             struct tg_fault *fault)
{
    struct tg_pg *pg = tg_mem_calloc(1, sizeof(*pg));
    PGconn *conn = NULL;
    enum tg_err err = TG_E_BUG;

    assert(settings->lane_count >= 1 && settings->lane_count <= TG_PG_LANES_MAX);
    if (pg == NULL) {
        return TG_E_NOMEM;
    }
    pg->base.ops = &pg_ops;
    pg->gate.log = log;
    pg->lane_count = settings->lane_count;
    name_clock(pg);
    TG_TRY(tg_rng_fill(&tg_rng_system, (uint8_t *)&pg->group.node, sizeof(pg->group.node)));
    pg->group.node = (pg->group.node & INT64_MAX) | 1;
    TG_TRY(tg_pg_url_parse(&pg->group.url, settings->url, fault));
    pg->group.url.password_file = settings->password_file;
    pg->group.must_be_synchronous = settings->must_be_synchronous;
    pg->group.may_be_copied = settings->may_be_copied;
    pg->group.number = settings->group;
    TG_TRY(tg_pg_session_open(&conn, &pg->group, true, fault));
    TG_TRY(tg_pg_session_barrier(conn, settings->patience_ms, fault));
    TG_TRY(pg->group.number != 0 ? TG_OK : tg_pg_epoch_check(conn, fault));
    TG_REQUIRE(pthread_mutex_init(&pg->group.lock, NULL) == 0, TG_E_NOMEM);
    TG_TRY(tg_pg_session_refresh(conn, &pg->group));
    pg->bounds = tg_store_bounds(limits, &pg->group.others);
    TG_TRY(tg_pg_resolver_init(&pg->group.resolver, &pg->group.url));
    TG_TRY(tg_pg_wake_new(&pg->group.wake, &pg->group.url, &pg->group.resolver, pg->group.node));
    if (!settings->must_be_synchronous) {
        TG_LOG(log, TG_LOG_WARNING, "store.not_synchronous",
               { "reason", TG_LOG_REASON(TG_REASON_DATABASE_STANDBY) });
    }
    *out = &pg->base;
    pg = NULL;
out:
    PQfinish(conn);
    if (pg != NULL) {
        pg_free(pg);
    }
    return err;
}
