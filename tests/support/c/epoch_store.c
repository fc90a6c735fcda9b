/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/epoch_store.h"

#include "store/store_port.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STORES_MAX 32u
#define KEPT_MAX 16u
#define SEEN_MAX 64u

struct probe {
    struct epoch_store *store;
    struct tg_store_port *port;
    struct tg_store_key key;
    struct tg_store_epoch epoch;
    tg_store_probed_fn *probed;
    void *ctx;
    bool has_record;
    struct tg_store_record record;
    uint8_t bytes[SEEN_MAX];
};

struct epoch_store {
    struct tg_store *store; /* NULL: free */
    const struct tg_store_ops *real;
    struct tg_store_ops ops;
    pthread_mutex_t lock; /* of the next ones */
    struct tg_store_epoch open;
    bool is_usable;
    bool keeps_reads;
    bool delays_reads;
    struct probe *kept[KEPT_MAX];
    size_t kept_count;
    void (*step)(void *ctx);
    void *step_ctx;
};

static struct epoch_store stores[STORES_MAX];

static struct epoch_store *of(const struct tg_store *store)
{
    for (size_t i = 0; i < STORES_MAX; i++) {
        if (stores[i].store == store) {
            return &stores[i];
        }
    }
    abort();
}

struct tg_store_epoch epoch_store_get(struct tg_store *store)
{
    struct epoch_store *e = of(store);
    struct tg_store_epoch open;

    (void)pthread_mutex_lock(&e->lock);
    open = e->open;
    (void)pthread_mutex_unlock(&e->lock);
    return open;
}

void epoch_store_set(struct tg_store *store, struct tg_store_epoch open)
{
    struct epoch_store *e = of(store);

    (void)pthread_mutex_lock(&e->lock);
    e->open = open;
    (void)pthread_mutex_unlock(&e->lock);
}

/* ---- reads ---------------------------------------------------------------------------------- */

static void answer(struct probe *p, enum tg_err err)
{
    p->probed(p->ctx, err, err == TG_OK && p->has_record ? &p->record : NULL, &p->epoch);
    free(p);
}

static void on_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct probe *p = ctx;
    struct epoch_store *e = p->store;

    if (!e->keeps_reads) {
        p->probed(p->ctx, err, record, &p->epoch);
        free(p);
        return;
    }
    assert(err == TG_OK && e->kept_count < KEPT_MAX);
    p->has_record = record != NULL;
    if (p->has_record) {
        assert(record->sealed.len <= SEEN_MAX);
        p->record = *record;
        memcpy(p->bytes, record->sealed.ptr, record->sealed.len);
        p->record.sealed.ptr = p->bytes;
    }
    e->kept[e->kept_count++] = p;
}

static void epoch_read(struct tg_store_port *port, const struct tg_store_key *key,
                       tg_store_probed_fn *probed, void *ctx)
{
    struct probe *p = calloc(1, sizeof(*p));

    assert(p != NULL);
    *p = (struct probe){ .store = of(port->store),
                         .port = port,
                         .key = *key,
                         .epoch = epoch_store_get(port->store),
                         .probed = probed,
                         .ctx = ctx };
    if (p->store->delays_reads) {
        assert(p->store->kept_count < KEPT_MAX);
        p->store->kept[p->store->kept_count++] = p;
    } else {
        p->store->real->read(port, key, on_found, p);
    }
}

void epoch_store_delay_reads(struct tg_store *store, bool is_delayed)
{
    of(store)->delays_reads = is_delayed;
}

void epoch_store_keep_reads(struct tg_store *store, bool is_kept)
{
    of(store)->keeps_reads = is_kept;
}

void epoch_store_answer(struct tg_store *store, enum tg_err err)
{
    struct epoch_store *e = of(store);
    size_t count = e->kept_count;
    struct probe *kept[KEPT_MAX];

    memcpy(kept, e->kept, sizeof(kept));
    e->kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (e->delays_reads) {
            kept[i]->epoch = epoch_store_get(store);
            e->real->read(kept[i]->port, &kept[i]->key, on_found, kept[i]);
        } else {
            answer(kept[i], err);
        }
    }
}

/* ---- changes -------------------------------------------------------------------------------- */

struct change {
    struct epoch_store *store;
    bool may_make;
    struct tg_store_epoch at;
    tg_store_change_fn *change;
    tg_store_done_fn *done;
    void *ctx;
    bool has_conflict;
};

static enum tg_store_verdict run(void *ctx, const struct tg_store_record *old,
                                 struct tg_store_next *next)
{
    struct change *c = ctx;
    struct tg_store_epoch open = epoch_store_get(c->store->store);

    c->has_conflict =
        old == NULL && (!c->may_make || open.version != c->at.version || open.print != c->at.print);
    return c->has_conflict ? TG_STORE_KEEP : c->change(c->ctx, old, next);
}

static void on_done(void *ctx, enum tg_err err)
{
    struct change *c = ctx;
    tg_store_done_fn *done = c->done;
    void *done_ctx = c->ctx;

    err = err == TG_OK && c->has_conflict ? TG_E_CONFLICT : err;
    free(c);
    done(done_ctx, err);
}

static void epoch_apply(struct tg_store_port *port, const struct tg_store_key *key,
                        const struct tg_store_epoch *at, tg_store_change_fn *change, void *ctx,
                        tg_store_done_fn *done)
{
    struct epoch_store *e = of(port->store);
    struct change *c = calloc(1, sizeof(*c));
    void (*step)(void *ctx) = NULL;

    assert(c != NULL);
    *c = (struct change){ .store = e, .change = change, .done = done, .ctx = ctx };
    c->may_make = at != NULL;
    if (at != NULL) {
        c->at = *at;
    }
    (void)pthread_mutex_lock(&e->lock);
    step = e->step;
    e->step = NULL;
    (void)pthread_mutex_unlock(&e->lock);
    if (step != NULL) {
        step(e->step_ctx);
    }
    e->real->apply(port, key, run, c, on_done);
}

void epoch_store_before_apply(struct tg_store *store, void (*step)(void *ctx), void *ctx)
{
    struct epoch_store *e = of(store);

    (void)pthread_mutex_lock(&e->lock);
    e->step = step;
    e->step_ctx = ctx;
    (void)pthread_mutex_unlock(&e->lock);
}

/* ---- the store ------------------------------------------------------------------------------ */

static bool epoch_is_usable(const struct tg_store *store)
{
    return of(store)->is_usable;
}

void epoch_store_set_usable(struct tg_store *store, bool is_usable)
{
    of(store)->is_usable = is_usable;
}

static const struct tg_store_epoch_ops epoch_ops = { .read = epoch_read,
                                                     .apply = epoch_apply,
                                                     .is_usable = epoch_is_usable };

static void epoch_close(struct tg_store **store)
{
    struct epoch_store *e = of(*store);

    (*store)->ops = e->real;
    e->store = NULL;
    (void)pthread_mutex_destroy(&e->lock);
    (*store)->ops->close(store);
}

void epoch_store_make(struct tg_store *store, struct tg_store_epoch open)
{
    struct epoch_store *e = of(NULL);

    *e =
        (struct epoch_store){ .store = store, .real = store->ops, .open = open, .is_usable = true };
    assert(pthread_mutex_init(&e->lock, NULL) == 0);
    e->ops = *store->ops;
    e->ops.epoch = &epoch_ops;
    e->ops.close = epoch_close;
    store->ops = &e->ops;
}
