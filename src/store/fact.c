/* SPDX-License-Identifier: Apache-2.0 */
/* Facts, for every backend: their names, and calls that wait for the answer. */
#include "store/store_port.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

const char *tg_store_fact_name(enum tg_fact fact)
{
    static const char *const names[] = {
        [TG_FACT_STORE_ID] = "store id", [TG_FACT_KEY_CHECKS] = "key checks",
        [TG_FACT_EPOCH] = "epoch",       [TG_FACT_TIME_MARK] = "time mark",
        [TG_FACT_CLOCK] = "clock",       [TG_FACT_RETIRED] = "retired",
    };

    static_assert(TG_COUNT(names) == TG_FACT_COUNT, "a name for each fact");
    return names[fact];
}

bool tg_store_mark_raise(uint8_t next[TG_STORE_MARK_LEN], const struct tg_store_fact *old,
                         int64_t mark_s)
{
    uint64_t is = 0;

    for (size_t i = 0; old != NULL && i < old->value.len && i < TG_STORE_MARK_LEN; i++) {
        is = is << 8 | old->value.ptr[i];
    }
    if (mark_s <= 0 || (uint64_t)mark_s <= is) {
        return false;
    }
    for (unsigned i = 0; i < TG_STORE_MARK_LEN; i++) {
        next[i] = (uint8_t)((uint64_t)mark_s >> (56 - 8 * i));
    }
    return true;
}

/* One operation on a fact, and what wakes the thread that waits for it. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_woken;
    bool is_done;
    enum tg_err err;
    struct tg_store_fact_copy *out; /* load */
    uint64_t old_version;           /* save */
    struct tg_bytes value;
    bool has_conflict;
};

static void on_notify(void *ctx)
{
    struct waiter *w = ctx;

    (void)pthread_mutex_lock(&w->lock);
    w->is_woken = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

static void on_done(void *ctx, enum tg_err err)
{
    struct waiter *w = ctx;

    w->err = err;
    w->is_done = true;
}

static void wait_done(struct waiter *w, struct tg_store_port *port)
{
    while (!w->is_done) {
        (void)pthread_mutex_lock(&w->lock);
        while (!w->is_woken) {
            (void)pthread_cond_wait(&w->wake, &w->lock);
        }
        w->is_woken = false;
        (void)pthread_mutex_unlock(&w->lock);
        port->store->ops->dispatch(port);
    }
}

static enum tg_err run(struct tg_store *s, enum tg_fact fact, tg_store_fact_fn *change,
                       struct waiter *w)
{
    struct tg_store_port *port = NULL;
    enum tg_err err = TG_E_BUG;

    w->err = TG_E_BUG;
    if (pthread_mutex_init(&w->lock, NULL) != 0) {
        return TG_E_NOMEM;
    }
    if (pthread_cond_init(&w->wake, NULL) != 0) {
        (void)pthread_mutex_destroy(&w->lock);
        return TG_E_NOMEM;
    }
    TG_TRY(s->ops->attach(s, on_notify, w, &port));
    s->ops->fact(port, fact, change, w, on_done);
    wait_done(w, port);
    err = w->err;
out:
    s->ops->detach(&port);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    return err;
}

static bool load_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct waiter *w = ctx;

    (void)next;
    *w->out = (struct tg_store_fact_copy){ .version = 0 };
    if (old != NULL) {
        assert(old->value.len <= sizeof(w->out->bytes));
        w->out->version = old->version;
        w->out->len = old->value.len;
        if (old->value.len > 0) {
            memcpy(w->out->bytes, old->value.ptr, old->value.len);
        }
    }
    return false;
}

enum tg_err tg_store_fact_load(struct tg_store *s, enum tg_fact fact,
                               struct tg_store_fact_copy *out)
{
    struct waiter w = { .out = out };
    enum tg_err err = run(s, fact, load_change, &w);

    if (err != TG_OK) {
        *out = (struct tg_store_fact_copy){ .version = 0 };
    }
    return err;
}

static bool save_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct waiter *w = ctx;

    w->has_conflict = (old == NULL ? 0 : old->version) != w->old_version;
    *next = w->value;
    return !w->has_conflict;
}

enum tg_err tg_store_fact_save(struct tg_store *s, enum tg_fact fact, uint64_t old_version,
                               struct tg_bytes value)
{
    struct waiter w = { .old_version = old_version, .value = value };
    enum tg_err err = run(s, fact, save_change, &w);

    return err == TG_OK && w.has_conflict ? TG_E_CONFLICT : err;
}
