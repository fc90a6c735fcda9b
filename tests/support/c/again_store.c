/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/again_store.h"

#include "store/store_port.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 16u    /* records that were put, of all keys */
#define STRANGE_LEN 48u /* of a record that nobody wrote */
#define THREAD_EVERY                                                                               \
    256u /* of so many changes one has runs on a thread of its own; the first too */
#define SPOILED 0xa5

struct kept {
    bool is_used;
    struct tg_store_key key;
    struct tg_store_record record; /* sealed is owned */
};

struct again {
    struct tg_store base;
    struct tg_store *real;
    pthread_mutex_t lock; /* of what was put */
    struct kept kept[KEPT_MAX];
    size_t kept_next;
    atomic_uint change_count;
};

struct again_port {
    struct tg_store_port base; /* its store is the one that runs changes again */
    struct tg_store_port *real;
};

struct call {
    struct again *again;
    struct tg_store_key key;
    tg_store_change_fn *change;
    tg_store_fact_fn *change_fact;
    void *ctx;
    tg_store_done_fn *done;
    bool is_odd; /* the other order of runs */
};

static struct again *again_of(struct tg_store *s)
{
    return (struct again *)s;
}

static const struct again *again_of_const(const struct tg_store *s)
{
    return (const struct again *)s;
}

static struct tg_store_port *real_of(struct tg_store_port *port)
{
    return ((struct again_port *)port)->real;
}

static const struct tg_store_ops *ops_of(const struct tg_store_port *port)
{
    return ((const struct again_port *)port)->real->store->ops;
}

static void *must(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

/* ---- bytes that end ------------------------------------------------------------------------- */

static uint8_t *copy_of(struct tg_bytes from)
{
    uint8_t *copy = must(malloc(from.len + 1));

    if (from.len > 0) {
        memcpy(copy, from.ptr, from.len);
    }
    return copy;
}

/* Whoever still uses them sees it. */
static void spoil(uint8_t *copy, size_t len)
{
    memset(copy, SPOILED, len);
    free(copy);
}

static void keep(struct again *a, const struct tg_store_key *key,
                 const struct tg_store_record *record)
{
    (void)pthread_mutex_lock(&a->lock);
    struct kept *k = &a->kept[a->kept_next++ % KEPT_MAX];

    free((void *)(uintptr_t)k->record.sealed.ptr);
    *k = (struct kept){ .is_used = true, .key = *key, .record = *record };
    k->record.sealed.ptr = copy_of(record->sealed);
    (void)pthread_mutex_unlock(&a->lock);
}

/* ---- runs that do not count ----------------------------------------------------------------- */

/* A run must leave views that can be read. */
static void read_all(struct tg_bytes bytes)
{
    volatile uint8_t seen = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        seen = bytes.ptr[i];
    }
    (void)seen;
}

static void run_with(const struct call *call, const struct tg_store_record *old)
{
    struct tg_store_next next = { .note_count = 0 };
    struct tg_store_record record = { .version = 0 };
    uint8_t *copy = NULL;

    if (old != NULL) {
        record = *old;
        copy = copy_of(old->sealed);
        record.sealed.ptr = copy;
    }
    if (call->change(call->ctx, old == NULL ? NULL : &record, &next) == TG_STORE_PUT) {
        read_all(next.record.sealed);
        for (size_t i = 0; i < next.note_count; i++) {
            read_all(next.notes[i].sealed);
        }
    }
    if (next.note_count > TG_STORE_NOTES_MAX) {
        abort();
    }
    if (copy != NULL) {
        spoil(copy, record.sealed.len);
    }
}

static void run_with_kept(const struct call *call)
{
    struct again *a = call->again;

    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct tg_store_record record = { .version = 0 };
        uint8_t *copy = NULL;

        (void)pthread_mutex_lock(&a->lock);
        if (a->kept[i].is_used && memcmp(&a->kept[i].key, &call->key, sizeof(call->key)) == 0) {
            record = a->kept[i].record;
            copy = copy_of(record.sealed);
            record.sealed.ptr = copy;
        }
        (void)pthread_mutex_unlock(&a->lock);
        if (copy != NULL) {
            run_with(call, &record);
            spoil(copy, record.sealed.len);
        }
    }
}

static void *run_before(void *ctx)
{
    static const uint8_t strange[STRANGE_LEN] = { 0 };
    static const struct tg_store_record record = { .version = 7,
                                                   .class = TG_STORE_LIVE,
                                                   .expires_s = INT64_MAX,
                                                   .sealed = { strange, STRANGE_LEN } };
    const struct call *call = ctx;

    run_with(call, call->is_odd ? NULL : &record);
    run_with_kept(call);
    run_with(call, call->is_odd ? &record : NULL);
    return NULL;
}

static void run_before_on_a_thread(struct call *call)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_before, call) != 0 || pthread_join(thread, NULL) != 0) {
        abort();
    }
}

static enum tg_store_verdict run_again(void *ctx, const struct tg_store_record *old,
                                       struct tg_store_next *next)
{
    struct call *call = ctx;
    unsigned number = atomic_fetch_add(&call->again->change_count, 1);
    enum tg_store_verdict verdict = TG_STORE_KEEP;

    call->is_odd = number % 2 == 1;
    if (number % THREAD_EVERY == 0) {
        run_before_on_a_thread(call);
    } else {
        (void)run_before(call);
    }
    verdict = call->change(call->ctx, old, next);
    if (verdict == TG_STORE_PUT) {
        keep(call->again, &call->key, &next->record);
    }
    return verdict;
}

static void run_fact_with(const struct call *call, const struct tg_store_fact *old)
{
    struct tg_bytes next = { NULL, 0 };

    if (call->change_fact(call->ctx, old, &next)) {
        read_all(next);
    }
}

static bool run_fact_again(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    const struct call *call = ctx;

    run_fact_with(call, NULL);
    run_fact_with(call, &(struct tg_store_fact){ .version = 9, .value = TG_LIT("strange") });
    return call->change_fact(call->ctx, old, next);
}

/* ---- operations ----------------------------------------------------------------------------- */

static void finish(void *ctx, enum tg_err err)
{
    struct call call = *(struct call *)ctx;

    free(ctx);
    call.done(call.ctx, err);
}

static void again_apply(struct tg_store_port *port, const struct tg_store_key *key,
                        tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct call *call = must(malloc(sizeof(*call)));

    *call = (struct call){
        .again = again_of(port->store), .key = *key, .change = change, .ctx = ctx, .done = done
    };
    ops_of(port)->apply(real_of(port), key, run_again, call, finish);
}

static void again_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                       void *ctx, tg_store_done_fn *done)
{
    struct call *call = must(malloc(sizeof(*call)));

    *call = (struct call){ .change_fact = change, .ctx = ctx, .done = done };
    ops_of(port)->fact(real_of(port), fact, run_fact_again, call, finish);
}

static void again_read(struct tg_store_port *port, const struct tg_store_key *key,
                       tg_store_found_fn *found, void *ctx)
{
    ops_of(port)->read(real_of(port), key, found, ctx);
}

static void again_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                        tg_store_swept_fn *swept, void *ctx)
{
    ops_of(port)->sweep(real_of(port), now_s, max_count, swept, ctx);
}

static void again_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s,
                        size_t max_count, tg_store_leased_fn *leased, void *ctx)
{
    ops_of(port)->lease(real_of(port), now_s, until_s, max_count, leased, ctx);
}

static void again_settle(struct tg_store_port *port, const struct tg_store_key *key,
                         uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                         tg_store_done_fn *done, void *ctx)
{
    ops_of(port)->settle(real_of(port), key, generation, verdict, due_s, done, ctx);
}

static void again_series(struct tg_store_port *port, const struct tg_store_key *series,
                         int64_t end_s, tg_store_done_fn *done, void *ctx)
{
    ops_of(port)->series(real_of(port), series, end_s, done, ctx);
}

static void again_spend(struct tg_store_port *port, const struct tg_spend *spend,
                        tg_store_spent_fn *spent, void *ctx)
{
    ops_of(port)->spend(real_of(port), spend, spent, ctx);
}

static void again_dispatch(struct tg_store_port *port)
{
    ops_of(port)->dispatch(real_of(port));
}

static enum tg_err again_hear(struct tg_store_port *port, tg_store_news_fn *news, void *ctx)
{
    return ops_of(port)->hear(real_of(port), news, ctx);
}

static enum tg_err again_follow(struct tg_store_port *port, const struct tg_store_key *key)
{
    return ops_of(port)->follow(real_of(port), key);
}

static void again_unfollow(struct tg_store_port *port, const struct tg_store_key *key)
{
    ops_of(port)->unfollow(real_of(port), key);
}

static int again_descriptor(const struct tg_store_port *port)
{
    return ops_of(port)->descriptor(((const struct again_port *)port)->real);
}

/* ---- the store ------------------------------------------------------------------------------ */

static enum tg_err again_attach(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                                struct tg_store_port **port)
{
    struct again_port *made = must(calloc(1, sizeof(*made)));
    struct tg_store *real = again_of(s)->real;
    enum tg_err err = real->ops->attach(real, notify, notify_ctx, &made->real);

    if (err != TG_OK) {
        free(made);
        return err;
    }
    made->base.store = s;
    *port = &made->base;
    return TG_OK;
}

static void again_detach(struct tg_store_port **port)
{
    if (*port != NULL) {
        struct again_port *p = (struct again_port *)*port;

        p->real->store->ops->detach(&p->real);
        free(p);
        *port = NULL;
    }
}

static enum tg_err again_survey(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                                void *ctx)
{
    return again_of(s)->real->ops->survey(again_of(s)->real, what, see, ctx);
}

static void again_watch(struct tg_store *s, tg_store_committed_fn *committed, void *ctx)
{
    again_of(s)->real->ops->watch(again_of(s)->real, committed, ctx);
}

static enum tg_err again_restore(struct tg_store *s, enum tg_store_restored how,
                                 uint64_t commits_min)
{
    return again_of(s)->real->ops->restore(again_of(s)->real, how, commits_min);
}

static void again_stats(const struct tg_store *s, struct tg_store_stats *out)
{
    again_of_const(s)->real->ops->stats(again_of_const(s)->real, out);
}

static void again_close(struct tg_store **s)
{
    struct again *a = NULL;

    if (*s == NULL) {
        return;
    }
    a = again_of(*s);
    a->real->ops->close(&a->real);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        free((void *)(uintptr_t)a->kept[i].record.sealed.ptr);
    }
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
    *s = NULL;
}

static const struct tg_store_ops again_ops = {
    .attach = again_attach,
    .detach = again_detach,
    .descriptor = again_descriptor,
    .apply = again_apply,
    .read = again_read,
    .sweep = again_sweep,
    .lease = again_lease,
    .settle = again_settle,
    .fact = again_fact,
    .series = again_series,
    .spend = again_spend,
    .hear = again_hear,
    .follow = again_follow,
    .unfollow = again_unfollow,
    .dispatch = again_dispatch,
    .survey = again_survey,
    .watch = again_watch,
    .restore = again_restore,
    .stats = again_stats,
    .close = again_close,
};

struct tg_store *again_store_over(struct tg_store *real)
{
    struct again *a = must(calloc(1, sizeof(*a)));

    if (pthread_mutex_init(&a->lock, NULL) != 0) {
        abort();
    }
    a->base.ops = &again_ops;
    a->real = real;
    return &a->base;
}
