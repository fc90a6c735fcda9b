/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory/outbox.h"

#include "base/mem.h"

#include <string.h>

#define ENTRIES_MIN 16u

struct tg_memory_entry {
    struct tg_store_key key;
    int64_t due_s;
    int64_t expires_s;
    uint32_t attempts;
    bool is_blocked;
    uint64_t lease;      /* generation of the lease, 0: none */
    int64_t until_s;     /* end of the lease; a lease can be settled later too */
    bool is_noted_again; /* noted since it was leased */
    uint8_t *sealed;     /* owned; NULL when sealed_len is 0 */
    size_t sealed_len;
};

static struct tg_memory_entry *entry_find(struct tg_memory_outbox *o,
                                          const struct tg_store_key *key)
{
    for (size_t i = 0; i < o->count; i++) {
        if (tg_bytes_is_equal(TG_ARRAY_BYTES(o->entries[i].key.bytes),
                              TG_ARRAY_BYTES(key->bytes))) {
            return &o->entries[i];
        }
    }
    return NULL;
}

static bool is_leased(const struct tg_memory_entry *e, int64_t now_s)
{
    return e->lease != 0 && e->until_s > now_s;
}

/* The last entry moves to its place. */
static void entry_remove(struct tg_memory_outbox *o, struct tg_memory_entry *e)
{
    tg_mem_free(e->sealed);
    *e = o->entries[--o->count];
}

void tg_memory_outbox_deinit(struct tg_memory_outbox *o)
{
    while (o->count > 0) {
        entry_remove(o, &o->entries[0]);
    }
    tg_mem_free(o->entries);
    *o = (struct tg_memory_outbox){ .count = 0 };
}

/* ---- notes ---------------------------------------------------------------------------------- */

/* NULL: no memory. */
static struct tg_memory_entry *entry_add(struct tg_memory_outbox *o)
{
    size_t cap = o->cap == 0 ? ENTRIES_MIN : o->cap * 2;
    struct tg_memory_entry *larger = NULL;

    if (o->count == o->cap) {
        larger = tg_mem_calloc(cap, sizeof(*larger));
        if (larger == NULL) {
            return NULL;
        }
        if (o->count > 0) {
            memcpy(larger, o->entries, o->count * sizeof(*larger));
        }
        tg_mem_free(o->entries);
        o->entries = larger;
        o->cap = cap;
    }
    o->entries[o->count] = (struct tg_memory_entry){ .lease = 0 };
    return &o->entries[o->count++];
}

static void notify(struct tg_memory_outbox *o, struct tg_memory_entry *e,
                   const struct tg_outbox_note *note)
{
    uint8_t *copy = NULL;

    if (note->sealed.len > 0) {
        copy = tg_mem_calloc(1, note->sealed.len);
        if (copy == NULL) {
            return;
        }
        memcpy(copy, note->sealed.ptr, note->sealed.len);
    }
    if (e == NULL) {
        e = entry_add(o);
        if (e == NULL) {
            tg_mem_free(copy);
            return;
        }
        e->key = note->key;
        e->due_s = note->due_s;
        e->expires_s = note->expires_s;
    }
    tg_mem_free(e->sealed);
    e->sealed = copy;
    e->sealed_len = note->sealed.len;
    e->expires_s = note->expires_s > e->expires_s ? note->expires_s : e->expires_s;
    e->is_noted_again = true;
}

void tg_memory_outbox_note(struct tg_memory_outbox *o, const struct tg_store_limits *limits,
                           const struct tg_outbox_note *note)
{
    struct tg_memory_entry *e = entry_find(o, &note->key);
    struct tg_store_stats stats = { .outbox_count = o->count };
    bool is_blocked = e != NULL && e->is_blocked;

    switch (note->ask) {
    case TG_OUTBOX_NOTIFY:
        if (!is_blocked && tg_store_note_fits(limits, &stats, note, e == NULL)) {
            notify(o, e, note);
        }
        return;
    case TG_OUTBOX_UNBLOCK:
        if (is_blocked) {
            entry_remove(o, e);
        }
        return;
    }
}

/* ---- leases --------------------------------------------------------------------------------- */

static size_t remove_expired(struct tg_memory_outbox *o, int64_t now_s, size_t max_count)
{
    size_t removed_count = 0;

    for (size_t i = 0; i < o->count && removed_count < max_count;) {
        struct tg_memory_entry *e = &o->entries[i];

        if (e->expires_s <= now_s && !is_leased(e, now_s)) {
            entry_remove(o, e);
            removed_count++;
        } else {
            i++;
        }
    }
    return removed_count;
}

static bool can_lease(const struct tg_memory_entry *e, int64_t now_s)
{
    return !e->is_blocked && !is_leased(e, now_s) && e->due_s <= now_s && e->expires_s > now_s;
}

/* The longest due entry that can be leased, after `last` in the order in which they are leased
   (NULL: the first of all); NULL: there is none. */
static const struct tg_memory_entry *longest_due(const struct tg_memory_outbox *o, int64_t now_s,
                                                 const struct tg_memory_entry *last)
{
    const struct tg_memory_entry *found = NULL;

    for (size_t i = 0; i < o->count; i++) {
        const struct tg_memory_entry *e = &o->entries[i];
        bool is_after =
            last == NULL || e->due_s > last->due_s || (e->due_s == last->due_s && e > last);

        if (is_after && can_lease(e, now_s) && (found == NULL || e->due_s < found->due_s)) {
            found = e;
        }
    }
    return found;
}

/* When lease may find more. */
static int64_t next_due(const struct tg_memory_outbox *o, int64_t now_s)
{
    int64_t next_s = INT64_MAX;

    for (size_t i = 0; i < o->count; i++) {
        const struct tg_memory_entry *e = &o->entries[i];
        int64_t at_s = is_leased(e, now_s) ? e->until_s : e->is_blocked ? e->expires_s : e->due_s;

        next_s = at_s < next_s ? at_s : next_s;
    }
    return next_s;
}

/* Finds what to lease, and changes nothing. TG_E_FULL */
static enum tg_err find_due(const struct tg_memory_outbox *o, struct tg_store_op *op)
{
    int64_t now_s = op->of.lease.now_s;
    const struct tg_memory_entry *e = NULL;

    tg_store_lease_clear(op);
    while (op->of.lease.count < op->of.lease.max_count && (e = longest_due(o, now_s, e)) != NULL) {
        const struct tg_outbox_entry entry = { .key = e->key,
                                               .generation = o->generation + op->of.lease.count + 1,
                                               .attempts = e->attempts,
                                               .expires_s = e->expires_s,
                                               .sealed = tg_bytes(e->sealed, e->sealed_len) };

        if (tg_store_lease_add(op, &entry) != TG_OK) {
            return TG_E_FULL;
        }
    }
    return TG_OK;
}

/* Leases what was found. */
static void lease_found(struct tg_memory_outbox *o, const struct tg_store_op *op)
{
    for (size_t i = 0; i < op->of.lease.count; i++) {
        struct tg_memory_entry *e = entry_find(o, &op->of.lease.entries[i].key);

        e->lease = op->of.lease.entries[i].generation;
        e->until_s = op->of.lease.until_s;
        e->is_noted_again = false;
    }
    o->generation += op->of.lease.count;
}

enum tg_err tg_memory_outbox_lease(struct tg_memory_outbox *o, struct tg_store_op *op)
{
    int64_t now_s = op->of.lease.now_s;

    if (find_due(o, op) != TG_OK) {
        return TG_E_FULL;
    }
    lease_found(o, op);
    (void)remove_expired(o, now_s, SIZE_MAX);
    op->of.lease.next_due_s = next_due(o, now_s);
    return TG_OK;
}

static void block(struct tg_memory_entry *e)
{
    tg_mem_free(e->sealed);
    e->sealed = NULL;
    e->sealed_len = 0;
    e->is_blocked = true;
}

void tg_memory_outbox_settle(struct tg_memory_outbox *o, const struct tg_store_op *op)
{
    struct tg_memory_entry *e = entry_find(o, &op->of.settle.key);

    if (e == NULL || e->lease == 0 || e->lease != op->of.settle.generation) {
        return;
    }
    e->lease = 0;
    switch (op->of.settle.verdict) {
    case TG_OUTBOX_DONE:
        e->attempts = 0;
        if (!e->is_noted_again) {
            entry_remove(o, e);
        }
        return;
    case TG_OUTBOX_RETRY:
        e->attempts++;
        e->due_s = op->of.settle.due_s;
        if (e->due_s >= e->expires_s) {
            entry_remove(o, e);
        }
        return;
    case TG_OUTBOX_BLOCK:
        block(e);
        return;
    }
}

size_t tg_memory_outbox_sweep(struct tg_memory_outbox *o, int64_t now_s, size_t max_count)
{
    return remove_expired(o, now_s, max_count);
}

void tg_memory_outbox_show(const struct tg_memory_outbox *o, tg_store_see_fn *see, void *ctx)
{
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < o->count; i++) {
        const struct tg_memory_entry *e = &o->entries[i];

        goes_on = see(ctx, &(struct tg_store_seen){ .kind = TG_STORE_SEEN_ENTRY,
                                                    .key = e->key,
                                                    .expires_s = e->expires_s,
                                                    .is_blocked = e->is_blocked,
                                                    .bytes = tg_bytes(e->sealed, e->sealed_len) });
    }
}
