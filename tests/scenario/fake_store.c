/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include "support/c/again_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 64u
#define PUMP_ROUNDS 16u

struct pending {
    struct fake_store *fake;
    bool is_used;
    bool is_started;
    bool is_write; /* what the last run of change() decided */
    struct tg_store_key key;
    tg_store_change_fn *change;
    void *ctx;
    tg_store_done_fn *done;
    const struct tg_spend *spend; /* NULL: a change */
    tg_store_spent_fn *spent;
};

/* A read that has not completed. */
struct slow_read {
    bool is_used;
    bool has_record;
    struct tg_store_record record; /* sealed is owned */
    tg_store_found_fn *found;
    void *ctx;
};

/* The port that the relay uses; it contains the real one. */
struct tg_store_port {
    struct fake_store *fake;
};

struct fake_store {
    struct tg_store base;
    struct tg_store *real;
    struct tg_store_port *real_port;
    struct tg_store_port port;
    enum tg_err failure;
    enum tg_err spend_failure;
    bool is_held;
    bool is_slow;
    size_t write_count;
    uint8_t *last;
    size_t last_len;
    struct pending pending[PENDING_MAX];
    struct slow_read slow[PENDING_MAX];
};

static struct fake_store *fake_of(struct tg_store *store)
{
    return (struct fake_store *)(void *)store;
}

static void keep_last(struct fake_store *fake, struct tg_bytes sealed)
{
    free(fake->last);
    fake->last = malloc(sealed.len);
    assert(fake->last != NULL);
    memcpy(fake->last, sealed.ptr, sealed.len);
    fake->last_len = sealed.len;
}

static enum tg_store_verdict counting_change(void *ctx, const struct tg_store_record *old,
                                             struct tg_store_next *next)
{
    struct pending *p = ctx;
    enum tg_store_verdict verdict = p->change(p->ctx, old, next);
    struct fake_store *fake = p->fake;

    p->is_write = verdict != TG_STORE_KEEP;
    if (verdict == TG_STORE_PUT) {
        keep_last(fake, next->record.sealed);
    }
    return verdict;
}

static void finish(void *ctx, enum tg_err err)
{
    struct pending *p = ctx;
    tg_store_done_fn *done = p->done;
    void *done_ctx = p->ctx;

    p->fake->write_count += err == TG_OK && p->is_write ? 1 : 0;
    p->is_used = false;
    done(done_ctx, err);
}

static void finish_spend(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                         struct tg_bytes sealed)
{
    struct pending *p = ctx;
    struct fake_store *fake = p->fake;
    tg_store_spent_fn *spent = p->spent;
    void *spent_ctx = p->ctx;

    if (err == TG_OK && outcome == TG_SPEND_NEW) {
        fake->write_count++;
        keep_last(fake, p->spend->sealed);
    }
    p->is_used = false;
    spent(spent_ctx, err, outcome, sealed);
}

static struct pending *pending_new(struct fake_store *fake)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        if (!fake->pending[i].is_used) {
            fake->pending[i] = (struct pending){ .fake = fake, .is_used = true };
            return &fake->pending[i];
        }
    }
    abort();
}

static void fake_spend(struct tg_store_port *port, const struct tg_spend *spend,
                       tg_store_spent_fn *spent, void *ctx)
{
    struct pending *p = pending_new(port->fake);

    p->spend = spend;
    p->spent = spent;
    p->ctx = ctx;
}

static void fake_apply(struct tg_store_port *port, const struct tg_store_key *key,
                       tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct pending *p = pending_new(port->fake);

    p->key = *key;
    p->change = change;
    p->ctx = ctx;
    p->done = done;
}

static void keep_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct slow_read *r = ctx;
    uint8_t *copy = NULL;

    assert(err == TG_OK);
    r->has_record = record != NULL;
    if (record != NULL) {
        copy = malloc(record->sealed.len);
        assert(copy != NULL);
        memcpy(copy, record->sealed.ptr, record->sealed.len);
        r->record = *record;
        r->record.sealed.ptr = copy;
    }
}

static void start_slow_read(struct fake_store *fake, const struct tg_store_key *key,
                            tg_store_found_fn *found, void *ctx)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct slow_read *r = &fake->slow[i];

        if (!r->is_used) {
            *r = (struct slow_read){ .is_used = true, .found = found, .ctx = ctx };
            fake->real->ops->read(fake->real_port, key, keep_found, r);
            return;
        }
    }
    abort();
}

static void finish_slow_reads(struct fake_store *fake)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct slow_read r = fake->slow[i];

        if (r.is_used) {
            fake->slow[i].is_used = false;
            r.found(r.ctx, TG_OK, r.has_record ? &r.record : NULL);
            free((void *)(uintptr_t)r.record.sealed.ptr);
        }
    }
}

static void fake_read(struct tg_store_port *port, const struct tg_store_key *key,
                      tg_store_found_fn *found, void *ctx)
{
    struct fake_store *fake = port->fake;

    if (fake->failure != TG_OK && fake->failure != TG_E_FULL) {
        found(ctx, TG_E_STORE, NULL);
        return;
    }
    if (fake->is_slow) {
        start_slow_read(fake, key, found, ctx);
        return;
    }
    fake->real->ops->read(fake->real_port, key, found, ctx);
}

static void fake_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                       tg_store_leased_fn *leased, void *ctx)
{
    struct fake_store *fake = port->fake;

    fake->real->ops->lease(fake->real_port, now_s, until_s, max_count, leased, ctx);
}

static void fake_settle(struct tg_store_port *port, const struct tg_store_key *key,
                        uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                        tg_store_done_fn *done, void *ctx)
{
    struct fake_store *fake = port->fake;

    fake->real->ops->settle(fake->real_port, key, generation, verdict, due_s, done, ctx);
}

static void start(struct fake_store *fake, struct pending *p)
{
    enum tg_err spend_failure = fake->failure != TG_OK ? fake->failure : fake->spend_failure;

    if (p->spend != NULL && spend_failure != TG_OK) {
        finish_spend(p, spend_failure, TG_SPEND_CLOSED, tg_bytes(NULL, 0));
    } else if (p->spend != NULL) {
        fake->real->ops->spend(fake->real_port, p->spend, finish_spend, p);
    } else if (fake->failure != TG_OK) {
        finish(p, fake->failure);
    } else {
        fake->real->ops->apply(fake->real_port, &p->key, counting_change, p, finish);
    }
}

static void fake_dispatch(struct tg_store_port *port)
{
    struct fake_store *fake = port->fake;

    if (fake->is_held) {
        return;
    }
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &fake->pending[i];

        if (p->is_used && !p->is_started) {
            p->is_started = true;
            start(fake, p);
        }
    }
    fake->real->ops->dispatch(fake->real_port);
}

static const struct tg_store_ops fake_ops = { .apply = fake_apply,
                                              .read = fake_read,
                                              .spend = fake_spend,
                                              .lease = fake_lease,
                                              .settle = fake_settle,
                                              .dispatch = fake_dispatch };

static void ignore_notify(void *ctx)
{
    (void)ctx;
}

struct tg_store *fake_store_open(enum fake_store_runs runs)
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    struct fake_store *fake = calloc(1, sizeof(*fake));

    if (fake == NULL || tg_store_mem_open(&fake->real, &limits) != TG_OK) {
        abort();
    }
    if (runs == FAKE_STORE_RUNS_AGAIN) {
        fake->real = again_store_over(fake->real);
    }
    if (fake->real->ops->attach(fake->real, ignore_notify, NULL, &fake->real_port) != TG_OK) {
        abort();
    }
    fake->base.ops = &fake_ops;
    fake->port.fake = fake;
    return &fake->base;
}

struct tg_store_port *fake_store_port(struct tg_store *store)
{
    return &fake_of(store)->port;
}

void fake_store_close(struct tg_store **store)
{
    struct fake_store *fake = fake_of(*store);

    fake->real->ops->detach(&fake->real_port);
    fake->real->ops->close(&fake->real);
    free(fake->last);
    free(fake);
    *store = NULL;
}

void fake_store_fail_with(struct tg_store *store, enum tg_err err)
{
    fake_of(store)->failure = err;
}

void fake_store_fail_spends_with(struct tg_store *store, enum tg_err err)
{
    fake_of(store)->spend_failure = err;
}

void fake_store_hold(struct tg_store *store, bool is_held)
{
    fake_of(store)->is_held = is_held;
}

void fake_store_slow_reads(struct tg_store *store, bool is_slow)
{
    fake_of(store)->is_slow = is_slow;
}

size_t fake_store_write_count(const struct tg_store *store)
{
    return ((const struct fake_store *)(const void *)store)->write_count;
}

struct tg_bytes fake_store_last_sealed(const struct tg_store *store)
{
    const struct fake_store *fake = (const struct fake_store *)(const void *)store;

    return tg_bytes(fake->last, fake->last_len);
}

void fake_store_pump(struct tg_store *store)
{
    for (unsigned i = 0; i < PUMP_ROUNDS; i++) {
        finish_slow_reads(fake_of(store));
        fake_dispatch(fake_store_port(store));
    }
}

void fake_store_step(struct tg_store *store)
{
    fake_dispatch(fake_store_port(store));
    fake_dispatch(fake_store_port(store));
}

static void ignore_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    (void)ctx;
    (void)err;
    (void)swept;
}

void fake_store_sweep(struct tg_store *store, int64_t now_s)
{
    struct fake_store *fake = fake_of(store);

    fake->real->ops->sweep(fake->real_port, now_s, 1000, ignore_swept, NULL);
    fake->real->ops->dispatch(fake->real_port);
}

static void keep_err(void *ctx, enum tg_err err)
{
    *(enum tg_err *)ctx = err;
}

enum tg_err fake_store_series(struct tg_store *store, const struct tg_store_key *series,
                              int64_t end_s)
{
    struct fake_store *fake = fake_of(store);
    enum tg_err err = TG_E_BUG;

    fake->real->ops->series(fake->real_port, series, end_s, keep_err, &err);
    fake->real->ops->dispatch(fake->real_port);
    return err;
}
