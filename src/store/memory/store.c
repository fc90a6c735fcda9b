/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in memory: a hash table under one mutex. A change runs inside apply and its done()
 * inside dispatch, so a caller sees the same order of events as with a store on a disk.
 */
#include "base/mem.h"
#include "base/mem_owner.h"
#include "store/memory/expiry.h"
#include "store/memory/fact.h"
#include "store/memory/outbox.h"
#include "store/memory/spent.h"
#include "store/store_port.h"

#include <assert.h>
#include <string.h>

#define SLOTS_MIN 64u

struct slot {
    struct tg_store_key key;
    uint64_t version;
    enum tg_store_class class;
    int64_t expires_s;
    uint8_t *sealed; /* owned; NULL when sealed_len is 0 */
    size_t sealed_len;
    bool is_used;
};

struct mem_store {
    struct tg_store base;
    struct tg_store_gate gate;
    struct tg_store_bounds bounds;
    pthread_mutex_t lock; /* of all below */
    struct slot *slots;   /* open addressing, linear probing; slot_count is a power of two */
    size_t slot_count;
    struct tg_store_stats stats;
    struct tg_memory_expiry expiry;
    struct tg_memory_outbox outbox;
    struct tg_memory_spent spent;
    struct tg_store_fact_copy *facts; /* owned, TG_FACT_COUNT */
};

static struct mem_store *mem_of(struct tg_store *s)
{
    return (struct mem_store *)s;
}

/* Keys are keyed hashes, so their first bytes are as good as any hash of them. */
static size_t home_of(const struct mem_store *m, const struct tg_store_key *key)
{
    uint64_t h = 0;

    memcpy(&h, key->bytes, sizeof(h));
    return (size_t)h & (m->slot_count - 1);
}

/* The slot that holds key, or the free one where it belongs. At most half of the slots are used. */
static size_t slot_find(const struct mem_store *m, const struct tg_store_key *key)
{
    size_t i = home_of(m, key);

    while (m->slots[i].is_used &&
           !tg_bytes_is_equal(TG_ARRAY_BYTES(m->slots[i].key.bytes), TG_ARRAY_BYTES(key->bytes))) {
        i = (i + 1) & (m->slot_count - 1);
    }
    return i;
}

static enum tg_err slots_reserve(struct mem_store *m)
{
    struct mem_store larger = { .slot_count = m->slot_count * 2 };

    if ((m->stats.live_count + m->stats.ended_count) * 2 < m->slot_count) {
        return TG_OK;
    }
    larger.slots = tg_mem_calloc(larger.slot_count, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < m->slot_count; i++) {
        if (m->slots[i].is_used) {
            larger.slots[slot_find(&larger, &m->slots[i].key)] = m->slots[i];
        }
    }
    tg_mem_free(m->slots);
    m->slots = larger.slots;
    m->slot_count = larger.slot_count;
    return TG_OK;
}

static struct tg_store_record slot_view(const struct slot *slot)
{
    return (struct tg_store_record){ .version = slot->version,
                                     .class = slot->class,
                                     .expires_s = slot->expires_s,
                                     .sealed = tg_bytes(slot->sealed, slot->sealed_len) };
}

static void slot_remove(struct mem_store *m, size_t hole)
{
    size_t mask = m->slot_count - 1;
    struct tg_store_record removed = slot_view(&m->slots[hole]);

    tg_store_count(&m->stats, &removed, NULL);
    tg_mem_free(m->slots[hole].sealed);
    /* Moves back the slots that a lookup would no longer find behind the hole. */
    for (size_t i = (hole + 1) & mask; m->slots[i].is_used; i = (i + 1) & mask) {
        size_t home = home_of(m, &m->slots[i].key);

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct slot){ .is_used = false };
}

static enum tg_err slot_put(struct mem_store *m, const struct tg_store_key *key,
                            const struct tg_store_record *next)
{
    struct tg_store_record old;
    struct slot *slot = NULL;
    uint8_t *copy = NULL;

    if (slots_reserve(m) != TG_OK) {
        return TG_E_FULL;
    }
    if (next->sealed.len > 0) {
        copy = tg_mem_calloc(1, next->sealed.len);
        if (copy == NULL) {
            return TG_E_FULL;
        }
        memcpy(copy, next->sealed.ptr, next->sealed.len);
    }
    slot = &m->slots[slot_find(m, key)];
    if ((!slot->is_used || slot->expires_s != next->expires_s) &&
        tg_memory_expiry_add(&m->expiry, next->expires_s, key) != TG_OK) {
        tg_mem_free(copy);
        return TG_E_FULL;
    }
    old = slot_view(slot);
    tg_store_count(&m->stats, slot->is_used ? &old : NULL, next);
    tg_mem_free(slot->sealed);
    *slot = (struct slot){ .key = *key,
                           .version = next->version,
                           .class = next->class,
                           .expires_s = next->expires_s,
                           .sealed = copy,
                           .sealed_len = next->sealed.len,
                           .is_used = true };
    return TG_OK;
}

static enum tg_err record_run(struct mem_store *m, const struct tg_store_op *op,
                              struct tg_store_next *next)
{
    size_t at = slot_find(m, &op->of.key);
    bool exists = m->slots[at].is_used;
    struct tg_store_record old = slot_view(&m->slots[at]);

    switch (op->change(op->ctx, exists ? &old : NULL, next)) {
    case TG_STORE_KEEP:
        *next = (struct tg_store_next){ .note_count = 0 };
        return TG_OK;
    case TG_STORE_PUT:
        if (tg_store_admit(&m->bounds, &m->stats, exists ? &old : NULL, &next->record) != TG_OK) {
            return TG_E_FULL;
        }
        return slot_put(m, &op->of.key, &next->record);
    case TG_STORE_REMOVE:
        if (exists) {
            slot_remove(m, at);
        } else {
            *next = (struct tg_store_next){ .note_count = 0 };
        }
        return TG_OK;
    }
    return TG_E_BUG;
}

static enum tg_err change_run(struct mem_store *m, const struct tg_store_op *op)
{
    struct tg_store_next next = { .note_count = 0 };
    enum tg_err err = record_run(m, op, &next);

    assert(next.note_count <= TG_STORE_NOTES_MAX);
    if (err == TG_OK) {
        tg_memory_mark_raise(m->facts, next.mark_s);
    }
    for (size_t i = 0; err == TG_OK && i < next.note_count; i++) {
        tg_memory_outbox_note(&m->outbox, &m->bounds.limits, &next.notes[i]);
    }
    return err;
}

static void op_complete(struct tg_store_op *op)
{
    struct tg_store_oplist list = { NULL, NULL };

    tg_store_oplist_append(&list, op);
    tg_store_port_complete(op->port, &list);
}

static void mem_apply(struct tg_store_port *port, const struct tg_store_key *key,
                      tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_change(port, key, change, ctx, done);
    struct tg_mem_owner *before = NULL;

    if (op == NULL) {
        return;
    }
    before = tg_mem_enter_records();
    (void)pthread_mutex_lock(&m->lock);
    op->err = change_run(m, op);
    (void)pthread_mutex_unlock(&m->lock);
    (void)tg_mem_enter(before);
    op_complete(op);
}

static void mem_read(struct tg_store_port *port, const struct tg_store_key *key,
                     tg_store_found_fn *found, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_record record = { .version = 0 };
    uint8_t *copy = NULL;
    bool exists = false;
    enum tg_err err = TG_OK;

    (void)pthread_mutex_lock(&m->lock);
    const struct slot *slot = &m->slots[slot_find(m, key)];

    exists = slot->is_used;
    if (exists) {
        record = slot_view(slot);
        if (slot->sealed_len > 0) {
            copy = tg_mem_calloc(1, slot->sealed_len);
            err = copy == NULL ? TG_E_STORE : TG_OK;
        }
        if (copy != NULL) {
            memcpy(copy, slot->sealed, slot->sealed_len);
        }
    }
    (void)pthread_mutex_unlock(&m->lock);

    record.sealed.ptr = copy;
    found(ctx, err, exists && err == TG_OK ? &record : NULL);
    tg_mem_free(copy);
}

/* Removes the oldest record if it has expired. */
static bool remove_oldest(struct mem_store *m, int64_t now_s, size_t *removed_count)
{
    const struct tg_memory_expiry_item *item = tg_memory_expiry_oldest(&m->expiry);
    size_t at = 0;

    if (item == NULL || item->expires_s > now_s) {
        return false;
    }
    at = slot_find(m, &item->key);
    if (m->slots[at].is_used && m->slots[at].expires_s == item->expires_s) {
        slot_remove(m, at);
        ++*removed_count;
    }
    tg_memory_expiry_drop(&m->expiry);
    return true;
}

static void sweep_run(struct mem_store *m, struct tg_store_op *op)
{
    int64_t now_s = op->of.sweep.now_s;
    size_t max_count = op->of.sweep.max_count;
    struct tg_store_swept *swept = &op->of.sweep.swept;
    const struct tg_memory_expiry_item *oldest = NULL;
    bool has_more = true;
    size_t entry_count = 0;

    while (has_more && swept->removed_count < max_count) {
        has_more = remove_oldest(m, now_s, &swept->removed_count);
    }
    if (tg_memory_spent_sweep(&m->spent, now_s, max_count, &swept->spent_count) ||
        swept->removed_count > 0) {
        tg_memory_mark_raise(m->facts, now_s);
    }
    entry_count = tg_memory_outbox_sweep(&m->outbox, now_s, max_count);
    oldest = tg_memory_expiry_oldest(&m->expiry);
    if (entry_count < max_count) {
        swept->until_s =
            oldest == NULL || oldest->expires_s > now_s ? now_s : oldest->expires_s - 1;
    }
    op->err = TG_OK;
}

static void mem_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                      tg_store_swept_fn *swept, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_sweep(port, now_s, max_count, swept, ctx);

    if (op == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    sweep_run(m, op);
    (void)pthread_mutex_unlock(&m->lock);
    op_complete(op);
}

static void mem_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                      tg_store_leased_fn *leased, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_lease(port, now_s, until_s, max_count, leased, ctx);

    if (op == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    op->err = tg_memory_outbox_lease(&m->outbox, op);
    (void)pthread_mutex_unlock(&m->lock);
    op_complete(op);
}

static void mem_settle(struct tg_store_port *port, const struct tg_store_key *key,
                       uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                       tg_store_done_fn *done, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_settle(port, key, generation, verdict, due_s, done, ctx);

    if (op == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    tg_memory_outbox_settle(&m->outbox, op);
    (void)pthread_mutex_unlock(&m->lock);
    op->err = TG_OK;
    op_complete(op);
}

static void mem_series(struct tg_store_port *port, const struct tg_store_key *series, int64_t end_s,
                       tg_store_done_fn *done, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_series(port, series, end_s, done, ctx);

    if (op == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    tg_memory_spent_series(&m->spent, op);
    (void)pthread_mutex_unlock(&m->lock);
    op_complete(op);
}

static void mem_spend(struct tg_store_port *port, const struct tg_spend *spend,
                      tg_store_spent_fn *spent, void *ctx)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_spend(port, spend, spent, ctx);
    struct tg_mem_owner *before = NULL;

    if (op == NULL) {
        return;
    }
    before = tg_mem_enter_records();
    (void)pthread_mutex_lock(&m->lock);
    tg_memory_spent_spend(&m->spent, &m->bounds.limits, op);
    (void)pthread_mutex_unlock(&m->lock);
    (void)tg_mem_enter(before);
    op_complete(op);
}

static void mem_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                     void *ctx, tg_store_done_fn *done)
{
    struct mem_store *m = mem_of(port->store);
    struct tg_store_op *op = tg_store_port_fact(port, fact, change, ctx, done);

    if (op == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    op->err = tg_memory_fact_change(m->facts, op);
    (void)pthread_mutex_unlock(&m->lock);
    op_complete(op);
}

static enum tg_err mem_attach(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                              struct tg_store_port **port)
{
    struct tg_store_port *made = tg_mem_calloc(1, sizeof(*made));
    enum tg_err err = made == NULL
                          ? TG_E_NOMEM
                          : tg_store_port_init(made, s, &mem_of(s)->gate, notify, notify_ctx);

    if (err != TG_OK) {
        tg_mem_free(made);
        return err;
    }
    *port = made;
    return TG_OK;
}

static void mem_detach(struct tg_store_port **port)
{
    if (*port != NULL) {
        tg_store_port_deinit(*port);
        tg_mem_free(*port);
        *port = NULL;
    }
}

static enum tg_err mem_survey(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                              void *ctx)
{
    struct mem_store *m = mem_of(s);
    bool goes_on = what == TG_STORE_SURVEY_ALL;

    (void)pthread_mutex_lock(&m->lock);
    goes_on = goes_on && tg_memory_facts_show(m->facts, see, ctx) &&
              tg_memory_spent_show(&m->spent, see, ctx);
    for (size_t i = 0; goes_on && i < m->slot_count; i++) {
        const struct slot *slot = &m->slots[i];

        goes_on =
            !slot->is_used ||
            see(ctx, &(struct tg_store_seen){ .kind = TG_STORE_SEEN_RECORD,
                                              .key = slot->key,
                                              .version = slot->version,
                                              .expires_s = slot->expires_s,
                                              .bytes = tg_bytes(slot->sealed, slot->sealed_len) });
    }
    if (goes_on || what == TG_STORE_SURVEY_OUTBOX) {
        tg_memory_outbox_show(&m->outbox, see, ctx);
    }
    (void)pthread_mutex_unlock(&m->lock);
    return TG_OK;
}

/* Nothing outlives the process, so nobody needs to know. */
static void mem_watch(struct tg_store *s, tg_store_committed_fn *committed, void *ctx)
{
    (void)s;
    (void)committed;
    (void)ctx;
}

static enum tg_err mem_restore(struct tg_store *s, enum tg_store_restored how, uint64_t commits_min)
{
    struct mem_store *m = mem_of(s);
    size_t spent_count = 0;

    (void)commits_min;
    assert(atomic_load(&m->gate.port_count) == 0);
    (void)tg_memory_spent_sweep(&m->spent, INT64_MAX, SIZE_MAX, &spent_count);
    if (how == TG_STORE_RESTORED_KEEP) {
        return TG_OK;
    }
    for (size_t i = 0; i < m->slot_count; i++) {
        while (m->slots[i].is_used) { /* the removal may move another record here */
            slot_remove(m, i);
        }
    }
    tg_memory_outbox_deinit(&m->outbox);
    return TG_OK;
}

static void mem_stats(const struct tg_store *s, struct tg_store_stats *out)
{
    /* The lock may be taken although the store is const. */
    union {
        const struct tg_store *in;
        struct mem_store *m;
    } self = { .in = s };

    (void)pthread_mutex_lock(&self.m->lock);
    *out = self.m->stats;
    out->outbox_count = self.m->outbox.count;
    out->spent_count = self.m->spent.count;
    (void)pthread_mutex_unlock(&self.m->lock);
}

static void mem_close(struct tg_store **s)
{
    if (*s == NULL) {
        return;
    }
    struct mem_store *m = mem_of(*s);

    assert(atomic_load(&m->gate.port_count) == 0);
    for (size_t i = 0; i < m->slot_count; i++) {
        tg_mem_free(m->slots[i].sealed);
    }
    tg_memory_outbox_deinit(&m->outbox);
    tg_memory_spent_deinit(&m->spent);
    tg_memory_expiry_deinit(&m->expiry);
    (void)pthread_mutex_destroy(&m->lock);
    tg_mem_free(m->facts);
    tg_mem_free(m->slots);
    tg_mem_free(m);
    *s = NULL;
}

static const struct tg_store_ops mem_ops = {
    .attach = mem_attach,
    TG_STORE_OF_ONE_PROCESS,
    .detach = mem_detach,
    .apply = mem_apply,
    .read = mem_read,
    .sweep = mem_sweep,
    .lease = mem_lease,
    .settle = mem_settle,
    .fact = mem_fact,
    .series = mem_series,
    .spend = mem_spend,
    .dispatch = tg_store_port_dispatch,
    .survey = mem_survey,
    .watch = mem_watch,
    .restore = mem_restore,
    .stats = mem_stats,
    .close = mem_close,
};

enum tg_err tg_store_mem_open(struct tg_store **out, const struct tg_store_limits *limits)
{
    enum tg_err err = TG_E_BUG;
    struct mem_store *m = tg_mem_calloc(1, sizeof(*m));

    TG_REQUIRE(m != NULL, TG_E_NOMEM);
    m->base.ops = &mem_ops;
    m->bounds = tg_store_bounds(limits, &m->stats);
    m->slot_count = SLOTS_MIN;
    m->slots = tg_mem_calloc(m->slot_count, sizeof(*m->slots));
    m->facts = tg_mem_calloc(TG_FACT_COUNT, sizeof(*m->facts));
    TG_REQUIRE(m->slots != NULL && m->facts != NULL, TG_E_NOMEM);
    TG_REQUIRE(pthread_mutex_init(&m->lock, NULL) == 0, TG_E_NOMEM);
    *out = &m->base;
    m = NULL;
    err = TG_OK;
out:
    if (m != NULL) {
        tg_mem_free(m->facts);
        tg_mem_free(m->slots);
        tg_mem_free(m);
    }
    return err;
}
